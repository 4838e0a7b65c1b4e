"""DOTA label files: what is read, what is refused and how it is said, exact round trips."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.annotations.dota import check_dota_classes, scan_dota

SQUARE = '0 0 4 0 4 3 0 3'


def read_text(tmp_path, text, classes=None):
    path = tmp_path / 'scene.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_dota(path, classes)


@pytest.mark.parametrize(
    ('line', 'classes', 'name', 'difficult'),
    [
        (f'{SQUARE} ship 0', None, 'ship', False),
        (f'{SQUARE} ship 1', None, 'ship', True),
        (f'{SQUARE} ship 2', None, 'ship', True),
        (f'{SQUARE} ship', None, 'ship', False),
        (f'{SQUARE} ship', ['ship'], 'ship', False),
        (f'{SQUARE} aircraft carrier 1', None, 'aircraft carrier', True),
        (f'{SQUARE} aircraft carrier', None, 'aircraft carrier', False),
        (f'{SQUARE} type 2', ['type 2'], 'type 2', False),
        (f'{SQUARE} type 2 1', ['type 1', 'type 2'], 'type 2', True),
        (f'{SQUARE} 7 0', ['7'], '7', False),
        (f'{SQUARE} 052 0', None, '052', False),
        (f'{SQUARE} Type 45 1', None, 'Type 45', True),
        (f'{SQUARE} DDG 51 flight 2 0', None, 'DDG 51 flight 2', False),
        (f'{SQUARE} 054A 0', None, '054A', False),
    ],
)
def test_label_columns(tmp_path, line, classes, name, difficult):
    (labeled,) = read_text(tmp_path, line, classes)
    assert (labeled.name, labeled.difficult, labeled.score) == (name, difficult, None)
    np.testing.assert_array_equal(labeled.quad, [[0, 0], [4, 0], [4, 3], [0, 3]])


def test_headers_blank_lines_byte_order_mark_and_windows_line_ends(tmp_path):
    text = f'\ufeffimagesource:GoogleEarth\r\ngsd: 0.28\r\n\r\n{SQUARE} ship 0\r\n   \r\n{SQUARE} harbor 1'
    assert [labeled.name for labeled in read_text(tmp_path, text)] == ['ship', 'harbor']


@pytest.mark.parametrize('text', ['', '\n\n', 'imagesource:GoogleEarth\ngsd:null\n'])
def test_file_without_objects(tmp_path, text):
    assert read_text(tmp_path, text, classes=['ship']) == []


@pytest.mark.parametrize(
    ('bad_line', 'message'),
    [
        ('0 0 4 0 4 3 0 ship 0', r"scene\.txt:3: column 8 is 'ship', expected a finite number"),
        ('0 0 4 0 4 3 0', r'scene\.txt:3: 7 columns, expected 9 or 10'),
        (SQUARE, r'scene\.txt:3: 8 columns, expected 9 or 10'),
        (f'{SQUARE} 0', r"scene\.txt:3: found '0' after 8 coordinates"),
        (f'{SQUARE} 5 ship 0', r"scene\.txt:3: found '5 ship 0' after 8 coordinates"),
        (f'{SQUARE} 7 9 ship 0', r"scene\.txt:3: found '7 9 ship 0' after 8 coordinates"),
        (f'{SQUARE} ship 0.98', r"scene\.txt:3: found 'ship 0.98' after 8 coordinates"),
        (f'{SQUARE} ship 0.98 0', r"scene\.txt:3: found 'ship 0.98 0' after 8 coordinates"),
        (f'{SQUARE} ship 5', r"scene\.txt:3: found 'ship 5' after 8 coordinates"),
        ('0 0 4 0 4 nan 0 3 ship 0', r"scene\.txt:3: column 6 is 'nan', expected a finite number"),
        ('0 0 4 0 4 3 inf 3 ship 0', r"scene\.txt:3: column 7 is 'inf', expected a finite number"),
        ('0,0,4,0,4,3,0,3,ship,0', r'scene\.txt:3: column 1 is .*, expected a finite number'),
        ('0 0 4 0 8 0 2 0 ship 0', r'scene\.txt:3: the quad 0 0 4 0 8 0 2 0 has no area'),
        ('5 5 5 5 5 5 5 5 ship 0', r'scene\.txt:3: the quad .* has no area'),
    ],
)
def test_bad_line_is_named(tmp_path, bad_line, message):
    with pytest.raises(ValueError, match=message):
        read_text(tmp_path, f'gsd:1\n{SQUARE} ship 0\n{bad_line}\n{SQUARE} ship 0\n')


def test_large_file_reads_as_a_small_one(tmp_path):
    lines = [f'{x} 0 {x + 4} 0 {x + 4} 3 {x} 3 ship {x % 2}\n' for x in range(100_000)]
    found = read_text(tmp_path, ''.join(lines))
    assert [labeled.quad[0, 0] for labeled in found] == list(range(100_000))
    assert sum(labeled.difficult for labeled in found) == 50_000
    lines[99_999] = lines[99_999].replace(' 3 ship', ' nan ship')
    with pytest.raises(ValueError, match=r"scene\.txt:100000: column 8 is 'nan'"):
        read_text(tmp_path, ''.join(lines))


def test_scan_reads_the_good_lines_and_names_the_bad(tmp_path):
    path = tmp_path / 'scene.txt'
    path.write_text(f'gsd:1\n{SQUARE} ship 0\n1 2 3\n{SQUARE} tug 1\n0 0 4 0 8 0 2 0 ship 0\n')
    objects, wrong = scan_dota(path)
    assert [(line, labeled.name, labeled.difficult) for line, labeled in objects] == [
        (2, 'ship', False),
        (4, 'tug', True),
    ]
    assert [line for line, _ in wrong] == [3, 5]
    assert wrong[0][1].startswith('3 columns, expected 9 or 10')
    path.write_text(f'{SQUARE} ship 0\n')
    assert scan_dota(path) == ([(1, read_dota(path)[0])], [])


def test_unknown_class_names_file_line_and_classes(tmp_path):
    with pytest.raises(ValueError, match=r"scene\.txt:2: unknown class 'sihp', expected one of: ship, harbor"):
        read_text(tmp_path, f'{SQUARE} ship 0\n{SQUARE} sihp 0\n', classes=('ship', 'harbor'))


def test_two_readings_of_a_label_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"scene\.txt:1: 'type 1' may be class 'type' or 'type 1'"):
        read_text(tmp_path, f'{SQUARE} type 1', classes=['type', 'type 1'])


@pytest.mark.parametrize('content', [b'\xff\xfe\x00', b'0 0 4 0\x00'])
def test_binary_file_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r'scene\.txt: .*expected a text file'):
        read_text(tmp_path, content)


@pytest.mark.parametrize(
    ('corners', 'expected'),
    [
        ('0 0 0 3 4 3 4 0', [[0, 0], [4, 0], [4, 3], [0, 3]]),  # anticlockwise on screen
        ('4 3 0 3 0 0 4 0', [[4, 3], [0, 3], [0, 0], [4, 0]]),  # clockwise from another corner
        ('0 0 4 3 4 0 0 3', [[0, 0], [4, 0], [4, 3], [0, 3]]),  # bow tie: sides 0-1 and 2-3 cross
        ('0 0 4 0 0 3 4 3', [[0, 0], [4, 0], [4, 3], [0, 3]]),  # bow tie: sides 1-2 and 3-0 cross
    ],
)
def test_corners_run_clockwise_on_screen_from_the_first(tmp_path, corners, expected):
    (labeled,) = read_text(tmp_path, f'{corners} ship 0')
    np.testing.assert_array_equal(labeled.quad, expected)
    assert labeled.quad.dtype == np.float64


coordinate = st.floats(min_value=-20000, max_value=20000, allow_subnormal=False)


@settings(max_examples=50, deadline=None)
@given(x=coordinate, y=coordinate, w=st.floats(0.1, 900), h=st.floats(0.1, 900), angle=st.floats(-4, 4))
def test_round_trip_is_exact(tmp_path_factory, x, y, w, h, angle):
    along = np.array([np.cos(angle), np.sin(angle)]) * w / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * h / 2
    quad = np.array([x, y]) + np.stack([-along - across, along - across, along + across, -along + across])
    path = tmp_path_factory.mktemp('dota') / 'chip.txt'
    written = [LabeledObject(quad, 'small boat', True), LabeledObject(quad[[1, 2, 3, 0]], 'ship')]
    write_dota(path, written)
    assert read_dota(path) == written


def test_whole_pixels_are_written_without_decimals(tmp_path):
    path = tmp_path / 'chip.txt'
    write_dota(path, [LabeledObject(np.array([[-0.0, 0], [4, 0], [4, 2.5], [0, 2.5]]), 'ship')])
    assert path.read_text() == '0 0 4 0 4 2.5 0 2.5 ship 0\n'
    assert os.listdir(tmp_path) == ['chip.txt']


@pytest.mark.parametrize(
    ('quad', 'name', 'message'),
    [
        (np.zeros((3, 2)), 'ship', r'chip\.txt: object 0: expected a quad of 4 finite corners'),
        (np.full((4, 2), np.nan), 'ship', r'chip\.txt: object 0: expected a quad of 4 finite corners'),
        (np.eye(4, 2), '', r'chip\.txt: object 0: expected a class name'),
        (np.eye(4, 2), 'a\nb', r'chip\.txt: object 0: expected a class name'),
        (np.eye(4, 2), 'a\0', r'chip\.txt: object 0: expected a class name'),
        (np.eye(4, 2), '1.0', r"chip\.txt: object 0: expected a class name .*'1\.0' \(--class-map of convert"),
        (np.eye(4, 2), '3 masts', r'chip\.txt: object 0: expected a class name'),
        (np.eye(4, 2), 'ship 1e5', r'chip\.txt: object 0: expected a class name'),
        (np.eye(4, 2), 'ship nan', r'chip\.txt: object 0: expected a class name'),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, quad, name, message):
    with pytest.raises(ValueError, match=message):
        write_dota(tmp_path / 'chip.txt', [LabeledObject(quad, name)])
    assert os.listdir(tmp_path) == []


@settings(max_examples=200, deadline=None)
@given(name=st.lists(st.text(st.characters(codec='utf-8'), min_size=1, max_size=6), max_size=3).map(' '.join))
def test_names_read_back_or_are_refused(tmp_path_factory, name):
    path = tmp_path_factory.mktemp('names') / 'a.txt'
    try:
        write_dota(path, [LabeledObject(np.array([[0.0, 0], [4, 0], [4, 3], [0, 3]]), name, True)])
    except ValueError:
        assert not path.exists()
    else:
        assert [(found.name, found.difficult) for found in read_dota(path)] == [(name, True)]


@pytest.mark.parametrize('names', [('type', 'type 1'), ('ship', 'boat', 'boat 0'), ('a 2', 'a 2 2')])
def test_classes_that_a_file_cannot_tell_apart(names):
    with pytest.raises(ValueError, match='a DOTA label file cannot tell them apart'):
        check_dota_classes(names)
    check_dota_classes([*names[:1], 'type 45', 'ship1'])


def test_one_class_as_a_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"classes: found the text 'ship', expected a list .* \['ship'\]"):
        read_text(tmp_path, f'{SQUARE} s 0', classes='ship')


def test_real_files(data_root):
    harbor = read_dota(data_root / 'dota_harbor/labelTxt/P0706_west.txt', classes=['ship', 'harbor'])
    assert sum(labeled.name == 'ship' for labeled in harbor) == 329
    assert sum(labeled.name == 'ship' and labeled.difficult for labeled in harbor) == 24
    assert sum(labeled.name == 'harbor' for labeled in harbor) == 5
    with_header = read_dota(data_root / 'formats/dota/P2709.txt')
    text = (data_root / 'formats/dota/P2709.txt').read_text()
    assert len(with_header) == len([line for line in text.splitlines() if line[:1].isdigit()])
    np.testing.assert_array_equal(with_header[0].quad[0], [825, 2336])
