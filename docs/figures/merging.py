"""How detections of overlapping windows become one set of ships: a ship seen twice, a piece, a ship joined from pieces.

python docs/figures/merging.py     # writes merging.png beside this file

The windows are small, so that all is seen at once. What goes, stays and is joined is what `merge_windows` says.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import MUTED, run_color, save_chart, styled
from ship_det.geometry import rbox_to_quad
from ship_det.geometry.convex import clip_to_views
from ship_det.scenes.merging import WindowDetections, Windows, merge_windows

#: Two windows of 100 px that share 30 px, (x, y, w, h), and the scene that they cover.
WINDOWS = np.array([[0, 0, 100, 100], [70, 0, 100, 100]])
SCENE = (170, 100)
#: What lies there, (cx, cy, w, h, theta): in both windows, cut by one border, longer than a window shows.
SHIPS = np.array([[85.0, 16, 24, 6, 0.1], [91.0, 41, 36, 8, 0.0], [88.0, 74, 120, 14, 0.08]])
NAMES = ('whole in both windows', 'cut by one window', 'whole in no window')
COLORS = (run_color(0), run_color(1))
PLATE = dict(facecolor='white', edgecolor='none', pad=1)


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(11, 3.5), layout='constrained')
    found, merged = figure.subplots(1, 2, sharey=True)
    windows = Windows(WINDOWS, WINDOWS[:, 2:], SCENE)
    detections = detect(windows)
    result = merge_windows(detections, windows)
    for axes in (found, merged):
        draw_windows(axes)
        for ship in SHIPS:
            axes.fill(*rbox_to_quad(ship[None])[0].T, color='#dfe4ea', zorder=0)
    found.set_title('1. What each window finds')
    for box, score, window in zip(detections.boxes, detections.scores, detections.window, strict=True):
        axes_box(found, box, COLORS[window], '-' if window == 0 else '--')
        end = box[:2] + (-1, 1)[window] * (box[2] / 2 + 7) * np.array([np.cos(box[4]), np.sin(box[4])])
        found.annotate(f'{score:.2f}', end, **centered(COLORS[window]))
    merged.set_title('2. What is left after merging')
    for box, score, row, joined in zip(result.boxes, result.scores, result.rows, result.joined, strict=True):
        color = run_color(2) if joined else COLORS[detections.window[row]]
        axes_box(merged, box, color, '-')
        ship = int(np.argmin(np.abs(SHIPS[:, 1] - box[1])))
        text = f'{NAMES[ship]}: {"joined" if joined else "one box stays"}, {score:.2f}'
        merged.annotate(text, (85, box[1] + 11 + 3 * (ship == 2)), **centered(color))
    return figure


def centered(color: str) -> dict:
    return dict(ha='center', va='center', fontsize=8, color=color, bbox=PLATE)


def detect(windows: Windows) -> WindowDetections:
    """Each ship as far as each window shows it: the rectangle of the part, as a detector would draw it."""
    boxes, window = [], []
    for ship in SHIPS:
        for row, view in enumerate(windows.views):
            part = clip_to_views(rbox_to_quad(ship[None]), view[None])[0]
            # The part of a long rectangle is one too, but for the slant of its cut end.
            axis = np.array([np.cos(ship[4]), np.sin(ship[4])])
            along = (part - ship[:2]) @ axis
            low, high = along.min(), along.max()
            # Half a px off, so that two of one place are both seen.
            boxes.append([*(ship[:2] + row / 2 + axis * (low + high) / 2), high - low, ship[3], ship[4]])
            window.append(row)
    scores = np.array([0.93, 0.88, 0.52, 0.91, 0.71, 0.64])
    return WindowDetections(np.array(boxes), scores, np.zeros(len(boxes), dtype=int), np.array(window))


def draw_windows(axes: Axes) -> None:
    for number, ((x, y, w, h), color) in enumerate(zip(WINDOWS.tolist(), COLORS, strict=True)):
        axes.plot([x, x + w, x + w, x, x], [y, y, y + h, y + h, y], color=color, linewidth=1, alpha=0.7, clip_on=False)
        place = 2 if number == 0 else x + w - 2
        axes.text(place, 5, f'window {number + 1}', color=color, fontsize=8, ha='left' if number == 0 else 'right')
    axes.axvspan(70, 100, color='#f4f0e6', zorder=-1)
    axes.text(85, 96, 'in both', ha='center', fontsize=8, color=MUTED)
    axes.set(aspect='equal', xlim=(-2, 172), ylim=(102, -2), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def axes_box(axes: Axes, box: np.ndarray, color: str, style: str) -> None:
    axes.fill(*rbox_to_quad(box[None])[0].T, facecolor='none', edgecolor=color, linewidth=1.8, linestyle=style)


if __name__ == '__main__':
    main()
