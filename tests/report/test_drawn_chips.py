"""Test chips with their boxes drawn in: in a crowd only mistakes are named."""

import numpy as np
import pytest

from ship_det.evaluation import evaluate
from ship_det.report import drawn_chips
from ship_det.report.drawn_chips import draw_chip
from ship_det.report.runs import Run


def grid_of(count):
    rows, columns = np.divmod(np.arange(count), 8)
    return np.column_stack([30 + 60.0 * columns, 30 + 40.0 * rows, *np.tile([[30.0, 10, 0]], (count, 1)).T])


@pytest.mark.parametrize(('count', 'named'), [(20, ['ship 0.90'] * 20), (40, [''] * 40)])
def test_a_crowd_names_mistakes_only(monkeypatch, count, named):
    """Right detections, a wrong one where no ship is, and a missed ship."""
    drawn = []
    monkeypatch.setattr(drawn_chips, 'draw_boxes', lambda image, quads, labels, *_, **__: drawn.append(labels) or image)
    ships = grid_of(count + 1)
    wrong = [[470.0, 380, 30, 10, 0]]
    predictions = [{'boxes': [*ships[:-1], *wrong], 'scores': [0.9] * count + [0.8], 'labels': [0] * count + [1]}]
    truths = [{'boxes': ships, 'labels': [0] * (count + 1)}]
    run = Run('ci', 'p.jsonl', {0.6: evaluate(predictions, truths, ['ship', 'ferry'])}, 0, None)
    draw_chip(np.zeros((400, 500, 3), np.uint8), run, 0)
    assert drawn == [None, ['ship', 'ferry 0.80', *named]]
