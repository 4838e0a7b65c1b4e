"""Splits of a task's support samples over its classes.

Equation numbers are those of "Class Imbalance Loss for Imbalanced Object Recognition", IEEE JSTARS 13, 2020.
"""

import re
from itertools import combinations_with_replacement

from ship_det.imbalance import imbalance_degree

Split = tuple[int, ...]

#: Accuracy with CE and with CI loss as the text of the paper gives it (the body of its Table IV is not public).
PAPER_ACCURACY: dict[Split, dict[str, float]] = {
    (1, 1, 1, 1, 1): {'ce': 0.481},
    (3, 3, 3, 3, 3): {'ce': 0.595},
    (5, 5, 5, 5, 5): {'ce': 0.626},
    (1, 2, 3, 4, 5): {'ce': 0.535, 'ci': 0.587},
    (2, 4, 6, 8, 10): {'ce': 0.564, 'ci': 0.601},
    (1, 1, 1, 1, 11): {'ce': 0.325, 'ci': 0.4},
}


def all_splits(total: int = 15, classes: int = 5) -> list[Split]:
    """Every way to split ``total`` samples over the classes, N_1 <= ... <= N_C and N_1 >= 1, eq. (21).

    Ordered by imbalance degree, from the balanced split on; 15 samples in 5 classes make 30 splits.

    Raises:
        ValueError: if there are fewer samples than classes, or no class.
    """
    if classes < 1 or total < classes:
        raise ValueError(f'splits: found {total} samples for {classes} classes, expected at least one sample a class')
    candidates = combinations_with_replacement(range(1, total - classes + 2), classes)
    splits = [split for split in candidates if sum(split) == total]
    return sorted(splits, key=lambda split: (round(imbalance_degree(split), 9), split))


def parse_split(text: str) -> Split:
    """The split that '1,2,3,4,5' names.

    Raises:
        ValueError: if it is not a list of at least two whole numbers from 1.
    """
    words = text.split(',')
    # Six digits are more images than any class has.
    if len(words) < 2 or not all(re.fullmatch('[0-9]{1,6}', word.strip()) and int(word) for word in words):
        raise ValueError(f'split: found {text!r}, expected whole numbers from 1 such as 1,2,3,4,5')
    return tuple(int(word) for word in words)


def split_name(split: Split) -> str:
    """How files and tables call a split: 1,2,3,4,5."""
    return ','.join(str(count) for count in split)
