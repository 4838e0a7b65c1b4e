"""One method put into a config: the loss changes, and what every training of a comparison needs is there."""

from pathlib import Path

import mmrotate
import pytest
from mmengine.config import Config

from ship_det.experiments.detection.methods import METHODS, check_methods, class_heads, with_method
from ship_det.launch import read_config

ROOT = Path(__file__).resolve().parents[3]
R2CNN = ROOT / 'configs/compare_losses/r2cnn_aosr15_sim_s.py'
CASCADE = ROOT / 'configs/compare_losses/skew_cascade_aosr15_sim_s.py'


@pytest.mark.parametrize('name', METHODS)
def test_only_the_class_loss_changes(name):
    cfg = read_config(R2CNN)
    changed = with_method(cfg, name)
    head = changed.model.roi_head.bbox_head
    assert head.loss_cls.type == METHODS[name].loss['type']
    assert head.loss_cls.get('num_classes', 15) == 15
    head.loss_cls = cfg.model.roi_head.bbox_head.loss_cls
    assert changed.model == cfg.model
    assert changed.optim_wrapper == cfg.optim_wrapper
    dataset = changed.train_dataloader.dataset
    if METHODS[name].repeated:
        assert (dataset.type, dataset.oversample_thr) == ('mmdet.ClassBalancedDataset', METHODS[name].repeated)
        dataset = dataset.dataset
    assert dataset == cfg.train_dataloader.dataset


def test_the_stages_of_a_cascade():
    changed = with_method(read_config(CASCADE), 'seesaw')
    assert [head.loss_cls.type for head in class_heads(changed)] == ['mmdet.SeesawLoss']


def test_a_weight_of_the_loss_stays():
    cfg = read_config(R2CNN, {'model.roi_head.bbox_head.loss_cls.loss_weight': 0.5})
    assert with_method(cfg, 'ce').model.roi_head.bbox_head.loss_cls.loss_weight == 0.5


def test_options_of_the_loss():
    cfg = with_method(read_config(R2CNN), 'fl', {'gamma': 5.0})
    assert cfg.model.roi_head.bbox_head.loss_cls == {'type': 'mmrotate.SoftmaxFocalLoss', 'gamma': 5.0}


def test_a_config_of_mmrotate_gets_what_it_lacks():
    (path,) = (Path(mmrotate.__file__).parent / '.mim/configs').rglob('oriented-rcnn-le90_r50_fpn_1x_dota.py')
    cfg = with_method(read_config(path), 'ci')
    assert [hook.type for hook in cfg.custom_hooks][-3:] == [
        'mmrotate.ClassCountsHook',
        'mmrotate.ReproducibleTrainingHook',
        'mmrotate.NonFiniteLossHook',
    ]
    assert 'ship_det.plugin' in cfg.custom_imports.imports


def test_hooks_that_are_there_are_not_doubled():
    cfg = read_config(R2CNN)
    assert len(with_method(cfg, 'ci').custom_hooks) == len(cfg.custom_hooks)


def test_a_data_set_that_repeats_already():
    cfg = read_config(ROOT / 'configs/r2cnn/r2cnn_r50_fpn_ci_3x_aosr15.py')
    dataset = with_method(cfg, 'ce_rfs').train_dataloader.dataset
    assert dataset.oversample_thr == 0.3
    assert dataset.dataset.type == 'ShipDataset'


def test_detectors_without_a_box_head():
    cfg = Config({'model': {'type': 'RetinaNet', 'bbox_head': {'loss_cls': {}}}})
    with pytest.raises(ValueError, match='found none, expected a detector with proposals and a box head'):
        with_method(cfg, 'ci')


@pytest.mark.parametrize(('names', 'found'), [(['ce', 'cee'], 'cee'), (['ce', 'ce'], 'ce twice')])
def test_unknown_methods(names, found):
    with pytest.raises(ValueError, match=f'--losses: found {found}, expected some of ce, fl, ci, '):
        check_methods(names)
