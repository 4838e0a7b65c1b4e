"""The detections and ground truths of many images as flat arrays, checked.

The evaluation works on whole arrays; ``image`` says which image each row belongs to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ship_det.geometry.boxes import FloatArray, quad_to_rbox

ImageRecord = Mapping[str, Any]


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
class IgnoreRegions:
    """K regions over all images in which a detection that is not right is not wrong either, whatever its class.

    Attributes:
        image: (K,) index of the image.
        boxes: (K, 5) float64 rotated boxes.
    """

    image: NDArray[np.intp]
    boxes: FloatArray


NO_REGIONS = IgnoreRegions(np.zeros(0, dtype=np.intp), np.zeros((0, 5)))


@dataclass(frozen=True)
class GroundTruths:
    """M labelled objects over all images, ordered like ``Detections``, and the ignore regions.

    Attributes:
        image: (M,) index of the image.
        boxes: (M, 5) float64 rotated boxes.
        labels: (M,) class indices.
        difficult: (M,) bool; such an object is neither to be found nor wrong to find.
        regions: ignore regions, which have no class.
    """

    image: NDArray[np.intp]
    boxes: FloatArray
    labels: NDArray[np.intp]
    difficult: NDArray[np.bool_]
    regions: IgnoreRegions = NO_REGIONS


class LabeledQuad(Protocol):
    """What a label file says of an object: ``ship_det.annotations.LabeledObject`` is one."""

    quad: FloatArray
    name: str
    difficult: bool


def ground_truth_record(
    objects: Iterable[LabeledQuad], classes: Sequence[str], regions: Iterable[LabeledQuad] = ()
) -> dict[str, NDArray]:
    """The labels of one image as ``evaluate`` takes them: each quad becomes its rectangle of minimum area.

    Args:
        objects: with a class.
        classes: names.
        regions: ignore regions, whose names do not matter.

    Raises:
        ValueError: the class of an object is not one of ``classes``.
    """
    objects, index = list(objects), {name: label for label, name in enumerate(classes)}
    unknown = [one.name for one in objects if one.name not in index]
    if unknown:
        raise ValueError(f'unknown class {unknown[0]!r}, expected one of {list(classes)}')
    return {
        'boxes': quad_to_rbox(np.array([one.quad for one in objects], dtype=np.float64)),
        'labels': np.array([index[one.name] for one in objects], dtype=np.intp),
        'difficult': np.array([one.difficult for one in objects], dtype=bool),
        'ignore_regions': quad_to_rbox(np.array([one.quad for one in regions], dtype=np.float64)),
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


def gather_ground_truths(ground_truths: Sequence[ImageRecord], classes: Sequence[str]) -> GroundTruths:
    """Join the labelled objects of all images.

    Args:
        ground_truths: one mapping an image with ``boxes`` (M, 5), ``labels`` (M,) class indices, optionally
            ``difficult`` (M,) bool, default False, ``ignore_regions`` (K, 5) boxes, default none, and ``file``.
        classes: class names; a label is an index into it.

    Raises:
        ValueError: as ``gather_detections``.
    """
    gather = _Gather(ground_truths, classes, 'ground truths')
    difficult = gather.values('difficult', np.bool_, default=False)
    return GroundTruths(gather.image, gather.boxes(), gather.labels(), difficult, _gather_regions(ground_truths))


def _gather_regions(ground_truths: Sequence[ImageRecord]) -> IgnoreRegions:
    if not any('ignore_regions' in record for record in ground_truths):
        return NO_REGIONS
    records = [{**record, 'boxes': record.get('ignore_regions', NO_REGIONS.boxes)} for record in ground_truths]
    gather = _Gather(records, (), 'ignore regions')
    return IgnoreRegions(gather.image, gather.boxes())


class _Gather:
    """Joins one key after the other and names the image where something is wrong."""

    def __init__(self, records: Sequence[ImageRecord], classes: Sequence[str], what: str) -> None:
        if len(set(classes)) != len(classes):
            raise ValueError(f'classes: a name occurs twice in {list(classes)}')
        check_files(records, what)
        self.records, self.classes, self.what = records, classes, what
        self.counts = np.array([len(self._get(record, index, 'boxes')) for index, record in enumerate(records)], int)
        self.image = np.repeat(np.arange(len(records)), self.counts)

    def _get(self, record: ImageRecord, index: int, key: str) -> Any:
        if key not in record:
            raise ValueError(f'{self.what}: {image_name(record, index)}: no {key!r}, found {sorted(record)}')
        return record[key]

    def boxes(self) -> FloatArray:
        parts = [np.zeros((0, 5))]
        for index, record in enumerate(self.records):
            array = np.asarray(record['boxes'], dtype=np.float64)
            if array.size and (array.ndim != 2 or array.shape[1] != 5):
                name = image_name(record, index)
                raise ValueError(f'{self.what}: {name}: expected boxes of shape (N, 5), found shape {array.shape}')
            parts.append(array.reshape(-1, 5))
        boxes = np.concatenate(parts)
        self.reject(np.any(~np.isfinite(boxes), axis=1), boxes, 'box', 'five finite numbers')
        self.reject(np.any(boxes[:, 2:4] < 0, axis=1), boxes, 'box', 'sides of 0 px or more')
        return boxes

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
        """One value a box under ``key``."""
        parts = []
        for index, (record, count) in enumerate(zip(self.records, self.counts, strict=True)):
            if key not in record and default is not None:
                parts.append(np.full(count, default, dtype=dtype))
                continue
            array = np.asarray(self._get(record, index, key), dtype=dtype)
            if array.shape != (count,):
                name = image_name(record, index)
                raise ValueError(f'{self.what}: {name}: {count} boxes but {key} of shape {array.shape}')
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
