"""The table of counts, shares and factors."""

import numpy as np
import pytest

from ship_det.imbalance import summarize


def test_summary_of_a_long_tail_with_an_absent_class():
    summary = summarize(['tug', 'ferry', 'yacht'], [75, 25, 0])
    assert summary.shares == pytest.approx([0.75, 0.25, 0])
    assert summary.factors == pytest.approx([1, np.sqrt(3), 1])
    assert (summary.ratio, summary.absent) == (3, ('yacht',))
    assert summary.degree == pytest.approx(np.log10(3) / 2)


def test_text_lists_every_class_and_the_totals():
    lines = str(summarize(['tug', 'ferry'], [300, 100])).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ['class', 'count', 'share', 'f'],
        ['tug', '300', '75.00%', '1.000'],
        ['ferry', '100', '25.00%', '1.732'],
    ]
    assert lines[3] == '400 instances, imbalance ratio 3, degree 0.2386'


def test_beyond_a_degree_of_1_the_smaller_power_is_said():
    classes, counts = ['tug', 'ferry'], [1000, 5]
    steep = summarize(classes, counts)
    assert (steep.exponent, steep.factors[1]) == (1 / 8, pytest.approx(200 ** (1 / 8)))
    assert 'degree above 1: f is the power 1/8' in steep.advice and steep.advice in str(steep)
    kept = summarize(classes, counts, exponent=0.5)
    assert (kept.advice, kept.factors[1]) == ('', pytest.approx(200**0.5))
    # Half of the classes 100 : 1, just on the edge.
    assert (summarize(classes, [100, 1]).exponent, summarize(classes, [100, 1]).advice) == (1 / 2, '')


def test_names_and_counts_must_match():
    with pytest.raises(ValueError, match='found 2 counts, expected one for each of 1 classes'):
        summarize(['tug'], [1, 2])
