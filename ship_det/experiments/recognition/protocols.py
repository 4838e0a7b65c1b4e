"""How training sets are made imbalanced: how many images each class keeps, and which."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike


def full_counts(available: ArrayLike) -> np.ndarray:
    """All images of every class, shape (C,), int64."""
    return np.array(available, dtype=np.int64)


def parity_counts(available: ArrayLike, cut: str, share: float) -> np.ndarray:
    """Keep all images of the even classes and a share of those of the odd ones, or the reverse (Table I).

    Args:
        available: images of each class, shape (C,).
        cut: 'odd' or 'even', the classes that lose images.
        share: what they keep, above 0 and up to 1; rounded to whole images, at least one.
    """
    counts = full_counts(available)
    if cut not in ('odd', 'even'):
        raise ValueError(f"cut: found {cut!r}, expected 'odd' or 'even'")
    if not 0 < share <= 1:
        raise ValueError(f'share: found {share}, expected a number above 0 and up to 1')
    first = 1 if cut == 'odd' else 0
    counts[first::2] = np.maximum(np.rint(counts[first::2] * share), 1)
    return counts


def cut_counts(available: ArrayLike, classes: Sequence[int], images: int) -> np.ndarray:
    """Keep a number of images of the given classes and all of the others (Table II).

    Args:
        available: images of each class, shape (C,).
        classes: indices of the classes that are cut.
        images: what each of them keeps.
    """
    counts = full_counts(available)
    if images < 1:
        raise ValueError(f'images: found {images}, expected at least 1')
    for index in classes:
        if not 0 <= index < len(counts):
            raise ValueError(f'classes: found {index}, expected an index from 0 to {len(counts) - 1}')
        if counts[index] < images:
            raise ValueError(f'images: found {images} for class {index}, expected at most the {counts[index]} it has')
        counts[index] = images
    return counts


def step_counts(available: ArrayLike, ratio: float, minority: Sequence[int] | None = None) -> np.ndarray:
    """A step: minority classes have 1 / ratio of the images of the others, which have as many as the smallest class.

    Args:
        available: images of each class, shape (C,).
        ratio: imbalance ratio, from 1.
        minority: indices of the minority classes; by default the odd ones.
    """
    counts = full_counts(available)
    chosen = range(1, len(counts), 2) if minority is None else minority
    wanted = np.full(len(counts), counts.min())
    wanted[list(chosen)] = _divided(counts.min(), _checked_ratio(ratio))
    return wanted


def long_tail_counts(available: ArrayLike, ratio: float) -> np.ndarray:
    """A long tail: class i of C has ratio^(-i / (C - 1)) of the images of the first, which has what the smallest has.

    Args:
        available: images of each class, shape (C,).
        ratio: imbalance ratio of the first class to the last, from 1.
    """
    counts = full_counts(available)
    exponents = np.arange(len(counts)) / max(len(counts) - 1, 1)
    return np.array([_divided(counts.min(), divisor) for divisor in _checked_ratio(ratio) ** exponents])


PROTOCOLS: dict[str, Callable[..., np.ndarray]] = {
    'full': full_counts,
    'parity': parity_counts,
    'cut': cut_counts,
    'step': step_counts,
    'long_tail': long_tail_counts,
}


def sample_indices(labels: np.ndarray, counts: ArrayLike, generator: np.random.Generator) -> np.ndarray:
    """Draw a training set without replacement.

    Args:
        labels: class of each image, shape (N,).
        counts: images to draw of each class, shape (C,).
        generator: source of randomness.

    Returns:
        Indices into ``labels`` in ascending order, shape (sum of counts,), int64.

    Raises:
        ValueError: if a class has fewer images than asked for, or none are asked for.
    """
    chosen = []
    for label, wanted in enumerate(np.asarray(counts)):
        members = np.flatnonzero(labels == label)
        if not 1 <= wanted <= len(members):
            raise ValueError(
                f'training set: found {wanted} images wanted of class {label}, expected from 1 to the '
                f'{len(members)} there are'
            )
        chosen.append(generator.permutation(members)[:wanted])
    return np.sort(np.concatenate(chosen))


def _checked_ratio(ratio: float) -> float:
    if not 1 <= ratio < np.inf:
        raise ValueError(f'ratio: found {ratio}, expected a number from 1')
    return ratio


def _divided(images: int, divisor: float) -> int:
    """Whole images nearest to the quotient, at least one."""
    return max(1, round(float(images) / float(divisor)))
