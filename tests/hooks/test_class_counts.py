"""The hook that counts instances, in training runs of a toy detector."""

import json
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.registry import DATASETS
from mmengine.runner import Runner, load_checkpoint

from ship_det.hooks import ClassCountsHook
from ship_det.losses import AbsentClassWarning, CILoss


@DATASETS.register_module()
class ToyShips(BaseDataset):
    """Image i shows i ferries and 3 tugs, of which the first are ignore regions; there are no image files."""

    METAINFO = dict(classes=('tug', 'ferry', 'yacht'))  # noqa: RUF012

    def __init__(self, images=2, ignored=1, **kwargs):
        self.images, self.ignored = images, ignored
        super().__init__(**kwargs)

    def load_data_list(self):
        return [
            dict(
                img_path=f'{image}.png',
                instances=[dict(bbox_label=0, ignore_flag=int(i < self.ignored)) for i in range(3)]
                + [dict(bbox_label=1, ignore_flag=0) for _ in range(image)],
            )
            for image in range(self.images)
        ]

    def get_cat_ids(self, index):
        return [instance['bbox_label'] for instance in self.get_data_info(index)['instances']]


class ToyHead(torch.nn.Module):
    def __init__(self, num_classes, **loss):
        super().__init__()
        self.num_classes = num_classes
        self.loss_cls = CILoss(**loss)


class ToyDetector(BaseModel):
    """Two stages, each with a head, and a loss of its own that wants no counts."""

    def __init__(self, num_classes=3, **loss):
        super().__init__()
        self.fc = torch.nn.Linear(2, num_classes + 1)
        self.stages = torch.nn.ModuleList([ToyHead(num_classes, **loss), ToyHead(num_classes, **loss)])
        self.other_loss = torch.nn.CrossEntropyLoss()

    def forward(self, inputs=None, data_samples=None, mode='loss', **kwargs):
        scores = self.fc(torch.ones(2, 2))
        if mode != 'loss':
            return [scores]
        return {f'loss_{i}': stage.loss_cls(scores, torch.tensor([0, 3])) for i, stage in enumerate(self.stages)}


