"""The metric a config names: rotated VOC evaluation inside MMRotate's test loop."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmrotate.registry import METRICS

from ship_det.evaluation.curves import ApMode
from ship_det.evaluation.instances import GroundTruthForm, gather_detections, gather_ground_truths
from ship_det.evaluation.matching import MinIoU
from ship_det.evaluation.predictions import write_predictions
from ship_det.evaluation.result import EvaluationResult
from ship_det.evaluation.results_file import write_results
from ship_det.evaluation.voc import evaluate_thresholds
from ship_det.geometry import quad_to_rbox, to_le90
from ship_det.progress import FOR_CONSOLE

_NO_QUADS = (
    "ground truth: rectangles, not the quads as labelled: no 'instances' in the data samples; a ShipDataset puts them "
    "there, of another data set PackDetInputs with meta_keys=(..., 'instances')"
)


@METRICS.register_module()
class VOCRotatedMetric(BaseMetric):
    """Mean average precision of rotated or horizontal boxes, see ``ship_det.evaluation.evaluate``.

    Ground truth is the ``instances`` of the data set: the quads as labelled, in the pixels of the image on disk, to
    which MMRotate rescales predictions too. ``ShipDataset`` hands them over whatever the test pipeline is. With another
    data set the pipeline does, where it ends with::

        dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', ..., 'scale_factor', 'instances')),

    Without them ground truth is the annotations that the pipeline loads, and the table says so: rectangles in float32
    behind a ``ConvertBoxType`` to ``rbox``. They are in the pixels of the image on disk when they are loaded after
    ``Resize``, as MMRotate's own test pipelines do. The other way round is refused where it puts an object outside the
    image on disk; where the image is made smaller nothing shows but a low mAP.

    Ignored instances are difficult objects of their class; those with label -1 are ignore regions without a class.

    The table of each threshold goes to the log. The metrics returned are ``mAP``, ``AP/<class>`` for each class with
    ground truth, and for several thresholds their means and ``mAP@<threshold>`` each.

    Args:
        iou_threshold: one or several.
        ap_mode: '11points' or 'area'.
        min_iou: '>' for VOC, '>=' for MMRotate's convention.
        score_threshold: of precision, recall, F1 and Gmean in the table.
        predictions_file: where to write the predictions, see ``ship_det.evaluation.predictions``; None writes none.
        results_file: where to write the figures as JSON, see ``ship_det.evaluation.results_file``; None writes none.
        ground_truth: 'quads' as labelled, or 'rectangles' of minimum area around them.
        configuration: what the results file should say of the run, such as the names of its config and checkpoint.
        collect_device: 'cpu' or 'gpu', how distributed results are gathered.
        prefix: of the names of the metrics.
        collect_dir: folder that all ranks share, for gathering on 'cpu' over several machines.
    """

    default_prefix = 'voc'

    def __init__(
        self,
        iou_threshold: float | Sequence[float] = 0.6,
        ap_mode: ApMode = '11points',
        min_iou: MinIoU = '>',
        score_threshold: float = 0.5,
        predictions_file: str | os.PathLike | None = None,
        results_file: str | os.PathLike | None = None,
        configuration: Any = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
        ground_truth: GroundTruthForm = 'quads',
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.iou_thresholds = [iou_threshold] if isinstance(iou_threshold, float | int) else list(iou_threshold)
        self.options: dict[str, Any] = {
            'ap_mode': ap_mode,
            'min_iou': min_iou,
            'score_threshold': score_threshold,
            'ground_truth': ground_truth,
        }
        self.predictions_file = predictions_file
        self.results_file = results_file
        self.configuration = configuration
        self.num_images: int | None = None
        #: Score of best F1 of each class in the last evaluation, at the first IoU threshold.
        self.min_scores: dict[str, float] = {}
        # Wrong options are told now, not after the last image.
        evaluate_thresholds([], [], ['any'], self.iou_thresholds, **self.options)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, from the data set.

        Raises:
            ValueError: it has none.
        """
        if not self.dataset_meta or 'classes' not in self.dataset_meta:
            raise ValueError('VOCRotatedMetric: the data set names no classes in its metainfo')
        return tuple(self.dataset_meta['classes'])

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Take the predictions and ground truths of some images; of no use, they raise ValueError here."""
        classes = self.classes
        for sample in data_samples:
            file = Path(sample['img_path']).name
            prediction: dict[str, Any] = {
                'file': file,
                **instance_arrays(file, sample['pred_instances'], ('labels', 'scores')),
            }
            truth: dict[str, Any] = {'file': file, **_ground_truth(file, sample)}
            gather_detections([prediction], classes)
            gather_ground_truths([truth], classes)
            if 'instances' not in sample:
                _check_scale(file, truth['quads'] if 'quads' in truth else truth['boxes'], sample)
            prediction['boxes'] = to_le90(prediction['boxes'])
            self.results.append((prediction, truth))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the results of all ranks, drop the padding of the sampler, and evaluate ``size`` images."""
        self.num_images = size
        return super().evaluate(size)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Evaluate the results of all images, in an order that does not depend on how ranks shared them."""
        if self.num_images is not None and len(results) != self.num_images:
            raise ValueError(f'VOCRotatedMetric: results of {len(results)} images, expected {self.num_images}')
        results = sorted(results, key=lambda of_image: of_image[0]['file'])
        predictions = [prediction for prediction, _ in results]
        truths = [truth for _, truth in results]
        by_threshold = evaluate_thresholds(predictions, truths, self.classes, self.iou_thresholds, **self.options)
        logger = MMLogger.get_current_instance()
        for result in by_threshold.values():
            logger.info('\n%s', result.table(), extra=FOR_CONSOLE)
        if self.options['ground_truth'] == 'quads' and any('boxes' in truth for truth in truths):
            logger.warning('%s', _NO_QUADS, extra=FOR_CONSOLE)
        first = next(iter(by_threshold.values()))
        for name, figures in first.classes.items():
            score = figures.best_f1.score
            self.min_scores[name] = score if math.isfinite(score) else self.options['score_threshold']
        if self.predictions_file:
            write_predictions(self.predictions_file, self.classes, predictions)
            logger.info('predictions: %s', self.predictions_file, extra=FOR_CONSOLE)
        if self.results_file:
            write_results(self.results_file, by_threshold.values(), self.configuration)
            logger.info('results: %s', self.results_file, extra=FOR_CONSOLE)
        return _metrics(by_threshold)


def instance_arrays(file: str, instances: Mapping[str, Any], keys: Sequence[str]) -> dict[str, np.ndarray]:
    """Boxes and further values of instances as arrays; boxes as (N, 5) whatever their type."""
    shapes = _instance_shapes(file, instances)
    boxes = quad_to_rbox(shapes) if shapes.ndim == 3 else shapes
    return {'boxes': boxes, **{key: _to_numpy(instances[key]) for key in keys}}


def _instance_shapes(file: str, instances: Mapping[str, Any]) -> np.ndarray:
    """(N, 4, 2) quads or (N, 5) boxes of instances."""
    boxes = instances['bboxes']
    # The box types of MMDetection hold a tensor.
    boxes = _to_numpy(getattr(boxes, 'tensor', boxes))
    if boxes.ndim != 2 or boxes.shape[1] not in (4, 5, 8):
        raise ValueError(
            f'{file}: expected rotated boxes (N, 5), quads (N, 8) or horizontal boxes (N, 4), found shape {boxes.shape}'
        )
    return boxes if boxes.shape[1] == 5 else _as_quads(boxes)


def _as_quads(boxes: np.ndarray) -> np.ndarray:
    """(N, 4, 2) corners of (N, 8) quads or (N, 4) horizontal boxes (left, top, right, bottom)."""
    return (boxes if boxes.shape[1] == 8 else boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]]).reshape(-1, 4, 2)


def _to_numpy(values: torch.Tensor) -> np.ndarray:
    """Floating point numbers of any precision as float64, integers as they are."""
    values = values.detach().cpu()
    return values.double().numpy() if values.is_floating_point() else values.numpy()


def _ground_truth(file: str, sample: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The labels of an image as ``evaluate`` takes them: those of the data set, else those that the pipeline loaded."""
    if 'instances' in sample:
        return _labels_on_disk(file, sample['instances'])
    if 'bboxes' not in sample.get('gt_instances', {}):
        raise ValueError(
            f'{file}: no ground truth in the data sample; the test pipeline needs LoadAnnotations (after Resize), or '
            "'instances' in the meta_keys of PackDetInputs"
        )
    parts = [sample['gt_instances']]
    if 'bboxes' in sample.get('ignored_instances', {}):
        parts.append(sample['ignored_instances'])
    shapes = np.concatenate([_instance_shapes(file, part) for part in parts])
    labels = np.concatenate([_to_numpy(part['labels']) for part in parts])
    return _to_record(shapes, labels, np.arange(len(labels)) >= len(parts[0]['labels']))


