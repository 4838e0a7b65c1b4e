"""What tells one comparison from another: everything that changes its figures, and nothing else."""

from pathlib import Path

import pytest

from ship_det.experiments.detection.trainings import Training, settings_digest
from ship_det.launch import read_config

CONFIG = Path(__file__).resolve().parents[3] / 'configs/compare_losses/r2cnn_aosr15_sim_s.py'


@pytest.fixture(scope='module')
def plain() -> str:
    return settings_digest(read_config(CONFIG))


@pytest.mark.parametrize(
    'option',
    [
        {'optim_wrapper.optimizer.lr': 0.1},
        {'model.test_cfg.rcnn.max_per_img': 10},
        {'test_evaluator.ap_mode': 'area'},
        {'default_hooks.ema.type': 'EMAHook'},
        {'train_dataloader.batch_size': 4},
        {'train_cfg.max_iters': 7},
        {'param_scheduler': []},
        {'optim_wrapper.clip_grad': None},
    ],
    ids=str,
)
def test_what_changes_the_figures(plain, option):
    assert settings_digest(read_config(CONFIG, option)) != plain


@pytest.mark.parametrize(
    'option',
    [
        {'data_root': '/elsewhere'},
        {'train_dataloader.num_workers': 7},
        {'default_hooks.logger.interval': 3},
        {'test_evaluator.predictions_file': '/elsewhere/found.jsonl'},
        {'model.roi_head.bbox_head.loss_cls.type': 'PFLoss'},
    ],
    ids=str,
)
def test_what_does_not(plain, option):
    assert settings_digest(read_config(CONFIG, option)) == plain


def test_folders_tell_trainings_apart():
    trainings = [
        Training('fl', 0),
        Training('fl', 1),
        Training('fl', 0, 0.5),
        Training('fl', 0, options={'gamma': 1.0}),
        Training('fl', 0, fold=0),
        Training('fl', 0, part='val'),
    ]
    assert len({training.folder for training in trainings}) == len(trainings)
