"""The Cascade's RoI head: its stages, targets fed as predictions, what survives without proposals or ground truth."""

import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

import ship_det.plugin  # noqa: F401
from ship_det.geometry import aligned_iou
from ship_det.models.skew_cascade import SkewCascadeRoIHead, SkewRoIExtractor

NUM_CLASSES = 3
SHIPS = torch.tensor([[60.0, 60.0, 80.0, 16.0, 0.5], [200.0, 120.0, 90.0, 12.0, -math.pi / 2]])
PROPOSALS = torch.tensor([[22.0, 30, 98, 90], [190.0, 74, 212, 168], [250.0, 10, 280, 60]])


@pytest.fixture(autouse=True)
def mmrotate_scope() -> None:
    """Names without a scope are MMRotate's, whatever scope a runner of another test has left."""
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)


def build(loss_cls: dict | None = None, **kwargs) -> SkewCascadeRoIHead:
    torch.manual_seed(0)
    return SkewCascadeRoIHead(
        bbox_roi_extractor=dict(type='SkewRoIExtractor', output_size=3, featmap_strides=[4], sampling_ratio=1),
        bbox_head=dict(
            type='SkewBBoxHead',
            in_features=2 * 3 * 3,
            num_classes=NUM_CLASSES,
            fc_out_channels=8,
            loss_cls=loss_cls or dict(type='mmdet.CrossEntropyLoss', use_sigmoid=False),
            loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0),
        ),
        train_cfg=ConfigDict(
            assigner=dict(type='mmdet.MaxIoUAssigner', match_low_quality=False, ignore_iof_thr=0.7),
            sampler=dict(type='mmdet.RandomSampler', num=16, pos_fraction=0.5, add_gt_as_proposals=True),
            pos_weight=-1,
        ),
        test_cfg=ConfigDict(score_thr=0.05, nms=dict(iou_threshold=0.1), max_per_img=10),
        **kwargs,
    )


def sample(boxes: torch.Tensor, labels: list[int]) -> DetDataSample:
    data = DetDataSample(metainfo=dict(img_shape=(256, 256), scale_factor=(1.0, 1.0)))
    data.gt_instances = InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.tensor(labels, dtype=torch.long))
    data.ignored_instances = InstanceData(bboxes=RotatedBoxes(boxes[:0]), labels=torch.zeros(0, dtype=torch.long))
    return data


def proposals(boxes: torch.Tensor) -> InstanceData:
    return InstanceData(bboxes=HorizontalBoxes(boxes))


def test_stages_differ_in_iou_weight_and_code():
    head = build()
    assert [assigner.pos_iou_thr for assigner in head.bbox_assigner] == [0.5, 0.6, 0.7]
    assert [type(assigner.iou_calculator).__name__ for assigner in head.bbox_assigner] == [
        'BoundsOverlaps2D',
        'SkewOverlaps2D',
        'SkewOverlaps2D',
    ]
    assert head.stage_loss_weights == [1.0, 0.5, 0.25]
    assert [stage.bbox_coder.stds[:4] for stage in head.bbox_head] == [
        (0.1, 0.1, 0.2, 0.2),
        (0.05, 0.05, 0.1, 0.1),
        (0.033, 0.033, 0.067, 0.067),
    ]
    weights = [stage.fc_cls.weight for stage in head.bbox_head]
    assert weights[0] is not weights[1]


def test_rejects_a_number_of_values_other_than_stages():
    with pytest.raises(ValueError, match=r'stage_ious: expected 2 values, one a stage, got \(0.5, 0.6, 0.7\)'):
        build(num_stages=2, stage_loss_weights=(1, 1))


