"""A small data set with drawn ships, and a predictions file with known mistakes."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import write_predictions
from ship_det.geometry import rbox_to_quad

CLASSES = ('tanker', 'submarine', 'ferry <&"')
SIDE = 200
# Image name: objects as (cx, cy, w, h, theta, class, difficult).
SHIPS = {
    'a.png': [(50, 50, 60, 12, 0.0, 0, False), (140, 50, 50, 10, 0.5, 1, False), (100, 150, 80, 16, -0.4, 1, False)],
    'b.png': [(60, 60, 70, 14, 0.3, 1, False), (150, 150, 40, 20, 0.0, 0, True)],
    'c.png': [],
}
# Image name: detections as (cx, cy, w, h, theta, class, score).
FOUND = {
    'a.png': [
        (50, 50, 60, 12, 0.0, 0, 0.95),  # right
        (141, 50, 50, 10, 0.5, 0, 0.9),  # the submarine taken for a tanker
        (50, 51, 60, 12, 0.0, 0, 0.7),  # the tanker a second time
        (100, 150, 80, 16, -0.4, 1, 0.3),  # right, below the score threshold
    ],
    'b.png': [
        (60, 60, 70, 14, 0.3, 1, 0.8),  # right
        (150, 150, 40, 20, 0.0, 0, 0.85),  # on the difficult tanker
        (60, 160, 30, 10, 1.0, 2, 0.6),  # nothing there
    ],
    'c.png': [],
}


def write_data_set(root: Path) -> None:
    """Chips of dark water with a light rectangle for each ship."""
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    for file, ships in SHIPS.items():
        image = Image.new('RGB', (SIDE, SIDE), (40, 60, 80))
        objects = []
        for *box, label, difficult in ships:
            quad = rbox_to_quad(np.array([box]))[0]
            ImageDraw.Draw(image).polygon([tuple(corner) for corner in quad], fill=(190, 190, 180))
            objects.append(LabeledObject(quad, CLASSES[label], difficult))
        image.save(root / 'images' / file)
        write_dota(root / 'labelTxt' / f'{Path(file).stem}.txt', objects)
    (root / 'train.txt').write_text('a.png\n')


def prediction_records(found: dict = FOUND) -> list[dict]:
    """Detections as ``write_predictions`` takes them."""
    records = []
    for file, rows in found.items():
        table = np.array(rows, dtype=np.float64).reshape(-1, 7)
        records.append({'file': file, 'boxes': table[:, :5], 'labels': table[:, 5].astype(int), 'scores': table[:, 6]})
    return records


@pytest.fixture(scope='session')
def sample(tmp_path_factory) -> SimpleNamespace:
    """Data set, predictions and training log on disk; tests only read them."""
    root = tmp_path_factory.mktemp('sample')
    write_data_set(root / 'set')
    write_predictions(root / 'ci.jsonl', CLASSES, prediction_records())
    steps = [{'loss': 4.0 / step, 'loss_cls': 1.0 / step, 'lr': 0.01, 'step': step} for step in range(1, 30)]
    (root / 'scalars.json').write_text('\n'.join(map(json.dumps, steps)))
    return SimpleNamespace(
        root=root, data=root / 'set', predictions=root / 'ci.jsonl', log=root / 'scalars.json', classes=CLASSES
    )
