"""Masks of COCO files. The packed texts were made by pycocotools 2.0."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations.coco_masks import mask_outline


def bounds(points):
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]


@pytest.mark.parametrize(
    ('size', 'counts', 'expected'),
    [
        # Columns of 4: two px of the first column, rows 1 and 2.
        ([4, 3], [1, 2, 9], [0, 1, 1, 3]),
        ([4, 3], [0, 12], [0, 0, 3, 4]),
        # One run over the border between columns: the last px of the first one and two of the second.
        ([4, 3], [3, 3, 6], [0, 0, 2, 4]),
        ([4, 5], [2, 14, 4], [0, 0, 4, 4]),
        ([4, 3], [4, 0, 1, 2, 5], [1, 1, 2, 3]),
    ],
)
def test_runs_go_down_the_columns(size, counts, expected):
    assert bounds(mask_outline('a', {'size': size, 'counts': counts})) == expected


@pytest.mark.parametrize(
    ('size', 'text', 'counts'),
    [
        ([40, 50], 'R92oX1?hgN000e8', [290, 2, 1311, 17, 23, 17, 23, 17, 300]),
        ([40, 50], '01Q91no0?hgN00000]7', [0, 1, 289, 2, 1311, 17, 23, 17, 23, 17, 23, 17, 260]),
        ([7, 6], '0143MM003000060JO', [0, 1, 4, 4, 1, 1, 1, 1, 4, 1, 4, 1, 4, 7, 4, 1, 3]),
        ([3, 4], '0<', [0, 12]),
    ],
)
def test_packed_runs(size, text, counts):
    packed = mask_outline('a', {'size': size, 'counts': text})
    np.testing.assert_array_equal(packed, mask_outline('a', {'size': size, 'counts': counts}))


@settings(max_examples=100, deadline=None)
@given(pixels=st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6))
def test_corners_are_those_of_the_outermost_pixels(pixels):
    mask = np.array(pixels).T
    if not mask.any():
        return
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    points = mask_outline('a', {'size': list(mask.shape), 'counts': [0, *counts] if flat[0] else counts})
    rows, columns = np.nonzero(mask)
    for direction in np.array([[1, 0], [0, 1], [1, 1], [1, -1], [2, 1], [-1, 3]]):
        corners = [np.stack([columns + right, rows + down], 1) for right in (0, 1) for down in (0, 1)] @ direction
        assert (points @ direction).max() == corners.max()
        assert (points @ direction).min() == corners.min()


@pytest.mark.parametrize(
    ('mask', 'message'),
    [
        ({'size': [4, 3], 'counts': [1, 2, 3]}, 'a mask of 6 px, expected 3 x 4'),
        ({'size': [4, 3], 'counts': [12]}, 'a mask without a pixel'),
        ({'size': [4, 3], 'counts': [-1, 2, 11]}, 'expected run lengths'),
        ({'size': [4, 3], 'counts': [1.5, 10.5]}, 'expected run lengths'),
        ({'size': [4, 3], 'counts': 'é'}, 'expected packed run lengths'),
        ({'size': [4, 3], 'counts': 'P'}, 'ends within a number'),
        ({'size': [4, 3], 'counts': 'o' * 99}, 'expected packed run lengths'),
        ({'size': [4, 3]}, "a mask of 'None', expected run lengths"),
        ({'counts': [12]}, 'the size of a mask is None'),
        ({'size': [4, 10**9], 'counts': [1]}, 'the size of a mask is'),
        ({'size': [True, 3], 'counts': [3]}, 'the size of a mask is'),
    ],
)
def test_what_is_no_mask_is_named(mask, message):
    with pytest.raises(ValueError, match=rf'^a\.json: annotation 3: .*{message}'):
        mask_outline('a.json: annotation 3', mask)
