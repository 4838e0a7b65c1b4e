"""Whether a checkpoint belongs to a config, in training runs of toy detectors."""

import itertools
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from mmengine.runner import Runner
from torch import nn

from ship_det.hooks import CheckpointFitHook
from ship_det.hooks.checkpoint_fit import compare

# MMEngine keeps what belongs to a runner by its name.
NUMBERS = itertools.count()


@DATASETS.register_module()
class TwoChips(BaseDataset):
    METAINFO = dict(classes=('tug', 'ferry'))  # noqa: RUF012

    def load_data_list(self) -> list[dict]:
        return [{}, {}]


@METRICS.register_module()
class Nothing(BaseMetric):
    def process(self, data_batch: object, data_samples: object) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list) -> dict:
        return {'score': 1.0}


@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self, width: int = 3, bias: bool = True) -> None:
        super().__init__()
        self.first = nn.Linear(2, width, bias=bias)
        self.last = nn.Linear(width, 2)

    def forward(self, mode: str, **batch: object) -> dict | list:
        score = self.last(self.first(torch.ones(1, 2))).sum()
        return {'loss': score**2} if mode == 'loss' else [score]


@MODELS.register_module()
class RenamingModel(ToyModel):
    """Takes weights of an older version, in which the first layer had another name."""

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name in [name for name in state_dict if name.startswith(f'{prefix}old.')]:
            state_dict[name.replace('old.', 'first.', 1)] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)


