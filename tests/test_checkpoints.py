"""Checkpoints are read as data, and compared with a model by name and shape."""

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, get_external_models, get_mmcls_models, get_torchvision_models

from ship_det.checkpoints import (
    Differences,
    check_fits,
    load_checkpoint,
    load_data,
    read_checkpoints_as_data,
    trained_classes,
)

ZIPPED = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])


class Touch:
    """A pickle that makes a file while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}',)


class Call:
    """A pickle that calls any function while it is read."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def save(content: object, path: Path, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def history(*values: float) -> HistoryBuffer:
    buffer = HistoryBuffer(max_length=10)
    for value in values:
        buffer.update(value, 2)
    return buffer


@ZIPPED
def test_what_mmengine_writes_is_read_back(tmp_path, zipped):
    weights = OrderedDict(w=torch.arange(6.0).reshape(2, 3))
    weights._metadata = OrderedDict({'': {'version': 2}})
    best = np.float64(0.5)
    content = {
        'state_dict': weights,
        'meta': {'epoch': 1, 'dataset_meta': {'classes': ('a', 'b'), 'palette': [(1, 2, 3)]}, 'seed': None},
        'message_hub': {'log_scalars': OrderedDict(loss=history(1.0, 4.0)), 'runtime_info': {'best': (best, [best])}},
        'size': torch.Size([2, 3]),
    }
    found = load_checkpoint(save(content, tmp_path / 'a.pth', zipped))
    assert torch.equal(found['state_dict']['w'], weights['w'])
    assert found['state_dict']._metadata == weights._metadata
    assert found['meta'] == content['meta']
    assert found['message_hub']['runtime_info'] == {'best': (0.5, [0.5])}
    assert type(found['size']) is torch.Size
    loss = found['message_hub']['log_scalars']['loss']
    assert type(loss) is HistoryBuffer
    assert loss.max_length == 10
    assert loss.data[0].tolist() == [1.0, 4.0]
    assert loss.data[1].tolist() == [2, 2]
    loss.update(7.0)
    assert loss.statistics('max') == 7.0
    # What was read is written and read again.
    again = load_checkpoint(save(found, tmp_path / 'b.pth'))
    assert again['message_hub']['log_scalars']['loss'].data[0].tolist() == [1.0, 4.0, 7.0]


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype='int16').reshape(2, 3)),
    np.arange(3, dtype='>u4'),
    np.array(2.5, dtype='float32'),
    np.zeros((0, 4)),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array(['tanker', 'ö']),
    np.array([b'ab']),
]


@pytest.mark.parametrize('array', ARRAYS, ids=lambda array: f'{array.dtype.str}{array.shape}')
@pytest.mark.parametrize('module', ['numpy._core.multiarray', 'numpy.core.multiarray'], ids=['NumPy 2', 'NumPy 1'])
def test_arrays_are_read_back(tmp_path, array, module):
    path = save({'w': array, 'twice': [array]}, tmp_path / 'a.pth', zipped=False)
    path.write_bytes(path.read_bytes().replace(b'numpy._core.multiarray', module.encode()))
    found = load_data(path)
    for value in (found['w'], *found['twice']):
        assert type(value) is np.ndarray
        assert value.dtype == array.dtype
        np.testing.assert_array_equal(value, array)
    assert found['w'].flags.writeable


@ZIPPED
@pytest.mark.parametrize('place', ['meta', 'state_dict', 'message_hub'])
def test_a_program_is_refused_and_does_not_run(tmp_path, zipped, place):
    touched = tmp_path / 'touched'
    path = save({'state_dict': {}, place: {'x': Touch(touched)}}, tmp_path / 'evil.pth', zipped)
    with pytest.raises(ValueError, match=r'evil\.pth: found posix\.system, expected tensors and plain data') as caught:
        load_checkpoint(path)
    assert '\n' not in str(caught.value)
    assert not touched.exists()


@ZIPPED
@pytest.mark.parametrize(
    ('content', 'name'),
    [
        (Call(eval, '1'), 'eval'),
        (Call(getattr, torch.Tensor, 'numpy'), r'builtins\.getattr'),
        (Call(getattr, Call(getattr, HistoryBuffer, 'mean'), '__globals__'), r'builtins\.getattr'),
        (Path('a'), r'pathlib\.PosixPath'),
        (pytest.importorskip, r'_pytest\.'),
        # Objects in arrays are pointers in bytes.
        (np.array([None, 1]), r'numpy\.dtype'),
        (np.zeros(2, dtype=[('a', 'f4'), ('b', 'O')]), r'numpy\.dtype'),
        (np.array(['2020-01-01'], dtype='M8[D]'), r'numpy\.dtype'),
    ],
    ids=['eval', 'getattr', 'attribute of a method', 'path', 'function', 'objects', 'record', 'date'],
)
def test_other_globals_are_refused(tmp_path, content, name, zipped):
    path = save({'w': content}, tmp_path / 'evil.pth', zipped)
    with pytest.raises(ValueError, match=rf'evil\.pth: found {name}'):
        load_checkpoint(path)


