"""Settings that are stated once reach every part of a config, and what has no effect is refused."""

import argparse
from pathlib import Path

import pytest
from mmengine.config import Config

from ship_det.commands.config_arguments import load_config
from ship_det.launch import read_config
from ship_det.settings import read_chain, spread_settings

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
DEMO = CONFIGS / 'quickstart/r2cnn_r18w32_fpn64_ci_demo.py'


def load(path: Path, *options: str, **arguments: str) -> Config:
    unset = dict.fromkeys(('work_dir', 'data_root', 'classes', 'other_classes'))
    defaults = {**unset, 'config': str(path), 'cfg_options': options, 'launcher': 'none', 'local_rank': 0}
    return load_config(argparse.Namespace(**{**defaults, **arguments}))


@pytest.fixture
def derived(tmp_path):
    """A function that writes a config over the demo's: its text follows the line with ``_base_``."""

    def write(text: str, base: Path = DEMO, name: str = 'mine.py') -> Path:
        path = tmp_path / name
        path.write_text(f"_base_ = '{base}'\n{text}")
        return path

    return write


def roots(cfg: Config) -> set[str]:
    return {cfg[f'{part}_dataloader'].dataset.data_root for part in ('train', 'val', 'test')}


def names(cfg: Config) -> set[tuple[str, ...]]:
    return {tuple(cfg[f'{part}_dataloader'].dataset.metainfo.classes) for part in ('train', 'val', 'test')}


def test_data_root_of_a_derived_config_reaches_the_data_sets(derived):
    path = derived("data_root = 'MINE'\n")
    assert roots(load(path)) == {'MINE'}
    assert roots(load(path, 'data_root=THEIRS')) == {'THEIRS'}
    assert roots(load(path, data_root='OURS')) == {'OURS'}
    assert roots(load(derived('randomness = dict(seed=1)\n', path, 'again.py'))) == {'MINE'}


def test_data_root_of_digits_is_text():
    assert roots(load(DEMO, 'data_root=2024')) == {'2024'}


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('my results/a.json', 'my results/a.json'),
        (' 0.5 ', 0.5),
        ('[lake boat, tug , 0.5]', ['lake boat', 'tug', 0.5]),
        ('"[1, 2]"', [1, 2]),
        ('"a, b (1].json"', 'a, b (1].json'),
        ("'2024'", '2024'),
    ],
)
def test_texts_of_options_keep_their_spaces(text, value):
    assert load(DEMO, f'test_evaluator.results_file={text}').test_evaluator.results_file == value


def test_other_classes_reach_the_data_sets(derived):
    def others(cfg: Config) -> set[str | None]:
        return {cfg[f'{part}_dataloader'].dataset.get('other_classes') for part in ('train', 'val', 'test')}

    path = derived("other_classes = 'background'\n")
    assert others(load(path)) == {'background'}
    assert others(load(path, other_classes='ignore')) == {'ignore'}
    assert others(load(DEMO, 'other_classes=ignore')) == {'ignore'}
    assert others(load(DEMO)) == {None}
    with pytest.raises(ValueError, match='other_classes: found data sets SimulatedHarbors, expected a ShipDataset'):
        load(CONFIGS / 'zoo/r2cnn_aosr15.py', other_classes='ignore')


def test_data_sets_that_read_no_folder_are_said(derived):
    zoo = CONFIGS / 'zoo/r2cnn_aosr15.py'
    with pytest.raises(ValueError, match='data_root=MINE: SimulatedHarbors reads no folder; expected a config with a'):
        load(zoo, data_root='MINE')
    # Trained on what is drawn, tested on a folder.
    tested = derived("test_dataloader = dict(dataset=dict(_delete_=True, type='ShipDataset', ann_file=''))\n", zoo)
    cfg = load(tested, data_root='MINE')
    assert cfg.test_dataloader.dataset.data_root == 'MINE'
    assert 'data_root' not in cfg.train_dataloader.dataset


def test_a_data_set_that_names_a_folder_of_its_own_keeps_it(derived):
    path = derived("data_root = 'MINE'\nval_dataloader = dict(dataset=dict(data_root='other'))\n")
    cfg = load(path)
    assert cfg.train_dataloader.dataset.data_root == 'MINE'
    assert cfg.val_dataloader.dataset.data_root == 'other'
    with pytest.raises(
        ValueError, match=r'data_root=OURS does not reach val_dataloader\.dataset, which names its own, o'
    ):
        load(path, data_root='OURS')
    cfg = load(path, 'val_dataloader.dataset.data_root=theirs', data_root='OURS')
    assert roots(cfg) == {'OURS', 'theirs'}


def test_a_data_set_without_a_folder_takes_the_configs(tmp_path):
    path = tmp_path / 'own.py'
    path.write_text("train_dataloader = dict(dataset=dict(type='ShipDataset', data_root=''))\n")
    assert load(path, data_root='b').train_dataloader.dataset.data_root == 'b'


