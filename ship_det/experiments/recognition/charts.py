"""Charts of finished trials: the score of each loss in each setting, and recalls by class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ship_det.drawing.chart_style import MUTED, RUN_COLORS, run_color, run_marker, save_chart, styled
from ship_det.experiments.recognition.experiment import METRIC_NAMES, Experiment
from ship_det.experiments.recognition.tables import Row
from ship_det.experiments.statistics import estimate

# Of the bars, each time that the colours are used up.
_HATCHES = ('', '///', 'xxx')
# Trials below their mean, in lines: the interval would hide them.
_BELOW = 0.25
# Lowest recall, percent, above which the bars do not start at 0.
_HIGH = 80


def save_charts(experiment: Experiment, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write the charts as PNG files and return their paths.

    Args:
        experiment: what was run.
        rows: of the table; without any there is nothing to draw.
        folder: where to write; it is made.
    """
    if not rows:
        raise ValueError(f'{folder}: found no finished trial to draw, expected some')
    folder.mkdir(parents=True, exist_ok=True)
    # The best of a tuned loss is there under its own name.
    rows = [row for row in rows if row.label in experiment.losses]
    charts = {f'{experiment.metric}.png': draw_scores(experiment, rows), 'recalls.png': draw_recalls(rows)}
    for name, figure in charts.items():
        save_chart(figure, folder / name)
    return [folder / name for name in charts]


@styled
def draw_scores(experiment: Experiment, rows: Sequence[Row]) -> Figure:
    """The experiment's metric: a panel a setting, a line a loss, on it every trial and their mean or median.

    The bar is the 95 % interval; of a single trial there is none.
    """
    settings, labels = _unique(row.setting for row in rows), _unique(row.label for row in rows)
    figure = Figure(figsize=(1.6 + 2.3 * len(settings), 1.3 + 0.28 * len(labels)), layout='constrained')
    panels = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for axes, setting in zip(panels, settings, strict=True):
        for row in (row for row in rows if row.setting == setting):
            is_baseline = row.label == experiment.baseline
            _draw_score(axes, row, experiment.metric, labels.index(row.label), run_color(0 if is_baseline else 1))
            if is_baseline:
                center = 100 * row.score(experiment.metric).center
                axes.axvline(center, color=run_color(0), linewidth=0.8, linestyle=':')
        axes.set(title=setting, xlabel=f'{METRIC_NAMES[experiment.metric]}, %')
        axes.grid(axis='y', visible=False)
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].invert_yaxis()
    kinds = {row.by_median(experiment.metric) for row in rows}
    handles = [_key(by_median) for by_median in sorted(kinds)]
    figure.legend(handles=handles, loc='outside lower center', ncols=len(handles), fontsize=8)
    return figure


def _draw_score(axes: Axes, row: Row, metric: str, line: int, color: str) -> None:
    """Draw the mean or median of a row with its interval, and its trials as points below."""
    trials = [100 * record[metric] for record in row.records]
    axes.plot(trials, [line + _BELOW] * len(trials), 'o', color=color, markersize=3, alpha=0.6, markeredgewidth=0)
    score = row.score(metric)
    ends = np.nan_to_num(score.interval, nan=score.center)
    axes.errorbar(
        100 * score.center,
        line,
        xerr=100 * np.abs(ends - score.center)[:, np.newaxis],
        fmt=_score_marker(row.by_median(metric)),
        color=color,
        markersize=5,
        capsize=2,
        linewidth=1.2,
    )


def _score_marker(by_median: bool) -> str:
    return run_marker(2 if by_median else 0)


def _key(by_median: bool) -> Line2D:
    name = 'median' if by_median else 'mean'
    marker = _score_marker(by_median)
    return Line2D([], [], color=MUTED, marker=marker, markersize=5, label=f'{name}, 95 % interval; small: trials')


@styled
def draw_recalls(rows: Sequence[Row]) -> Figure:
    """Mean recall of each class, a panel a setting, a bar a loss; under each class its training images."""
    settings = _unique(row.setting for row in rows)
    labels = _unique(row.label for row in rows)
    figure = Figure(figsize=(max(10, 0.9 * len(labels)), 0.5 + 2.3 * len(settings)), layout='constrained')
    panels = figure.subplots(len(settings), squeeze=False)[:, 0]
    bars: dict[str, BarContainer] = {}
    for axes, setting in zip(panels, settings, strict=True):
        chosen = [row for row in rows if row.setting == setting]
        width = 0.8 / len(chosen)
        lowest = 100.0
        for position, row in enumerate(chosen):
            recalls = 100 * np.array([record['recalls'] for record in row.records])
            means = [estimate(column) for column in recalls.T]
            heights = [mean.mean for mean in means]
            lowest = min([lowest, *heights])
            index = labels.index(row.label)
            places = np.arange(len(heights)) + (position - (len(chosen) - 1) / 2) * width
            style = {'color': run_color(index), 'hatch': _HATCHES[index // len(RUN_COLORS) % len(_HATCHES)]}
            bars[row.label] = axes.bar(places, heights, width, edgecolor='white', **style)
        first = chosen[0].records[0]
        ticks = [f'{name}\n{count}' for name, count in zip(first['classes'], first['counts'], strict=True)]
        axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
        # Bars from 0, but where all are so high that nothing could be told apart.
        bottom = lowest - 0.1 * (100 - lowest) - 1 if lowest > _HIGH else 0
        axes.set(ylim=(bottom, 100), ylabel='recall, %', title=setting)
        axes.grid(axis='x', visible=False)
    handles = [bars[label] for label in labels]
    figure.legend(handles, labels, loc='outside lower center', ncols=min(len(labels), 6), fontsize=8)
    return figure


def _unique(names) -> list[str]:
    return list(dict.fromkeys(names))
