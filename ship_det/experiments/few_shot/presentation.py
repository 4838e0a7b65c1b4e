"""The paper's Table IV and Fig. 5 from results: accuracy by split and imbalance degree, beside the paper's numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import run_color, styled
from ship_det.experiments.few_shot.config import LOSSES
from ship_det.experiments.few_shot.results import Row
from ship_det.experiments.few_shot.splits import PAPER_ACCURACY, split_name
from ship_det.experiments.losses import LOSSES as ALL_LOSSES
from ship_det.experiments.statistics import Estimate, Gain
from ship_det.experiments.tables import format_estimate, format_p_value, markdown_table
from ship_det.files import replacing

_TITLES = {loss: ALL_LOSSES[loss].title for loss in LOSSES}
#: What the intervals of the table and the bars of the plot are.
INTERVALS = (
    '±: 95 % interval over trainings, p of the t test of trainings paired by seed; of one training over its test tasks '
    'alone, which says nothing about another training.'
)


def make_table(rows: Sequence[Row]) -> Iterator[str]:
    """Accuracy of each loss with its 95 % interval (`INTERVALS`), and what it gains on CE, in points."""
    losses = [loss for loss in LOSSES if any(loss in row.accuracies for row in rows)]
    gains = [loss for loss in losses if any(loss in row.gains for row in rows)]
    paper = [loss for loss in ('ce', 'ci') if loss in losses]
    heads = ['split', 'lambda', 'meta-updates', 'trainings', *(_TITLES[loss] for loss in losses)]
    heads += [f'{_TITLES[loss]} - CE (p)' for loss in gains] + [f'paper {_TITLES[loss]}' for loss in paper]
    cells = (
        [
            split_name(row.split),
            f'{row.imbalance_degree:.3f}',
            f'{row.iterations}',
            '/'.join(str(row.accuracies[loss].trials if loss in row.accuracies else 0) for loss in losses),
            *(_format_points(row.accuracies.get(loss)) for loss in losses),
            *(_format_gain(row.gains.get(loss)) for loss in gains),
            *(f'{100 * PAPER_ACCURACY[row.split][loss]:.1f}' if _is_published(row, loss) else '' for loss in paper),
        ]
        for row in rows
    )
    return markdown_table(heads, cells)


def _is_published(row: Row, loss: str) -> bool:
    return loss in PAPER_ACCURACY.get(row.split, {})


def _format_points(found: Estimate | None, form: str = '.1f') -> str:
    text = format_estimate(found and found.times(100), form)
    return f'{text}, one training' if found and found.trials == 1 else text


def _format_gain(gain: Gain | None) -> str:
    if gain is None:
        return ''
    p_value = format_p_value(gain.p_value)
    return _format_points(gain.estimate, '+.1f') + (f' ({p_value})' if p_value else '')


def plot_accuracy(rows: Sequence[Row], path: str | Path) -> None:
    """Draw accuracy against imbalance degree for each loss, as in Fig. 5; hollow marks are the paper's numbers.

    The bars are 95 % intervals as in the table, and the title says over what.
    Of a split with several numbers of meta-updates the one with the most losses is drawn, and of these the largest.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.png', '.svg', '.pdf'):
        raise ValueError(f'{path}: found the suffix {path.suffix!r}, expected .png, .svg or .pdf')
    latest = {row.split: row for row in sorted(rows, key=lambda row: (len(row.accuracies), row.iterations))}
    figure = draw_accuracy(sorted(latest.values(), key=lambda row: row.imbalance_degree))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix.removeprefix('.'), dpi=130)


@styled
def draw_accuracy(rows: Sequence[Row]) -> Figure:
    """The figure of :func:`plot_accuracy`, a point a row and loss."""
    figure = Figure(figsize=(7, 4.2), layout='constrained')
    axes = figure.subplots()
    for loss, color in zip(LOSSES, map(run_color, (0, 2, 1, 3, 4)), strict=True):
        _draw_loss(axes, loss, color, [row for row in rows if loss in row.accuracies])
    axes.set(xlabel='imbalance degree of the support set', ylabel='accuracy on balanced query sets')
    updates = sorted({row.iterations for row in rows})
    axes.set_title(f'MAML, {" or ".join(map(str, updates))} meta-updates; {_describe_bars(rows)}')
    # The paper's below ours.
    entries = zip(*axes.get_legend_handles_labels(), strict=True)
    axes.legend(*zip(*sorted(entries, key=lambda entry: 'paper' in entry[1]), strict=True))
    return figure


def _describe_bars(rows: Sequence[Row]) -> str:
    is_single = {accuracy.trials == 1 for row in rows for accuracy in row.accuracies.values()}
    if is_single == {True}:
        return 'one training a point, bars: 95 % over its test tasks'
    return 'bars: 95 % over trainings' + (', of one training over its test tasks' if True in is_single else '')


def _draw_loss(axes: Axes, loss: str, color: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    accuracies = [row.accuracies[loss] for row in rows]
    style: dict[str, Any] = {'color': color, 'marker': 'o'}
    axes.errorbar(
        [row.imbalance_degree for row in rows],
        [accuracy.center for accuracy in accuracies],
        np.nan_to_num([accuracy.margin for accuracy in accuracies]),
        label=_TITLES[loss],
        markersize=4,
        capsize=2,
        **style,
    )
    published = [row for row in rows if _is_published(row, loss)]
    if published:
        axes.plot(
            [row.imbalance_degree for row in published],
            [PAPER_ACCURACY[row.split][loss] for row in published],
            label=f'{_TITLES[loss]}, paper (MiniImageNet)',
            markersize=8,
            markerfacecolor='none',
            linestyle='none',
            **style,
        )
