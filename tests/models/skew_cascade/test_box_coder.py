"""The Cascade's box code: round trip against horizontal and rotated proposals, continuity, values by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ship_det.geometry import aligned_iou, rbox_to_quad
from ship_det.models.skew_cascade import SkewBoxCoder

ANGLES = st.floats(-math.pi / 2, math.pi / 2, exclude_max=True)


@given(
    w=st.floats(4, 300),
    aspect=st.floats(1 / 30, 1.0),
    theta=ANGLES,
    prior_theta=st.one_of(st.none(), ANGLES),
    shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    prior_size=st.tuples(st.floats(8, 120), st.floats(8, 120)),
)
def test_decoding_the_code_gives_the_box_back(w, aspect, theta, prior_theta, shift, prior_size):
    box = torch.tensor([[420.0, -30.0, w, w * aspect, theta]], dtype=torch.float64)
    center, size = box[:, :2] + torch.tensor([shift]), torch.tensor([prior_size])
    if prior_theta is None:
        prior = torch.cat([center - size / 2, center + size / 2], dim=1)
    else:
        prior = torch.cat([center, size, torch.tensor([[prior_theta]])], dim=1)
    coder = SkewBoxCoder()
    for dtype, tolerance in ((torch.float64, 1e-4), (torch.float32, 1e-3)):  # a float32 at 900 px is good to 6e-5 px
        decoded = coder.decode(prior.to(dtype), coder.encode(prior.to(dtype), box.to(dtype))).tensor
        assert decoded[0, 2] >= decoded[0, 3] and -math.pi / 2 <= decoded[0, 4] < math.pi / 2
        found, expected = (rbox_to_quad(boxes.double().numpy())[0] for boxes in (decoded, box))
        nearest = ((found[:, None] - expected[None]) ** 2).sum(axis=2).min(axis=1) ** 0.5
        assert nearest.max() < tolerance


def test_code_against_a_rotated_proposal_by_hand():
    # The proposal points straight up (-90 degrees): 6 px further up is 6 / 60 along it.
    prior = torch.tensor([[50.0, 40.0, 60.0, 10.0, -math.pi / 2]])
    box = torch.tensor([[50.0, 34.0, 20.0, 8.0, -math.pi / 2 + 0.1]])
    code = SkewBoxCoder(stds=(1, 1, 1, 1, 1)).encode(prior, box)[0].tolist()
    assert code == pytest.approx([0.1, 0.0, math.log(20 / 60), math.log(8 / 10), 0.1], abs=1e-6)


def test_a_box_across_its_proposal_is_named_along_its_other_side():
    prior = torch.tensor([[30.0, 20.0, 70.0, 100.0]])  # 40 x 80
    box = torch.tensor([[50.0, 60.0, 80.0, 40.0, -math.pi / 2 + 0.2]])
    code = SkewBoxCoder(stds=(1, 1, 1, 1, 1)).encode(prior, box)[0].tolist()
    assert code == pytest.approx([0, 0, 0, 0, 0.2], abs=1e-6)


def test_code_is_continuous_but_at_45_degrees():
    angles = torch.linspace(-math.pi / 2, math.pi / 2 - 1e-3, 2001)
    boxes = torch.stack([torch.tensor([200.0, 200.0, 120.0, 15.0, float(a)]) for a in angles])
    priors = torch.tensor([[130.0, 130.0, 270.0, 270.0]]).expand(len(boxes), 4)
    codes = SkewBoxCoder(stds=(1, 1, 1, 1, 1)).encode(priors, boxes)
    jumps = (codes[1:] - codes[:-1]).abs().amax(dim=1) > 0.01
    at = angles[1:][jumps]
    assert len(at) == 2
    assert at.abs().tolist() == pytest.approx([math.pi / 4] * 2, abs=2e-3)
    ends = SkewBoxCoder(stds=(1, 1, 1, 1, 1)).encode(priors[:2], boxes[[0, -1]])
    assert (ends[0] - ends[1]).abs().max() < 0.01  # the vertical is no seam


def test_degenerate_boxes_have_finite_codes():
    prior = torch.tensor([[5.0, 5.0, 5.0, 5.0]])
    box = torch.tensor([[5.0, 5.0, 0.0, 0.0, 0.0]])
    coder = SkewBoxCoder()
    assert torch.isfinite(coder.encode(prior, box)).all()
    assert torch.isfinite(coder.decode(prior, torch.full((1, 5), 1e4)).tensor).all()
    assert coder.decode(prior[:0], torch.zeros(0, 5)).tensor.shape == (0, 5)


def test_sides_are_at_most_a_thousand_times_longer_or_shorter_than_the_proposals():
    prior = torch.tensor([[10.0, 20.0, 50.0, 40.0]])  # 40 x 20
    codes = torch.tensor([[0.0, 0, 1e4, 1e4, 0], [0, 0, -1e4, -1e4, 0]])
    sides = SkewBoxCoder().decode(prior.expand(2, 4), codes).tensor[:, 2:4]
    assert sides.flatten().tolist() == pytest.approx([40_000, 20_000, 0.04, 0.02])


def test_rejects_other_than_five_positive_stds():
    with pytest.raises(ValueError, match='5 positive stds'):
        SkewBoxCoder(stds=(0.1, 0.1, 0.2, 0.2))


@pytest.mark.parametrize('prior', [[0.0, 0.0, 60.0, 40.0], [30.0, 20.0, 60.0, 40.0, 0.3]])
@pytest.mark.parametrize('turn, expected', [(0.3, 1), (0.7, 2), (-0.7, 2), (1.0, 2), (-1.4, 1)])
def test_equivalent_codes_decode_to_the_same_box(prior, turn, expected):
    prior = torch.tensor([prior])
    box = torch.tensor([[35.0, 18.0, 50.0, 9.0, turn + (prior[0, 4].item() if prior.size(1) == 5 else 0)]])
    coder = SkewBoxCoder()
    codes = coder.equivalent_codes(prior, coder.encode(prior, box))[0]
    assert codes.shape == (2, 5)
    assert len(torch.unique(codes.round(decimals=3), dim=0)) == expected
    decoded = coder.decode(prior.expand(2, -1), codes).tensor.double().numpy()
    assert (aligned_iou(decoded, box.double().numpy().repeat(2, axis=0)) > 0.9999).all()
