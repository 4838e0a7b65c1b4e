"""Charts of finished trials: the score of each loss in each setting, and recalls by class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ship_det.drawing.chart_style import MUTED, RUN_COLORS, run_color, styled
from ship_det.experiments.charts import center_marker, draw_estimate, save_figures
from ship_det.experiments.recognition.experiment import METRIC_NAMES, Experiment
from ship_det.experiments.recognition.tables import Row

# Of the bars, each time that the colours are used up.
_HATCHES = ('', '///', 'xxx')
# Lowest recall, percent, above which the bars do not start at 0.
_HIGH = 80


def save_charts(experiment: Experiment, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write the charts of the table's rows as PNG files into a folder, which is made; their paths.

    Raises:
        ValueError: there is no row, so nothing to draw.
    """
    if not rows:
        raise ValueError(f'{folder}: found no finished trial to draw, expected some')
    # The best of a tuned loss is there under its own name.
    rows = [row for row in rows if row.label in experiment.losses]
    figures = {f'{experiment.metric}.png': draw_scores(experiment, rows), 'recalls.png': draw_recalls(rows)}
    return save_figures(figures, folder)


@styled
def draw_scores(experiment: Experiment, rows: Sequence[Row]) -> Figure:
    """The experiment's metric: a panel a setting, a line a loss, on it every trial and their mean or median.

    The bar is the 95 % interval; of a single trial there is none.
    """
    settings, labels = _list_names(rows)
    metric = experiment.metric
    figure = Figure(figsize=(1.6 + 2.3 * len(settings), 1.3 + 0.28 * len(labels)), layout='constrained')
    panels = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for axes, setting in zip(panels, settings, strict=True):
        for row in (row for row in rows if row.setting == setting):
            is_baseline = row.label == experiment.baseline
            score, trials = row.score(metric).times(100), [100 * trial[metric] for trial in row.trials]
            draw_estimate(axes, labels.index(row.label), score, trials, run_color(0 if is_baseline else 1))
            if is_baseline:
                axes.axvline(score.center, color=run_color(0), linewidth=0.8, linestyle=':')
        axes.set(title=setting, xlabel=f'{METRIC_NAMES[metric]}, %')
        axes.grid(axis='y', visible=False)
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].invert_yaxis()
    handles = [_key(is_median) for is_median in sorted({row.by_median(metric) for row in rows})]
    figure.legend(handles=handles, loc='outside lower center', ncols=len(handles), fontsize=8)
    return figure


def _key(is_median: bool) -> Line2D:
    label = f'{"median" if is_median else "mean"}, 95 % interval; small: trials'
    return Line2D([], [], color=MUTED, marker=center_marker(is_median), markersize=5, label=label)


@styled
def draw_recalls(rows: Sequence[Row]) -> Figure:
    """Mean recall of each class, a panel a setting, a bar a loss; under each class its training images."""
    settings, labels = _list_names(rows)
    figure = Figure(figsize=(max(10, 0.9 * len(labels)), 0.5 + 2.3 * len(settings)), layout='constrained')
    panels = figure.subplots(len(settings), squeeze=False)[:, 0]
    bars: dict[str, Any] = {}
    for axes, setting in zip(panels, settings, strict=True):
        chosen = [row for row in rows if row.setting == setting]
        width = 0.8 / len(chosen)
        recalls = [100 * np.mean([trial['recalls'] for trial in row.trials], axis=0) for row in chosen]
        for position, (row, heights) in enumerate(zip(chosen, recalls, strict=True)):
            index = labels.index(row.label)
            places = np.arange(len(heights)) + (position - (len(chosen) - 1) / 2) * width
            hatch = _HATCHES[index // len(RUN_COLORS) % len(_HATCHES)]
            bars[row.label] = axes.bar(places, heights, width, edgecolor='white', color=run_color(index), hatch=hatch)
        first, lowest = chosen[0].trials[0], np.min(recalls)
        ticks = [f'{name}\n{count}' for name, count in zip(first['classes'], first['counts'], strict=True)]
        axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
        # Bars from 0, but where all are so high that nothing could be told apart.
        bottom = lowest - 0.1 * (100 - lowest) - 1 if lowest > _HIGH else 0
        axes.set(ylim=(bottom, 100), ylabel='recall, %', title=setting)
        axes.grid(axis='x', visible=False)
    handles = [bars[label] for label in labels]
    figure.legend(handles, labels, loc='outside lower center', ncols=min(len(labels), 6), fontsize=8)
    return figure


def _list_names(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Settings and losses of the rows, each once."""
    return list(dict.fromkeys(row.setting for row in rows)), list(dict.fromkeys(row.label for row in rows))
