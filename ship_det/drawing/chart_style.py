"""The look that all charts of a report share, and how they are saved."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec
from unicodedata import east_asian_width

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullLocator

from ship_det.drawing.fonts import drawable, font_families
from ship_det.drawing.pages import data_uri
from ship_det.files import replacing

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

_STYLE: dict[Any, Any] = {
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
    # A dollar sign in a name is a dollar sign.
    'text.parse_math': False,
    # The same input gives the same bytes.
    'svg.hashsalt': 'ship-det',
}
_PNG_DPI = 130
# So wide that ten inches fill the page.
_PAGE_PX_PER_INCH = 128


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Run a function that draws a figure in the style of the report."""

    @wraps(draw)
    def in_style(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, 'backend': 'agg', **_STYLE}):
            return draw(*args, **kwargs)

    return in_style


def run_color(index: int) -> str:
    """Colour of the index-th run in every chart."""
    return RUN_COLORS[index % len(RUN_COLORS)]


def run_marker(index: int) -> str:
    """Marker of the index-th run in every chart."""
    return RUN_MARKERS[index % len(RUN_MARKERS)]


def plain_log_ticks(axis: Axis, count: int = 8) -> None:
    """Label a logarithmic axis as 1, 2, 5, 10, 20, ..."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=count))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: f'{value:g}')


@dataclass(frozen=True)
class Chart:
    """A drawn chart.

    Attributes:
        uri: SVG as a data URI.
        width: on the page, px.
    """

    uri: str
    width: int


def written(name: str, columns: int = 40) -> str:
    """A name as charts can show it: cut where it is too long, code points for letters that no font here has.

    Letters of Chinese, Japanese and Korean take two of the ``columns``.
    """
    text = drawable(name)
    if text_columns(text) > columns:
        while text_columns(text) > columns - 1:
            text = text[:-1]
        text += '…'
    # matplotlib leaves what begins so out of a legend.
    return f' {text}' if text.startswith('_') else text


def text_columns(text: str) -> int:
    """How many letters wide a text is; those of Chinese, Japanese and Korean count twice."""
    return sum(2 if east_asian_width(letter) in 'WF' else 1 for letter in text)


def legend_above(axes: Axes, count: int) -> None:
    """A legend of one line at the right above the axes, where it hides nothing; none of a single entry."""
    if count == 1:
        return
    axes.legend(
        loc='lower right',
        bbox_to_anchor=(1.0, 0.985),
        borderaxespad=0.2,
        ncols=count,
        fontsize=8,
        handlelength=1.4,
        columnspacing=1.2,
    )


def save_chart(figure: Figure, path: Path) -> Chart:
    """Write a figure as PNG and return it for the page."""
    svg = io.BytesIO()
    _choose_fonts(figure)
    with matplotlib.rc_context(_STYLE):
        figure.savefig(svg, format='svg', metadata={'Date': None})
        # What is laid out stays where it is, which saves half of the time.
        figure.set_layout_engine('none')
        with replacing(path) as temporary:
            figure.savefig(temporary, format='png', dpi=_PNG_DPI)
    return Chart(data_uri('image/svg+xml', svg.getvalue()), round(figure.get_figwidth() * _PAGE_PX_PER_INCH))


def _choose_fonts(figure: Figure) -> None:
    """Let letters that the usual font lacks come from others."""
    families = font_families()
    if len(families) == 1:
        return
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # Labels of ticks are there once they have been asked for.
            axis.get_ticklabels()
    for text in figure.findobj(Text):
        text.set_fontfamily(families)
