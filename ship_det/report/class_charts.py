"""Charts over classes: the long tail beside AP, precision and recall, scores, confusions, sizes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from ship_det.drawing.chart_style import (
    BARS,
    INK,
    MUTED,
    RIGHT,
    WRONG,
    legend_above,
    plain_log_ticks,
    run_color,
    run_marker,
    styled,
    text_columns,
    written,
)
from ship_det.report.runs import Run, SizeBin

_PANEL_COLUMNS = 5
# Letters of a name above a panel.
_PANEL_NAME = 28
# Points a curve keeps: more cannot be seen in a panel.
_CURVE_POINTS = 150
# So far a name moves off what is in its way, points.
_NAME_STEPS = 60


@styled
def class_histogram(runs: Sequence[Run], classes: Sequence[str], counts: NDArray[np.int64] | None) -> Figure:
    """Training instances of each class, most first, on a log axis, and AP beside it."""
    truths = np.array([runs[0].main.classes[name].num_ground_truths for name in classes])
    shown = truths if counts is None else counts
    order = np.argsort(-shown, kind='stable')
    rows = np.arange(len(classes))
    figure = Figure(figsize=(10, 1.1 + 0.3 * len(classes)), layout='constrained')
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
    left.barh(rows, np.maximum(shown[order], 0.5), color=BARS, height=0.72)
    left.set(xscale='log', xlim=(0.5, max(shown.max(initial=1) * 1.9, 10)), xlabel='objects (log scale)')
    plain_log_ticks(left.xaxis)
    for row, count in zip(rows, shown[order], strict=True):
        left.text(max(count, 0.5) * 1.08, row, f'{count:d}', va='center', fontsize=8, color=INK)
    left.set_yticks(rows, [written(classes[i]) for i in order])
    left.invert_yaxis()
    left.grid(axis='y', visible=False)
    left.set_title('Objects to find in the test images' if counts is None else 'Objects in training')
    _ap_bars(right, runs, [classes[i] for i in order])
    return figure


def _ap_bars(axes: Axes, runs: Sequence[Run], names: Sequence[str]) -> None:
    main = runs[0].main
    height = 0.76 / len(runs)
    for index, run in enumerate(runs):
        values = np.array([run.main.classes[name].ap for name in names])
        offset = (index - (len(runs) - 1) / 2) * height
        rows = np.arange(len(names)) + offset
        axes.barh(rows, np.nan_to_num(values), color=run_color(index), height=height * 0.94, label=written(run.name))
        if len(runs) == 1:
            for row, value in zip(rows, values, strict=True):
                text, place = ('no ground truth', 0) if np.isnan(value) else (f'{value:.3f}', value)
                ink = MUTED if np.isnan(value) else INK
                plate = {'facecolor': 'white', 'edgecolor': 'none', 'pad': 1}
                axes.text(place + 0.012, row, text, va='center', fontsize=8, color=ink, bbox=plate)
        axes.axvline(run.main.mean_ap, color=run_color(index), linestyle=(0, (4, 3)), linewidth=1.1)
    axes.set(xlim=(0, 1.09), xticks=np.arange(0, 1.01, 0.2), xlabel='average precision (AP); dashed line: mean')
    axes.grid(axis='y', visible=False)
    axes.set_title(f'Average precision at IoU {main.min_iou} {main.iou_threshold:g}')
    legend_above(axes, len(runs))


@styled
def ap_by_count(runs: Sequence[Run], classes: Sequence[str], counts: NDArray[np.int64]) -> Figure:
    """AP of each class over its training instances: does the tail get better?

    The names stand beside the points of the first run.
    """
    figure = Figure(figsize=(6.2, 4), layout='constrained')
    axes = figure.subplots()
    table = np.array([[run.main.classes[name].ap for name in classes] for run in runs])
    for index, (run, ap) in enumerate(zip(runs, table, strict=True)):
        usable = np.isfinite(ap) & (counts > 0)
        style: dict[str, Any] = {'color': run_color(index), 'marker': run_marker(index), 'label': written(run.name)}
        axes.scatter(counts[usable], ap[usable], s=34, zorder=3, **style)
    # Room for the names at the right of the points, and an axis where all counts are alike.
    low = min(counts[counts > 0], default=1)
    high = max(counts.max(initial=1), 3 * low)
    axes.set(xscale='log', xlim=(low / 1.25, high * (high / low) ** 0.35 * 1.25), ylim=(-0.04, 1.06))
    plain_log_ticks(axes.xaxis)
    axes.set(xlabel='objects of the class in training (log scale)', ylabel='average precision (AP)')
    axes.set_title(f'Do rare classes do worse? AP at IoU {runs[0].main.min_iou} {runs[0].main.iou_threshold:g}')
    _name_points(axes, classes, counts, table)
    legend_above(axes, len(runs))
    return figure


def _name_points(axes: Axes, names: Sequence[str], x: NDArray, y: NDArray) -> None:
    """Write the name beside each point of the first row of ``y``, (R, N), moved off other names and all points."""
    usable = np.flatnonzero(np.isfinite(y[0]) & (x > 0))
    # Points of the page, of which an inch has 72.
    scale = 72 / axes.figure.dpi
    places = axes.transData.transform(np.stack([x[usable], y[0, usable]], axis=1)) * scale
    marks = axes.transData.transform(np.stack([np.tile(x, len(y)), y.ravel()], axis=1)[np.tile(x > 0, len(y))]) * scale
    # Left, right and middle of what is in the way.
    taken = [(left - 3.0, left + 3.0, height - 2.5) for left, height in marks.tolist() if np.isfinite(height)]
    texts = [written(names[index]) for index in usable]
    bottom = float((axes.transAxes.transform((0, 0)) * scale)[1])
    for index in np.lexsort((places[:, 0], -places[:, 1])).tolist():
        left, middle = places[index] + (5, -2.5)
        # A letter of this size is about 4 points wide.
        right = left + 4.0 * text_columns(texts[index])
        # The nearest free height, further down rather than up.
        steps = (sign * step for step in range(_NAME_STEPS) for sign in (-1, 1))
        heights = (middle + step for step in steps if middle + step > bottom)
        height = next((value for value in heights if _is_free(left, right, value, taken)), middle)
        taken.append((left, right, height))
        offset = (5, height - places[index, 1])
        point = (x[usable[index]], y[0, usable[index]])
        axes.annotate(texts[index], point, offset, textcoords='offset points', fontsize=7, color=MUTED)


def _is_free(left: float, right: float, height: float, taken: Sequence[tuple[float, float, float]]) -> bool:
    return not any(start < right and left < end and abs(height - other) < 8 for start, end, other in taken)


@styled
def precision_recall(runs: Sequence[Run], classes: Sequence[str]) -> Figure:
    """Precision over recall, a panel a class; one run shows both IoU thresholds."""
    figure, panels = _panels(classes, 'recall', 'precision', share_y=True)
    for name, axes in panels.items():
        axes.set(xlim=(0, 1.02), ylim=(0, 1.04))
        lines = [(run.main, run_color(index), '-') for index, run in enumerate(runs)]
        if len(runs) == 1:
            lines += [(result, MUTED, '--') for result in list(runs[0].results.values())[1:]]
        for result, color, style in reversed(lines):
            recall, precision = _thinned(result.classes[name].curve.recall, result.classes[name].curve.precision)
            axes.plot(recall, precision, color=color, linestyle=style, linewidth=1.5)
        ap = runs[0].main.classes[name].ap
        if np.isnan(ap):
            axes.text(0.5, 0.5, 'no ground truth', ha='center', va='center', color=MUTED, fontsize=8)
        elif len(runs) == 1:
            axes.set_title(f'AP {ap:.3f}', loc='right', fontsize=8, color=MUTED, fontweight='normal')
    if len(runs) == 1:
        first, *others = runs[0].results
        keys = [(f'IoU {first:g}', RIGHT, '-')] + [(f'IoU {iou:g}', MUTED, '--') for iou in others]
    else:
        keys = [(written(run.name), run_color(index), '-') for index, run in enumerate(runs)]
    _legend(figure, [Line2D([], [], color=color, linestyle=style, label=name) for name, color, style in keys])
    return figure


@styled
def score_histograms(run: Run, classes: Sequence[str]) -> Figure:
    """How scores of right and of wrong detections are distributed, a panel a class, on a log axis."""
    figure, panels = _panels(classes, 'score', 'detections', share_y=False)
    edges = np.linspace(0, 1, 21)
    found, counted = run.matches.detections, ~run.matches.ignored
    for label, axes in enumerate(panels.values()):
        of_class = counted & (found.labels == label)
        right, wrong = of_class & run.matches.right, of_class & ~run.matches.right
        heights = [np.histogram(found.scores[rows], edges)[0] for rows in (wrong, right)]
        axes.stairs(heights[0], edges, color=WRONG, fill=True, alpha=0.55)
        axes.stairs(heights[1], edges, color=RIGHT, linewidth=1.8)
        axes.set_yscale('symlog', linthresh=1)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_yticks([0, 1, 10, 100, 1000, 10000], ['0', '1', '10', '100', '1k', '10k'])
        axes.set_ylim(0, max(10, 1.5 * max(height.max() for height in heights)))
        axes.set_xlim(0, 1)
        axes.axvline(run.main.score_threshold, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    keys = [('right', RIGHT), ('wrong', WRONG)]
    _legend(figure, [Line2D([], [], color=color, linewidth=4, label=name) for name, color in keys])
    return figure


def _panels(classes: Sequence[str], x_label: str, y_label: str, share_y: bool) -> tuple[Figure, dict[str, Axes]]:
    """A small panel a class."""
    columns = min(_PANEL_COLUMNS, len(classes))
    lines = -(-len(classes) // columns)
    # Few classes get larger panels.
    width, height = (2.2, 1.75) if columns == _PANEL_COLUMNS else (3.2, 2.4)
    figure = Figure(figsize=(width * columns + 0.4, height * lines + 0.7), layout='constrained')
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=share_y).ravel()
    for axes in grid[len(classes) :]:
        axes.remove()
    for place, (name, axes) in enumerate(zip(classes, grid, strict=False)):
        # A long name leaves room for the figure at its right.
        title = written(name, _PANEL_NAME)
        axes.set_title(title, fontsize=8.5 if text_columns(title) < 20 else 7)
        axes.tick_params(labelsize=7, length=2)
        if place + columns >= len(classes):
            axes.set_xlabel(x_label, fontsize=8)
            axes.tick_params(labelbottom=True)
        if place % columns == 0:
            axes.set_ylabel(y_label, fontsize=8)
    return figure, dict(zip(classes, grid, strict=False))


def _legend(figure: Figure, handles: list[Line2D]) -> None:
    figure.legend(handles=handles, loc='outside upper left', ncols=max(len(handles), 1), fontsize=8.5)


def _thinned(recall: NDArray, precision: NDArray) -> tuple[NDArray, NDArray]:
    """A curve with the points that its shape needs, from its first point at recall 0."""
    if not len(recall) or np.isnan(recall).any():
        return np.zeros(0), np.zeros(0)
    # Where recall rises, the point before and after: precision saws in between.
    steps = np.flatnonzero(np.diff(recall, prepend=0.0) > 0)
    keep = np.unique(np.concatenate([[0], np.maximum(steps - 1, 0), steps, [len(recall) - 1]]))
    if len(keep) > _CURVE_POINTS:
        keep = keep[np.linspace(0, len(keep) - 1, _CURVE_POINTS).round().astype(int)]
    return np.concatenate([[0.0], recall[keep]]), np.concatenate([precision[:1], precision[keep]])


@styled
def confusion_matrix(confusion: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Counts with background; the colour is the share of the row, for background that of the column."""
    names = [*map(written, classes), 'background']
    # Inches of a cell and of a letter of the names.
    size = 1.6 + 0.42 * len(names) + 0.09 * max(map(text_columns, names))
    figure = Figure(figsize=(size, size * 0.86), layout='constrained')
    axes = figure.subplots()
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    # False alarms beside all detections of the class: there is no number of background objects.
    share[-1] = confusion[-1] / np.maximum(confusion.sum(axis=0), 1)
    axes.imshow(share, cmap='Blues', vmin=0, vmax=1, aspect='auto')
    for row, column in np.argwhere(confusion > 0).tolist():
        ink = 'white' if share[row, column] > 0.55 else INK
        axes.text(column, row, f'{confusion[row, column]:d}', ha='center', va='center', fontsize=8, color=ink)
    axes.set_xticks(range(len(names)), names, rotation=45, ha='right', rotation_mode='anchor')
    axes.set_yticks(range(len(names)), names)
    axes.grid(visible=False)
    axes.axhline(len(classes) - 0.5, color=MUTED, linewidth=0.8)
    axes.axvline(len(classes) - 0.5, color=MUTED, linewidth=0.8)
    axes.tick_params(length=0)
    axes.set(xlabel='detected as (background: missed)', ylabel='labelled as (background: false alarm)')
    axes.set_title('What each object was taken for')
    return figure