def runner(folder: Path, **settings: object) -> Runner:
    """Of a config in ``folder`` with some settings of its own."""
    loader = dict(
        batch_size=1,
        dataset=dict(type='TwoChips'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    folder.mkdir(exist_ok=True)
    (folder / 'own.py').touch()
    content = dict(
        model=dict(type='ToyModel'),
        work_dir=str(folder),
        train_dataloader=loader,
        test_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=1),
        test_cfg=dict(),
        test_evaluator=dict(type='Nothing'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=[dict(type='ConstantLR', factor=0.5)],
        default_scope='mmengine',
        experiment_name=f'checkpoint_fit_{next(NUMBERS)}',
    )
    cfg = Config({**content, **settings}, filename=str(folder / 'own.py'))
    built = Runner.from_cfg(cfg)
    built.register_hook(CheckpointFitHook())
    return built


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> dict:
    """What a training of one epoch leaves."""
    folder = tmp_path_factory.mktemp('trained')
    runner(folder).train()
    return torch.load(folder / 'epoch_1.pth', weights_only=False)


@pytest.fixture
def saved(checkpoint, tmp_path) -> Path:
    (tmp_path / 'trained').mkdir()
    torch.save(checkpoint, tmp_path / 'trained' / 'epoch_1.pth')
    return tmp_path / 'trained' / 'epoch_1.pth'


def change(path: Path, **parts: object) -> None:
    """Replace parts of a checkpoint; None takes one out."""
    content = {**torch.load(path, weights_only=False), **parts}
    torch.save({name: part for name, part in content.items() if part is not None}, path)


TWO_EPOCHS = dict(train_cfg=dict(by_epoch=True, max_epochs=2), resume=True)


def test_a_checkpoint_of_the_config(saved, tmp_path):
    runner(tmp_path / 'test', load_from=str(saved)).test()
    resumed = runner(tmp_path / 'resumed', load_from=str(saved), **TWO_EPOCHS)
    resumed.train()
    assert resumed.epoch == 2


def test_weights_alone_are_enough_for_a_test(saved, checkpoint, tmp_path):
    torch.save(checkpoint['state_dict'], saved)
    tested = runner(tmp_path / 'test', load_from=str(saved), custom_hooks=[dict(type='EMAHook')])
    tested.test()
    assert torch.equal(tested.model.last.weight, checkpoint['state_dict']['last.weight'])


@pytest.mark.parametrize('settings', [{}, TWO_EPOCHS], ids=['test', 'resume'])
def test_another_model(saved, tmp_path, settings):
    other = runner(tmp_path / 'other', model=dict(type='ToyModel', width=4), load_from=str(saved), **settings)
    before = other.model.last.weight.clone()
    message = (
        f'{saved}: does not fit {tmp_path}/other/own.py: '
        'of another shape: first.weight (found (3, 2), expected (4, 2)), first.bias (found (3,), expected (4,)), '
        'last.weight (found (2, 3), expected (2, 4))'
    )
    with pytest.raises(ValueError, match=f'^{re.escape(message)}$'):
        other.train() if settings else other.test()
    assert torch.equal(other.model.last.weight, before)


@pytest.mark.parametrize('settings', [{}, TWO_EPOCHS], ids=['test', 'resume'])
@pytest.mark.parametrize('classes', [('ferry', 'tug'), ('tug', 'ferry', 'yacht')])
def test_other_classes(saved, tmp_path, settings, classes):
    meta = {**torch.load(saved, weights_only=False)['meta'], 'dataset_meta': {'classes': classes}}
    change(saved, meta=meta)
    other = runner(tmp_path / 'other', load_from=str(saved), **settings)
    message = rf'does not fit .*own\.py: trained with the classes {", ".join(classes)}, but the data has tug, ferry$'
    with pytest.raises(ValueError, match=message):
        other.train() if settings else other.test()


class Log:
    """A logger's warnings."""

    def __init__(self, monkeypatch, built: Runner) -> None:
        self.lines: list[str] = []
        monkeypatch.setattr(built.logger, 'warning', lambda text, *args, **kwargs: self.lines.append(str(text)))


def test_training_from_a_part_of_the_weights_says_which(saved, tmp_path, monkeypatch):
    other = runner(tmp_path / 'other', model=dict(type='ToyModel', bias=False), load_from=str(saved))
    log = Log(monkeypatch, other)
    other.train()
    assert log.lines == [f'{saved}: not all weights fit {tmp_path}/other/own.py: unexpected: first.bias']


@MODELS.register_module()
class ClassModel(ToyModel):
    """With a class layer under MMDetection's name."""

    def __init__(self, num_classes: int = 2) -> None:
        super().__init__()
        self.fc_cls = nn.Linear(2, num_classes + 1)

    def forward(self, mode: str, **batch: object) -> dict | list:
        score = self.fc_cls(self.last(self.first(torch.ones(1, 2)))).sum()
        return {'loss': score**2} if mode == 'loss' else [score]


@pytest.mark.parametrize(
    ('classes', 'num_classes', 'takes_it'),
    [
        (('tug', 'ferry'), 2, True),
        (('ferry', 'tug'), 2, False),
        (('yacht', 'ketch'), 2, False),
        (('tug', 'ferry', 'yacht'), 3, False),
        (('ship',), 1, False),
    ],
)
def test_training_from_other_classes_begins_the_class_layer_anew(tmp_path, monkeypatch, classes, num_classes, takes_it):
    weights = {name: torch.full_like(value, 7.0) for name, value in ClassModel(num_classes).state_dict().items()}
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': weights, 'meta': {'dataset_meta': {'classes': classes}}}, path)
    frozen = dict(optimizer=dict(type='SGD', lr=0.0))
    built = runner(tmp_path / 'own', model=dict(type='ClassModel'), load_from=str(path), optim_wrapper=frozen)
    log = Log(monkeypatch, built)
    built.train()
    found = {name: bool((value == 7.0).all()) for name, value in built.model.state_dict().items()}
    assert found == {name: takes_it or not name.startswith('fc_cls') for name in weights}
    told = f'{path}: trained with the classes {", ".join(classes)}: all is taken but the class layer'
    assert log.lines == ([] if takes_it else [told])


def test_training_from_no_weights_is_refused(saved, tmp_path):
    change(saved, state_dict={'backbone.conv.weight': torch.ones(2)})
    other = runner(tmp_path / 'other', load_from=str(saved))
    with pytest.raises(
        ValueError, match=r'own\.py: found none of its weights; missing: first\.weight, .* unexpected: b'
    ):
        other.train()


def without(checkpoint: dict, part: str, *keys: str) -> dict:
    return {part: {key: value for key, value in checkpoint[part].items() if key not in keys}}


def other_group(checkpoint: dict) -> dict:
    group = dict(checkpoint['optimizer']['param_groups'][0], params=[0, 1, 2])
    return {'optimizer': {**checkpoint['optimizer'], 'param_groups': [group]}}


def other_moment(checkpoint: dict) -> dict:
    state = {**checkpoint['optimizer']['state'], 0: {'momentum_buffer': torch.ones(7)}}
    return {'optimizer': {**checkpoint['optimizer'], 'state': state}}


@pytest.mark.parametrize(
    ('parts', 'settings', 'problem'),
    [
        (lambda c: {'meta': None}, {}, 'expected the state of a training beside the weights, found none'),
        (lambda c: {'message_hub': None}, {}, 'expected the state of a training beside the weights, found none'),
        (lambda c: without(c, 'meta', 'iter'), {}, 'expected the state of a training beside the weights'),
        (lambda c: {'meta': {**c['meta'], 'seed': 'x'}}, {}, "expected a whole number as its seed, found 'x'"),
        (lambda c: {'optimizer': 3}, {}, 'damaged state of a training: TypeError'),
        (lambda c: {'optimizer': {}}, {}, "damaged state of a training: KeyError 'param_groups'"),
        (other_group, {}, 'optimizer SGD: found 3 parameters in 1 groups, expected 4 in 1'),
        (other_moment, {}, r'optimizer SGD: momentum_buffer of parameter 0: found shape \(7,\), expected \(3, 2\)'),
        (
            lambda c: {},
            dict(optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1))),
            'optimizer AdamW: found the state of another one, without betas, eps',
        ),
        (lambda c: {'param_schedulers': [{}, {}]}, {}, 'found 2 parameter schedulers, expected 1'),
        (
            lambda c: {},
            dict(param_scheduler=[dict(type='MultiStepLR', milestones=[1])]),
            'scheduler MultiStepLR: found the state of another one, without gamma, milestones',
        ),
        (
            lambda c: {'ema_state_dict': {}},
            {},
            'found averaged weights, expected an EMAHook among the custom_hooks',
        ),
        (
            lambda c: {'ema_state_dict': {'module.last.bias': torch.ones(2)}},
            dict(custom_hooks=[dict(type='EMAHook')]),
            r'averaged weights: missing: first\.weight, first\.bias, last\.weight',
        ),
    ],
    ids=[
        'no meta',
        'no message hub',
        'no iteration',
        'seed',
        'optimizer is a number',
        'optimizer is empty',
        'group',
        'moment',
        'another optimizer',
        'schedulers',
        'another scheduler',
        'no EMAHook',
        'averages',
    ],
)
def test_a_training_cannot_go_on(saved, checkpoint, tmp_path, parts, settings, problem):
    change(saved, **parts(checkpoint))
    other = runner(tmp_path / 'other', load_from=str(saved), **TWO_EPOCHS, **settings)
    with pytest.raises(ValueError, match=rf'epoch_1\.pth: does not fit .*own\.py: {problem}'):
        other.train()


