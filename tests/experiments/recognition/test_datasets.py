"""Loading MNIST and folders of classes."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ship_det.experiments.recognition.datasets import load_class_folders, load_mnist


def test_loads_idx_files(mnist_folder, bars):
    loaded = load_mnist(mnist_folder)
    assert loaded.classes == bars.classes
    assert loaded.train_counts.tolist() == [20, 20, 20, 20]
    np.testing.assert_array_equal(loaded.train.images, bars.train.images)
    np.testing.assert_array_equal(loaded.test.labels, bars.test.labels)


def test_names_a_missing_file(mnist_folder):
    (mnist_folder / 't10k-labels-idx1-ubyte').unlink()
    with pytest.raises(ValueError, match=r'found no t10k-labels-idx1-ubyte, expected it there, plain or as .gz'):
        load_mnist(mnist_folder)


def test_refuses_labels_of_other_images(mnist_folder, write_idx):
    write_idx(mnist_folder / 't10k-labels-idx1-ubyte', np.zeros(31))
    with pytest.raises(ValueError, match=r't10k-labels.*found 31 labels, expected one for each of 32 images'):
        load_mnist(mnist_folder)


def test_refuses_a_class_without_test_images(mnist_folder, write_idx):
    write_idx(mnist_folder / 't10k-labels-idx1-ubyte', np.repeat([0, 1, 2, 2], 8))
    with pytest.raises(ValueError, match='found no test image of class 3'):
        load_mnist(mnist_folder)


# Two labels in the form of an idx file, by hand from the format's description; the time of day left out.
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 1, 0])
PACKED = gzip.compress(LABELS, mtime=0)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'found a start of , expected 00 00 08 01'),
        (b'\x89PNG\r\n', 'found a start of 89 50 4e 47, expected 00 00 08 01'),
        (LABELS[:2] + b'\x0d' + LABELS[3:], 'found a start of 00 00 0d 01, expected 00 00 08 01'),
        (LABELS[:3] + b'\x03' + LABELS[4:], 'found a start of 00 00 08 03, expected 00 00 08 01'),
        (LABELS[:6], 'found 6 bytes, expected as many as the header says'),
        (LABELS[:-1], 'found 9 bytes, expected as many as the header says'),
        (LABELS + b'\0', 'found 11 bytes, expected as many as the header says'),
        (PACKED[:-9], r'found damaged gzip data .*, expected a whole file'),
        (PACKED[:-8] + bytes(8), r'found damaged gzip data \(CRC check failed'),
        (PACKED[:12] + b'\xff\xff' + PACKED[14:], 'found damaged gzip data'),
        (PACKED, 'found 2 labels, expected one for each of 32 images'),
    ],
)
def test_says_what_is_wrong_with_an_idx_file(mnist_folder, content, message):
    (mnist_folder / 't10k-labels-idx1-ubyte').write_bytes(content)
    with pytest.raises(ValueError, match=f't10k-labels-idx1-ubyte: {message}'):
        load_mnist(mnist_folder)


@pytest.fixture
def folders(tmp_path) -> Path:
    """Two classes, two training images and one test image each; class and part give the grey value."""
    for part, names in (('train', ('b.png', 'a.png')), ('test', ('c.png',))):
        for label, name in enumerate(('T62', 'BMP2')):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for index, file in enumerate(names):
                Image.new('L', (6, 5), 100 * label + index).save(folder / file)
            (folder / 'notes.txt').write_text('not an image')
    return tmp_path


def test_loads_folders_in_the_order_of_names(folders):
    loaded = load_class_folders(folders)
    assert loaded.classes == ('BMP2', 'T62')
    assert loaded.train.images.shape == (4, 5, 6)
    assert loaded.train.images[:, 0, 0].tolist() == [101, 100, 1, 0]
    assert loaded.train.labels.tolist() == [0, 0, 1, 1]
    assert loaded.test.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda root: [file.unlink() for file in (root / 'train/T62').glob('*.png')], 'train/T62: found no image'),
        (lambda root: (root / 'train/extra').mkdir(), r"test: found classes \['BMP2', 'T62'\], expected .*extra"),
        (lambda root: (root / 'train').rename(root / 'tr'), 'train: found no such folder'),
        (lambda root: (root / 'test/T62/c.png').write_bytes(b'x'), r'c\.png: found no readable image'),
        (lambda root: Image.new('L', (5, 5)).save(root / 'test/T62/c.png'), r'c\.png: found \(5, 5\) px, .* \(5, 6\)'),
    ],
    ids=['empty class', 'class in one part', 'no part', 'damaged', 'other size'],
)
def test_says_what_is_wrong_with_folders(folders, change, message):
    change(folders)
    with pytest.raises(ValueError, match=message):
        load_class_folders(folders)


def test_loads_the_real_ones(data_root):
    mnist = load_mnist(data_root / 'mnist')
    # Images of each digit, as MNIST is known to have them.
    assert mnist.train_counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert len(mnist.test.labels) == 10_000
