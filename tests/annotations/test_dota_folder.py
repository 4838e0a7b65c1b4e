"""A data set in DOTA's layout; that all readers see the same in one, tests/test_data_set_readers.py asserts."""

from collections import Counter
from pathlib import Path

import pytest

from ship_det.annotations import DotaFolder
from ship_det.annotations.dota_folder import dota_label_path, find_label_files

SHIP = '10 10 50 10 50 20 10 20 ship 0\n'
TUG = '10 30 50 30 50 40 10 40 tug 0\n'
DIFFICULT = '10 50 50 50 50 60 10 60 {} 1\n'


@pytest.fixture
def root(tmp_path):
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for name, text in {'b': SHIP + TUG + TUG, 'a': SHIP + DIFFICULT.format('ferry'), 'c': ''}.items():
        (tmp_path / f'images/{name}.png').touch()
        (tmp_path / f'labelTxt/{name}.txt').write_text(text)
    return tmp_path


def test_images_labels_and_lists(root):
    (root / 'test.txt').write_text('c.png\nb.png\n')
    folder = DotaFolder(root)
    assert folder.images == [root / f'images/{name}.png' for name in 'abc']
    assert folder.label_path(folder.images[0]) == root / 'labelTxt/a.txt'
    assert folder.lists == {'test': root / 'test.txt'}
    assert [image.name for image in folder.select('test.txt')] == ['c.png', 'b.png']


def test_folders_of_other_names(root):
    (root / 'images').rename(root / 'chips')
    (root / 'labelTxt').rename(root / 'labels')
    folder = DotaFolder(root, root / 'chips', root / 'labels')
    assert folder.count().instances == {'ship': 2, 'tug': 2}


def test_classes_and_counts(root):
    folder = DotaFolder(root)
    assert folder.classes == ['ship', 'tug', 'ferry']
    counts = folder.count()
    assert (counts.instances, counts.difficult) == ({'ship': 2, 'tug': 2}, {'ferry': 1})
    for other_classes in ('background', 'ignore'):
        counts = folder.count(classes=['tug', 'yacht'], other_classes=other_classes)
        assert (counts.instances, counts.difficult) == ({'tug': 2}, {})
    assert folder.count(folder.images[:1]).instances == Counter(ship=1)


def test_objects_of_other_classes(root):
    folder = DotaFolder(root)
    objects, others = folder.read_objects(folder.images[0], ['ferry'], 'ignore')
    assert ([labeled.name for labeled in objects], [labeled.name for labeled in others]) == (['ferry'], ['ship'])
    message = r"a\.txt:1: unknown class 'ship', expected one of: ferry, so use an option"
    with pytest.raises(ValueError, match=message):
        folder.read_objects(folder.images[0], ['ferry'], hint=', so use an option')
    with pytest.raises(ValueError, match=r"other_classes: expected one of .*, found 'none'"):
        folder.read_objects(folder.images[0], ['ferry'], 'none')


def test_images_without_labels_are_counted_and_may_be_allowed(root):
    for name in 'ab':
        (root / f'labelTxt/{name}.txt').unlink()
    message = r'labelTxt/a\.txt: no such file, expected the labels of a\.png .*; --unlabeled; 2 of 3 images have none'
    with pytest.raises(ValueError, match=message):
        DotaFolder(root).select(hint='; --unlabeled')
    folder = DotaFolder(root)
    assert folder.select(unlabeled=True) == folder.images
    assert folder.find_labels(folder.images[0]) is None
    with pytest.raises(ValueError, match=r'labelTxt/a\.txt: no such file'):
        folder.read_objects(folder.images[0])


