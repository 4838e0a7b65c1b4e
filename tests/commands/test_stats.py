"""stats.py as a command line."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ship_det.annotations import LabeledObject, write_dota
from ship_det.drawing.chart_style import styled
from ship_det.geometry import rbox_to_quad
from ship_det.imbalance import summarize


@pytest.fixture
def labels(tmp_path):
    """Tugs of 20 x 10, 40 x 10, 60 x 10 and 80 x 20 px, a ferry of 90 x 30 px, a difficult one, an empty file."""
    folder = tmp_path / 'set/labelTxt'
    folder.mkdir(parents=True)
    tugs = [(20, 10), (40, 10), (60, 10), (80, 20)]
    boxes = [('tug', *size, False) for size in tugs] + [('ferry', 90, 30, False), ('ferry', 8, 4, True)]
    objects = [LabeledObject(rbox_to_quad([[500, 500, w, h, 0.3]])[0], name, hard) for name, w, h, hard in boxes]
    write_dota(folder / 'port.txt', objects[:3])
    write_dota(folder / 'bay.txt', objects[3:])
    write_dota(folder / 'sea.txt', [])
    return folder


def test_table_totals_and_json(data_tool, labels, tmp_path):
    result = data_tool('stats.py', labels.parent, '--json', tmp_path / 'stats.json')
    assert (result.returncode, result.stderr) == (0, '')
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ['tug', '4', '80.00%', '1.000', '0', '50', '10', '4.0'] in rows
    assert ['ferry', '1', '20.00%', '2.000', '1', '90', '30', '3.0'] in rows
    assert '5 instances and 1 difficult object in 3 files, 1 of them without objects' in result.stdout
    # log10(4) / 2
    assert 'imbalance ratio (rho) 4, imbalance degree (lambda) 0.3010' in result.stdout
    stored = json.loads((tmp_path / 'stats.json').read_text())
    assert (stored['files'], stored['empty_files'], stored['imbalance_ratio']) == (3, 1, 4)
    assert stored['classes']['tug']['length'] == pytest.approx({'min': 20, 'median': 50, 'max': 80})
    assert stored['classes']['tug']['aspect_ratio'] == pytest.approx({'min': 2, 'median': 4, 'max': 6})
    assert (stored['classes']['ferry']['difficult'], stored['classes']['ferry']['factor']) == (1, 2)


def test_classes_may_be_given_and_absent(data_tool, labels, tmp_path):
    result = data_tool('stats.py', labels, '--classes', 'yacht, ferry, tug', '--json', tmp_path / 'stats.json')
    assert result.returncode == 0
    assert 'no instance of: yacht (f = 1, left out of rho and lambda)' in result.stdout
    classes = json.loads((tmp_path / 'stats.json').read_text())['classes']
    assert list(classes) == ['yacht', 'ferry', 'tug']
    assert (classes['yacht']['count'], classes['yacht']['factor'], classes['yacht']['length']) == (0, 1, None)


def test_most_frequent_class_first_in_the_plot(labels):
    stats = importlib.import_module('ship_det.commands.stats')
    counts, lengths, ratios = stats.draw(stats.read_statistics(labels, ['yacht', 'ferry', 'tug'])).axes
    assert [label.get_text() for label in ratios.get_xticklabels()] == ['tug', 'ferry', 'yacht']
    # A class without an instance has a bar of half a one on a log axis.
    assert [bar.get_height() for bar in counts.patches] == [4, 1, 0.5]
    assert counts.get_yscale() == lengths.get_yscale() == 'log'


def test_titles_of_the_plot_are_not_cut_off(labels):
    stats = importlib.import_module('ship_det.commands.stats')
    statistics = replace(
        stats.read_statistics(labels, ['tug', 'ferry']), summary=summarize(['tug', 'ferry'], [4561, 3])
    )

    def title_ends(of):
        figure = stats.draw(of)
        FigureCanvasAgg(figure).draw()
        return [axes._left_title.get_window_extent().x1 for axes in figure.axes], figure.bbox.width

    ends, width = styled(title_ends)(statistics)
    assert max(ends) < width


def test_plot_is_a_png(data_tool, labels, tmp_path):
    result = data_tool('stats.py', labels, '--classes', 'yacht,ferry,tug', '--plot', tmp_path / 'counts.png')
    assert (result.returncode, result.stderr) == (0, '')
    assert (tmp_path / 'counts.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('lines', 'arguments', 'message'),
    [
        (None, [], '{labels}: found no label file, expected *.txt'),
        ('1 2 3\n', [], '{labels}/port.txt:1: 3 columns, expected 9 or 10'),
        ('0 0 9 0 9 9 0 9 tug 0\n', ['--classes', 'ferry'], "{labels}/port.txt:1: unknown class 'tug'"),
        ('0 0 9 0 9 9 0 9 tug 1\n', [], '{labels}: found 1 object, all difficult, expected an instance'),
    ],
)
def test_bad_labels_exit_with_2_and_one_message(data_tool, tmp_path, lines, arguments, message):
    labels = tmp_path / 'labels'
    labels.mkdir()
    if lines:
        (labels / 'port.txt').write_text(lines)
    result = data_tool('stats.py', labels, *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith('error: ' + message.format(labels=labels))
    assert len(result.stderr.splitlines()) == 1


def test_help_imports_nothing_heavy(modules_of_help):
    assert not modules_of_help('stats.py') & {'torch', 'mmcv', 'numpy', 'shapely', 'rich', 'matplotlib'}


def test_run_does_not_import_torch(labels, tmp_path):
    tool = Path(__file__).parents[2] / 'data_tools/stats.py'
    command = [sys.executable, '-X', 'importtime', tool, labels, '--plot', tmp_path / 'counts.png']
    result = subprocess.run(command, capture_output=True, text=True)
    modules = {line.split('|')[-1].strip() for line in result.stderr.splitlines()}
    assert 'ship_det.imbalance' in modules
    assert not modules & {'torch', 'mmcv', 'mmengine'}
