"""Text files: whole on the way out, decoded with care on the way in."""

import os

import pytest

from ship_det.annotations.files import naming, read_text, write_text


def test_byte_order_mark_and_line_ends(tmp_path):
    (tmp_path / 'a.txt').write_bytes('\ufeffä\r\nb\rc\n'.encode())
    assert read_text(tmp_path / 'a.txt') == 'ä\nb\nc\n'


@pytest.mark.parametrize('content', ['ä'.encode('latin-1'), b'a\0b'])
def test_what_is_no_text_is_named(tmp_path, content):
    (tmp_path / 'a.txt').write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.txt: .* expected a text file'):
        read_text(tmp_path / 'a.txt')


def test_failure_leaves_the_old_file(tmp_path):
    write_text(tmp_path / 'a.txt', 'old\n')
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / 'a.txt', 'new \udc80')
    assert (tmp_path / 'a.txt').read_bytes() == b'old\n'
    assert os.listdir(tmp_path) == ['a.txt']


def test_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(OSError, match=r'nowhere/a\.txt'):
        write_text(tmp_path / 'nowhere/a.txt', '')


def test_full_disk_is_named():
    if not os.path.exists('/dev/full'):
        pytest.skip('no /dev/full here')
    full = r"No space left on device: '/dev/full'"
    with pytest.raises(OSError, match=full), naming('/dev/full'), open('/dev/full', 'w') as file:
        file.write('x')
        file.flush()
