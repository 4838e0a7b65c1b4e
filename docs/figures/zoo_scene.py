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
from ship_det.drawing.boxes import MISSED_COLOR, RIGHT_COLOR, WRONG_COLOR, add_legend, draw_boxes
from ship_det.evaluation import evaluate
from ship_det.evaluation.instances import ground_truth_record
from ship_det.evaluation.matching import Matches

#: Seed of the scene: those of the fixed test are 0 to 19, those of training and validation begin at 900 000.
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
        labeled = read_dota(Path(folder, 'labelTxt', f'{image.stem}.txt'))
        ships = ship_det.load('r2cnn-aosr15', device='cpu').predict(image)
        pixels = np.array(Image.open(image).convert('RGB'))
    record = {'boxes': ships.boxes, 'scores': ships.scores, 'labels': ships.labels}
    truth = ground_truth_record(labeled, ships.classes)
    matches = evaluate([record], [truth], ships.classes, MIN_IOU).matches
    missed, counted = matches.missed(0), ~matches.ignored
    print(f'seed {SEED}: {(~truth["difficult"]).sum()} ships, {missed.sum()} missed; {said(matches, counted)}')

    left, top, width, height = VIEW
    corner = np.array([left, top])
    middle = ships.quads.mean(axis=1) - corner
    shown = np.flatnonzero(((middle > 0) & (middle < (width, height))).all(axis=1) & counted)
    print(f'in the picture: {said(matches, shown)}')
    drawn = pixels[top : top + height, left : left + width]
    quads = truth['quads']
    drawn = draw_boxes(drawn, quads[missed] - corner, None, MISSED_COLOR, width=3)
    colors = [RIGHT_COLOR if matches.right[row] else WRONG_COLOR for row in shown]
    names = [ships.classes[ships.labels[row]] for row in shown]
    drawn = draw_boxes(drawn, ships.quads[shown] - corner, names, colors)
    legend = (('right', RIGHT_COLOR), ('wrong', WRONG_COLOR), ('missed', MISSED_COLOR))
    Image.fromarray(add_legend(drawn, legend)).save(Path(__file__).with_suffix('.jpg'), quality=88)


def said(matches: Matches, rows: np.ndarray) -> str:
    """How many of some detections are right."""
    right = matches.right[rows]
    return f'{right.sum()} of {len(right)} boxes are right'


if __name__ == '__main__':
    main()
