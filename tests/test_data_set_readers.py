"""Everything that reads a data set in DOTA layout sees the same images, labels and lists in it."""

import importlib
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import DotaFolder
from ship_det.annotations.conversion import convert
from ship_det.annotations.dota_folder import ClassCounts
from ship_det.dataset_checks import Lists, check_dataset
from ship_det.datasets import ShipDataset
from ship_det.evaluation.instances import gather_ground_truths
from ship_det.evaluation.labeled_set import count_training, read_labeled_set
from ship_det.imbalance import count_instances
from ship_det.tiling import TilingOptions
from ship_det.tiling.plan import plan_scenes
from ship_det.tiling.splitting import read_chips

# Each image has one object of a class of its own, so that instances say which images were read, and a difficult one.
CLASSES = tuple('abcdefgh')
LABEL = '10 10 50 10 50 20 10 20 {0} 0\n10 30 50 30 50 40 10 40 {0} 1\n'
# What check.py finds wrong with the folder, not with a pixel.
LAYOUT_CHECKS = {
    'image listed twice',
    'image without labels',
    'images of one name',
    'labels without an image',
    'listed image missing',
}


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, format='PNG')


def write_labels(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LABEL.format(name))


@pytest.fixture
def root(tmp_path) -> Path:
    """Images a to c with labels, below a folder that a test may fill with more."""
    root = tmp_path / 'set'
    for name in 'abc':
        write_image(root / f'images/{name}.png')
        write_labels(root / f'labelTxt/{name}.txt', name)
    return root


def read_dota_folder(root, list_file=None):
    folder = DotaFolder(root)
    return folder.count(folder.select(list_file), CLASSES).instances


def read_ship_dataset(root, list_file=None):
    dataset = ShipDataset(data_root=str(root), ann_file=str(list_file or ''), metainfo=dict(classes=CLASSES))
    return dict(zip(CLASSES, count_instances(dataset).tolist(), strict=True))


def read_evaluated(root, list_file=None):
    truths = gather_ground_truths(read_labeled_set(root, CLASSES, list_file).records, CLASSES)
    return Counter(CLASSES[label] for label in truths.labels[~truths.difficult])


def read_training(root, list_file):
    return dict(zip(CLASSES, count_training(root, CLASSES, list_file).tolist(), strict=True))


def read_check(root, list_file=None):
    report = check_dataset(root, Lists(train=list_file and Path(list_file)))
    for finding in report.findings:
        if finding.check in LAYOUT_CHECKS:
            raise ValueError(f'{finding.where}: {finding.message}')
    unlisted = {f.message[0] for f in report.findings if f.check == 'class without training instances'}
    return {name: count for name, count in report.counts.items() if name not in unlisted}


def read_tiled(root):
    plans = plan_scenes(root, TilingOptions(chip=64, overlap=0))
    return sum((Counter(chip.chip.counts) for plan in plans for chips in plan.passes for chip in chips), Counter())


def read_split(root):
    return sum((Counter(chip.counts) for chip in read_chips(root)), Counter())


def read_converted(root):
    summary = convert('dota', 'dota', root, root.parent / 'converted')
    return summary.objects - summary.difficult


def read_counted(root):
    return dict(zip(CLASSES, count_instances(root, CLASSES).tolist(), strict=True))


def load_tool(name):
    return importlib.import_module(f'ship_det.commands.{name}')


def read_rotated(root):
    out = root.parent / 'rotated'
    with mock.patch('sys.argv', ['rotate.py', str(root), str(out)]):
        load_tool('rotate').main()
    return read_dota_folder(out)


def read_stats(root):
    stats = load_tool('stats')
    return {name: len(lengths) for name, lengths in stats.read_statistics(Path(root), None).lengths.items()}


READERS = [
    read_dota_folder,
    read_ship_dataset,
    read_evaluated,
    read_check,
    read_tiled,
    read_split,
    read_converted,
    read_rotated,
    read_counted,
    read_stats,
]
LIST_READERS = [read_dota_folder, read_ship_dataset, read_evaluated, read_training, read_check]


def name_of(reader):
    return reader.__name__.removeprefix('read_')


def add_spellings(root):
    """Names as Windows, DOS and macOS write them, and links."""
    write_image(root / 'images/D.WEBP')
    write_labels(root / 'labelTxt/D.TXT', 'd')
    write_image(root / 'images/E.Jp2')
    write_labels(root / 'labelTxt/e.txt', 'e')
    write_image(root / 'images/f.f.tif')
    write_labels(root / 'labelTxt/f.f.txt', 'f')
    (root / 'images/u\u0308.png').symlink_to(root / 'images/a.png')
    write_labels(root / 'labelTxt/\xfc.txt', 'g')


def add_others(root):
    """What is no image and no label file of the data set."""
    for name in ('images/.a.png', 'images/._a.png', 'images/Thumbs.db', 'images/a.txt', 'labelTxt/._a.txt'):
        (root / name).write_bytes(b'\xff')
    (root / 'labelTxt/a.json').write_text('{}')
    write_image(root / 'images/thumbnails/h.png')
    write_labels(root / 'labelTxt/old/h.txt', 'h')


@pytest.mark.parametrize('reader', READERS, ids=name_of)
@pytest.mark.parametrize(
    ('change', 'expected'),
    [(lambda root: None, 'abc'), (add_spellings, 'abcdefg'), (add_others, 'abc')],
    ids=['plain', 'spellings', 'others'],
)
def test_the_same_images_and_labels(root, reader, change, expected):
    change(root)
    assert Counter(reader(root)) == Counter(expected)