def test_the_model_renames_weights_of_an_older_version(saved, checkpoint, tmp_path):
    old = {name.replace('first', 'old'): value for name, value in checkpoint['state_dict'].items()}
    assert compare(ToyModel(), old, with_losses=False).missing == ('first.weight', 'first.bias')
    assert not compare(RenamingModel(), old, with_losses=False)
    change(saved, state_dict=old)
    tested = runner(tmp_path / 'test', model=dict(type='RenamingModel'), load_from=str(saved))
    tested.test()
    assert torch.equal(tested.model.first.weight, old['old.weight'])


@pytest.mark.parametrize('own', [True, False])
def test_only_a_best_checkpoint_beside_it_is_replaced(saved, checkpoint, tmp_path, own):
    """MMEngine removes what the checkpoint names as the best one, a folder too."""
    best = saved.parent / 'best_score_epoch_1.pth' if own else tmp_path / 'thesis'
    best.touch() if own else best.mkdir()
    runtime = {**checkpoint['message_hub']['runtime_info'], 'best_ckpt': str(best), 'best_score': 0.5}
    keys = {**checkpoint['message_hub']['resumed_keys'], 'best_ckpt': True, 'best_score': True}
    change(saved, message_hub={**checkpoint['message_hub'], 'runtime_info': runtime, 'resumed_keys': keys})
    loader = runner(tmp_path / 'settings').cfg.test_dataloader
    settings = dict(
        val_dataloader=loader,
        val_cfg=dict(),
        val_evaluator=dict(type='Nothing'),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, save_best='score', rule='greater')),
    )
    runner(tmp_path / 'other', load_from=str(saved), **TWO_EPOCHS, **settings).train()
    assert (tmp_path / 'other/best_score_epoch_2.pth').is_file()
    assert best.exists() is not own


def test_numbers_of_kept_checkpoints_are_numbers(saved, checkpoint, tmp_path):
    runtime = {**checkpoint['message_hub']['runtime_info'], 'keep_ckpt_ids': ['1.pth/../../x']}
    change(saved, message_hub={**checkpoint['message_hub'], 'runtime_info': runtime})
    with pytest.raises(ValueError, match='expected numbers as keep_ckpt_ids, found'):
        runner(tmp_path / 'other', load_from=str(saved), **TWO_EPOCHS).train()