def test_perfect_outputs_have_no_loss_and_bring_the_boxes_back(monkeypatch):
    """Each stage answers with the code of the nearest ship: losses are 0, and the boxes come back at the end."""
    head, labels = build(), [2, 0]

    def perfect(stage, x, rois):
        coder = head.bbox_head[stage].bbox_coder
        nearest = torch.cdist(center_of(rois[:, 1:]), SHIPS[:, :2]).argmin(dim=1)
        code = coder.encode(rois[:, 1:], SHIPS[nearest])
        boxes = coder.decode(rois[:, 1:], code).tensor
        hit = center_of(rois[:, 1:]).sub(boxes[:, :2]).abs().sum(dim=1) < 40
        score = torch.full((len(rois), NUM_CLASSES + 1), -30.0)
        score[torch.arange(len(rois)), torch.where(hit, torch.tensor(labels)[nearest], NUM_CLASSES)] = 30.0
        return dict(cls_score=score, bbox_pred=torch.where(hit[:, None], code, 0 * code))

    monkeypatch.setattr(head, '_bbox_forward', perfect)
    x = (torch.zeros(1, 2, 64, 64),)
    losses = head.loss(x, [proposals(PROPOSALS)], [sample(SHIPS, labels)])
    assert sorted(name for name in losses if 'loss' in name) == sorted(
        f's{stage}.{name}' for stage in range(3) for name in ('loss_cls', 'loss_bbox')
    )
    assert all(float(value) == pytest.approx(0, abs=1e-5) for name, value in losses.items() if 'loss' in name)

    (found,) = head.predict(x, [proposals(PROPOSALS)], [sample(SHIPS, labels)])
    order = found.labels.argsort(descending=True)
    assert found.labels[order].tolist() == labels
    assert (aligned_iou(found.bboxes[order].double().numpy(), SHIPS.double().numpy()) > 0.999).all()
    assert found.scores.tolist() == pytest.approx([1.0, 1.0])


def center_of(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, :2] + boxes[:, 2:]) / 2 if boxes.size(1) == 4 else boxes[:, :2]


def test_loss_weights_of_the_stages(monkeypatch):
    """The same wrong score at every stage costs 1, 1/2 and 1/4 of the first stage's loss."""
    head = build()

    def wrong(stage, x, rois):
        score = torch.zeros(len(rois), NUM_CLASSES + 1)
        return dict(cls_score=score, bbox_pred=torch.zeros(len(rois), 5))

    monkeypatch.setattr(head, '_bbox_forward', wrong)
    losses = head.loss((torch.zeros(1, 2, 64, 64),), [proposals(PROPOSALS)], [sample(SHIPS, [2, 0])])
    assert [float(losses[f's{stage}.loss_cls']) for stage in range(3)] == pytest.approx(
        [math.log(4), math.log(4) / 2, math.log(4) / 4]
    )


def test_ground_truth_added_to_the_samples_of_a_stage_is_no_proposal_of_the_next(monkeypatch):
    """It would be a perfect proposal, of which there is none in a test: every stage starts from what was proposed."""
    head, seen = build(), []
    sample_of = head._sample

    def record(stage, boxes, *ground_truth):
        seen.append(center_of(getattr(boxes, 'tensor', boxes)))
        found = sample_of(stage, boxes, *ground_truth)
        assert found.pos_is_gt.any()
        return found

    monkeypatch.setattr(head, '_sample', record)
    # Codes of 0 leave every box where it is.
    monkeypatch.setattr(
        head,
        '_bbox_forward',
        lambda stage, x, rois: dict(
            cls_score=torch.zeros(len(rois), NUM_CLASSES + 1), bbox_pred=torch.zeros(len(rois), 5)
        ),
    )
    # All are far from the ships' centres, (60, 60) and (200, 120).
    boxes = torch.tensor([[100.0, 0, 140, 40], [20, 200, 60, 240], [230, 10, 250, 60]])
    head.loss((torch.zeros(1, 2, 64, 64),), [proposals(boxes)], [sample(SHIPS, [2, 0])])
    for centers in seen:
        assert sorted(centers.tolist()) == [[40, 220], [120, 20], [240, 35]]
    assert len(seen) == 3


def test_scores_are_the_mean_of_the_stages_probabilities(monkeypatch):
    head = build()
    logits = torch.tensor([[0.0, 0, 0, 0], [2.0, 0, 0, 1], [-1.0, 3, 0, 0]])

    def fixed(stage, x, rois):
        return dict(cls_score=logits[stage : stage + 1], bbox_pred=torch.zeros(1, 5))

    monkeypatch.setattr(head, '_bbox_forward', fixed)
    rois, scores, _ = head.forward((torch.zeros(1, 2, 64, 64),), [proposals(PROPOSALS[:1])], [])
    assert torch.allclose(scores[0], logits.softmax(dim=1).mean(dim=0))
    # Codes of zero leave the proposal as it is: 76 x 60 around (60, 60).
    assert rois[0, 1:].tolist() == pytest.approx([60, 60, 76, 60, 0])


