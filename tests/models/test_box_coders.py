"""Both box coders against MMRotate's rotated IoU."""

import pytest
import torch
from mmcv.ops import box_iou_rotated
from mmrotate.structures.bbox import RotatedBoxes

from ship_det.geometry import aligned_iou
from ship_det.models.r2cnn import R2CNNCoder
from ship_det.models.skew_cascade import SkewBoxCoder


@pytest.mark.parametrize(
    'coder, rotated',
    [(R2CNNCoder(), False), (SkewBoxCoder(), False), (SkewBoxCoder(), True)],
    ids=['R2CNN', 'skew box', 'skew box, rotated'],
)
def test_decoded_boxes_meet_their_originals_by_mmrotate_where_it_is_right(coder, rotated):
    generator = torch.Generator().manual_seed(0)
    low, span = torch.tensor([0.0, 0, 20, 4, -1.57]), torch.tensor([100.0, 100, 80, 10, 3.14])
    boxes = low + span * torch.rand(2000, 5, generator=generator)
    bounds = RotatedBoxes(boxes).convert_to('hbox').tensor
    shift = torch.tensor([3.0, -2, 4, 2, 0.3])
    priors = boxes + shift if rotated else bounds + shift[:4]
    decoded = coder.decode(priors, coder.encode(priors, boxes)).tensor
    exact = torch.from_numpy(aligned_iou(decoded.double().numpy(), boxes.double().numpy()))
    assert exact.min() > 0.99995
    theirs = box_iou_rotated(decoded, boxes, aligned=True)
    # Its float32 code loses a tenth of the pairs of nearly the same boxes.
    right = (theirs - exact).abs() < 5e-5
    assert right.double().mean() > 0.75
    assert theirs[right].min() > 0.9999
