"""The detections and ground truths of many images as flat arrays, checked.

The evaluation works on whole arrays; ``image`` says which image each row belongs to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ship_det.annotations.classes import check_classes
from ship_det.annotations.objects import LabeledObject
from ship_det.geometry.boxes import FloatArray, quad_to_rbox, rbox_to_quad
from ship_det.geometry.quads import order_quads

ImageRecord = Mapping[str, Any]

#: What detections are compared with: the quads as labelled, as DOTA's evaluation does, or rectangles around them.
GroundTruthForm = Literal['quads', 'rectangles']


@dataclass(frozen=True)
class Detections:
    """N detections over all images: in the order of the images, and in each of them in the order given.

    Attributes:
        image: (N,) index of the image.
        boxes: (N, 5) float64 rotated boxes.
        labels: (N,) class indices.
        scores: (N,) float64 in [0, 1].
    """

    image: NDArray[np.intp]
    boxes: FloatArray
    labels: NDArray[np.intp]
    scores: FloatArray


@dataclass(frozen=True)
class _Shapes:
    """Shapes over all images as both quads and boxes.

    Attributes:
        image: (M,) index of the image.
        shapes: (M, 4, 2) float64 quads as labelled, clockwise on screen, or (M, 5) rotated boxes.
    """

    image: NDArray[np.intp]
    shapes: FloatArray

    @cached_property
    def boxes(self) -> FloatArray:
        """(M, 5) rotated boxes, those of minimum area around the quads where the shapes are quads."""
        return quad_to_rbox(self.shapes) if self.shapes.ndim == 3 else self.shapes

    @cached_property
    def quads(self) -> FloatArray:
        """(M, 4, 2) corners."""
        return self.shapes if self.shapes.ndim == 3 else rbox_to_quad(self.shapes)


@dataclass(frozen=True)
class IgnoreRegions(_Shapes):
    """K regions over all images in which a detection that is not right is not wrong either, whatever its class."""


NO_REGIONS = IgnoreRegions(np.zeros(0, dtype=np.intp), np.zeros((0, 5)))


@dataclass(frozen=True)
class GroundTruths(_Shapes):
    """M labelled objects over all images, ordered like ``Detections``, and the ignore regions.

    Attributes:
        labels: (M,) class indices.
        difficult: (M,) bool; such an object is neither to be found nor wrong to find.
        regions: ignore regions, which have no class.
    """

    labels: NDArray[np.intp]
    difficult: NDArray[np.bool_]
    regions: IgnoreRegions = NO_REGIONS

    @property
    def form(self) -> GroundTruthForm:
        """Whether the objects are quads or rectangles."""
        return 'quads' if self.shapes.ndim == 3 else 'rectangles'


def ground_truth_record(
    objects: Iterable[LabeledObject], classes: Sequence[str], regions: Iterable[LabeledObject] = ()
) -> dict[str, NDArray]:
    """The labels of one image as ``evaluate`` takes them; of ignore regions the names do not matter.

    Raises:
        ValueError: the class of an object is not one of ``classes``.
    """
    objects, index = list(objects), {name: label for label, name in enumerate(classes)}
    unknown = [labeled.name for labeled in objects if labeled.name not in index]
    if unknown:
        raise ValueError(f'unknown class {unknown[0]!r}, expected one of {list(classes)}')
    return {
        'quads': np.array([labeled.quad for labeled in objects], dtype=np.float64).reshape(-1, 4, 2),
        'labels': np.array([index[labeled.name] for labeled in objects], dtype=np.intp),
        'difficult': np.array([labeled.difficult for labeled in objects], dtype=bool),
        'ignore_regions': np.array([region.quad for region in regions], dtype=np.float64).reshape(-1, 4, 2),
    }


def image_name(record: ImageRecord, index: int) -> str:
    """How messages call an image: by its file if the record has one, else by its position."""
    return str(record['file']) if 'file' in record else f'image {index}'


def check_files(records: Sequence[ImageRecord], what: str) -> None:
    """Raise ValueError where two records have the same ``file``."""
    seen: dict[str, int] = {}
    for index, record in enumerate(records):
        file = record.get('file')
        if file is None:
            continue
        if file in seen:
            raise ValueError(f'{what}: two records for image {file}: numbers {seen[file]} and {index}')
        seen[file] = index


def gather_detections(predictions: Sequence[ImageRecord], classes: Sequence[str]) -> Detections:
    """Join the predictions of all images.

    Args:
        predictions: one mapping an image with ``boxes`` (N, 5), ``labels`` (N,) class indices, ``scores`` (N,) in
            [0, 1], and where known ``file``, which messages then name.
        classes: class names; a label is an index into it.

    Raises:
        ValueError: two records for one image; a key is missing; arrays do not fit; a box is not finite or has a
            negative side; a label is unknown; a score is NaN or outside [0, 1].
    """
    gather = _Gather(predictions, classes, 'predictions')
    image, boxes, labels = gather.image, gather.boxes(), gather.labels()
    scores = gather.values('scores', np.float64)
    gather.reject(~((scores >= 0) & (scores <= 1)), scores, 'score', 'a value in [0, 1]')
    return Detections(image, boxes, labels, scores)


def gather_ground_truths(
    ground_truths: Sequence[ImageRecord], classes: Sequence[str], form: GroundTruthForm = 'quads'
) -> GroundTruths:
    """Join the labelled objects of all images.

    Args:
        ground_truths: one mapping an image with ``quads`` (M, 4, 2), the corners as labelled, or ``boxes`` (M, 5),
            which are not looked at where there are quads; ``labels`` (M,) class indices; optionally ``difficult`` (M,)
            bool, default False, ``ignore_regions`` (K, 4, 2) quads or (K, 5) boxes, default none, and ``file``. Where
            only some images have quads, the corners of the others' boxes are theirs.
        classes: class names; a label is an index into it.
        form: 'quads', or 'rectangles', which makes of each quad its rectangle of minimum area. Without any quads
            ground truth is rectangles.

    Raises:
        ValueError: as ``gather_detections``, or another ``form``.
    """
    if form not in get_args(GroundTruthForm):
        raise ValueError(f'ground_truth: expected one of {get_args(GroundTruthForm)}, found {form!r}')
    gather = _Gather(ground_truths, classes, 'ground truths', ('quads', 'boxes'))
    shapes, labels = gather.shapes(form), gather.labels()
    difficult = gather.values('difficult', np.bool_, default=False)
    return GroundTruths(gather.image, shapes, labels, difficult, _gather_regions(ground_truths, form))


def _gather_regions(ground_truths: Sequence[ImageRecord], form: GroundTruthForm) -> IgnoreRegions:
    if not any('ignore_regions' in record for record in ground_truths):
        return NO_REGIONS
    gather = _Gather([_region_record(record) for record in ground_truths], (), 'ignore regions', ('quads', 'boxes'))
    return IgnoreRegions(gather.image, gather.shapes(form))


def _region_record(record: ImageRecord) -> dict[str, Any]:
    """The ignore regions of an image as its shapes: quads have two dimensions behind the first, boxes one."""
    regions = np.asarray(record.get('ignore_regions', NO_REGIONS.shapes))
    named = {key: record[key] for key in ('file',) if key in record}
    return {**named, 'quads' if regions.ndim == 3 else 'boxes': regions}


class _Gather:
    """Joins one key after the other and names the image where something is wrong."""

    def __init__(
        self, records: Sequence[ImageRecord], classes: Sequence[str], what: str, shape_keys: Sequence[str] = ('boxes',)
    ) -> None:
        check_classes(classes)
        check_files(records, what)
        self.records, self.classes, self.what = records, classes, what
        # Under which key each record has its shapes, the first of ``shape_keys`` that it has.
        self.keys = [self._find_key(record, index, shape_keys) for index, record in enumerate(records)]
        self.counts = np.array([len(record[key]) for record, key in zip(records, self.keys, strict=True)], int)
        self.image = np.repeat(np.arange(len(records)), self.counts)

    def _find_key(self, record: ImageRecord, index: int, keys: Sequence[str]) -> str:
        """The first of some keys that a record has."""
        for key in keys:
            if key in record:
                return key
        expected = ' or '.join(map(repr, keys))
        raise ValueError(f'{self.what}: {image_name(record, index)}: no {expected}, found {sorted(record)}')

    def boxes(self) -> FloatArray:
        """(N, 5) boxes; zeros where a record has quads."""
        boxes = self._join('boxes', (5,), '(N, 5)')
        self.reject(np.any(~np.isfinite(boxes), axis=1), boxes, 'box', 'five finite numbers')
        self.reject(np.any(boxes[:, 2:4] < 0, axis=1), boxes, 'box', 'sides of 0 px or more')
        return boxes

    def shapes(self, form: GroundTruthForm) -> FloatArray:
        """(N, 4, 2) quads, ordered, or for 'rectangles', and where no record has quads, (N, 5) boxes."""
        boxes = self.boxes()
        if 'quads' not in self.keys:
            return boxes
        quads = self._join('quads', (4, 2), '(N, 4, 2)')
        self.reject(np.any(~np.isfinite(quads), axis=(1, 2)), quads, 'quad', 'four corners of finite numbers')
        labeled = np.repeat([key == 'quads' for key in self.keys], self.counts)
        if form == 'rectangles':
            boxes[labeled] = quad_to_rbox(quads[labeled])
            return boxes
        quads[~labeled] = rbox_to_quad(boxes[~labeled])
        return order_quads(quads)

    def _join(self, key: str, shape: tuple[int, ...], expected: str) -> FloatArray:
        """The arrays of ``shape`` each that records have under ``key``; zeros for the shapes of other records."""
        parts = [np.zeros((0, *shape))]
        for index, (record, of_record) in enumerate(zip(self.records, self.keys, strict=True)):
            if of_record != key:
                parts.append(np.zeros((self.counts[index], *shape)))
                continue
            array = np.asarray(record[key], dtype=np.float64)
            if array.size and array.shape[1:] != shape:
                raise ValueError(
                    f'{self.what}: {image_name(record, index)}: expected {key} of shape {expected}, found shape '
                    f'{array.shape}'
                )
            parts.append(array.reshape(-1, *shape))
        return np.concatenate(parts)

    def labels(self) -> NDArray[np.intp]:
        labels = self.values('labels', None)
        if labels.size and not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f'{self.what}: expected class indices as labels, found values of type {labels.dtype}')
        labels = labels.astype(np.intp)
        count = len(self.classes)
        expected = f'an index of the {count} classes {list(self.classes)}'
        self.reject((labels < 0) | (labels >= count), labels, 'label', expected)
        return labels

    def values(self, key: str, dtype: type | None, default: Any = None) -> NDArray:
        """One value a shape under ``key``."""
        parts = []
        for index, (record, count) in enumerate(zip(self.records, self.counts, strict=True)):
            if key not in record and default is not None:
                parts.append(np.full(count, default, dtype=dtype))
                continue
            array = np.asarray(record[self._find_key(record, index, [key])], dtype=dtype)
            if array.shape != (count,):
                name = image_name(record, index)
                shapes = self.keys[index]
                raise ValueError(f'{self.what}: {name}: {count} {shapes} but {key} of shape {array.shape}')
            if array.size:
                parts.append(array)
        return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)

    def reject(self, bad: NDArray[np.bool_], values: NDArray, what: str, expected: str) -> None:
        """Raise ValueError for the first bad row, if there is one."""
        if not bad.any():
            return
        row = int(np.argmax(bad))
        index = int(self.image[row])
        position = row - int(self.counts[:index].sum())
        name = image_name(self.records[index], index)
        raise ValueError(f'{self.what}: {name}: {what} {position} is {values[row].tolist()}, expected {expected}')
