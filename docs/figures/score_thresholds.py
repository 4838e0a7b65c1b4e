"""What a score threshold trades: false alarms for missed ships; and why each class has one of its own.

python docs/figures/score_thresholds.py     # writes score_thresholds.png beside this file

The scores of two made-up classes are drawn by chance. Precision, recall and best F1 are those of `ship_det.evaluation`.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import INK, MUTED, RIGHT, WRONG, run_color, save_chart, styled
from ship_det.evaluation.curves import best_f1_point, precision_recall_curve

#: Name, number of ships, means of the scores of right and of wrong detections, number of wrong ones.
CLASSES = (('frequent class: 300 ships', 300, 0.76, 0.26, 260), ('rare class: 40 ships', 40, 0.48, 0.16, 70))
SPREAD = 0.14


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(11, 5.4), layout='constrained')
    panels = figure.subplots(2, 2, sharex=True)
    rng = np.random.default_rng(0)
    for column, (name, ships, right_mean, wrong_mean, wrong_count) in enumerate(CLASSES):
        right = np.clip(rng.normal(right_mean, SPREAD, round(0.9 * ships)), 0.02, 0.99)
        wrong = np.clip(rng.normal(wrong_mean, SPREAD, wrong_count), 0.02, 0.99)
        scores = np.concatenate([right, wrong])
        is_right = np.arange(len(scores)) < len(right)
        curve = precision_recall_curve(is_right, scores, ships)
        best = best_f1_point(curve, ships)
        draw_scores(panels[0, column], right, wrong, best.score)
        panels[0, column].set_title(name)
        draw_figures(panels[1, column], curve, best.score)
        panels[1, column].set_xlabel('score threshold')
    panels[0, 0].set_ylabel('detections')
    panels[1, 0].set_ylabel('share')
    panels[0, 0].legend(loc='upper left', fontsize=8)
    panels[1, 0].legend(loc='lower left', fontsize=8)
    return figure


def draw_scores(axes: Axes, right: np.ndarray, wrong: np.ndarray, best: float) -> None:
    """How many right and wrong detections have which score."""
    edges = np.linspace(0, 1, 26)
    axes.hist(wrong, edges, color=WRONG, alpha=0.55, label='wrong detections')
    axes.hist(right, edges, color=RIGHT, histtype='step', linewidth=1.8, label='right detections')
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
    axes.axvline(best, color=INK, linestyle='--', linewidth=1)
    text = dict(fontsize=8, color=MUTED, va='top', transform=axes.get_xaxis_transform())
    axes.text(best - 0.015, 0.97, 'left out', ha='right', **text)
    axes.text(best + 0.015, 0.97, 'on the map', ha='left', **text)


def draw_figures(axes: Axes, curve, best: float) -> None:
    """Precision, recall and F1 over the threshold."""
    precision, recall = curve.precision, curve.recall
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    lines = (('precision: right share of what is found', precision), ('recall: found share of the ships', recall))
    for index, (name, values) in enumerate((*lines, ('F1: both in one number', f1))):
        color, width = (run_color(2), 1.4) if index == 0 else (run_color(3), 1.4) if index == 1 else (INK, 2)
        axes.plot(curve.scores, values, color=color, linewidth=width, label=name)
    axes.axvline(best, color=INK, linestyle='--', linewidth=1)
    axes.text(best + 0.015, 0.06, f'best F1 at {best:.2f}', fontsize=8, color=INK)
    axes.set(xlim=(0, 1), ylim=(0, 1.03))


if __name__ == '__main__':
    main()