def runner(work_dir, model, dataset=None, hooks=(), max_epochs=1, **kwargs):
    return Runner(
        model,
        str(work_dir),
        train_dataloader=dict(
            batch_size=1,
            dataset=dataset or dict(type='ToyShips'),
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='pseudo_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[dict(type='mmrotate.ClassCountsHook'), *hooks],
        default_scope='mmengine',
        experiment_name=f'toy{np.random.default_rng().integers(1 << 60)}',
        **kwargs,
    )


def counts_of(model):
    return [stage.loss_cls.class_counts.tolist() for stage in model.stages]


@pytest.fixture
def log(monkeypatch):
    """Messages of the hook, by level."""
    messages = []
    build = Runner.build_logger

    def build_logger(self, *args, **kwargs):
        logger = build(self, *args, **kwargs)
        for level in ('info', 'warning'):
            monkeypatch.setattr(logger, level, lambda text, level=level, **options: messages.append((level, str(text))))
        return logger

    monkeypatch.setattr(Runner, 'build_logger', build_logger)
    return messages


def test_every_loss_is_filled_and_the_table_logged_once(tmp_path, log):
    model = ToyDetector()
    with warnings.catch_warnings(record=True) as caught:
        runner(tmp_path, model).train()
    # The log names absent classes once; each loss would name them again.
    assert not [warning for warning in caught if warning.category is AbsentClassWarning]
    # Two images: 2 tugs that are not ignored in each, one ferry in the second.
    assert counts_of(model) == [[4, 1, 0], [4, 1, 0]]
    assert model.stages[0].loss_cls.factors.tolist() == [1, 2, 1, 1]
    (table,) = [text for level, text in log if level == 'info' and 'training data' in text]
    assert [line.split() for line in table.splitlines()[1:5]] == [
        ['class', 'count', 'share', 'f'],
        ['tug', '4', '80.00%', '1.000'],
        ['ferry', '1', '20.00%', '2.000'],
        ['yacht', '0', '0.00%', '1.000'],
    ]
    assert 'imbalance ratio 4, degree 0.3010' in table
    absent = [text for level, text in log if level == 'warning' and 'No training instance' in text]
    assert absent == ['No training instance of yacht: factor 1, left out of lambda']


def test_the_table_has_the_factors_of_the_losses(tmp_path, log):
    runner(tmp_path, ToyDetector(exponent=1.0)).train()
    (table,) = [text for level, text in log if level == 'info' and 'training data' in text]
    assert ['ferry', '1', '20.00%', '4.000'] in [line.split() for line in table.splitlines()]


SHIPS, PAIR = dict(type='ToyShips', images=3), dict(type='ToyShips', images=2)


@pytest.mark.parametrize(
    ('dataset', 'counts'),
    [
        (SHIPS, [6, 3, 0]),
        (dict(type='RepeatDataset', dataset=SHIPS, times=5), [30, 15, 0]),
        (dict(type='ConcatDataset', datasets=[SHIPS, dict(type='ToyShips', images=1)]), [8, 3, 0]),
        # A ferry is in 2 of 3 images: with a threshold of 1 such images repeat ceil(sqrt(3 / 2)) = 2 times.
        (dict(type='ClassBalancedDataset', dataset=SHIPS, oversample_thr=1.0), [10, 6, 0]),
        (
            dict(type='ConcatDataset', datasets=[dict(type='RepeatDataset', dataset=SHIPS, times=2), PAIR]),
            [16, 7, 0],
        ),
        (dict(type='ToyShips', images=3, lazy_init=True), [6, 3, 0]),
        (dict(type='ToyShips', images=3, indices=[2]), [2, 2, 0]),
    ],
)
def test_counts_through_wrappers(tmp_path, dataset, counts):
    model = ToyDetector()
    runner(tmp_path, model, ConfigDict(dataset)).train()
    assert counts_of(model) == [counts, counts]


def test_resumed_run_has_the_same_counts(tmp_path, log):
    runner(tmp_path, ToyDetector()).train()
    resumed = ToyDetector()
    runner(tmp_path, resumed, max_epochs=2, resume=True).train()
    assert (tmp_path / 'epoch_2.pth').exists()
    assert counts_of(resumed) == [[4, 1, 0], [4, 1, 0]]
    assert not [text for level, text in log if 'replaced class counts' in text]


@pytest.mark.parametrize('hooks', [[], [dict(type='EMAHook')]])
def test_checkpoint_serves_where_the_annotations_are_not(tmp_path, hooks):
    trained = ToyDetector()
    runner(tmp_path, trained, hooks=hooks).train()
    fresh = ToyDetector()
    load_checkpoint(fresh, str(tmp_path / 'epoch_1.pth'), map_location='cpu')
    assert counts_of(fresh) == [[4, 1, 0], [4, 1, 0]]
    assert fresh.stages[0].loss_cls.factors.tolist() == [1, 2, 1, 1]


def test_testing_reads_no_training_annotations(tmp_path):
    trained = ToyDetector()
    runner(tmp_path, trained).train()
    tested = ToyDetector()
    test = dict(
        batch_size=1,
        dataset=dict(type='ToyShips'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    runner(
        tmp_path,
        tested,
        dataset=dict(type='NoSuchDataset'),
        test_dataloader=test,
        test_cfg={},
        test_evaluator=dict(type='DumpResults', out_file_path=str(tmp_path / 'results.pkl')),
        load_from=str(tmp_path / 'epoch_1.pth'),
    ).test()
    assert counts_of(tested) == counts_of(trained)


def test_training_data_replaces_other_counts_with_a_warning(tmp_path, log):
    runner(tmp_path / 'old', ToyDetector(), dict(type='ToyShips', images=3)).train()
    tuned = ToyDetector()
    runner(tmp_path / 'new', tuned, load_from=str(tmp_path / 'old/epoch_1.pth')).train()
    assert counts_of(tuned) == [[4, 1, 0], [4, 1, 0]]
    replaced = [text for level, text in log if level == 'warning' and 'replaced' in text]
    assert replaced == [
        f'stages.{i}.loss_cls: replaced class counts [6, 3, 0] (from a checkpoint or the config) by those of the '
        'training data, [4, 1, 0]'
        for i in (0, 1)
    ]


@pytest.mark.parametrize('num_classes', [2, 4])
def test_head_and_data_must_have_the_same_classes(tmp_path, num_classes):
    message = f'stages.0: found num_classes={num_classes}, expected 3, the classes of the training data: tug, ferry'
    with pytest.raises(ValueError, match=re.escape(message)):
        runner(tmp_path, ToyDetector(num_classes)).train()


def test_data_without_instances_is_an_error_before_training(tmp_path):
    with pytest.raises(ValueError, match='found 0 for every class, expected at least one instance'):
        runner(tmp_path, ToyDetector(), dict(type='ToyShips', images=1, ignored=3)).train()


ONE_OF_TWO_PROCESSES = """
import json, sys
import torch
from torch import distributed as dist
from ship_det.hooks.class_counts import _count_on_main_process

class Images:
    metainfo = {'classes': ['tug', 'ferry']}
    def __init__(self, labels): self.labels = labels
    def __len__(self): return 1
    def get_data_info(self, index):
        assert dist.get_rank() == 0, 'only the first process counts'
        return {'img_path': 'a.png', 'instances': [{'bbox_label': label} for label in self.labels]}

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2)
counts = _count_on_main_process(Images([0, 0, 1])).counts.tolist()
try:
    _count_on_main_process(Images([5]))
except ValueError as error:
    message = str(error)
print(json.dumps([counts, message]))
dist.destroy_process_group()
"""


def test_two_processes_have_the_counts_and_the_error_of_one(tmp_path):
    command = [sys.executable, '-c', ONE_OF_TWO_PROCESSES]
    processes = [
        subprocess.Popen([*command, str(rank), str(tmp_path)], stdout=subprocess.PIPE, text=True) for rank in (0, 1)
    ]
    outputs = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    expected = [[2, 1], 'a.png: found bbox_label 5, expected a class index from 0 to 1']
    assert outputs == [expected, expected]


def test_hook_is_registered_in_mmrotate():
    from mmrotate.registry import HOOKS

    assert HOOKS.get('ClassCountsHook') is ClassCountsHook
