"""Images of one part of a data set that show what images of another part show."""

from collections.abc import Collection, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.dataset_checks.findings import ERROR, WARNING, Finding
from ship_det.raster import SceneReader
from ship_det.raster.shrinking import shrink
from ship_det.tiling.chip_index import Chip, shared_area

# Bits in which the hashes of two images may differ, and the correlation of their thumbnails that decides. Among
# successive frames of a video, pairs of one place have 0.95 and more, pairs of two places less than 0.9.
_MAX_DISTANCE = 10
_CORRELATION = 0.95
_THUMBNAIL = 32
# An image of less contrast than this, grey levels of 256, shows nothing that could be recognised.
_MIN_CONTRAST = 2.0
# What images of a part are called.
_CALLED = {'train': 'training', 'val': 'validation', 'test': 'test'}
# Pairs compared at a time.
_CHUNK_PAIRS = 1 << 22
# From this overlap of two chips' windows on, as a share of the smaller one, both show the same.
_SAME = 0.5


def read_thumbnail(reader: SceneReader) -> NDArray[np.float32] | None:
    """(32, 32) mean brightness of the parts of an image, all of which is decoded; None where it has no data at all."""
    means = shrink(reader.read_parts(), (0, 0, *reader.size), (_THUMBNAIL, _THUMBNAIL))
    return None if means is None else means.mean(axis=2)


def thumbnail(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small image (32, 32) as mean 0, length 1; zeros where there is nothing to see in it."""
    if small.std() < _MIN_CONTRAST:
        return np.zeros_like(small)
    centred = small - small.mean()
    return centred / np.linalg.norm(centred)


def difference_hash(small: NDArray[np.float32]) -> np.uint64:
    """64 bits: whether each of 8 x 8 cells of a thumbnail is brighter than its left neighbour."""
    cells = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).view(np.uint64)[0]


def near_duplicates(
    train: Sequence[str],
    test: Sequence[str],
    thumbnails: dict[str, NDArray[np.float32]],
    parts: tuple[str, str] = ('train', 'test'),
) -> Iterator[Finding]:
    """For each test image the training image most like it, where that shows the same; images by their file names.

    ``parts`` names the two lists, where they are other ones.
    """
    train, test = ([name for name in names if thumbnails[name].any()] for names in (train, test))
    if not train or not test:
        return
    train_hashes = np.array([difference_hash(thumbnails[name]) for name in train])
    flat = np.stack([thumbnails[name].ravel() for name in train])
    step = max(_CHUNK_PAIRS // len(train), 1)
    for start in range(0, len(test), step):
        names = test[start : start + step]
        hashes = np.array([difference_hash(thumbnails[name]) for name in names])
        near = np.bitwise_count(hashes[:, None] ^ train_hashes) <= _MAX_DISTANCE
        for name, alike in zip(names, near, strict=True):
            candidates = np.flatnonzero(alike)
            correlation = flat[candidates] @ thumbnails[name].ravel()
            if len(candidates) and correlation.max() >= _CORRELATION:
                other = train[candidates[int(np.argmax(correlation))]]
                called = _CALLED[parts[0]]
                message = (
                    f'shows what images/{other} of the {called} images shows (correlation {correlation.max():.3f})'
                )
                yield Finding(f'near-duplicate in {" and ".join(parts)}', ERROR, f'images/{name}', message, name)


def overlapping_chips(
    chips: Sequence[Chip], train: Collection[str], test: Collection[str], parts: tuple[str, str] = ('train', 'test')
) -> Iterator[Finding]:
    """For each test chip the training chip of the same scene that shares most of it; ``parts`` as above."""
    train, test = set(train), set(test)
    by_scene: dict[str, list[Chip]] = {}
    for chip in chips:
        if chip.file in train:
            by_scene.setdefault(chip.scene, []).append(chip)
    for chip in chips:
        if chip.file not in test or chip.scene not in by_scene:
            continue
        others = by_scene[chip.scene]
        shares = shared_area(chip, others)
        best = int(np.argmax(shares))
        if shares[best] > 0:
            severity = ERROR if shares[best] >= _SAME else WARNING
            message = f'{shares[best]:.0%} of it is in the {_CALLED[parts[0]]} chip images/{others[best].file}'
            check = f'overlapping chips in {" and ".join(parts)}'
            yield Finding(check, severity, f'images/{chip.file}', message, chip.file)