def remove_all(root):
    for path in (root / 'images').iterdir():
        path.unlink()


def nest(root):
    (root / 'images').rename(root / 'train')
    (root / 'images').mkdir()
    (root / 'train').rename(root / 'images/train')


@pytest.mark.parametrize('reader', READERS, ids=name_of)
@pytest.mark.parametrize(
    ('damage', 'messages'),
    [
        (lambda root: write_image(root / 'images/a.tif'), ['a.png', 'a.tif']),
        (lambda root: (root / 'labelTxt/b.txt').unlink(), ['b.png|labelTxt/b.txt']),
        (lambda root: (root / 'images/b.png').unlink(), ['labelTxt/b.txt', 'image']),
        (lambda root: write_labels(root / 'labelTxt/b.TXT', 'b'), ['labelTxt/b.TXT', 'image']),
        (lambda root: (root / 'images/d.png').symlink_to('/nowhere/d.png'), ['images/d.png', '/nowhere/d.png']),
        (remove_all, ['images: holds no image', '.webp']),
        (nest, ['images: holds no image', 'images/train holds some']),
    ],
    ids=['twins', 'no labels', 'no image', 'two label files', 'dead link', 'empty', 'nested'],
)
def test_the_same_is_refused(root, reader, damage, messages):
    damage(root)
    with pytest.raises(ValueError) as error:
        reader(root)
    for message in messages:
        assert any(part in str(error.value) for part in message.split('|'))


@pytest.mark.parametrize('reader', [reader for reader in READERS if reader is not read_converted], ids=name_of)
def test_the_folder_without_images_is_named(root, reader, tmp_path):
    """A format that is converted may have all files in one folder."""
    (root / 'images').rename(root / 'pictures')
    if reader in (read_counted, read_stats):
        assert Counter(reader(root)) == Counter('abc')
        return
    with pytest.raises(
        ValueError, match=r'set/images: no such folder, expected a data set .*set/pictures holds images'
    ):
        reader(root)


@pytest.mark.parametrize('reader', LIST_READERS, ids=name_of)
@pytest.mark.parametrize(
    'content',
    [
        'b.png\na.png\n',
        '\ufeffa.png\r\nb.png\r\n',
        '\n  a.png \t\n\nb.png',
        'a\nb\n',
        'B.PNG\nA\n',
        'images/a.png\n./images/b.png\n',
        'C:\\data\\images\\a.png\n\\\\host\\data\\b.png\n',
    ],
    ids=['names', 'byte order mark', 'blanks', 'stems', 'letter case', 'paths', 'Windows paths'],
)
@pytest.mark.parametrize('place', ['below the data set', 'from here'])
def test_the_same_lists(root, reader, content, place, monkeypatch):
    monkeypatch.chdir(root.parent)
    path = root / 'some.txt' if place == 'below the data set' else Path('some.txt')
    path.write_bytes(content.encode())
    assert Counter(reader('set', 'some.txt')) == Counter('ab')


@pytest.mark.parametrize('reader', LIST_READERS, ids=name_of)
@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('a.png\n\nb.png\na.png\n', r'some\.txt:4: a\.png is on line 1 already, expected each image once'),
        ('a.png\nimages/a\n', r'some\.txt:2: images/a is on line 1 already'),
        ('a.png\nd.png\n', r'some\.txt:2: .*images/d\.png does not exist, expected .* such as a\.png'),
        ('a.png\nb.jpg\n', r'some\.txt:2: .*images/b\.jpg does not exist \(b\.png is\)'),
        ('\n \n', r'some\.txt: lists no image of .*set/images, expected one file name a line'),
        ('x.png\n', r'some\.txt: lists no image of .*set/images.*; line 1: .*x\.png does not exist'),
        (None, r'some\.txt: no such file, neither in .*set nor here, .*; the data set has train\.txt'),
    ],
    ids=['twice', 'twice, spelt otherwise', 'unknown', 'other suffix', 'empty', 'all unknown', 'no file'],
)
def test_the_same_lists_are_refused(root, reader, content, message):
    (root / 'train.txt').write_text('a.png\n')
    if content is not None:
        (root / 'some.txt').write_text(content)
    with pytest.raises(ValueError, match=message):
        reader(root, 'some.txt')


def test_labels_of_images_that_are_not_listed_do_not_matter(root):
    (root / 'labelTxt/b.txt').unlink()
    write_labels(root / 'labelTxt/x.txt', 'h')
    (root / 'some.txt').write_text('c.png\na.png\n')
    for reader in (read_ship_dataset, read_evaluated, read_training):
        assert Counter(reader(root, 'some.txt')) == Counter('ac')


def test_no_image_is_opened(root):
    for path in (root / 'images').iterdir():
        path.write_bytes(b'')
    for reader in (read_ship_dataset, read_evaluated, read_split, read_counted, read_stats):
        assert Counter(reader(root)) == Counter('abc')


def test_check_goes_on_and_says_all(root):
    add_others(root)
    (root / 'train.txt').write_text('a.png\nb.png\na\nx.png\n')
    findings = {f.check: (f.severity, f.where) for f in check_dataset(root, Lists(Path('train.txt'))).findings}
    assert findings['images in folders below'] == ('warning', 'images/thumbnails')
    assert findings['image listed twice'] == ('error', f'{root}/train.txt:3')
    assert findings['listed image missing'] == ('error', f'{root}/train.txt:4')


def test_class_counts():
    assert ClassCounts(Counter(b=2, a=2, c=3), Counter(d=1)).classes == ['c', 'a', 'b', 'd']
