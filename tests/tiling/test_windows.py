"""Windows over a scene: every object that fits in a chip is whole in one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject
from ship_det.geometry import rbox_to_quad
from ship_det.tiling import SceneObjects, plan_windows
from ship_det.tiling.windows import windows_around


def bounds_of(*boxes):
    return np.array(boxes, dtype=float).reshape(-1, 4)


def test_a_ship_across_the_grid_gets_one_window_centred_on_it():
    windows = windows_around(bounds_of([480, 490, 560, 510]), 2000, 1000, 100)
    np.testing.assert_array_equal(windows, [[470, 450, 100, 100]])


def test_neighbours_share_a_window():
    ships = bounds_of([480, 490, 540, 510], [485, 515, 545, 530], [900, 100, 980, 190])
    windows = windows_around(ships, 2000, 1000, 100)
    assert len(windows) == 2


@pytest.mark.parametrize(
    'bounds',
    [
        [0, 0, 101, 50],  # longer than a chip
        [0.6, 0, 100.4, 50],  # 99.8 px, but no window of 100 px at whole pixels holds it
        [-1, 0, 50, 50],  # not wholly in the scene
    ],
)
def test_what_fits_in_no_window_gets_none(bounds):
    assert windows_around(bounds_of(bounds), 300, 300, 100).shape == (0, 4)


def test_an_object_as_large_as_the_chip_fits():
    np.testing.assert_array_equal(windows_around(bounds_of([7, 3, 107, 103]), 300, 300, 100), [[7, 3, 100, 100]])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    size=st.tuples(st.integers(1, 700), st.integers(1, 500)),
    chip=st.integers(25, 400),
    share=st.floats(0, 0.9),
)
def test_every_object_that_fits_is_whole_in_some_window(seed, count, size, chip, share):
    width, height = size
    rng = np.random.default_rng(seed)
    boxes = np.column_stack(
        [rng.uniform(0, [width, height], (count, 2)), rng.uniform(1, 120, (count, 2)), rng.uniform(-1.5, 1.5, count)]
    )
    objects = SceneObjects([LabeledObject(quad, 'ship') for quad in rbox_to_quad(boxes)])
    windows = plan_windows(width, height, chip, int(share * chip), objects)
    assert (windows[:, :2] >= 0).all() and (windows[:, :2] + windows[:, 2:] <= size).all()
    assert len(np.unique(windows, axis=0)) == len(windows)
    low, high = np.floor(objects.bounds[:, :2]), np.ceil(objects.bounds[:, 2:])
    fits = ((low >= 0) & (high <= size) & (high - low <= np.minimum(chip, size))).all(axis=1)
    assert objects.whole_in(windows)[fits].all()
