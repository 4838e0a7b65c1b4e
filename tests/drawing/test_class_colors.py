"""Colours of ship classes."""

import re

import pytest

from ship_det.drawing.class_colors import class_colors


@pytest.mark.parametrize('count', [0, 1, 10, 40])
def test_no_two_classes_look_alike(count):
    colors = class_colors(count)
    assert len(set(colors)) == len(colors) == count
    assert all(re.fullmatch('#[0-9a-f]{6}', color) for color in colors)


def test_a_class_keeps_its_color_beside_more_classes():
    assert class_colors(30)[:12] == class_colors(12)
