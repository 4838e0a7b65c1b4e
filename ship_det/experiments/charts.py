"""What the charts of all experiments share: trials with their mean or median on a line, and how they are saved."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import run_marker, save_chart
from ship_det.experiments.statistics import Estimate

# Trials below their mean, in lines: the interval would hide them.
_BELOW = 0.25


def center_marker(is_median: bool) -> str:
    """Marker of a mean or of a median."""
    return run_marker(2 if is_median else 0)


def draw_estimate(axes: Axes, line: int, found: Estimate, trials: Sequence[float], color: str) -> None:
    """Draw a mean or median with its interval, and the trials as small points below, all in the units of the axis.

    ``line``: the one that it is drawn on; the first is 0, lines are counted downwards.
    """
    axes.plot(trials, [line + _BELOW] * len(trials), 'o', color=color, markersize=3, alpha=0.6, markeredgewidth=0)
    ends = np.nan_to_num([found.low, found.high], nan=found.center)
    axes.errorbar(
        found.center,
        line,
        xerr=np.abs(ends - found.center)[:, np.newaxis],
        fmt=center_marker(found.is_median),
        color=color,
        markersize=5,
        capsize=2,
        linewidth=1.2,
    )


def save_figures(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write charts as PNG files by their names into a folder, which is made, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        save_chart(figure, folder / name)
    return [folder / name for name in figures]