def test_a_history_brings_no_functions_into_its_class(tmp_path):
    # The first one brings the methods that it has of its own.
    HistoryBuffer()
    before = dict(HistoryBuffer._statistics_methods)
    buffer = history(1.0)
    buffer._statistics_methods = {**before, 'mean': torch.Size, 'new': OrderedDict}
    buffer.current = OrderedDict
    found = load_data(save({'loss': buffer}, tmp_path / 'a.pth'))['loss']
    assert HistoryBuffer._statistics_methods == before
    assert vars(found).keys() == vars(HistoryBuffer()).keys()
    assert found.mean() == 0.5


def test_a_number_of_bytes_that_is_no_array(tmp_path):
    _, arguments, state = np.arange(3.0).__reduce__()
    reduced = (np._core.multiarray._reconstruct, arguments, (*state[:1], (1000,), *state[2:]))
    evil = type('Evil', (), {'__reduce__': lambda self: reduced})()
    with pytest.raises(ValueError, match=r'a\.pth: cannot be read .* found 24 bytes for an array of shape \(1000,\)'):
        load_data(save({'w': evil}, tmp_path / 'a.pth'))


def test_a_config_that_would_run_is_dropped(tmp_path):
    path = save({'state_dict': {}, 'meta': {'config': 'import os', 'cfg': 'x = 1'}}, tmp_path / 'a.pth')
    assert load_checkpoint(path)['meta'] == {'cfg': 'x = 1'}


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'cannot be read as a checkpoint'),
        (b'model = dict()\n', 'cannot be read as a checkpoint'),
        (b'PK\x03\x04' + bytes(100), 'cannot be read as a checkpoint'),
        (b'\x80\x04\x95' + bytes(100), 'cannot be read as a checkpoint'),
        (pickle.dumps({'state_dict': {}}), 'cannot be read as a checkpoint'),
    ],
    ids=['empty', 'text', 'zip', 'pickle', 'whole pickle'],
)
def test_other_files_are_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / 'bad.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'bad\.pth: {message}') as caught:
        load_checkpoint(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('content', 'found'),
    [([1, 2], 'list'), ({'state_dict': [1]}, 'a dict with state_dict'), ({1: torch.ones(1)}, 'a dict with 1')],
)
def test_a_checkpoint_has_weights_by_name(tmp_path, content, found):
    with pytest.raises(ValueError, match=rf'bad\.pth: expected a checkpoint with weights by name, found {found}'):
        load_checkpoint(save(content, tmp_path / 'bad.pth'))