@pytest.mark.parametrize('found', [0, 3])
@pytest.mark.parametrize('ships', [0, 2])
@pytest.mark.parametrize('loss', ['mmdet.CrossEntropyLoss', 'mmdet.SeesawLoss', 'CILoss', 'SoftmaxFocalLoss', 'PFLoss'])
def test_every_parameter_has_a_gradient_whatever_was_proposed(found, ships, loss):
    """No proposal, no ship, or proposals that are all the ground truth's own: finite losses from every stage."""
    loss_cls = dict(type=loss)
    if loss == 'mmdet.CrossEntropyLoss':
        loss_cls['use_sigmoid'] = False
    if loss == 'mmdet.SeesawLoss':
        loss_cls['num_classes'] = NUM_CLASSES
    head = build(loss_cls)
    for stage in head.bbox_head:
        if hasattr(stage.loss_cls, 'set_class_counts'):
            stage.loss_cls.set_class_counts([100, 10, 1])
    x = (torch.rand(2, 2, 64, 64),)
    boxes = [proposals(PROPOSALS[:found]), proposals(PROPOSALS[:0])]
    data = [sample(SHIPS[:ships], [2, 0][:ships]), sample(SHIPS[:0], [])]
    losses = head.loss(x, boxes, data)
    total = sum(value for name, value in losses.items() if 'loss' in name)
    assert torch.isfinite(total)
    total.backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
    boxes = [proposals(PROPOSALS[:found]), proposals(PROPOSALS[:0])]
    results = head.predict(x, boxes, data)
    assert [result.bboxes.size(1) for result in results] == [5, 5]
    assert len(results[1]) == 0


def test_extractor_turns_with_the_roi():
    """A ramp along y, read by a RoI turned by 90 degrees, is a ramp along the RoI's width."""
    extractor = SkewRoIExtractor(output_size=3, featmap_strides=[4], sampling_ratio=1)
    feature = torch.arange(16.0)[:, None].expand(1, 1, 16, 16).contiguous()
    upright = extractor((feature,), torch.tensor([[0.0, 8.0, 8.0, 32.0, 32.0]])).view(3, 3)
    turned = extractor((feature,), torch.tensor([[0.0, 20.0, 20.0, 24.0, 24.0, math.pi / 2]])).view(3, 3)
    # y from 8 to 32 px is 2 to 8 cells; cell i has its centre at i + 0.5.
    expected = [2 + 1 - 0.5, 2 + 3 - 0.5, 2 + 5 - 0.5]
    assert upright[:, 0].tolist() == pytest.approx(expected)
    assert turned[0].tolist() == pytest.approx(expected, abs=1e-4)  # clockwise: the width points down
    assert extractor((feature,), torch.zeros(0, 6)).shape == (0, 9)


def test_pooling_stays_in_float32_under_mixed_precision():
    extractor = MODELS.build(dict(type='SkewRoIExtractor', output_size=1, featmap_strides=[4]))
    feature = torch.arange(512.0).expand(1, 1, 4, 512).contiguous().bfloat16()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        pooled = extractor((feature,), torch.tensor([[0.0, 1001.0, 4.0, 1005.0, 8.0]]))
    assert pooled.dtype == torch.float32
    assert pooled.item() == pytest.approx(feature[0, 0, 0, 249:252].float().mean().item(), abs=1.0)


def test_a_box_near_45_degrees_may_be_named_along_its_other_side():
    head = build().bbox_head[0]
    rois = torch.tensor([[0.0, 0.0, 0.0, 60.0, 60.0]])
    below, above = (torch.tensor([[30.0, 30.0, 60.0, 10.0, math.pi / 4 + turn]]) for turn in (-0.01, 0.01))
    target, pred = head.bbox_coder.encode(rois[:, 1:], below), head.bbox_coder.encode(rois[:, 1:], above)
    assert (target - pred).abs().max() > 2  # by its canonical name the box beyond the seam has quite another code
    score, label, weight = torch.zeros(1, NUM_CLASSES + 1), torch.tensor([1]), torch.ones(1)
    losses = head.loss(score, pred, rois, label, weight, target, torch.ones(1, 5))
    assert float(losses['loss_bbox']) == pytest.approx(0.5 * (0.02 / 0.1) ** 2, rel=1e-3)  # 0.02 rad, std 0.1, beta 1