def _labels_on_disk(file: str, instances: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The labels of an image from instances in MMDetection's format: (8,) corners, (5,) or (4,) boxes."""
    lengths = {len(instance['bbox']) for instance in instances} or {8}
    if lengths not in ({8}, {5}, {4}):
        raise ValueError(f'{file}: instances: expected each bbox as 8, 5 or 4 numbers, found {sorted(lengths)}')
    shapes = np.array([instance['bbox'] for instance in instances], dtype=np.float64).reshape(-1, *lengths)
    labels = np.array([instance['bbox_label'] for instance in instances], dtype=np.intp)
    ignored = np.array([instance.get('ignore_flag', 0) for instance in instances], dtype=bool)
    return _to_record(shapes if lengths == {5} else _as_quads(shapes), labels, ignored)


def _to_record(shapes: np.ndarray, labels: np.ndarray, ignored: np.ndarray) -> dict[str, np.ndarray]:
    """Ignored instances are difficult objects; without a class, ignore regions."""
    # MMDetection has no place for an instance without a class, so its label is none.
    region = ignored & (labels < 0)
    return {
        'quads' if shapes.ndim == 3 else 'boxes': shapes[~region],
        'labels': labels[~region],
        'difficult': ignored[~region],
        'ignore_regions': shapes[region],
    }


def _check_scale(file: str, shapes: np.ndarray, sample: Mapping[str, Any]) -> None:
    """Refuse ground truth outside an image that was resized: it was loaded before ``Resize``."""
    if 'ori_shape' not in sample or np.allclose(sample.get('scale_factor', 1), 1):
        return
    height, width = sample['ori_shape'][:2]
    half = np.array([width, height]) / 2
    boxes = quad_to_rbox(shapes) if shapes.ndim == 3 else shapes
    # An object cut off at the border may have its centre outside, by less than half its diagonal.
    outside = np.abs(boxes[:, :2] - half) > half + (boxes[:, 2:3] + boxes[:, 3:4]) / 2
    if outside.any():
        box = boxes[int(np.argmax(outside.any(axis=1)))].tolist()
        raise ValueError(
            f'{file}: ground truth {box} is outside the image of {width} x {height} px, which was resized by '
            f'{sample["scale_factor"]}; the test pipeline has to load annotations after Resize'
        )


def _metrics(by_threshold: Mapping[float, EvaluationResult]) -> dict[str, float]:
    results = list(by_threshold.values())
    metrics = {'mAP': float(np.mean([result.mean_ap for result in results]))}
    if len(results) > 1:
        metrics.update({f'mAP@{threshold:g}': result.mean_ap for threshold, result in by_threshold.items()})
    for name, of_class in results[0].classes.items():
        if of_class.num_ground_truths:
            metrics[f'AP/{name}'] = float(np.mean([result.classes[name].ap for result in results]))
    return metrics
