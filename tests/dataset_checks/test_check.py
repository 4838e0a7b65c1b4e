"""The checks of a whole data set: nothing found in a sound one, each kind of damage found in a damaged one."""

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
import rasterio
from PIL import Image

from ship_det.annotations import read_dota, write_dota
from ship_det.dataset_checks import CheckOptions, Lists, check_dataset
from ship_det.geometry import quad_to_rbox, rbox_to_quad
from ship_det.tiling import Chip, write_chip_index
from ship_det.tiling.png import PngWriter


def kinds(root, lists=None, **options):
    return {finding.check: finding for finding in check_dataset(root, lists, CheckOptions(**options)).findings}


def write_list(root, name, files):
    (root / name).write_text('\n'.join(files) + '\n')
    return root / name


def test_sound_set(harbor):
    write_chip_index(harbor, [Chip(f'{n}.png', f'{n}.tif', (0, 0, 400, 300), {}) for n in 'abcd'])
    lists = Lists(write_list(harbor, 'train.txt', ['a.png', 'b.png']), write_list(harbor, 'test.txt', ['c.png']))
    progress = []
    report = check_dataset(harbor, lists, on_progress=lambda *done: progress.append(done))
    assert report.findings == []
    assert report.counts == {'ship': 24, 'tug': 24}
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_workers_find_the_same(harbor):
    for name in 'efgh':
        shutil.copy(harbor / 'images/a.png', harbor / f'images/{name}.png')
    (harbor / 'labelTxt/a.txt').write_text('1 2 3\n')
    assert check_dataset(harbor, workers=2).findings == check_dataset(harbor).findings


def test_refuses_no_workers(harbor):
    with pytest.raises(ValueError, match='workers: expected at least 1, found 0'):
        check_dataset(harbor, workers=0)


def test_damaged_files(harbor):
    image = harbor / 'images/a.png'
    image.write_bytes(image.read_bytes()[:2000])
    (harbor / 'labelTxt/b.txt').unlink()
    (harbor / 'labelTxt/ghost.txt').write_text('')
    with (harbor / 'labelTxt/c.txt').open('a') as labels:
        labels.write('0 0 4 0 4 nan 0 3 ship 0\n')
    (harbor / 'labelTxt/d.txt').write_bytes(b'\xff')
    shutil.copy(harbor / 'images/c.png', harbor / 'images/c.jpg')
    report = check_dataset(harbor)
    errors = {(finding.check, finding.where) for finding in report.findings if finding.severity == 'error'}
    assert errors == {
        ('unreadable image', 'images/a.png'),
        ('image without labels', 'images/b.png'),
        ('labels without an image', 'labelTxt/ghost.txt'),
        ('unreadable label', 'labelTxt/c.txt:13'),
        ('unreadable label', 'labelTxt/d.txt'),
        ('images of one name', 'images/c.png'),
    }


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda angles: angles + np.pi / 2, 'turned by 90 degrees'),
        (np.rad2deg, 'in another unit'),
        (lambda angles: -angles, ''),
    ],
)
def test_wrong_angles(harbor, change, words):
    for path in (harbor / 'labelTxt').iterdir():
        objects = read_dota(path)
        boxes = quad_to_rbox([labeled.quad for labeled in objects])
        for labeled, quad in zip(objects, rbox_to_quad([[*b[:4], change(b[4])] for b in boxes]), strict=True):
            labeled.quad = quad
        write_dota(path, objects)
    finding = kinds(harbor)['boxes do not follow their objects']
    assert finding.severity == 'error'
    assert words in finding.message


def test_wrong_angles_of_one_class_or_image(harbor):
    path = harbor / 'labelTxt/a.txt'
    objects = read_dota(path)
    for labeled in objects:
        (box,) = quad_to_rbox(labeled.quad[None])
        labeled.quad = rbox_to_quad([[*box[:4], box[4] + np.pi / 2]])[0]
    write_dota(path, objects)
    assert kinds(harbor)['boxes do not follow their objects in an image'].where == 'labelTxt/a.txt'


