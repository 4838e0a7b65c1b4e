"""A detector as one ONNX graph of standard operators: from images to boxes and class scores, before rotated NMS.

The graph is traced from the detector's own parts. What MMDetection does with lists, loops and its own operators is
written here in tensors: padding, the choice of proposals and the layout of the output.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.dense_heads import RPNHead
from mmdet.models.detectors import BaseDetector, TwoStageDetector
from mmdet.models.task_modules.coders.delta_xywh_bbox_coder import delta2bbox
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import ConfigDict
from torch import Tensor, nn
from torch.nn.functional import pad
from torchvision.ops import nms

from ship_det.models.rpn_head import Float32RPNHead
from ship_det.models.shared_fc_head import SharedFCBBoxHead
from ship_det.models.skew_cascade import SkewCascadeRoIHead

OPSET = 17
# Box coders of horizontal proposals.
_CODERS = ('DeltaXYWHBBoxCoder', 'DeltaXYWHHBBoxCoder')
# As MMDetection's box coder cuts log(side / anchor's side).
_RATIO_CLIP = 16 / 1000
# Logit of a proposal that is no box. Proposals are ranked by logits: small sigmoids are all the same to ONNX Runtime.
_NO_BOX = -1e9


class DetectorGraph(nn.Module):
    """R2CNN or the skew-box Cascade from images to candidates.

    Candidates have the layout of rotated detectors of Ultralytics, which other programs read: of each (cx, cy, w, h) in
    px, a score of each class, and the angle in rad, from x to y. Rotated NMS is left to whoever reads them.

    Args:
        detector: in evaluation mode.

    Raises:
        ValueError: it is made of other parts.
    """

    def __init__(self, detector: TwoStageDetector) -> None:
        super().__init__()
        check_parts(detector)
        self.detector: Any = detector
        self.cascade = isinstance(detector.roi_head, SkewCascadeRoIHead)

    def forward(self, images: Tensor) -> Tensor:
        """Candidates of images.

        Args:
            images: (B, 3, H, W) float32, RGB, 0 to 255.

        Returns:
            (B, 4 + classes + 1, N) float32; N is the number of proposals of an image at most, rows without one are 0.
        """
        detector = self.detector
        height, width = _shape(images)[2:]
        features = detector.neck(detector.backbone(self._prepare(images, height, width)))
        image, proposals = propose(detector.rpn_head, detector.test_cfg.rpn, features, height, width)
        rois = torch.cat([image[:, None].to(proposals), proposals], dim=1)
        if self.cascade:
            head = detector.roi_head.bbox_head[-1]
            rois, scores, codes = detector.roi_head._run_stages(features, rois)
        else:
            head = detector.roi_head.bbox_head
            results = detector.roi_head._bbox_forward(features, rois)
            scores, codes = head.class_scores(results['cls_score']), results['bbox_pred']
        boxes = get_box_tensor(head.bbox_coder.decode(rois[:, 1:], codes))
        candidates = torch.cat([boxes[:, :4], scores[:, : head.num_classes], boxes[:, 4:]], dim=1)
        return stack_by_image(candidates, image, images, int(detector.test_cfg.rpn.max_per_img)).transpose(1, 2)

    def _prepare(self, images: Tensor, height: Any, width: Any) -> Tensor:
        """Normalised images, padded to the right and below as MMDetection's preprocessor pads them."""
        given = self.detector.data_preprocessor
        # It takes BGR. Without the conversion the network does so too.
        images = images if given._channel_conversion else images.flip(1)
        mean, std = (torch.tensor(values.flatten().tolist()).view(1, -1, 1, 1) for values in (given.mean, given.std))
        divisor = given.pad_size_divisor
        right, below = (divisor - 1 - (side - 1) % divisor for side in (width, height))
        return pad((images - mean) * (1 / std), [0, right, 0, below], value=float(given.pad_value))


def check_parts(detector: BaseDetector) -> None:
    """Raise ValueError unless a detector is made of parts that the graph has."""
    rpn: Any = getattr(detector, 'rpn_head', None)
    roi = getattr(detector, 'roi_head', None)
    heads = getattr(roi, 'bbox_head', None)
    head = heads[-1] if isinstance(heads, nn.ModuleList) and len(heads) else heads
    if not isinstance(head, SharedFCBBoxHead):
        found = type(detector).__name__ if head is None else f'{type(detector).__name__} with a {type(head).__name__}'
        raise ValueError(f'found {found}, expected R2CNN or the skew-box Cascade: only these can be exported')
    # Types derived from these may give other boxes.
    plain = type(rpn) in (RPNHead, Float32RPNHead) and type(rpn.prior_generator) is AnchorGenerator
    if not plain or not rpn.use_sigmoid_cls or type(rpn.bbox_coder).__name__ not in _CODERS:
        raise ValueError(f'rpn_head: found {type(rpn).__name__}, expected a Float32RPNHead as in the configs of R2CNN')
    cfg = detector.test_cfg.rpn
    if cfg.nms.type != 'nms' or cfg.nms_pre <= 0:
        raise ValueError(f'test_cfg.rpn: found nms={cfg.nms}, nms_pre={cfg.nms_pre}, expected type nms, from 1')


