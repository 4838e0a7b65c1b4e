"""The table and the plot."""

import math

import pytest
from matplotlib.axes import Axes
from PIL import Image

from ship_det.experiments.few_shot.presentation import make_table, plot_accuracy
from ship_det.experiments.few_shot.results import Row
from ship_det.experiments.statistics import Estimate, Gain


def mean(center: float, margin: float, trials: int) -> Estimate:
    return Estimate(center, center - margin, center + margin, trials)


ROWS = [
    Row((3, 3, 3, 3, 3), 0.0, 7, {'ce': mean(0.5, 0.01, 1)}, {}),
    Row(
        (1, 2, 3, 4, 5),
        0.2831,
        7,
        {'ce': mean(0.4, 0.01, 1), 'ci': mean(0.45, 0.02, 1)},
        {'ci': Gain(mean(0.05, 0.05, 1), math.nan)},
    ),
]
SEVERAL = Row(
    (1, 1, 1, 1, 11),
    0.8333,
    7,
    {'ce': mean(0.3, 0.01, 3), 'ci': mean(0.35, 0.02, 4)},
    {'ci': Gain(mean(0.05, 0.05, 3), 0.05)},
)


def cells(rows: list[Row]) -> list[list[str]]:
    """The table's cells, the header first, a rule second."""
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in make_table(rows)]


def test_table_has_the_papers_numbers_beside_ours():
    lines = cells(ROWS)
    assert lines[0] == [
        'split',
        'lambda',
        'meta-updates',
        'trainings',
        'CE',
        'CI',
        'CI - CE (p)',
        'paper CE',
        'paper CI',
    ]
    assert lines[2] == ['3,3,3,3,3', '0.000', '7', '1/0', '50.0 ± 1.0, one training', '', '', '59.5', '']
    assert lines[3] == [
        '1,2,3,4,5',
        '0.283',
        '7',
        '1/1',
        '40.0 ± 1.0, one training',
        '45.0 ± 2.0, one training',
        '+5.0 ± 5.0, one training',
        '53.5',
        '58.7',
    ]


def test_p_stands_beside_differences_of_several_trainings_alone():
    (line,) = cells([SEVERAL])[2:]
    assert line[3:7] == ['3/4', '30.0 ± 1.0', '35.0 ± 2.0', '+5.0 ± 5.0 (0.05)']


@pytest.mark.parametrize(
    ('rows', 'bars'),
    [
        (ROWS, 'one training a point, bars: 95 % over its test tasks'),
        ([SEVERAL], 'bars: 95 % over trainings'),
        ([*ROWS, SEVERAL], 'bars: 95 % over trainings, of one training over its test tasks'),
    ],
)
def test_plot_says_what_its_bars_are(rows, bars, tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(Axes, 'set_title', lambda axes, title, **style: titles.append(title))
    plot_accuracy(rows, tmp_path / 'a.svg')
    assert titles == [f'MAML, 7 meta-updates; {bars}']


def test_plot(tmp_path):
    plot_accuracy(ROWS, tmp_path / 'new' / 'fig5.png')
    with Image.open(tmp_path / 'new/fig5.png') as image:
        assert image.size == (910, 546)
        colors = {color for _, color in image.convert('RGB').getcolors(10**6)}
    # The lines of CE and CI.
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)} <= colors
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['fig5.png']


def test_plot_waits_for_the_other_losses(tmp_path):
    further = Row((1, 2, 3, 4, 5), 0.2831, 9, {'ce': mean(0.42, 0.01, 1)}, {})
    plot_accuracy(ROWS, tmp_path / 'a.png')
    plot_accuracy([*ROWS, further], tmp_path / 'b.png')
    plot_accuracy([*ROWS, further._replace(accuracies=ROWS[1].accuracies)], tmp_path / 'c.png')
    pictures = [(tmp_path / name).read_bytes() for name in ('a.png', 'b.png', 'c.png')]
    assert pictures[0] == pictures[1] != pictures[2]


def test_plot_of_an_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match=r"found the suffix '\.txt', expected"):
        plot_accuracy(ROWS, tmp_path / 'a.txt')