@pytest.mark.parametrize(
    'text',
    [
        "classes = ('ship', 'boat')\n",
        "classes = 'ship, boat'\n",
        "metainfo = dict(classes=('ship', 'boat'))\n",
        "classes = ['ship', 'boat']\nnum_classes = 2\n",
    ],
)
def test_classes_reach_data_sets_and_head(derived, text):
    cfg = load(derived(text))
    assert names(cfg) == {('ship', 'boat')}
    assert cfg.model.roi_head.bbox_head.num_classes == 2


def test_classes_of_a_derived_config_replace_those_that_data_sets_have_from_its_base(tmp_path):
    base = tmp_path / 'base.py'
    base.write_text(
        "classes = ('boat', 'ship')\n"
        "theirs = dict(type='ShipDataset', metainfo=dict(classes=classes))\n"
        "own = dict(type='ShipDataset', metainfo=dict(classes=('buoy',)))\n"
        'train_dataloader = dict(dataset=theirs)\nval_dataloader = dict(dataset=own)\n'
    )
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'base.py'\nclasses = ('ferry', 'tug')\n")
    cfg = Config.fromfile(path)
    spread_settings(cfg, read_chain(path))
    assert cfg.train_dataloader.dataset.metainfo.classes == ('ferry', 'tug')
    assert cfg.val_dataloader.dataset.metainfo.classes == ('buoy',)


def test_classes_of_the_command_line():
    for cfg in (load(DEMO, classes='a,b,c'), load(DEMO, 'classes=a,b,c'), load(DEMO, "classes=['a','b','c']")):
        assert names(cfg) == {('a', 'b', 'c')}
        assert cfg.model.roi_head.bbox_head.num_classes == 3
    # One class, and names that YAML or Python would read as something else.
    assert names(load(DEMO, classes='ship')) == {('ship',)}
    assert names(load(DEMO, 'classes=052,no')) == {('052', 'no')}


def test_classes_reach_data_sets_within_others_and_all_heads_but_not_the_proposals(tmp_path):
    path = tmp_path / 'wrapped.py'
    path.write_text(
        "leaf = dict(type='ShipDataset', data_root='a')\n"
        "train_dataloader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=dict(type='ConcatDataset', "
        'datasets=[leaf, leaf])))\n'
        'model = dict(backbone=dict(num_classes=0), rpn_head=dict(num_classes=1), '
        'roi_head=dict(bbox_head=[dict(num_classes=15), dict(num_classes=15)]))\n'
    )
    cfg = load(path, classes='ship,boat')
    datasets = cfg.train_dataloader.dataset.dataset.datasets
    assert [data.metainfo.classes for data in datasets] == [('ship', 'boat')] * 2
    assert [head.num_classes for head in cfg.model.roi_head.bbox_head] == [2, 2]
    assert (cfg.model.backbone.num_classes, cfg.model.rpn_head.num_classes) == (0, 1)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'num_classes = 3\n',
            r'bbox_head: num_classes=3, expected 15, the number of classes of .*carrier, .*others',
        ),
        ("classes = ('ship',)\nnum_classes = 3\n", 'num_classes is 3, expected 1'),
        ("classes = ('ship', 'ship')\n", "classes: found 'ship' twice"),
        ('classes = ()\n', r'classes: found \[\], expected different names'),
        (
            "metainfo = dict(classes=('a', 'b'))\ntrain_dataloader = dict(dataset=dict(metainfo=metainfo))\n"
            "val_dataloader = dict(dataset=dict(metainfo=dict(classes=('b', 'a'))))\n",
            r'val_dataloader\.dataset: 2 classes \(b, a\)',
        ),
        ("train_dataloader = dict(dataset=dict(metainfo=dict(classes=('a',))))\n", r'1 class \('),
    ],
)
def test_parts_that_disagree_are_refused(derived, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(derived(text))
    assert str(caught.value).startswith(f'{derived(text)}: ')


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('dataroot=x', 'nothing reads dataroot; did you mean data_root?'),
        ('class=ship', 'nothing reads class; did you mean classes?'),
        ('train_cfg.max_itres=3', 'did you mean max_iters?'),
        ('optim_wrapper.optimizer.learning_rate=1', 'nothing reads learning_rate; expected one of amsgrad'),
        ('default_hooks.checkpoint.intervall=4', 'did you mean interval?'),
        ('model.test_cfg.rcnn.score_threshold=1', 'did you mean score_thr?'),
        ('train_dataloader.batchsize=1', 'did you mean batch_size?'),
        ('train_dataloader.dataset.foo=1', 'nothing reads foo; expected one of ann_file'),
        ('randomness.sed=1', 'did you mean seed?'),
        ('custom_hooks.9.interval=1', "found '9', expected a number below 4: custom_hooks"),
        ('train_cfg.max_iters.x=3', 'train_cfg.max_iters is 1200, which has no setting x'),
        ('iterations=5', 'no effect, iterations is a variable .* such as .*train_cfg.max_iters'),
        ('train_pipeline.0.type=x', 'no effect, train_pipeline is a variable .* such as train_dataloader.dataset.pipe'),
    ],
)
def test_options_that_nothing_reads_are_refused(option, message):
    with pytest.raises(ValueError, match=f'--cfg-options {option.partition("=")[0]}: .*{message}'):
        load(DEMO, option)


