"""How R2CNN and the skew-box Cascade code a rotated box, and at which angles the codes jump.

python docs/figures/box_codes.py     # writes box_codes.png beside this file
"""

import math
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import INK, run_color, save_chart, styled
from ship_det.geometry import rbox_to_quad
from ship_det.models.r2cnn import R2CNNCoder
from ship_det.models.r2cnn.box_coder import first_edge
from ship_det.models.skew_cascade import SkewBoxCoder

#: A ship of 120 x 24 px whose angle runs through half a turn, and the square proposal around it, px.
LENGTH, WIDTH = 120.0, 24.0
PROPOSAL = torch.tensor([[-75.0, -75.0, 75.0, 75.0]])
R2CNN_NAMES = ('(x1 - xc) / w', '(y1 - yc) / h', '(x2 - xc) / w', '(y2 - yc) / h', 'log(height / h)')
CASCADE_NAMES = ('dx', 'dy', 'dw = log(wb / w)', 'dh = log(hb / h)', 'dt, rad')


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(11, 6.6), layout='constrained')
    drawings, curves = figure.subplots(2, 3)
    for axes, degrees in zip(drawings, (-30, 80, 100), strict=True):
        draw_box(axes, degrees)
    unit = (1.0,) * 5
    draw_curves(
        curves[0], R2CNN_NAMES, lambda boxes: R2CNNCoder(inclined_stds=unit).encode(proposals(boxes), boxes)[:, 4:]
    )
    curves[0].set_title("R2CNN's inclined code: jumps at 90 degrees")
    draw_curves(curves[1], CASCADE_NAMES, lambda boxes: SkewBoxCoder(unit).encode(proposals(boxes), boxes))
    curves[1].set_title('Cascade, horizontal proposal: at 45 and 135')
    turned = torch.tensor([[0.0, 0.0, LENGTH, WIDTH, math.pi / 2 - 0.2]])
    draw_curves(
        curves[2],
        CASCADE_NAMES,
        lambda boxes: SkewBoxCoder(unit).encode(turned.expand(len(boxes), 5), boxes),
        legend=False,
    )
    curves[2].set_title('Cascade, proposal at 79: at 34 and 124')
    return figure


def proposals(boxes: torch.Tensor) -> torch.Tensor:
    return PROPOSAL.expand(len(boxes), 4)


def ships(degrees: np.ndarray) -> torch.Tensor:
    """Ships at angles, (N, 5), le90."""
    angles = (torch.from_numpy(np.radians(degrees)) + math.pi / 2) % math.pi - math.pi / 2
    sides = torch.tensor([0.0, 0.0, LENGTH, WIDTH], dtype=torch.float64)
    return torch.cat([sides.expand(len(angles), 4), angles[:, None]], dim=1)


def draw_box(axes: Axes, degrees: float) -> None:
    """The proposal, the ship and the numbers of R2CNN's code."""
    box = ships(np.array([degrees]))
    x1, y1, x2, y2, _ = first_edge(box)[0].tolist()
    low, _, high, _ = PROPOSAL[0].tolist()
    axes.plot([low, high, high, low, low], [low, low, high, high, low], '--', color=INK, linewidth=1)
    quad = rbox_to_quad(box.numpy())[0]
    axes.fill(*quad.T, facecolor='none', edgecolor=run_color(0), linewidth=1.5)
    axes.annotate(
        '',
        xy=(x2, y2),
        xytext=(x1, y1),
        arrowprops=dict(arrowstyle='-|>', color=run_color(1), linewidth=2, shrinkA=0, shrinkB=0),
    )
    angle = float(box[0, 4])
    across = np.array([-math.sin(angle), math.cos(angle)])
    for name, (x, y) in (('p1', (x1, y1)), ('p2', (x2, y2))):
        axes.plot(x, y, 'o', color=run_color(1), markersize=5)
        axes.annotate(name, (x, y), xytext=(x - 13 * across[0], y - 13 * across[1]), ha='center', va='center')
    start, end = quad.mean(axis=0) - across * WIDTH / 2, quad.mean(axis=0) + across * WIDTH / 2
    axes.annotate('', xy=end, xytext=start, arrowprops=dict(arrowstyle='<->', color=INK, shrinkA=0, shrinkB=0))
    axes.annotate('height', end + 14 * across, ha='center', va='center', fontsize=8)
    axes.annotate('proposal', (low + 3, low + 10), fontsize=8)
    axes.set(
        aspect='equal',
        xlim=(-90, 90),
        ylim=(90, -90),
        title=f'ship at {degrees} degrees: p1 to p2',
        xticks=[],
        yticks=[],
    )
    axes.spines[:].set_visible(False)


def draw_curves(axes: Axes, names: tuple[str, ...], encode, legend: bool = True) -> None:
    """The five numbers of a code against the ship's angle; a line ends where the code jumps."""
    degrees = np.linspace(0, 180, 1801)
    codes = encode(ships(degrees)).numpy()
    for index, name in enumerate(names):
        values = codes[:, index].astype(float)
        values[1:][np.abs(np.diff(values)) > 0.05] = np.nan
        axes.plot(degrees, values, color=run_color(index), label=name)
    axes.set(xlabel="ship's angle, degrees clockwise from the right", xticks=range(0, 181, 45), ylim=(-2, 2.4))
    if legend:
        axes.legend(fontsize=7, ncols=2)


if __name__ == '__main__':
    main()
