"""The table and the plot."""

import pytest
from PIL import Image
from rich.console import Console

from ship_det.experiments.few_shot.presentation import make_table, plot_accuracy
from ship_det.experiments.few_shot.results import Estimate, Row

ROWS = [
    Row((3, 3, 3, 3, 3), 0.0, 7, {'ce': 1}, {'ce': Estimate(0.5, 0.01)}, {}),
    Row(
        (1, 2, 3, 4, 5),
        0.2831,
        7,
        {'ce': 1, 'ci': 1},
        {'ce': Estimate(0.4, 0.01), 'ci': Estimate(0.45, 0.02)},
        {'ci': Estimate(0.05, 0.05)},
    ),
]


def test_table_has_the_papers_numbers_beside_ours():
    console = Console(width=240, record=True)
    console.print(make_table(ROWS))
    lines = [
        [cell.strip() for cell in line.split('|')[1:-1]] for line in console.export_text().splitlines() if '|' in line
    ]
    header = ['split', 'lambda', 'meta-updates', 'seeds', 'CE', 'CI', 'CI - CE (p)', 'paper CE', 'paper CI']
    assert lines[0] == header
    assert lines[2] == ['3,3,3,3,3', '0.000', '7', '1/0', '50.0 ± 1.0', '', '', '59.5', '']
    assert lines[3] == [
        '1,2,3,4,5',
        '0.283',
        '7',
        '1/1',
        '40.0 ± 1.0',
        '45.0 ± 2.0',
        '+5.0 ± 5.0 (0.05)',
        '53.5',
        '58.7',
    ]


def test_plot(tmp_path):
    plot_accuracy(ROWS, tmp_path / 'new' / 'fig5.png')
    with Image.open(tmp_path / 'new/fig5.png') as image:
        assert image.size == (910, 546)
        colors = {color for _, color in image.convert('RGB').getcolors(10**6)}
    # The lines of CE and CI.
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)} <= colors
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['fig5.png']


def test_plot_waits_for_the_other_losses(tmp_path):
    further = Row((1, 2, 3, 4, 5), 0.2831, 9, {'ce': 1}, {'ce': Estimate(0.42, 0.01)}, {})
    plot_accuracy(ROWS, tmp_path / 'a.png')
    plot_accuracy([*ROWS, further], tmp_path / 'b.png')
    plot_accuracy([*ROWS, further._replace(accuracies=ROWS[1].accuracies)], tmp_path / 'c.png')
    pictures = [(tmp_path / name).read_bytes() for name in ('a.png', 'b.png', 'c.png')]
    assert pictures[0] == pictures[1] != pictures[2]


def test_plot_of_an_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match=r"found the suffix '\.txt', expected"):
        plot_accuracy(ROWS, tmp_path / 'a.txt')
