"""Tables VI and VII of the CI loss paper for trainings of one's own, with intervals and paired tests over seeds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ship_det.experiments.detection.lines import result_at
from ship_det.experiments.detection.methods import BASELINE, METHODS
from ship_det.experiments.results import Result
from ship_det.experiments.statistics import Estimate, Gain, estimate, holm, paired_gain
from ship_det.experiments.tables import format_estimate, format_p_value, markdown_table

#: Of precision and so on: the columns of the paper's Table VI.
FIGURES = {'precision': 'P', 'recall': 'R', 'f1': 'F1', 'gmean': 'Gmean'}
BANDS = ('rare', 'common', 'frequent')


@dataclass(frozen=True)
class Row:
    """Trainings of one method, one for each seed, or where there are folds for each fold.

    Attributes:
        method: key of ``METHODS``.
        lines: by seed or fold; of a fold with several seeds all of them.
        folds: number of folds that the data have; 1 for none.
    """

    method: str
    lines: Mapping[int, Sequence[Result]]
    folds: int = 1

    @property
    def title(self) -> str:
        """The method's name, with the settings that were chosen for it."""
        line = next(iter(self.lines.values()))[0]
        chosen = [f'rate x {line["rate"]:g}'] if line['rate'] != 1 else []
        chosen += [f'{name} {value:g}' for name, value in line['options'].items()]
        known = METHODS.get(self.method)
        return (known.title if known else self.method) + (f' ({", ".join(chosen)})' if chosen else '')

    @property
    def counts(self) -> Mapping[str, int]:
        """Training instances of each class."""
        return next(iter(self.lines.values()))[0]['counts']

    def maps(self, iou: float) -> dict[int, float]:
        """The mAP of each seed or fold."""
        return {
            key: float(np.mean([result_at(line, iou)['map'] for line in lines])) for key, lines in self.lines.items()
        }

    def figure(self, iou: float, name: str, classes: Sequence[str]) -> Estimate:
        """Mean of a figure over some classes, over the trainings; classes without an object to find do not count."""
        values = []
        for lines in self.lines.values():
            found = [result_at(line, iou)['classes'][class_name] for line in lines for class_name in classes]
            known = [of_class[name] for of_class in found if of_class['ground_truths']]
            if known:
                values.append(float(np.mean(known)))
        return estimate(values, folds=self.folds) if values else Estimate(math.nan, math.nan, math.nan, 0)

    def over(self, other: 'Row', iou: float) -> Gain | None:
        """The mAP less that of another method in pairs, and p of the paired test; None without a pair."""
        return paired_gain(self.maps(iou), other.maps(iou), folds=self.folds)


def make_rows(lines: Sequence[Result], folds: int = 1) -> list[Row]:
    """Rows of lines that are of one comparison and one setting each, the baseline first."""
    methods: dict[str, dict[int, list[Result]]] = {}
    key = 'fold' if folds > 1 else 'seed'
    for line in sorted(lines, key=lambda line: line['seed']):
        methods.setdefault(line['method'], {}).setdefault(line[key], []).append(line)
    order = [BASELINE, *METHODS]
    names = sorted(methods, key=lambda name: order.index(name) if name in order else len(order))
    return [Row(name, dict(sorted(methods[name].items())), folds) for name in names]


def bands_of(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Classes of each frequency band, a third of those with training instances each: rare, common, frequent."""
    order = sorted((name for name in counts if counts[name]), key=lambda name: (counts[name], name))
    parts = np.array_split(np.arange(len(order)), len(BANDS))
    return {band: [order[index] for index in part] for band, part in zip(BANDS, parts, strict=True)}


def all_tables(rows: Sequence[Row], ious: Sequence[float]) -> Iterator[str]:
    """All tables as Markdown lines, each under a line that says what it shows."""
    iou = ious[-1]
    folds = rows[0].folds > 1
    interval = "Student's t, widened as folds share data (Nadeau and Bengio)" if folds else "Student's t"
    yield f'Means over the {"folds" if folds else "seeds"} with 95 % intervals ({interval}); differences to CE in'
    yield 'pairs of them, with p of the paired t test, then as Holm corrects it for the number of methods.'
    yield ''
    yield from overview(rows, ious)
    yield ''
    yield f'AP@{iou:g} by training instances of the class; P, R, F1 and Gmean at the score of best F1 of each class:'
    yield ''
    yield from by_band(rows, iou)
    yield ''
    yield f'AP@{iou:g} of each class:'
    yield ''
    yield from by_class(rows, iou)


def overview(rows: Sequence[Row], ious: Sequence[float]) -> Iterator[str]:
    """A row for each method: mAP, and at the highest IoU the paired difference to cross-entropy."""
    baseline = next((row for row in rows if row.method == BASELINE), None)
    others = [row for row in rows if baseline and row is not baseline]
    gains = {row.method: gain for row in others if baseline and (gain := row.over(baseline, ious[-1]))}
    corrected = dict(zip(gains, holm([gain.p_value for gain in gains.values()]), strict=True))
    heads = ['', 'trainings', *(f'mAP@{iou:g}' for iou in ious), f'over CE, mAP@{ious[-1]:g}', 'p', 'Holm']
    table = []
    for row in rows:
        maps = [estimate(list(row.maps(iou).values()), folds=row.folds) for iou in ious]
        difference, p_value = gains.get(row.method, (None, math.nan))
        cells = [*map(format_estimate, maps), format_estimate(difference, '+.3f'), format_p_value(p_value)]
        holm_p_value = format_p_value(corrected.get(row.method, math.nan))
        table.append([row.title, str(sum(map(len, row.lines.values()))), *cells, holm_p_value])
    return markdown_table(heads, table)


def by_band(rows: Sequence[Row], iou: float) -> Iterator[str]:
    """A row for each method: AP of the rare, common and frequent classes, and the figures of the paper's Table VI."""
    bands, counts = bands_of(rows[0].counts), rows[0].counts
    heads = ['', *(f'{band} ({_range(counts, names)})' for band, names in bands.items()), *FIGURES.values()]
    table = []
    for row in rows:
        aps = [format_estimate(row.figure(iou, 'ap', names)) for names in bands.values()]
        means = [row.figure(iou, name, list(row.counts)).center for name in FIGURES]
        table.append([row.title, *aps, *(f'{mean:.3f}' for mean in means)])
    return markdown_table(heads, table)


def by_class(rows: Sequence[Row], iou: float) -> Iterator[str]:
    """A row for each class, those with most training instances first: its AP with each method."""
    counts = rows[0].counts
    table = []
    for name in sorted(counts, key=lambda name: -counts[name]):
        to_find = np.mean([_mean_to_find(lines, iou, name) for lines in rows[0].lines.values()])
        means = [row.figure(iou, 'ap', [name]).center for row in rows]
        aps = ['' if math.isnan(mean) else f'{mean:.3f}' for mean in means]
        table.append([name, f'{counts[name]}', f'{to_find:.0f}', *aps])
    return markdown_table(['', 'trained on', 'to find', *(row.title for row in rows)], table)


def _mean_to_find(lines: Sequence[Result], iou: float, name: str) -> float:
    return float(np.mean([result_at(line, iou)['classes'][name]['ground_truths'] for line in lines]))


def _range(counts: Mapping[str, int], names: Sequence[str]) -> str:
    numbers = sorted({counts[name] for name in names})
    return ' to '.join(map(str, [numbers[0], numbers[-1]][: len(numbers)])) if numbers else 'none'
