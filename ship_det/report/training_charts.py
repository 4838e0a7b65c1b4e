"""Training curves: losses, learning rate and validation over iterations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ship_det.drawing.chart_style import MUTED, plain_log_ticks, run_color, styled, written
from ship_det.report.training_log import TrainingLog

# Points that a running mean spans, at most.
_SMOOTHING = 9
# Ratio of the largest to the smallest loss from which the axis is logarithmic.
_LOG_FROM = 5


@styled
def training_curves(logs: Sequence[tuple[str, TrainingLog]]) -> Figure:
    """Total loss, its parts, the learning rate and, where runs validated, mean AP over iterations, of runs by name."""
    validated = any(log.validation for _, log in logs)
    figure = Figure(figsize=(10, 6.2 if validated else 3.1), layout='constrained')
    panels = figure.subplots(2, 2, sharex=True).ravel() if validated else figure.subplots(1, 3)
    total, parts, rate = panels[:3]
    for index, (run, log) in enumerate(logs):
        name, color = written(run), run_color(index)
        _draw_loss(total, log.losses['loss'], color, name)
        rate.plot(*log.learning_rate, color=color)
        for place, (score, series) in enumerate(log.validation.items()):
            style = ['-', '--', ':', '-.'][place % 4]
            label = f'{name}: {score}' if len(logs) > 1 else score
            panels[3].plot(*series, style, color=color, marker='o', markersize=3.5, label=label)
    _draw_parts(parts, logs[0][1])
    _choose_scale(total)
    total.set(title='Loss (lower is better)', ylabel='loss')
    rate.set(title='Learning rate', ylabel='learning rate', ylim=(0, None))
    if len(logs) > 1:
        total.legend(fontsize=8)
        parts.set_title(f'Parts of the loss: {logs[0][0]}')
    if validated:
        panels[3].set(title='Validation (higher is better)', ylabel='mean average precision', ylim=(0, 1.02))
        panels[3].legend(fontsize=8)
    for axes in panels[2:] if validated else panels:
        axes.set_xlabel('iteration')
    return figure


def _draw_loss(axes: Axes, series: tuple[NDArray, NDArray], color: str, label: str) -> None:
    """A curve as logged, faint, and its running mean."""
    steps, values = series
    span = _span(values)
    if span > 1:
        axes.plot(steps, values, color=color, linewidth=0.8, alpha=0.35)
    axes.plot(steps, _running_mean(values, span), color=color, label=label)


def _draw_parts(axes: Axes, log: TrainingLog) -> None:
    parts = [name for name in log.losses if name != 'loss']
    for index, part in enumerate(parts):
        steps, values = log.losses[part]
        axes.plot(steps, _running_mean(values, _span(values)), color=run_color(index), label=part)
    _choose_scale(axes)
    axes.set(title='Parts of the loss', ylabel='loss')
    if parts:
        # The legend has room above the curves.
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top * (top / bottom) ** 0.4 if axes.get_yscale() == 'log' else top * 1.4)
        axes.legend(fontsize=7.5, ncols=2, loc='upper left', borderpad=0.2)
    else:
        axes.text(0.5, 0.5, 'none logged', color=MUTED, ha='center', transform=axes.transAxes)


def _choose_scale(axes: Axes) -> None:
    """Logarithmic where the curves span more than a few times, linear from 0 where they do not."""
    drawn = np.concatenate([np.zeros(0), *(np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)])
    positive = drawn[drawn > 0]
    if len(positive) and positive.max() > _LOG_FROM * positive.min():
        axes.set_yscale('log')
        plain_log_ticks(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)


def _span(values: NDArray) -> int:
    return min(_SMOOTHING, max(len(values) // 4, 1))


def _running_mean(values: NDArray, span: int) -> NDArray:
    """Mean over up to ``span`` points around each; fewer at the ends."""
    if span <= 1:
        return values
    kernel = np.ones(span)
    return np.convolve(values, kernel, 'same') / np.convolve(np.ones(len(values)), kernel, 'same')
