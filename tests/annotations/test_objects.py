"""Labelled objects."""

import numpy as np

from ship_det.annotations import LabeledObject

SQUARE = np.array([[0.0, 0], [2, 0], [2, 1], [0, 1]])


def test_objects_are_equal_by_value():
    labeled = LabeledObject(SQUARE, 'ship')
    assert labeled == LabeledObject(SQUARE.copy(), 'ship')
    assert labeled != LabeledObject(SQUARE + 1, 'ship')
    assert labeled != LabeledObject(SQUARE, 'ship', difficult=True)
    assert labeled != 'ship'
