"""What the zoo's r2cnn-aosr15 finds in a simulated scene that it has never seen: README's picture.

python docs/figures/zoo_scene.py     # writes zoo_scene.jpg beside this file, and says how many boxes are right
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import ship_det
from ship_det.annotations import read_dota
from ship_det.drawing.boxes import GROUND_TRUTH_COLOR, RIGHT_COLOR, WRONG_COLOR, add_legend, draw_boxes
from ship_det.geometry import aligned_iou, quad_to_rbox

#: Seed of the scene: those of the fixed test are 0 to 19, those of the training begin at 900 000.
SEED = 20
GSD = 1.1
#: Left, top, width and height of the part that is shown, px.
VIEW = (0, 0, 1400, 860)
MIN_IOU = 0.6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = ('--size', 2000, '--gsd', GSD, '--ships', 90, '--tail', 1, '--scenes', 1, '--seed', SEED)
        command = [sys.executable, '-m', 'ship_det.commands.main', 'simulate', folder, *map(str, options)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        image = next(Path(folder, 'images').iterdir())
        labeled = [one for one in read_dota(Path(folder, 'labelTxt', f'{image.stem}.txt')) if not one.difficult]
        ships = ship_det.load('r2cnn-aosr15', device='cpu').predict(image)
        pixels = np.array(Image.open(image).convert('RGB'))
    truths = np.array([one.quad for one in labeled])
    names = [ships.classes[label] for label in ships.labels]
    right, found = match(ships.quads, names, truths, [one.name for one in labeled])
    print(f'seed {SEED}: {len(labeled)} ships, {found.sum()} found; {right.sum()} of {len(right)} boxes are right')

    left, top, width, height = VIEW
    corner = np.array([left, top])
    middle = ships.quads.mean(axis=1) - corner
    inside = ((middle > 0) & (middle < (width, height))).all(axis=1)
    print(f'in the picture {(right & inside).sum()} of {inside.sum()} boxes are right')
    drawn = pixels[top : top + height, left : left + width]
    drawn = draw_boxes(drawn, truths[~found] - corner, None, GROUND_TRUTH_COLOR, width=3)
    rows = np.flatnonzero(inside)
    colors = [RIGHT_COLOR if right[row] else WRONG_COLOR for row in rows]
    drawn = draw_boxes(drawn, ships.quads[rows] - corner, [names[row] for row in rows], colors)
    legend = (('right', RIGHT_COLOR), ('wrong', WRONG_COLOR), ('missed', GROUND_TRUTH_COLOR))
    Image.fromarray(add_legend(drawn, legend)).save(Path(__file__).with_suffix('.jpg'), quality=88)


def match(quads, names, truths, truth_names) -> tuple[np.ndarray, np.ndarray]:
    """Which detections, by descending score, are right, each ship once; and which ships they find."""
    boxes, others = quad_to_rbox(quads), quad_to_rbox(truths)
    right, found = np.zeros(len(boxes), dtype=bool), np.zeros(len(others), dtype=bool)
    for row, (box, name) in enumerate(zip(boxes, names, strict=True)):
        overlaps = aligned_iou(np.tile(box, (len(others), 1)), others)
        overlaps[found | (np.array(truth_names) != name)] = 0
        best = overlaps.argmax()
        if overlaps[best] > MIN_IOU:
            right[row] = found[best] = True
    return right, found


if __name__ == '__main__':
    main()