def test_images_turned_by_exif_and_images_without_data(harbor):
    with Image.open(harbor / 'images/a.png') as image:
        exif = image.getexif()
        exif[274] = 6
        image.save(harbor / 'images/a.png', exif=exif)
    nothing = Image.fromarray(np.full((300, 400), np.nan, dtype=np.float32))
    (harbor / 'images/b.png').unlink()
    nothing.save(harbor / 'images/b.tif')
    rgba = np.random.default_rng(0).integers(1, 200, (300, 400, 4), dtype=np.uint8)
    rgba[:, :100, 3] = 0
    (harbor / 'images/c.png').unlink()
    Image.fromarray(rgba).save(harbor / 'images/c.png')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = kinds(harbor)
    turned = found['image turned by EXIF']
    assert (turned.where, turned.severity) == ('images/a.png', 'warning')
    assert '300 x 400 px, stored as 400 x 300 px' in turned.message
    # Its labels are those of the pixels as stored: some lie outside now.
    assert found['outside the image'].image == 'a.png'
    nothing, infrared = found['image without data'], found['alpha band like a picture']
    assert (nothing.image, nothing.severity) == ('b.tif', 'error')
    assert 'all pixels are not a number: training sees it black' in nothing.message
    assert (infrared.image, infrared.severity) == ('c.png', 'warning')
    assert (
        'band 4, called alpha, has values as of a picture: training sees 25.0% of the image black' in infrared.message
    )


def test_images_that_training_refuses(harbor, monkeypatch):
    monkeypatch.setattr('ship_det.dataset_checks.images.MAX_PIXELS', 400 * 300 - 1)
    finding = kinds(harbor)['image too large for training']
    assert (finding.where, finding.severity) == ('images/d.png', 'warning')
    assert '400 x 300 px' in finding.message and 'ship-det tile' in finding.message


def test_images_that_cannot_be_shown(harbor):
    (harbor / 'images/a.png').unlink()
    profile = {'driver': 'GTiff', 'count': 1, 'width': 400, 'height': 300, 'dtype': 'complex64'}
    with rasterio.open(harbor / 'images/a.tif', 'w', **profile) as file:
        file.write(np.zeros((1, 300, 400), dtype=np.complex64))
    finding = kinds(harbor)['unreadable image']
    assert finding.message == 'pixels of complex64, expected integers or floating point numbers'


MEMORY = """
import re, sys
from pathlib import Path
from ship_det.dataset_checks import CheckOptions
from ship_det.dataset_checks.images import inspect_image
root = Path(sys.argv[1])
record = inspect_image(root, root / 'images/a.png', CheckOptions())
print(len(record.directions), int(re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())[1]) / 1024)
"""


def test_no_image_is_in_memory_as_a_whole(tmp_path):
    """The sea from above: a file of 3 MB, 144 million px."""
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    sea = np.tile(np.arange(12_000, dtype=np.uint8)[:, None], (100, 1, 3))
    with (tmp_path / 'images/a.png').open('wb') as file:
        writer = PngWriter(file, 12_000, 12_000)
        for _ in range(120):
            writer.write(sea)
        writer.close()
    # The second is as long as ships get.
    (tmp_path / 'labelTxt/a.txt').write_text(
        '9000 9000 9200 9000 9200 9040 9000 9040 ship 0\n4000 6000 8000 6000 8000 6400 4000 6400 ship 0\n'
    )
    result = subprocess.run([sys.executable, '-c', MEMORY, tmp_path], capture_output=True, text=True, check=True)
    directions, peak = map(float, result.stdout.split())
    assert directions == 2
    assert peak < 450


def test_lists(harbor):
    train = write_list(harbor, 'train.txt', ['a.png', 'b.png', 'nowhere.png'])
    test = write_list(harbor, 'test.txt', ['b.png', 'd.png'])
    shutil.copy(harbor / 'images/a.png', harbor / 'images/d.png')
    found = kinds(harbor, Lists(train, test))
    assert found['listed image missing'].where == f'{train}:3'
    assert found['image in train and test'].where == 'images/b.png'
    near = found['near-duplicate in train and test']
    assert (near.where, near.image) == ('images/d.png', 'd.png')
    assert 'images/a.png' in near.message


