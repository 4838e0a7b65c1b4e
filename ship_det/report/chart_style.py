"""The look that all charts of a report share, and how they are saved."""

import io
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib
from matplotlib.figure import Figure

Parameters = ParamSpec('Parameters')

INK = '#1f2933'
MUTED = '#6b7785'
GRID = '#dfe4ea'
#: Colours of runs, told apart with any kind of colour vision (Okabe and Ito), dark enough on white.
RUN_COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#56b4e9', '#3c4650')
RUN_MARKERS = ('o', 's', 'D', '^', 'v', 'P', 'X')
RIGHT = '#0072b2'
WRONG = '#d55e00'
BARS = '#b9c4d0'

_STYLE = {
    'font.family': 'DejaVu Sans',
    'font.size': 9,
    'axes.titlesize': 10,
    'axes.titleweight': 'bold',
    'axes.titlelocation': 'left',
    'axes.labelcolor': MUTED,
    'axes.edgecolor': '#aab4bf',
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.axisbelow': True,
    'axes.grid': True,
    'grid.color': GRID,
    'grid.linewidth': 0.8,
    'text.color': INK,
    'xtick.color': MUTED,
    'ytick.color': MUTED,
    'xtick.labelcolor': INK,
    'ytick.labelcolor': INK,
    'legend.frameon': False,
    'lines.linewidth': 1.8,
    'figure.facecolor': 'white',
    'savefig.facecolor': 'white',
    # The same input gives the same bytes.
    'svg.hashsalt': 'ship-det',
}
_PNG_DPI = 130


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Run a function that draws a figure in the style of the report."""

    @wraps(draw)
    def in_style(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, 'backend': 'agg', **_STYLE}):
            return draw(*args, **kwargs)

    return in_style


def run_color(index: int) -> str:
    return RUN_COLORS[index % len(RUN_COLORS)]


def run_marker(index: int) -> str:
    return RUN_MARKERS[index % len(RUN_MARKERS)]


def save_chart(figure: Figure, path: Path) -> bytes:
    """Write a figure as PNG and return it as SVG."""
    svg = io.BytesIO()
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    with matplotlib.rc_context(_STYLE):
        figure.savefig(svg, format='svg', metadata={'Date': None}, bbox_inches='tight', pad_inches=0.08)
        figure.savefig(temporary, format='png', dpi=_PNG_DPI, bbox_inches='tight', pad_inches=0.08)
    os.replace(temporary, path)
    return svg.getvalue()