def test_letter_case_counts_where_it_must(root):
    """Each of A.png and a.png has labels of its own; of the names in a list only one of just that case is meant."""
    (root / 'images/A.png').touch()
    (root / 'labelTxt/A.TXT').write_text(DIFFICULT.format('yacht'))
    folder = DotaFolder(root)
    assert [folder.label_path(image).name for image in folder.images[:2]] == ['A.TXT', 'a.txt']
    (root / 'l.txt').write_text('a\nA.png\n')
    assert [image.name for image in folder.select('l.txt')] == ['a.png', 'A.png']
    (root / 'l.txt').write_text('A.PNG\n')
    with pytest.raises(ValueError, match='lists no image'):
        folder.select('l.txt')


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        ('images/d.heic', r'd\.txt: labels without an image, d\.heic is not read, expected an image ending in \.bmp'),
        (
            'images/more/d.png',
            r'd\.txt: labels without an image, more/ below .*images has one, expected it in .* itself',
        ),
        ('images/more/e.png', r'd\.txt: labels without an image, expected .*images/d\.\* or no such file'),
    ],
)
def test_where_the_image_of_labels_may_be_is_said(root, other, message):
    (root / 'labelTxt/d.txt').write_text('')
    (root / other).parent.mkdir(exist_ok=True)
    (root / other).touch()
    with pytest.raises(ValueError, match=message):
        DotaFolder(root).select()


def test_folders_of_images_that_are_left_out_are_said_once(root, caplog):
    for name in ('thumbs', 'old', '.hidden'):
        (root / f'images/{name}').mkdir()
        (root / f'images/{name}/a.png').touch()
    for _ in range(2):
        assert [image.name for image in DotaFolder(root).select()] == ['a.png', 'b.png', 'c.png']
    (record,) = caplog.records
    assert record.getMessage() == f'{root}/images: left out folders of images below: old/, thumbs/'
    (root / 'test.txt').write_text('a.png')
    caplog.clear()
    DotaFolder(root).select('test.txt')
    assert not caplog.records


@pytest.mark.parametrize(
    'content',
    [
        b'100000001\n100000002\n',
        b'\xef\xbb\xbf100000001\r\n\r\n100000002.bmp\r\n',
        b'\r\n AllImages\\100000001.bmp\t\r\n./100000002\r\n\x20',
        b'100000001.BMP\r100000002\r',
    ],
    ids=['stems', 'mark and blank lines', 'paths', 'old line ends'],
)
def test_lists_as_published_data_sets_and_other_systems_have_them(tmp_path, content):
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    for name in ('100000001', '100000002', '100000003'):
        (tmp_path / f'images/{name}.bmp').touch()
        (tmp_path / f'labelTxt/{name}.txt').touch()
    (tmp_path / 'test.txt').write_bytes(content)
    assert [image.stem for image in DotaFolder(tmp_path).select('test.txt')] == ['100000001', '100000002']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'\xffa.png\n', r'l\.txt: byte 0 is not UTF-8, expected a text file'),
        (b'a 1\nb -1\n', r'l\.txt: lists no image .* line 1: .*a 1 does not exist, expected the name of an image'),
        (b'# part\na\n', r'l\.txt:1: .*# part does not exist'),
    ],
    ids=['no text', 'with a column', 'comment'],
)
def test_lists_that_are_none_are_refused(root, content, message):
    (root / 'l.txt').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        DotaFolder(root).select('l.txt')


def test_label_files_of_a_data_set_and_of_a_folder(root):
    (root / 'labelTxt/d.txt').write_text('')
    assert [path.name for path in find_label_files(root / 'labelTxt')] == ['a.txt', 'b.txt', 'c.txt', 'd.txt']
    with pytest.raises(ValueError, match=r'labelTxt/d\.txt: labels without an image'):
        find_label_files(root)
    with pytest.raises(ValueError, match=r'nowhere: no such folder'):
        find_label_files(root / 'nowhere')
    with pytest.raises(ValueError, match=r'images: found no label file, expected \*\.txt'):
        find_label_files(root / 'images')
    (root / 'labelTxt/d.txt').unlink()
    (root / 'labelTxt/c.txt').unlink()
    with pytest.raises(ValueError, match=r'c\.txt: no such file.*; .*labelTxt counts the labels that are there'):
        find_label_files(root)


def test_labels_of_one_image(tmp_path):
    assert dota_label_path('root', Path('root/images/a.b.png')) == Path('root/labelTxt/a.b.txt')
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    image, other = tmp_path / 'images/A.png', tmp_path / 'images/a.png'
    image.touch()
    (tmp_path / 'labelTxt/a.TXT').touch()
    assert dota_label_path(tmp_path, image) == tmp_path / 'labelTxt/a.TXT'
    other.touch()
    assert dota_label_path(tmp_path, image) == tmp_path / 'labelTxt/A.txt'
    assert dota_label_path(tmp_path, other) == tmp_path / 'labelTxt/a.TXT'
