"""What the five numbers of a rotated box are, and where the angle of each convention jumps.

python docs/figures/box_angles.py     # writes box_angles.png beside this file
"""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from ship_det.drawing.chart_style import INK, run_color, save_chart, styled
from ship_det.geometry import rbox_to_quad

LENGTH, WIDTH = 120.0, 44.0
#: Range of the angle, degrees from the first up to but not with the second, and whether w is the long side.
CONVENTIONS = {'le90': (-90, 90, True), 'le135': (-45, 135, True), 'oc': (-90, 0, False)}
STYLES = {
    'le90': dict(linewidth=6, alpha=0.45),
    'le135': dict(linestyle='--'),
    'oc': dict(linestyle=':', linewidth=2.5),
}


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    box, jump, curves = figure.subplots(1, 3)
    draw_numbers(box, 30)
    draw_jump(jump)
    draw_angles(curves)
    return figure


def draw_numbers(axes: Axes, degrees: float) -> None:
    """A box with its centre, sides and angle."""
    angle = math.radians(degrees)
    along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    quad = rbox_to_quad([[0, 0, LENGTH, WIDTH, angle]])[0]
    axes.fill(*quad.T, facecolor='none', edgecolor=run_color(0), linewidth=2)
    for number, corner in enumerate(quad, 1):
        axes.annotate(str(number), corner * 1.13, ha='center', va='center', fontsize=8, color=run_color(0))
    axes.plot(0, 0, 'o', color=INK, markersize=4)
    axes.annotate('(cx, cy)', (-6, -2), ha='right', va='center', fontsize=8)
    sides = {'w': (-along * LENGTH / 2, along * LENGTH / 2, -across * 34), 'h': (-across, across, -along * 72)}
    for name, (start, end, offset) in sides.items():
        half = WIDTH / 2 if name == 'h' else 1
        axes.annotate('', end * half + offset, start * half + offset, arrowprops=arrow())
        axes.annotate(name, offset * 1.2, ha='center', va='center')
    axes.plot([0, 88], [0, 0], '--', color=INK, linewidth=1)
    axes.plot(*np.stack([0 * along, 88 * along], axis=1), color=INK, linewidth=1)
    axes.add_patch(Arc((0, 0), 152, 152, theta1=0, theta2=degrees, color=run_color(1), linewidth=2))
    axes.annotate('theta', (36, 9), ha='center', color=run_color(1), va='center')
    for name, end in (('x', (-62, -78)), ('y', (-88, -52))):
        axes.annotate('', end, (-88, -78), arrowprops=dict(arrowstyle='-|>', color=INK, shrinkA=0, shrinkB=0))
        axes.annotate(name, (end[0] + 5, end[1]) if name == 'x' else (end[0], end[1] + 8), ha='center', va='center')
    finish(axes, 'The five numbers; theta turns clockwise')


def draw_jump(axes: Axes) -> None:
    """Two ships that look alike and have angles far apart."""
    for x, degrees, colour in ((-38, 85, run_color(0)), (38, -85, run_color(1))):
        box = [[x, 0, LENGTH, WIDTH, math.radians(degrees)]]
        axes.fill(*rbox_to_quad(box)[0].T, facecolor='none', edgecolor=colour, linewidth=2)
        end = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]) * LENGTH / 2
        axes.annotate('', (x + end[0], end[1]), (x, 0), arrowprops=dict(arrowstyle='-|>', color=colour, linewidth=1.5))
        axes.annotate(f'theta {degrees}', (x, 78 if degrees < 0 else -72), ha='center', color=colour)
    finish(axes, 'Ten degrees of turn, theta jumps by 170')


def draw_angles(axes: Axes) -> None:
    """The angle that each convention gives a ship that turns; a line ends where it jumps."""
    turns = np.linspace(0, 180, 1801)
    for index, (name, (first, last, w_is_long)) in enumerate(CONVENTIONS.items()):
        angles = np.mod(turns - first, 180 if w_is_long else 90) + first
        angles[1:][np.abs(np.diff(angles)) > 10] = np.nan
        label = f'{name}: {first} to {last}'
        axes.plot(turns, angles, color=run_color(index), label=label, **STYLES[name])
    axes.set(
        title='Where theta jumps',
        xlabel="ship's axis, degrees clockwise from the right",
        ylabel='theta, degrees',
        xticks=range(0, 181, 45),
        yticks=range(-90, 136, 45),
        ylim=(-100, 210),
    )
    axes.legend(fontsize=8, loc='upper right', ncols=2)


def arrow() -> dict:
    return dict(arrowstyle='<->', color=INK, shrinkA=0, shrinkB=0)


def finish(axes: Axes, title: str) -> None:
    axes.set(aspect='equal', xlim=(-92, 92), ylim=(88, -88), xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)


if __name__ == '__main__':
    main()
