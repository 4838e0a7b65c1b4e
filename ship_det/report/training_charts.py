"""Training curves: losses, learning rate and validation over iterations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ship_det.report.chart_style import MUTED, plain_log_ticks, run_color, styled
from ship_det.report.training_log import TrainingLog

# Points that a running mean spans, at most.
_SMOOTHING = 9


@styled
def training_curves(logs: Sequence[tuple[str, TrainingLog]]) -> Figure:
    """Total loss, its parts, the learning rate and, where training validated, mean AP over iterations.

    Args:
        logs: name and log of each run.
    """
    validated = any(log.validation for _, log in logs)
    figure = Figure(figsize=(10, 6.2), layout='constrained')
    total, parts, rate, scores = figure.subplots(2, 2, sharex=True).ravel()
    for index, (name, log) in enumerate(logs):
        color = run_color(index)
        _draw_loss(total, log.losses['loss'], color, name)
        rate.plot(*log.learning_rate, color=color)
        for place, (score, series) in enumerate(log.validation.items()):
            style = ['-', '--', ':', '-.'][place % 4]
            label = f'{name}: {score}' if len(logs) > 1 else score
            scores.plot(*series, style, color=color, marker='o', markersize=3.5, label=label)
    _draw_parts(parts, *logs[0])
    total.set_title('Loss')
    rate.set_title('Learning rate')
    rate.set_ylim(bottom=0)
    if len(logs) > 1:
        total.legend(fontsize=8)
        parts.set_title(f'Parts of the loss: {logs[0][0]}')
    if validated:
        scores.set_title('Validation')
        scores.set_ylim(0, 1.02)
        scores.legend(fontsize=8)
    else:
        scores.remove()
    for axes in (rate, scores if validated else parts):
        axes.set_xlabel('iteration')
        axes.tick_params(labelbottom=True)
    return figure


def _draw_loss(axes: Axes, series: tuple[NDArray, NDArray], color: str, label: str) -> None:
    """A curve as logged, faint, and its running mean."""
    steps, values = series
    span = _span(values)
    if span > 1:
        axes.plot(steps, values, color=color, linewidth=0.8, alpha=0.35)
    axes.plot(steps, _running_mean(values, span), color=color, label=label)
    if len(values) and np.nanmin(values) > 0:
        axes.set_yscale('log')
        plain_log_ticks(axes.yaxis)


def _draw_parts(axes: Axes, name: str, log: TrainingLog) -> None:
    parts = [name for name in log.losses if name != 'loss']
    for index, part in enumerate(parts):
        steps, values = log.losses[part]
        axes.plot(steps, _running_mean(values, _span(values)), color=run_color(index), label=part)
    positive = [values[values > 0] for _, values in (log.losses[part] for part in parts)]
    if any(len(values) for values in positive):
        axes.set_yscale('log')
        plain_log_ticks(axes.yaxis)
    axes.set_title('Parts of the loss')
    if parts:
        axes.legend(fontsize=7.5, ncols=2)
    else:
        axes.text(0.5, 0.5, 'none logged', color=MUTED, ha='center', transform=axes.transAxes)


def _span(values: NDArray) -> int:
    return min(_SMOOTHING, max(len(values) // 4, 1))


def _running_mean(values: NDArray, span: int) -> NDArray:
    """Mean over up to ``span`` points around each; fewer at the ends."""
    if span <= 1:
        return values
    kernel = np.ones(span)
    return np.convolve(values, kernel, 'same') / np.convolve(np.ones(len(values)), kernel, 'same')
