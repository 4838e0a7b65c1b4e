"""The 30 splits of eq. (21)."""

from itertools import product

import pytest

from ship_det.experiments.few_shot.splits import all_splits, parse_split, split_name
from ship_det.imbalance import imbalance_degree


def test_the_30_splits_of_the_paper():
    brute_force = {
        counts for counts in product(range(1, 12), repeat=5) if sum(counts) == 15 and list(counts) == sorted(counts)
    }
    found = all_splits()
    assert len(found) == 30
    assert set(found) == brute_force


def test_ordered_by_imbalance_degree():
    degrees = [imbalance_degree(split) for split in all_splits()]
    assert degrees == sorted(degrees)
    assert all_splits()[0] == (3, 3, 3, 3, 3)
    assert all_splits()[-1] == (1, 1, 1, 1, 11)


@pytest.mark.parametrize(
    ('split', 'degree'),
    [((3, 3, 3, 3, 3), 0), ((1, 2, 3, 4, 5), 0.2831), ((1, 1, 1, 1, 11), 0.8331)],
)
def test_degree(split, degree):
    assert split in all_splits()
    assert imbalance_degree(split) == pytest.approx(degree, abs=5e-5)


def test_other_numbers():
    assert all_splits(4, 2) == [(2, 2), (1, 3)]
    with pytest.raises(ValueError, match='found 2 samples for 3 classes'):
        all_splits(2, 3)


def test_text():
    assert parse_split('1,2,3,4,5') == (1, 2, 3, 4, 5)
    assert split_name((1, 2, 10)) == '1,2,10'


@pytest.mark.parametrize('text', ['', '5', '1,0', '1,-2', '1,x', '1.5,2'])
def test_no_split(text):
    with pytest.raises(ValueError, match='expected whole numbers from 1'):
        parse_split(text)
