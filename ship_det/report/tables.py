"""What the tables of a report hold that no single class or run has."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ship_det.report.runs import Run


class TailRow(NamedTuple):
    """A third of the classes by training instances.

    Attributes:
        title: of the row.
        least: training instances of its rarest class.
        most: those of its most frequent class.
        mean_ap: of each run; nan without ground truth.
    """

    title: str
    least: int
    most: int
    mean_ap: list[float]


def tail_rows(runs: Sequence[Run], training: NDArray[np.int64]) -> list[TailRow]:
    """Mean AP of the classes with most, medium and fewest training instances, (C,), a third each."""
    order = np.argsort(-training, kind='stable')
    rows = []
    for title, part in zip(('head', 'middle', 'tail'), np.array_split(order, 3), strict=True):
        means = []
        for run in runs:
            values = [run.main.classes[run.classes[label]].ap for label in part.tolist()]
            known = [value for value in values if not math.isnan(value)]
            means.append(math.fsum(known) / len(known) if known else math.nan)
        counts = training[part]
        rows.append(TailRow(f'{title}: {len(part)} classes', int(counts.min()), int(counts.max()), means))
    return rows
