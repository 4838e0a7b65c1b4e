"""The nearest anchors beside all anchors of the grid."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.models.task_modules.prior_generators import AnchorGenerator, anchor_inside_flags
from mmdet.structures.bbox import bbox_overlaps

from ship_det.models.anchors import nearest_anchors

WIDTH, HEIGHT = 150, 110
GENERATOR = AnchorGenerator(strides=[8, 16, 32], ratios=[0.2, 1.0, 4.0], scales=[2, 3])


def all_anchors(border: int) -> torch.Tensor:
    sizes = [(math.ceil(HEIGHT / s), math.ceil(WIDTH / s)) for s in (8, 16, 32)]
    anchors = torch.cat(GENERATOR.grid_priors(sizes, device='cpu'))
    inside = anchor_inside_flags(anchors, torch.ones(len(anchors), dtype=torch.bool), (HEIGHT, WIDTH), border)
    return anchors[inside].double()


@given(
    center=st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)),
    size=st.tuples(st.floats(3, 160), st.floats(3, 160)),
    border=st.sampled_from([-1, 0, 5]),
)
@settings(max_examples=200, deadline=None)
def test_the_best_of_the_nearest_is_the_best_of_all(center, size, border):
    (x, y), (w, h) = center, size
    bounds = torch.tensor([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]], dtype=torch.float64)
    anchors, ious = nearest_anchors(GENERATOR, bounds, torch.tensor([[WIDTH, HEIGHT]]), border)
    assert anchors.shape == (1, 18, 4)
    assert ious.shape == (1, 18)
    expected = bbox_overlaps(bounds, all_anchors(border)).max()
    assert float(ious.max()) == pytest.approx(float(expected), abs=1e-6)


def test_where_no_anchor_fits_into_the_image_there_is_none():
    generator = AnchorGenerator(strides=[32], ratios=[0.1], scales=[8])
    bounds, sizes = torch.tensor([[10.0, 10.0, 90.0, 30.0]]), torch.tensor([[100.0, 100.0]])
    assert nearest_anchors(generator, bounds, sizes, 0)[1].tolist() == [[0.0]]
    # 100 x 20 px of the 809 x 81 px anchor at x = 64 lie in the image; the ship is 80 x 20 px.
    shared = 80 * 20
    expected = shared / (2 * 404.7715 * 2 * 40.4772 + 80 * 20 - shared)
    assert nearest_anchors(generator, bounds, sizes, -1)[1].item() == pytest.approx(expected, rel=1e-4)