@ZIPPED
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(tmp_path, zipped, share):
    path = save({'state_dict': {'w': torch.ones(50)}, 'loss': history(1.0)}, tmp_path / 'cut.pth', zipped)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r'cut\.pth: (cannot be read|found)'):
        load_checkpoint(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth'):
        load_checkpoint(tmp_path / 'none.pth')


def test_data_that_contains_itself(tmp_path):
    loop: list = [np.float32(1)]
    loop.append(loop)
    found = load_data(save(loop, tmp_path / 'a.pth'))
    assert found[1] is found


URLS = {
    'https://none.example/weights.pth': lambda: 'weights.pth',
    'torchvision://resnet18': lambda: get_torchvision_models()['resnet18'],
    'modelzoo://resnet18': lambda: get_torchvision_models()['resnet18'],
    'open-mmlab://resnext50_32x4d': lambda: get_external_models()['resnext50_32x4d'],
    'mmcls://mobilenet_v2': lambda: get_mmcls_models()['mobilenet_v2'],
}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Where torch.hub looks before it downloads, with MMEngine reading by the project's functions."""
    from mmengine.runner import checkpoint

    for name in ('_safe_torch_load', 'load_url'):
        monkeypatch.setattr(checkpoint, name, getattr(checkpoint, name))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    read_checkpoints_as_data()
    (tmp_path / 'checkpoints').mkdir()
    return tmp_path / 'checkpoints'


@pytest.mark.parametrize('address', URLS)
def test_all_downloads_are_read_as_data(cache, address):
    path = cache / URLS[address]().rpartition('/')[2]
    save({'backbone.w': torch.ones(2), 'loss': history(1.0)}, path)
    assert CheckpointLoader.load_checkpoint(address)
    save({'backbone.w': Touch(cache / 'touched')}, path)
    with pytest.raises(ValueError, match=rf'{path.name} \(from .*\): found posix\.system'):
        CheckpointLoader.load_checkpoint(address)
    assert not (cache / 'touched').exists()


def test_a_zip_file_around_a_checkpoint(cache):
    """The model zoo of torchvision had such files."""
    inner = save({'w': Touch(cache / 'touched')}, cache / 'inner.pth', zipped=False)
    with zipfile.ZipFile(cache / 'weights.pth', 'w') as file:
        file.write(inner, 'inner.pth')
    with pytest.raises(ValueError, match=r'weights\.pth .*: found posix\.system'):
        CheckpointLoader.load_checkpoint('http://none.example/weights.pth')
    assert not (cache / 'touched').exists()


def test_local_files_are_read_as_data(cache, tmp_path):
    path = save({'w': Touch(tmp_path / 'touched')}, tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r'evil\.pth: found posix\.system'):
        CheckpointLoader.load_checkpoint(str(path))
    assert not (tmp_path / 'touched').exists()


MODEL = {
    'conv.weight': torch.zeros(4, 3, 1, 1),
    'bn.running_mean': torch.zeros(4),
    'bn.num_batches_tracked': torch.tensor(0),
    'head.fc.weight': torch.zeros(3, 8),
    'head.loss_cls.class_counts': torch.zeros(0, dtype=torch.int64),
}


def changed(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The model's weights with some others; None takes one out. Two underscores stand for a dot."""
    weights = {**MODEL, **{name.replace('__', '.'): value for name, value in changes.items()}}
    return {name: value for name, value in weights.items() if value is not None}


@pytest.mark.parametrize(
    'found',
    [
        MODEL,
        {f'module.{name}': value for name, value in MODEL.items()},
        changed(bn__num_batches_tracked=None),
        changed(head__loss_cls__class_counts=None),
        changed(head__loss_cls__class_counts=torch.tensor([5, 6])),
        changed(head__loss_cls__cum_samples=torch.zeros(3)),
    ],
    ids=['same', 'of a distributed model', 'no counter', 'no class counts', 'class counts', 'another loss'],
)
def test_these_fit(found):
    differences = check_fits(MODEL, found)
    assert not differences
    assert differences.fitting == 3
    assert differences.summary() == ''


@pytest.mark.parametrize(
    ('found', 'summary'),
    [
        (
            changed(head__fc__weight=torch.zeros(5, 8)),
            'of another shape: head.fc.weight (found (5, 8), expected (3, 8))',
        ),
        (changed(head__fc__weight=3), 'of another shape: head.fc.weight (found int, expected (3, 8))'),
        (changed(head__fc__weight=None), 'missing: head.fc.weight'),
        (changed(neck__weight=torch.zeros(1)), 'unexpected: neck.weight'),
        ({}, 'missing: conv.weight, bn.running_mean, head.fc.weight'),
        (
            changed(bn__running_mean=None, b=1, c=2, d=3, e=4),
            'missing: bn.running_mean; unexpected: b, c, d and 1 more',
        ),
    ],
)
def test_these_do_not_fit(found, summary):
    differences = check_fits(MODEL, found)
    assert differences
    assert differences.summary() == summary


def test_a_resumed_loss_has_what_it_had():
    assert check_fits(MODEL, changed(head__loss_cls__class_counts=torch.tensor([5, 6])), with_losses=True).fitting == 4
    differences = check_fits(MODEL, changed(head__loss_cls__class_counts=None), with_losses=True)
    assert differences == Differences(missing=('head.loss_cls.class_counts',), fitting=3)


@pytest.mark.parametrize(
    ('meta', 'classes'),
    [
        ({'dataset_meta': {'classes': ('a', 'b')}}, ('a', 'b')),
        ({'dataset_meta': {'CLASSES': ['a', 'b']}}, ('a', 'b')),
        ({'CLASSES': ('a',)}, ('a',)),
        ({'dataset_meta': None}, None),
        ({'dataset_meta': {'classes': 3}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_classes_of_a_checkpoint(meta, classes):
    assert trained_classes({'meta': meta}) == classes


def test_a_file_cut_anywhere_is_named(tmp_path):
    whole = tmp_path / 'whole.pth'
    torch.save({'state_dict': {f'layer{i}.weight': torch.rand(40, 40) for i in range(8)}}, whole)
    content, path = whole.read_bytes(), tmp_path / 'cut.pth'
    for length in (0, 1, 30, 1000, 5000, 20_000, len(content) // 2, len(content) - 30, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r'cut\.pth: '):
            load_checkpoint(path)
