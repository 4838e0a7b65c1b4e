"""Tables of a report as HTML: figures of each class, and runs side by side."""

import math
from collections.abc import Callable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from ship_det.evaluation.result import ClassResult, EvaluationResult, format_rate
from ship_det.report.runs import Run

# What is shown for nan: no ground truth, so no figure.
_NOTHING = '&ndash;'
# A difference of AP below this is shown without colour.
_SAME = 0.005


def class_table(run: Run, classes: Sequence[str], training: NDArray[np.int64] | None) -> str:
    """Figures of each class: counts, AP at each IoU threshold, precision, recall, F1, Gmean; of scenes false alarms."""
    main = run.main
    heads = [('class', 'text'), *([('training', '')] if training is not None else []), ('ground truth', '')]
    heads += [('detections', ''), *((f'AP@{iou:g}', '') for iou in sorted(run.results))]
    heads += [(name, '') for name in ('precision', 'recall', 'F1', 'Gmean', 'best F1')]
    heads += [(f'false alarms/{main.searched.unit}', '')] if main.searched else []
    rows = []
    for label, name in enumerate(classes):
        one = main.classes[name]
        cells = [_class_cell(label, name)]
        cells += [_count(training[label])] if training is not None else []
        cells += [_count(one.num_ground_truths), _count(one.num_detections)]
        cells += [_bar(run.results[iou].classes[name].ap) for iou in sorted(run.results)]
        cells += [_number(figure(one)) for figure in _FIGURES[:-1]]
        cells.append(_number(one.best_f1.f1, f'at score {one.best_f1.score:.2f}'))
        cells += _rate(main, one.at_score.false_positives)
        rows.append(f'<tr data-class="{label}">{"".join(cells)}</tr>')
    totals = ['<td>mean of classes with ground truth</td>']
    totals += [_count(int(training.sum()))] if training is not None else []
    totals += [_count(sum(getattr(one, key) for one in main.classes.values())) for key in _COUNTS]
    totals += [_bar(run.results[iou].mean_ap) for iou in sorted(run.results)]
    totals += [_number(main.mean(figure)) for figure in _FIGURES]
    totals += _rate(main, main.num_false_alarms)
    return _table(heads, rows, totals)


_COUNTS = ('num_ground_truths', 'num_detections')
_FIGURES: tuple[Callable[[ClassResult], float], ...] = (
    lambda one: one.precision,
    lambda one: one.recall,
    lambda one: one.f1,
    lambda one: one.gmean,
    lambda one: one.best_f1.f1,
)


def comparison_table(runs: Sequence[Run], classes: Sequence[str], training: NDArray[np.int64] | None) -> str:
    """AP of each class in each run at the main IoU threshold, and the difference to the first run."""
    heads = [('class', 'text'), *([('training', '')] if training is not None else []), ('ground truth', '')]
    for index, run in enumerate(runs):
        heads += [(run.name, ''), *([('difference', '')] if index else [])]
    rows = []
    for label, name in enumerate(classes):
        cells = [_class_cell(label, name)]
        cells += [_count(training[label])] if training is not None else []
        cells.append(_count(runs[0].main.classes[name].num_ground_truths))
        cells += _compared([run.main.classes[name].ap for run in runs])
        rows.append(f'<tr data-class="{label}">{"".join(cells)}</tr>')
    totals = ['<td>mean of classes with ground truth</td>']
    totals += [_count(int(training.sum()))] if training is not None else []
    totals.append(_count(sum(one.num_ground_truths for one in runs[0].main.classes.values())))
    return _table(heads, rows, totals + _compared([run.main.mean_ap for run in runs]))


def tail_table(runs: Sequence[Run], classes: Sequence[str], training: NDArray[np.int64]) -> str:
    """Mean AP of the classes with most, medium and fewest training instances, a third each."""
    order = np.argsort(-training, kind='stable')
    heads = [
        ('classes by training instances', 'text'),
        ('training', ''),
        *((f'mean AP, {run.name}', '') for run in runs),
    ]
    rows = []
    for title, part in zip(('head', 'middle', 'tail'), np.array_split(order, 3), strict=True):
        if len(part):
            low, high = int(training[part].min()), int(training[part].max())
            cells = [f'<td>{title}: {len(part)} classes</td><td data-value="{high}">{low} to {high}</td>']
            for run in runs:
                values = [run.main.classes[classes[label]].ap for label in part.tolist()]
                values = [value for value in values if not math.isnan(value)]
                cells.append(_bar(math.fsum(values) / len(values) if values else math.nan))
            rows.append(f'<tr>{"".join(cells)}</tr>')
    return _table(heads, rows, [])


def _table(heads: Sequence[tuple[str, str]], rows: Sequence[str], totals: Sequence[str]) -> str:
    head = ''.join(f'<th scope="col" data-sort="{kind or "number"}">{escape(name)}</th>' for name, kind in heads)
    foot = f'<tfoot><tr>{"".join(totals)}</tr></tfoot>' if totals else ''
    body = '\n'.join(rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>{foot}</table></div>'


def _class_cell(label: int, name: str) -> str:
    button = f'<button class="class-name" data-choose-class="{label}">{escape(name)}</button>'
    return f'<td data-value="{escape(name)}">{button}</td>'


def _count(value: int) -> str:
    return f'<td data-value="{value}">{value:,d}</td>'


def _number(value: float, hint: str = '') -> str:
    title = f' title="{hint}"' if hint else ''
    return f'<td data-value="">{_NOTHING}</td>' if math.isnan(value) else f'<td{title}>{value:.3f}</td>'


def _rate(result: EvaluationResult, false_alarms: int) -> list[str]:
    """The cell of some false alarms, where the area that was searched is known."""
    if result.searched is None:
        return []
    hint = 'false alarm' if false_alarms == 1 else 'false alarms'
    return [f'<td title="{false_alarms:,d} {hint}">{format_rate(result.searched.rate(false_alarms))}</td>']


def _bar(value: float) -> str:
    if math.isnan(value):
        return f'<td data-value="">{_NOTHING}</td>'
    return f'<td class="bar" data-value="{value:.6f}"><i style="--share:{100 * value:.1f}%"></i>{value:.3f}</td>'


def _compared(values: Sequence[float]) -> list[str]:
    """The first value, then each further one with its difference to the first."""
    cells = [_bar(values[0])]
    for value in values[1:]:
        change = value - values[0]
        kind = '' if math.isnan(change) or abs(change) < _SAME else ' class="up"' if change > 0 else ' class="down"'
        text = _NOTHING if math.isnan(change) else f'{change:+.3f}'
        cells += [_bar(value), f'<td{kind} data-value="{"" if math.isnan(change) else f"{change:.6f}"}">{text}</td>']
    return cells
