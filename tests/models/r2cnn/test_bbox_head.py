"""R2CNN's head: each output is right alone, the closest equivalent code is the target, empty batches give a loss."""

import math
from types import SimpleNamespace

import pytest
import torch
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import ConfigDict
from mmrotate.utils import register_all_modules

import ship_det.plugin  # noqa: F401
from ship_det.geometry import aligned_iou
from ship_det.models.r2cnn import MultiSizeRoIExtractor, R2CNNBBoxHead

NUM_CLASSES = 3


@pytest.fixture(autouse=True)
def mmrotate_scope() -> None:
    """Names without a scope are MMRotate's, whatever scope a runner of another test has left."""
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)


@pytest.fixture
def head() -> R2CNNBBoxHead:
    return R2CNNBBoxHead(
        in_features=10,
        num_classes=NUM_CLASSES,
        fc_out_channels=8,
        loss_cls=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=False),
        loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0),
    )


@pytest.fixture
def batch(head):
    boxes = torch.tensor([[60.0, 60.0, 80.0, 16.0, 0.5], [200.0, 120.0, 90.0, 12.0, math.pi / 2 - 0.01]])
    rois = torch.tensor([[0.0, 20, 30, 100, 90], [0.0, 180, 70, 220, 170], [0.0, 300, 300, 340, 320]])
    labels = torch.tensor([2, 0, NUM_CLASSES])
    targets = torch.zeros(3, 9)
    targets[:2] = head.bbox_coder.encode(rois[:2, 1:], boxes)
    scores = torch.full((3, NUM_CLASSES + 1), -30.0)
    scores[torch.arange(3), labels] = 30.0
    return boxes, rois, labels, targets, scores


def test_targets_fed_as_predictions_have_no_loss_and_come_back(head, batch):
    boxes, rois, labels, targets, scores = batch
    losses = head.loss(scores, targets.clone(), rois, labels, torch.ones(3), targets, torch.ones(3, 9))
    assert {name: float(v) for name, v in losses.items() if name != 'acc'} == pytest.approx(
        dict(loss_cls=0, loss_bbox_axis=0, loss_bbox_inclined=0), abs=1e-6
    )
    cfg = ConfigDict(score_thr=0.05, nms=dict(type='nms_rotated', iou_threshold=0.1), max_per_img=10)
    meta = dict(img_shape=(400, 400), scale_factor=(2.0, 2.0))
    results = head.predict_by_feat((rois,), (scores,), (targets,), [meta], cfg, rescale=True)[0]
    order = results.labels.argsort(descending=True)
    assert results.labels[order].tolist() == [2, 0]
    expected = boxes.clone()
    expected[:, :4] /= 2
    assert (aligned_iou(results.bboxes[order].double().numpy(), expected.double().numpy()) > 0.999).all()


def test_each_output_has_its_own_loss(head, batch):
    _, rois, labels, targets, scores = batch
    for column, name in ((1, 'loss_bbox_axis'), (8, 'loss_bbox_inclined')):
        pred = targets.clone()
        pred[0, column] += 3.0  # smooth L1 with beta 1: 3 - 0.5, over 3 samples
        losses = head.loss(scores, pred, rois, labels, torch.ones(3), targets, torch.ones(3, 9))
        assert float(losses[name]) == pytest.approx(2.5 / 3, abs=1e-4)
        others = {'loss_cls', 'loss_bbox_axis', 'loss_bbox_inclined'} - {name}
        assert all(float(losses[other]) == pytest.approx(0, abs=1e-6) for other in others)


def test_a_box_near_the_vertical_may_be_coded_from_its_other_end(head, batch):
    boxes, rois, labels, targets, scores = batch
    turned = boxes.clone()
    turned[1, 4] = -math.pi / 2 + 0.01  # the neighbour angle beyond the vertical: canonical code from the other end
    pred = targets.clone()
    pred[1] = head.bbox_coder.encode(rois[1:2, 1:], turned[1:2])[0]
    losses = head.loss(scores, pred, rois, labels, torch.ones(3), targets, torch.ones(3, 9))
    assert float(losses['loss_bbox_inclined']) < 0.1