@pytest.mark.parametrize(
    'option',
    [
        'train_dataloader.dataset.indices=10',
        'train_dataloader.pin_memory=True',
        'randomness.seed=1',
        'randomness.deterministic=True',
        'optim_wrapper.accumulative_counts=2',
        'optim_wrapper.paramwise_cfg.norm_decay_mult=0',
        'default_hooks.visualization.draw=True',
        'model.test_cfg.rcnn.score_thr=0.1',
        'custom_hooks.2.interval=5',
        'test_evaluator.ap_mode=area',
        'find_unused_parameters=True',
        'env_cfg.resource_limit=9999',
        'default_hooks.ema.type=EMAHook',
        'load_from=a.pth',
        'train_dataloader.dataset.pipeline.3.size=200',
    ],
)
def test_options_that_something_reads_are_taken(option):
    key, _, value = option.partition('=')
    node = load(DEMO, option)
    for part in key.split('.'):
        node = node[int(part)] if part.isdigit() else node[part]
    assert str(node) == value


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("dataroot = 'x'\n", 'nothing reads dataroot; did you mean data_root?'),
        ('custom_hook = []\n', 'did you mean custom_hooks?'),
        ('iterations = 10\n', r'iterations has no effect here: .*adamw_1200\.py .* such as .*train_cfg\.max_iters'),
        ('train_pipeline = []\n', r'train_pipeline has no effect here: .* such as train_dataloader\.dataset\.pipeline'),
    ],
)
def test_names_that_nothing_reads_are_refused(derived, text, message):
    with pytest.raises(ValueError, match=message):
        load(derived(text))


def test_names_that_the_file_itself_uses_are_taken(derived):
    cfg = load(derived('iterations = 10\nlearning = 2e-3\ntrain_cfg = dict(max_iters=iterations)\n'))
    assert cfg.train_cfg.max_iters == 10


def test_a_config_without_a_chain_is_taken_as_it_is():
    cfg = Config.fromfile(DEMO)
    before = cfg.to_dict()
    spread_settings(cfg, read_chain(DEMO))
    assert cfg.to_dict() == before


def test_annotation_files_of_evaluators_lie_in_the_data_root_too(tmp_path):
    path = tmp_path / 'coco.py'
    path.write_text(
        "data_root = 'old/'\n"
        "test_dataloader = dict(dataset=dict(type='CocoDataset', data_root=data_root, metainfo=dict(classes=('a',))))\n"
        "test_evaluator = [dict(type='CocoMetric', ann_file=data_root + 'annotations/a.json'), dict(type='Any')]\n"
        "val_evaluator = dict(type='CocoMetric', ann_file='elsewhere/a.json')\n"
    )
    cfg = load(path, data_root='NEW')
    assert cfg.test_evaluator[0].ann_file == 'NEW/annotations/a.json'
    assert cfg.val_evaluator.ann_file == 'elsewhere/a.json'


def test_configs_of_mmrotate_are_read():
    import mmrotate

    configs = [
        path
        for path in sorted((Path(mmrotate.__file__).parent / '.mim/configs').rglob('*.py'))
        if '_base_' not in path.parts
    ]
    refused = []
    for path in configs:
        try:
            load(path, 'train_dataloader.batch_size=1')
        except ValueError as error:
            refused.append(str(error))
    # Some need a package or a base that is not there.
    assert len(configs) - len(refused) > 90
    assert all('custom modules' in message or ': no such file' in message for message in refused), refused


def test_options_of_another_type_are_those_that_it_reads():
    loss = 'model.roi_head.bbox_head.loss_cls'
    cfg = read_config(DEMO, {f'{loss}.background': True, f'{loss}.type': 'PFLoss'})
    assert cfg.model.roi_head.bbox_head.loss_cls == {'type': 'PFLoss', 'background': True}
    with pytest.raises(ValueError, match='nothing reads background_factor'):
        read_config(DEMO, {f'{loss}.type': 'PFLoss', f'{loss}.background_factor': 2.0})
    with pytest.raises(ValueError, match='nothing reads background;'):
        read_config(DEMO, {f'{loss}.background': True})