def propose(
    head: RPNHead, cfg: ConfigDict, features: Sequence[Tensor], height: Tensor, width: Tensor
) -> tuple[Tensor, Tensor]:
    """The best proposals of each image, as ``RPNHead.predict`` chooses them.

    Args:
        head: region proposal network.
        cfg: ``nms_pre`` of each map, ``nms.iou_threshold`` among those of a map, ``max_per_img``, ``min_bbox_size``.
        features: maps, each (B, C, h, w).
        height: of the images, px.
        width: of the images, px.

    Returns:
        Row of the image (K,) and boxes (K, 4) x1, y1, x2, y2, px, image by image.
    """
    limit = torch.stack([width, height, width, height]).float()
    boxes, apart, scores = [], [], []
    for level, (logits, codes) in enumerate(zip(*head(tuple(features)), strict=True)):
        own_scores, own_boxes = _best_of_map(head, level, logits, codes, int(cfg.nms_pre))
        own_boxes = torch.minimum(own_boxes.clamp(min=0), limit)
        boxes.append(own_boxes)
        scores.append(own_scores)
        # Maps that lie side by side do not suppress each other.
        apart.append(own_boxes + level * (height + width + 1).float())
    best, all_scores = torch.cat(boxes, dim=1), torch.cat(scores, dim=1)
    is_box = (best[..., 2:] - best[..., :2] > cfg.get('min_bbox_size', -1)).all(dim=2)
    all_scores = torch.where(is_box, all_scores, torch.full_like(all_scores, _NO_BOX))
    kept = _NonMaxSuppression.apply(
        torch.cat(apart, dim=1), all_scores[:, None], float(cfg.nms.iou_threshold), int(cfg.max_per_img)
    )
    return kept[:, 0], best[kept[:, 0], kept[:, 2]]


def _best_of_map(head: RPNHead, level: int, logits: Tensor, codes: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Logits (B, K) and boxes (B, K, 4) px of the best anchors of a map, from (B, A, h, w) and (B, 4 A, h, w)."""
    columns = _shape(logits)[3]
    logits = logits.float().permute(0, 2, 3, 1).flatten(1)
    codes = codes.float().permute(0, 2, 3, 1).reshape(codes.size(0), -1, 4)
    count: Any = torch.minimum(torch.tensor(most), _shape(logits)[1])
    best, anchor = logits.topk(count, dim=1)
    codes = codes.gather(1, anchor[..., None].expand(-1, -1, 4))
    shapes = head.prior_generator.base_anchors[level]
    cell = torch.div(anchor, len(shapes), rounding_mode='floor')
    row = torch.div(cell, columns, rounding_mode='floor')
    (step_x, step_y), column = head.prior_generator.strides[level], cell - row * columns
    corner = torch.stack([column * step_x, row * step_y], dim=-1)
    anchors = shapes[anchor - cell * len(shapes)] + torch.cat([corner, corner], dim=-1).to(shapes)
    coder = head.bbox_coder
    boxes = delta2bbox(anchors.view(-1, 4), codes.view(-1, 4), coder.means, coder.stds, None, _RATIO_CLIP)
    return best, boxes.view(anchors.shape)


def stack_by_image(rows: Tensor, image: Tensor, images: Tensor, most: int) -> Tensor:
    """Rows (K, D) of several images, one image after the other, as (B, most, D), with zeros after the last of each.

    Args:
        rows: (K, D).
        image: (K,) which image each is of, ascending.
        images: (B, ...).
        most: rows of an image at most.
    """
    batch = _shape(images)[0]
    before = (image[None] < torch.arange(batch)[:, None]).sum(dim=1)
    place = torch.cumsum(torch.ones_like(image), dim=0) - 1 - before[image]
    stacked = torch.zeros(batch, most, rows.size(1), dtype=rows.dtype)
    return stacked.index_put((image, place), rows)


def _shape(tensor: Tensor) -> Any:
    """Sizes of a tensor as numbers of the graph, (D,)."""
    return torch._shape_as_tensor(tensor)


class _NonMaxSuppression(torch.autograd.Function):
    """ONNX's operator of this name, with one class: rows (image, 0, box), image by image, the best box first."""

    @staticmethod
    def forward(ctx: object, boxes: Tensor, scores: Tensor, iou_threshold: float, most: int) -> Tensor:
        found = []
        for image, (own, (own_scores,)) in enumerate(zip(boxes, scores, strict=True)):
            kept = nms(own, own_scores, iou_threshold)
            kept = kept[own_scores[kept] > _NO_BOX][:most]
            found.append(torch.stack([torch.full_like(kept, image), torch.zeros_like(kept), kept], dim=1))
        return torch.cat(found)

    @staticmethod
    def symbolic(g: Any, boxes: Tensor, scores: Tensor, iou_threshold: float, most: int) -> Any:
        numbers = [torch.tensor([most]), torch.tensor([iou_threshold]), torch.tensor([_NO_BOX])]
        constants = [g.op('Constant', value_t=number) for number in numbers]
        return g.op('NonMaxSuppression', boxes, scores, *constants)
