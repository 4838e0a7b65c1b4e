import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.geometry import sliding_windows


@pytest.mark.parametrize(
    ('scene', 'window', 'overlap', 'starts_x', 'starts_y'),
    [
        ((2500, 1000), 1000, 200, [0, 800, 1500], [0]),
        ((1800, 1801), 1000, 200, [0, 800], [0, 800, 801]),
        ((20, 30), 10, 0, [0, 10], [0, 10, 20]),
        ((1000, 700), 1000, 200, [0], [0]),
    ],
)
def test_by_hand(scene, window, overlap, starts_x, starts_y):
    windows = sliding_windows(*scene, window, overlap)
    w, h = min(window, scene[0]), min(window, scene[1])
    assert windows.tolist() == [[x, y, w, h] for y in starts_y for x in starts_x]
    assert np.issubdtype(windows.dtype, np.integer)


def test_a_harbor_scene_has_256_windows():
    assert len(sliding_windows(12544, 12544, 1000, 200)) == 256


@given(st.integers(1, 300), st.integers(1, 300), st.integers(12, 80), st.data())
def test_covers_the_scene(width, height, window, data):
    overlap = data.draw(st.integers(0, window - 1).filter(lambda px: window - px > window // 4))
    windows = sliding_windows(width, height, window, overlap)
    covered = np.zeros((height, width), dtype=bool)
    for x, y, w, h in windows:
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        assert (w, h) == (min(window, width), min(window, height))
        covered[y : y + h, x : x + w] = True
    assert covered.all()
    assert len(np.unique(windows, axis=0)) == len(windows)
    for column, size in ((0, width), (1, height)):
        starts = np.unique(windows[:, column])
        # Neighbours share the overlap or more, and no window could be spared.
        assert (np.diff(starts) <= window - overlap).all()
        assert len(starts) == max(0, -(-(size - window) // (window - overlap))) + 1


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((0, 10, 5, 1), 'width: expected at least 1 px, found 0'),
        ((10, -3, 5, 1), 'height'),
        ((10, 10, 0, 0), 'window'),
        ((10, 10, 5, 5), r'overlap < window \(5 px\), found 5'),
        ((10, 10, 5, -1), 'found -1'),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        sliding_windows(*arguments)
