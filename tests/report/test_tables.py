"""What the tables of the page hold."""

from types import SimpleNamespace

import numpy as np

from ship_det.report.page import tail_rows


def run_of(**aps):
    classes = {name: SimpleNamespace(ap=ap) for name, ap in aps.items()}
    return SimpleNamespace(classes=tuple(classes), main=SimpleNamespace(classes=classes))


def test_head_middle_and_tail():
    """Seven classes are three, two and two; one without ground truth has no AP and does not count."""
    runs = [run_of(a=0.1, b=0.9, c=0.5, d=0.7, e=np.nan, f=0.3, g=np.nan), run_of(**dict.fromkeys('abcdefg', 0.5))]
    head, middle, tail = tail_rows(runs, np.array([3, 900, 40, 500, 7, 100, 0]))
    assert (head.title, head.least, head.most) == ('head: 3 classes', 100, 900)
    np.testing.assert_allclose(head.mean_ap, [(0.9 + 0.7 + 0.3) / 3, 0.5])
    assert (middle.title, middle.least, middle.most, middle.mean_ap) == ('middle: 2 classes', 7, 40, [0.5, 0.5])
    assert (tail.title, tail.least, tail.most, tail.mean_ap) == ('tail: 2 classes', 0, 3, [0.1, 0.5])
