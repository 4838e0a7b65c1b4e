"""Loss and gradient against p for cross-entropy, focal loss and CI loss (Fig. 2 of the CI loss paper); class factors.

python docs/figures/loss_curves.py     # writes loss_curves.png beside this file
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch.nn.functional import cross_entropy

from ship_det.drawing.chart_style import INK, plain_log_ticks, run_color, save_chart, styled
from ship_det.imbalance import class_factors
from ship_det.losses import ci_loss, softmax_focal_loss

#: Instances of the majority for one of the minority, and the style of the minority's line.
IMBALANCES = {16: '--', 100: ':', 256: '-'}


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(10, 3.4), layout='constrained')
    loss_axes, slope_axes, factor_axes = figure.subplots(1, 3)

    def add(label: str, color: str, style: str, loss: Callable, **arguments) -> None:
        p, rows, slopes = curve(loss, **arguments)
        loss_axes.plot(p, rows, style, color=color, label=label)
        slope_axes.plot(p, slopes, style, color=color)

    add('cross-entropy', INK, '-', cross_entropy)
    for gamma, color in ((0.5, run_color(2)), (5, run_color(1))):
        add(f'focal loss, gamma {gamma}', color, '-', softmax_focal_loss, gamma=gamma)
    add('CI loss, largest class', run_color(4), '-', ci_loss, class_counts=None)
    for ratio, style in IMBALANCES.items():
        add(f'CI loss, smaller of {ratio}:1', run_color(0), style, ci_loss, class_counts=[1, ratio])
    loss_axes.set(title='Loss', xlabel='p of the target class', ylim=(0, 5), xlim=(0, 1))
    slope_axes.set(title='Gradient with respect to p', xlabel='p of the target class', ylim=(-20, 0), xlim=(0, 1))
    loss_axes.legend(fontsize=7)
    draw_factors(factor_axes)
    return figure


def curve(loss: Callable, **arguments) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Probabilities of the target, the first of two classes, the loss of each, and its derivative by p."""
    p = torch.linspace(0.001, 0.999, 400, dtype=torch.float64)
    logits = torch.stack([torch.logit(p), torch.zeros_like(p)], dim=1).requires_grad_()
    rows = loss(logits, torch.zeros(len(p), dtype=torch.int64), reduction='none', **arguments)
    (gradient,) = torch.autograd.grad(rows.sum(), logits)
    return p, rows.detach(), gradient[:, 0] / (p * (1 - p))


def draw_factors(axes: Axes) -> None:
    """f of the smaller of two classes; it falls where the imbalance degree passes 1, at 100:1."""
    for ratios in (np.geomspace(1, 100, 50), np.geomspace(100.1, 10_000, 50)):
        axes.plot(ratios, [class_factors([ratio, 1])[1] for ratio in ratios], color=run_color(0))
    axes.set(xscale='log', yscale='log', ylim=(0.9, 14), title='f of the smaller class', xlabel='ratio of two classes')
    plain_log_ticks(axes.yaxis)
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:g}:1')


if __name__ == '__main__':
    main()
