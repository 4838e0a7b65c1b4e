"""R2CNN's box codes: round trip, the canonical corner, the equivalent codes."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ship_det.geometry import aligned_iou
from ship_det.models.r2cnn import R2CNNCoder
from ship_det.models.r2cnn.box_coder import edge_to_rbox, first_edge


def bounds(boxes: torch.Tensor) -> torch.Tensor:
    """Axis-aligned bounds, by hand: half extents (|w cos| + |h sin|) / 2 and (|w sin| + |h cos|) / 2."""
    cx, cy, w, h, t = boxes.unbind(1)
    dx = (w * t.cos()).abs() / 2 + (h * t.sin()).abs() / 2
    dy = (w * t.sin()).abs() / 2 + (h * t.cos()).abs() / 2
    return torch.stack([cx - dx, cy - dy, cx + dx, cy + dy], dim=1)


@given(
    w=st.floats(8, 600),
    aspect=st.floats(0.03, 1.0),
    theta=st.floats(-math.pi / 2, math.pi / 2, exclude_max=True),
    shift=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    grow=st.floats(0.6, 1.6),
    means=st.sampled_from([(0.0,) * 5, (-0.43, -0.1, 0.43, -0.1, -1.5)]),
)
def test_decoding_the_code_gives_the_box_back(w, aspect, theta, shift, grow, means):
    for dtype, tolerance in ((torch.float64, 1e-4), (torch.float32, 1e-3)):  # a float32 at 900 px is good to 6e-5 px
        box = torch.tensor([[400.0, 300.0, w, max(w * aspect, 2.0), theta]], dtype=dtype)
        prior = bounds(box)
        size = prior[:, 2:] - prior[:, :2]
        center = (prior[:, 2:] + prior[:, :2]) / 2 + size * torch.tensor([shift])
        prior = torch.cat([center - size * grow / 2, center + size * grow / 2], dim=1)
        coder = R2CNNCoder(inclined_means=means)
        decoded = coder.decode(prior, coder.encode(prior, box)).tensor
        iou = aligned_iou(decoded.double().numpy(), box.double().numpy())
        assert iou[0] > 0.9999 - 20 * (tolerance - 1e-4) / box[0, 3]
        corners = first_edge(decoded, 0)[0, :4].reshape(2, 2)
        expected = torch.stack([first_edge(box, k)[0, :4].reshape(2, 2) for k in range(4)])
        assert (corners - expected).abs().amax(dim=(1, 2)).min() < tolerance


def test_first_edge_of_a_horizontal_box():
    box = torch.tensor([[50.0, 40.0, 20.0, 6.0, 0.0]])
    assert first_edge(box).tolist() == [[40.0, 37.0, 60.0, 37.0, 6.0]]
    # One corner on, clockwise on screen: down the right side; the height is now the long side.
    assert first_edge(box, 1)[0].tolist() == pytest.approx([60.0, 37.0, 60.0, 43.0, 20.0], abs=1e-5)
    assert first_edge(box, 2)[0].tolist() == pytest.approx([60.0, 43.0, 40.0, 43.0, 6.0], abs=1e-5)


def test_means_are_taken_off_the_inclined_code_before_it_is_divided():
    box, prior = torch.tensor([[100.0, 80.0, 60.0, 20.0, 0.4]]), torch.tensor([[60.0, 50.0, 150.0, 110.0]])
    means, stds = (-0.4, -0.1, 0.4, -0.2, -1.5), (0.2, 0.5, 0.25, 0.4, 0.6)
    plain = R2CNNCoder(inclined_stds=(1.0,) * 5).encode(prior, box)
    code = R2CNNCoder(inclined_stds=stds, inclined_means=means).encode(prior, box)
    expected = [(u - mean) / std for u, mean, std in zip(plain[0, 4:].tolist(), means, stds, strict=True)]
    assert code[0, 4:].tolist() == pytest.approx(expected, abs=1e-6)
    assert code[0, :4].tolist() == plain[0, :4].tolist()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(inclined_means=(0.0,) * 4), 'expected 5 inclined_means'),
        (dict(inclined_stds=(0.1,) * 4), 'expected 4 and 5 positive stds'),
    ],
)
def test_numbers_that_do_not_fit_the_code_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        R2CNNCoder(**options)


def test_axis_aligned_code_is_the_bounds():
    box = torch.tensor([[100.0, 80.0, 60.0, 20.0, math.pi / 6]])
    coder = R2CNNCoder(output='axis_aligned')
    prior = torch.tensor([[60.0, 50.0, 150.0, 110.0]])
    decoded = coder.decode(prior, coder.encode(prior, box)).tensor[0]
    half = (60 * math.cos(math.pi / 6) + 20 * 0.5, 60 * 0.5 + 20 * math.cos(math.pi / 6))
    assert decoded.tolist() == pytest.approx([100.0, 80.0, half[0], half[1], 0.0], abs=1e-3)


def test_code_is_continuous_but_at_the_vertical():
    angles = torch.linspace(-math.pi / 2 + 1e-4, math.pi / 2 - 1e-4, 2001)
    boxes = torch.stack([torch.tensor([200.0, 200.0, 120.0, 15.0, float(a)]) for a in angles])
    priors = torch.tensor([[130.0, 130.0, 270.0, 270.0]]).expand(len(boxes), 4)
    codes = R2CNNCoder().encode(priors, boxes)[:, 4:]
    assert (codes[1:] - codes[:-1]).abs().max() < 0.02
    assert (codes[0, :4] - codes[-1, :4]).abs().max() > 8  # the ends change places: 120 of 140 px, std 0.1


@pytest.mark.parametrize('theta, h, expected', [(0.3, 20, 1), (1.5, 20, 2), (-1.5, 20, 2), (0.3, 95, 2), (1.5, 95, 3)])
def test_equivalent_codes_decode_to_the_same_box(theta, h, expected):
    box = torch.tensor([[100.0, 90.0, 100.0, float(h), theta]])
    prior = bounds(box) + torch.tensor([[-3.0, 2.0, 4.0, 5.0]])
    coder = R2CNNCoder()
    codes = coder.equivalent_codes(prior, coder.encode(prior, box)[:, 4:])[0]
    assert len(torch.unique(codes.round(decimals=2), dim=0)) == expected
    decoded = edge_to_rbox(coder._decode_edges(prior.expand(4, 4), codes)).double().numpy()
    assert np.all(aligned_iou(decoded, box.double().numpy().repeat(4, axis=0)) > 0.999)


def test_height_is_at_most_a_thousand_times_that_of_the_proposal_or_a_thousandth_of_it():
    prior = torch.tensor([[10.0, 20.0, 50.0, 40.0]])  # 40 x 20
    # The first edge is the upper one of the proposal, 40 px long; stds .1.
    codes = torch.tensor([[0.0, 0, 0, 0, -5, -5, 5, -5, code] for code in (1e4, -1e4)])
    boxes = R2CNNCoder().decode(prior.expand(2, 4), codes).tensor
    assert boxes[0, 2:4].tolist() == pytest.approx([20_000, 40])  # le90: the long side first
    assert boxes[1, 2:4].tolist() == pytest.approx([40, 0.02])
    assert boxes.isfinite().all()


@pytest.mark.parametrize(
    'options', [dict(output='both'), dict(axis_stds=(1, 1, 1)), dict(inclined_stds=(1, 1, 1, 1, 0))]
)
def test_wrong_options(options):
    with pytest.raises(ValueError, match=r'got|expected'):
        R2CNNCoder(**options)
