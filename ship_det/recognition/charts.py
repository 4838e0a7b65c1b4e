"""Charts of finished trials: the score of each loss by setting, and recalls by class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ship_det.report.chart_style import run_color, run_marker, save_chart, styled

from .experiment import Experiment
from .statistics import estimate
from .tables import Row


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
    charts = {f'{experiment.metric}.png': draw_scores(experiment, rows), 'recalls.png': draw_recalls(rows)}
    for name, figure in charts.items():
        save_chart(figure, folder / name)
    return [folder / name for name in charts]


@styled
def draw_scores(experiment: Experiment, rows: Sequence[Row]) -> Figure:
    """Mean of the experiment's metric with its 95 % interval, settings side by side, a marker a loss."""
    settings, labels = _unique(row.setting for row in rows), _unique(row.label for row in rows)
    figure = Figure(figsize=(max(5, 1.1 + 1.9 * len(settings)), 3.6), layout='constrained')
    axes = figure.subplots()
    for index, label in enumerate(labels):
        chosen = [row for row in rows if row.label == label]
        means = [row.mean(experiment.metric) for row in chosen]
        offset = (index - (len(labels) - 1) / 2) * 0.7 / len(labels)
        axes.errorbar(
            [settings.index(row.setting) + offset for row in chosen],
            [100 * mean.mean for mean in means],
            [100 * np.nan_to_num(mean.margin) for mean in means],
            fmt=run_marker(index),
            color=run_color(index),
            markersize=5,
            capsize=2,
            linewidth=1.2,
            label=label,
        )
    axes.set_xticks(range(len(settings)), settings)
    axes.set(ylabel='%', title=f'{experiment.metric} on the test set, mean and 95 % interval of the trials')
    axes.grid(axis='x', visible=False)
    figure.legend(loc='outside lower center', ncols=min(len(labels), 6), fontsize=8)
    return figure


@styled
def draw_recalls(rows: Sequence[Row]) -> Figure:
    """Mean recall of each class, a panel a setting, a bar a loss; under each class its training images."""
    settings = _unique(row.setting for row in rows)
    labels = _unique(row.label for row in rows)
    figure = Figure(figsize=(10, 0.5 + 2.3 * len(settings)), layout='constrained')
    panels = figure.subplots(len(settings), squeeze=False)[:, 0]
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
            axes.bar(places, heights, width, color=run_color(index), label=row.label if axes is panels[0] else None)
        first = chosen[0].records[0]
        ticks = [f'{name}\n{count}' for name, count in zip(first['classes'], first['counts'], strict=True)]
        axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
        axes.set(ylim=(max(0, lowest - 0.1 * (100 - lowest) - 1), 100), ylabel='recall, %', title=setting)
        axes.grid(axis='x', visible=False)
    figure.legend(loc='outside lower center', ncols=min(len(labels), 6), fontsize=8)
    return figure


def _unique(names) -> list[str]:
    return list(dict.fromkeys(names))