def test_no_positive_and_no_sample(head, batch):
    _, rois, _, targets, scores = batch
    scores.requires_grad_()
    for n in (3, 0):
        pred = torch.zeros(n, 9, requires_grad=True)
        losses = head.loss(
            scores[:n], pred, rois[:n], torch.full((n,), NUM_CLASSES), torch.ones(n), targets[:n] * 0, torch.ones(n, 9)
        )
        total = losses['loss_cls'] + losses['loss_bbox_axis'] + losses['loss_bbox_inclined']
        assert torch.isfinite(total)
        assert losses['loss_bbox_axis'].item() == losses['loss_bbox_inclined'].item() == 0
        total.backward()


def test_degenerate_box_gives_a_finite_target(head):
    priors = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    box, label = torch.tensor([[5.0, 5.0, 10.0, 0.0, 0.2]]), torch.tensor([1])
    result = SimpleNamespace(pos_priors=priors, neg_priors=priors[:0], pos_gt_bboxes=box, pos_gt_labels=label)
    *_, targets, _ = head.get_targets([result], ConfigDict(pos_weight=-1))
    assert torch.isfinite(targets).all()


def test_extractor_joins_its_pools():
    extractor = MultiSizeRoIExtractor(pool_sizes=[(2, 2), (1, 3)], featmap_strides=[4])
    # A ramp along x: RoIAlign of a linear function is exact, so bins read the function at their centres.
    feature = torch.arange(16.0).expand(1, 1, 16, 16).contiguous()
    pooled = extractor((feature,), torch.tensor([[0.0, 8.0, 8.0, 32.0, 32.0]]))
    # x from 8 to 32 px is 2 to 8 cells; cell i has its centre at i + 0.5, so value = position - 0.5.
    left, right = 2 + 1.5 - 0.5, 2 + 4.5 - 0.5
    thirds = [2 + 1 - 0.5, 2 + 3 - 0.5, 2 + 5 - 0.5]
    assert pooled[0].tolist() == pytest.approx([left, right, left, right, *thirds])
    assert extractor((feature,), torch.zeros(0, 5)).shape == (0, 7)


def test_extractor_rejects_empty_pools():
    with pytest.raises(ValueError, match='pairs'):
        MultiSizeRoIExtractor(pool_sizes=[(7, 0)])


@pytest.mark.parametrize(
    'loss', ['mmdet.SeesawLoss', 'mmrotate.CILoss', 'mmrotate.SoftmaxFocalLoss', 'mmrotate.PFLoss']
)
def test_other_classification_losses_drop_in(loss, batch):
    _, rois, labels, targets, _ = batch
    options = dict(num_classes=NUM_CLASSES) if loss == 'mmdet.SeesawLoss' else {}
    torch.manual_seed(0)
    head = R2CNNBBoxHead(
        in_features=10,
        num_classes=NUM_CLASSES,
        fc_out_channels=8,
        loss_cls=dict(type=loss, **options),
        loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0),
    )
    if hasattr(head.loss_cls, 'set_class_counts'):
        head.loss_cls.set_class_counts([100, 10, 1])
    scores, codes = head(torch.rand(3, 10))
    losses = head.loss(scores, codes, rois, labels, torch.ones(3), targets, torch.ones(3, 9))
    total = sum(value for name, value in losses.items() if 'loss' in name)
    assert torch.isfinite(total) and total > 0
    total.backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
    cfg = ConfigDict(score_thr=0.05, nms=dict(type='nms_rotated', iou_threshold=0.1), max_per_img=10)
    (found,) = head.predict_by_feat((rois,), (scores,), (codes,), [dict(scale_factor=(1.0, 1.0))], cfg)
    assert len(found.scores) and set(found.labels.tolist()) <= set(range(NUM_CLASSES))
