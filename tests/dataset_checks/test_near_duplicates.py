"""Images that show the same, and chips of one scene that overlap."""

import numpy as np
import pytest

from ship_det.dataset_checks.near_duplicates import (
    difference_hash,
    near_duplicates,
    overlapping_chips,
    read_thumbnail,
    thumbnail,
)
from ship_det.tiling import Chip


@pytest.fixture
def small(opened):
    """The thumbnail of an image of grey pixels."""
    return lambda pixels: thumbnail(read_thumbnail(opened(pixels)))


@pytest.fixture
def found(small):
    """Test images that show what training images show, of pixels by name."""

    def call(train, test):
        thumbnails = {name: small(pixels) for name, pixels in (train | test).items()}
        return [finding.image for finding in near_duplicates(list(train), list(test), thumbnails)]

    return call


def test_noise_brightness_size_and_depth_do_not_hide_a_copy(boxes, draw, found):
    original = draw(boxes(0), 0)
    copies = {
        'noise': draw(boxes(0), 1),
        'brighter': (original * 0.7 + 60).astype(np.uint8),
        'smaller': original[::2, ::2],
        '16 bit': original.astype(np.uint16) * 257,
    }
    others = {f'other {seed}': draw(boxes(seed), seed) for seed in range(1, 8)}
    assert found({'a': original}, copies | others) == list(copies)


def test_open_water_is_no_copy_of_open_water(small, found):
    water = {
        name: np.random.default_rng(seed).normal(60, 6, (300, 400)).astype(np.uint8) for seed, name in enumerate('ab')
    }
    assert not small(water['a']).any()
    assert found({'a': water['a']}, {'b': water['b']}) == []
    assert found({}, water) == []


def test_hash_has_a_bit_for_each_brighter_cell(small):
    rising = small(np.tile(np.arange(0, 256, 2, dtype=np.uint8), (96, 1)))
    assert np.bitwise_count(difference_hash(rising)) == 64
    assert np.bitwise_count(difference_hash(-rising)) == 0


@pytest.mark.parametrize(
    ('window', 'expected'),
    [
        ((80, 0, 100, 100), ('warning', '20% of it is in the training chip images/near.png')),
        ((40, 0, 100, 100), ('error', '60% of it is in the training chip images/near.png')),
        ((100, 0, 100, 100), None),
    ],
)
def test_overlapping_chips(window, expected):
    chips = [
        Chip('near.png', 'a.tif', (0, 0, 100, 100), {}),
        Chip('far.png', 'a.tif', (500, 0, 100, 100), {}),
        Chip('other.png', 'b.tif', window, {}),
        Chip('test.png', 'a.tif', window, {}),
    ]
    findings = list(overlapping_chips(chips, ['near.png', 'far.png', 'other.png'], ['test.png']))
    assert [(finding.severity, finding.message) for finding in findings] == ([expected] if expected else [])
