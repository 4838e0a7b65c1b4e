"""Charts of a comparison: what each method gains over cross-entropy, and AP against a class's training instances."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import INK, plain_log_ticks, run_color, run_marker, styled
from ship_det.experiments.charts import draw_estimate, save_figures
from ship_det.experiments.detection.methods import BASELINE
from ship_det.experiments.detection.tables import Row, bands_of

# Lines of more methods cannot be told apart.
_MOST_LINES = 5


def save_charts(rows: Sequence[Row], iou: float, folder: Path) -> list[Path]:
    """Write the charts of rows, the baseline first, as PNG files into a folder, which is made; their paths."""
    figures = {'ap_by_count.png': draw_by_count(rows, iou)}
    if rows[0].method == BASELINE and len(rows) > 1:
        figures['gains.png'] = draw_gains(rows, iou)
    return save_figures(figures, folder)


@styled
def draw_gains(rows: Sequence[Row], iou: float) -> Figure:
    """The mAP of each method less that of cross-entropy: each pair as a point, their mean with its 95 % interval."""
    figure = Figure(figsize=(7, 1.1 + 0.34 * (len(rows) - 1)), layout='constrained')
    axes = figure.subplots()
    titles, baseline = [row.title for row in rows[1:]], rows[0].maps(iou)
    for place, row in enumerate(rows[1:]):
        maps, gain = row.maps(iou), row.over(rows[0], iou)
        if gain:
            differences = [maps[key] - baseline[key] for key in maps.keys() & baseline.keys()]
            draw_estimate(axes, place, gain.estimate, differences, run_color(0))
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(titles)), titles)
    axes.set_ylim(len(titles) - 0.4, -0.6)
    axes.grid(axis='y', visible=False)
    axes.set(xlabel=f'mAP@{iou:g} over {rows[0].title}', title='Mean with its 95 % interval; small: each pair')
    return figure


@styled
def draw_by_count(rows: Sequence[Row], iou: float) -> Figure:
    """AP against the training instances of a class: a point each, and a line through the means of the bands."""
    figure = Figure(figsize=(7, 3.8), layout='constrained')
    axes = figure.subplots()
    counts = rows[0].counts
    names = [name for name in counts if counts[name]]
    bands = [band for band in bands_of(counts).values() if band]
    for index, row in enumerate(rows[:_MOST_LINES]):
        style: dict[str, Any] = {'color': run_color(index), 'marker': run_marker(index)}
        aps = [row.figure(iou, 'ap', [name]).center for name in names]
        axes.plot([counts[name] for name in names], aps, linestyle='', markersize=4, alpha=0.5, **style)
        means = [row.figure(iou, 'ap', band).center for band in bands]
        centers = [np.exp(np.mean(np.log([counts[name] for name in band]))) for band in bands]
        axes.plot(centers, means, label=row.title, markersize=7, **style)
    axes.set_xscale('log')
    plain_log_ticks(axes.xaxis)
    axes.set(xlabel='training instances of the class', ylabel=f'AP@{iou:g}', ylim=(0, None))
    axes.set_title('Small: each class; lines: means of the rare, common and frequent third')
    figure.legend(loc='outside lower center', ncols=_MOST_LINES, fontsize=8)
    return figure