@styled
def size_chart(sizes: Mapping[str, Sequence[SizeBin]], edges: NDArray[np.float64], noun: str = 'object') -> Figure:
    """Mean AP of each run, by its name, over the size of the objects, which are called ``noun``."""
    figure = Figure(figsize=(6.2, 3.2), layout='constrained')
    axes = figure.subplots()
    bins = np.arange(len(edges) - 1)
    width = 0.74 / len(sizes)
    for index, (name, of_run) in enumerate(sizes.items()):
        places = bins + (index - (len(sizes) - 1) / 2) * width
        values = np.array([of_size.mean_ap for of_size in of_run])
        axes.bar(places, np.nan_to_num(values), width * 0.94, color=run_color(index), label=written(name))
        for place, value in zip(places, values, strict=True):
            text = 'none' if np.isnan(value) else f'{value:.2f}'
            axes.text(place, np.nan_to_num(value) + 0.015, text, ha='center', fontsize=8)
    totals = [of_size.count for of_size in next(iter(sizes.values()))]
    ranges = [_range_text(*edges[i : i + 2]) for i in bins]
    axes.set_xticks(bins, [f'{text}\n{total} {noun}s' for text, total in zip(ranges, totals, strict=True)])
    axes.grid(axis='x', visible=False)
    axes.set(ylim=(0, 1.1), xlabel='size: square root of the area (px)', ylabel='mean average precision (AP)')
    axes.set_title(f'Do small {noun}s do worse?')
    legend_above(axes, len(sizes))
    return figure


def _range_text(low: float, high: float) -> str:
    if low == 0:
        return 'all' if np.isinf(high) else f'under {high:g}'
    return f'{low:g} and more' if np.isinf(high) else f'{low:g} to {high:g}'
