"""The paper's Table IV and Fig. 5 from results: accuracy by split and imbalance degree, beside the paper's numbers."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich import box
from rich.table import Table

from ship_det.experiments.few_shot.config import LOSSES
from ship_det.experiments.few_shot.results import Accuracy, Row
from ship_det.experiments.few_shot.splits import PAPER_ACCURACY, split_name
from ship_det.files import replacing

_NAMES = dict(ce='CE', fl='FL', ci='CI', ci_modulator='CI, modulator only', ci_factors='CI, f only')
# Blue, orange, green, ...: told apart with any kind of colour vision (Okabe and Ito).
_COLORS = dict(zip(LOSSES, ('#0072b2', '#009e73', '#d55e00', '#cc79a7', '#8a6d00'), strict=True))


#: What the intervals of the table and the bars of the plot are.
INTERVALS = (
    '±: 95 % interval over trainings, p of the t test of trainings paired by seed; of one training over its test tasks '
    'alone, which says nothing about another training.'
)


def make_table(rows: Sequence[Row]) -> Table:
    """Accuracy of each loss with its 95 % interval (`INTERVALS`), and what it gains on CE, in points."""
    losses = [loss for loss in LOSSES if any(loss in row.accuracies for row in rows)]
    table = Table(box=box.MARKDOWN)
    for name in ('split', 'lambda', 'meta-updates', 'trainings'):
        table.add_column(name, justify='left' if name == 'split' else 'right', no_wrap=True)
    for loss in losses:
        table.add_column(_NAMES[loss], justify='right', no_wrap=True)
    gains = [loss for loss in losses if any(loss in row.differences for row in rows)]
    for loss in gains:
        table.add_column(f'{_NAMES[loss]} - CE (p)', justify='right', no_wrap=True)
    paper = [loss for loss in ('ce', 'ci') if loss in losses]
    for loss in paper:
        table.add_column(f'paper {_NAMES[loss]}', justify='right', no_wrap=True)
    for row in rows:
        published = PAPER_ACCURACY.get(row.split, {})
        table.add_row(
            split_name(row.split),
            f'{row.imbalance_degree:.3f}',
            f'{row.iterations}',
            '/'.join(str(_trainings(row, loss)) for loss in losses),
            *(_points(row.accuracies.get(loss)) for loss in losses),
            *(_gain(row.differences.get(loss)) for loss in gains),
            *(f'{100 * published[loss]:.1f}' if loss in published else '' for loss in paper),
        )
    return table


def _trainings(row: Row, loss: str) -> int:
    return row.accuracies[loss].trainings if loss in row.accuracies else 0


def _points(value: Accuracy | None, sign: str = '') -> str:
    if value is None:
        return ''
    number = f'{100 * value.mean:{sign}.1f}'
    # A single test task has no interval.
    text = number if math.isnan(value.margin) else f'{number} ± {100 * value.margin:.1f}'
    return f'{text}, one training' if value.trainings == 1 else text


def _gain(value: Accuracy | None) -> str:
    text = _points(value, '+')
    return text if value is None or math.isnan(value.p_value) else f'{text} ({value.p_value:.2g})'


def plot_accuracy(rows: Sequence[Row], path: str | Path) -> None:
    """Draw accuracy against imbalance degree for each loss, as in Fig. 5; hollow marks are the paper's numbers.

    The bars are 95 % intervals as in the table, and the title says over what.
    Of a split with several numbers of meta-updates the one with the most losses is drawn, and of these the largest.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.png', '.svg', '.pdf'):
        raise ValueError(f'{path}: found the suffix {path.suffix!r}, expected .png, .svg or .pdf')
    latest = {row.split: row for row in sorted(rows, key=lambda row: (len(row.accuracies), row.iterations))}
    rows = sorted(latest.values(), key=lambda row: row.imbalance_degree)
    figure = Figure(figsize=(7, 4.2), layout='constrained')
    axes = figure.subplots()
    for loss in LOSSES:
        _draw_loss(axes, loss, [row for row in rows if loss in row.accuracies])
    axes.set_xlabel('imbalance degree of the support set')
    axes.set_ylabel('accuracy on balanced query sets')
    updates = sorted({row.iterations for row in rows})
    title = f'MAML, {" or ".join(map(str, updates))} meta-updates; {_bars(rows)}'
    axes.set_title(title, loc='left', fontsize=10)
    axes.grid(color='#dfe4ea', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    own_first = sorted(zip(labels, handles, strict=True), key=lambda entry: 'paper' in entry[0])
    axes.legend([handle for _, handle in own_first], [label for label, _ in own_first], frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix.removeprefix('.'), dpi=130)


def _bars(rows: Sequence[Row]) -> str:
    """What the bars of the plot are."""
    single = {accuracy.trainings == 1 for row in rows for accuracy in row.accuracies.values()}
    if single == {True}:
        return 'one training a point, bars: 95 % over its test tasks'
    return 'bars: 95 % over trainings' + (', of one training over its test tasks' if True in single else '')


def _draw_loss(axes: Axes, loss: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    color, degrees = _COLORS[loss], [row.imbalance_degree for row in rows]
    means = [row.accuracies[loss].mean for row in rows]
    errors = [np.nan_to_num(row.accuracies[loss].margin) for row in rows]
    axes.errorbar(degrees, means, errors, color=color, marker='o', markersize=4, capsize=2, label=_NAMES[loss])
    published = [(row.imbalance_degree, PAPER_ACCURACY.get(row.split, {}).get(loss)) for row in rows]
    known = [(degree, accuracy) for degree, accuracy in published if accuracy is not None]
    if known:
        style = dict(color=color, marker='o', markersize=8, markerfacecolor='none', linestyle='none')
        axes.plot(*zip(*known, strict=True), **style, label=f'{_NAMES[loss]}, paper (MiniImageNet)')