def test_validation_is_compared_with_training_and_test(harbor):
    write_chip_index(harbor, [Chip(f'{n}.png', 's.tif', (x, 0, 400, 300), {}) for x, n in enumerate('abcd')])
    shutil.copy(harbor / 'images/c.png', harbor / 'images/e.png')
    lists = {
        name: write_list(harbor, f'{name}.txt', [f'{n}.png' for n in images])
        for name, images in {'train': 'ad', 'val': 'abc', 'test': 'be'}.items()
    }
    found = kinds(harbor, Lists(**lists))
    assert (found['image in train and val'].image, found['image in train and val'].severity) == ('a.png', 'error')
    assert (found['image in val and test'].image, found['image in val and test'].severity) == ('b.png', 'warning')
    near = found['near-duplicate in val and test']
    assert (near.image, near.severity) == ('e.png', 'warning')
    assert 'images/c.png of the validation images' in near.message
    overlap = found['overlapping chips in train and val']
    assert overlap.severity == 'error' and 'in the training chip images/d.png' in overlap.message


def test_classes_that_a_part_lacks(harbor):
    for name, text in (('a', 'ship'), ('b', 'tanker')):
        path = harbor / f'labelTxt/{name}.txt'
        path.write_text(path.read_text().replace('tug', text).replace('ship', text))
    train, test = write_list(harbor, 'train.txt', ['a.png']), write_list(harbor, 'test.txt', ['b.png'])
    found = kinds(harbor, Lists(train, test), min_instances=13)
    assert found['class without training instances'].message.startswith('tanker: 12')
    assert found['few instances of a class'].message in ('ship: 12, expected 13 or more', 'tug: 0, expected 13 or more')
    assert found['class without test instances'].severity == 'warning'


def test_overlapping_chips(harbor):
    write_chip_index(harbor, [Chip(f'{n}.png', 's.tif', (x, 0, 400, 300), {}) for x, n in enumerate('abcd')])
    lists = Lists(write_list(harbor, 'train.txt', ['a.png']), write_list(harbor, 'test.txt', ['b.png']))
    assert kinds(harbor, lists)['overlapping chips in train and test'].severity == 'error'


def test_what_is_no_data_set(harbor, tmp_path):
    with pytest.raises(ValueError, match='nowhere/images: no such folder'):
        check_dataset(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match=r'other\.txt: lists no image'):
        check_dataset(harbor, Lists(write_list(harbor, 'other.txt', ['x.png'])))
    for image in (harbor / 'images').iterdir():
        image.unlink()
    with pytest.raises(ValueError, match='images: holds no image'):
        check_dataset(harbor)


def test_video_frames_in_both_parts_are_found(data_root, tmp_path):
    """Successive frames, seen to show one place, and one of another place."""
    (tmp_path / 'images').mkdir()
    (tmp_path / 'labelTxt').mkdir()
    frames = {'train': ['1_60_60_0_00527', '0_100_30_0_03280'], 'val': ['1_60_60_0_00532']}
    for part, names in frames.items():
        for name in names:
            shutil.copy(data_root / f'hit_uav_mini/{part}/images/{name}.jpg', tmp_path / 'images')
            (tmp_path / f'labelTxt/{name}.txt').write_text('')
    train = write_list(tmp_path, 'train.txt', [f'{name}.jpg' for name in frames['train']])
    test = write_list(tmp_path, 'test.txt', [f'{name}.jpg' for name in frames['val']])
    near = kinds(tmp_path, Lists(train, test))['near-duplicate in train and test']
    assert '1_60_60_0_00527.jpg' in near.message


def test_an_image_without_data_or_objects_is_a_warning(harbor):
    nothing = Image.fromarray(np.full((300, 400), np.nan, dtype=np.float32))
    (harbor / 'images/b.png').unlink()
    nothing.save(harbor / 'images/b.tif')
    (harbor / 'labelTxt/b.txt').write_text('')
    assert kinds(harbor)['image without data'].severity == 'warning'
