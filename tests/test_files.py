"""Text files: whole on the way out, decoded with care on the way in."""

import os

import pytest

from ship_det.files import parse_json, read_text, replacing, staged_folder, write_text


def test_byte_order_mark_and_line_ends(tmp_path):
    (tmp_path / 'a.txt').write_bytes('\ufeffä\r\nb\rc\n'.encode())
    assert read_text(tmp_path / 'a.txt') == 'ä\nb\nc\n'


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-16-be'])
def test_byte_order_mark_tells_the_encoding(tmp_path, encoding):
    mark = '\ufeff' if encoding == 'utf-16-be' else ''
    (tmp_path / 'a.txt').write_bytes(f'{mark}a.png\r\n船.png\r\n'.encode(encoding))
    assert read_text(tmp_path / 'a.txt') == 'a.png\n船.png\n'


def test_byte_order_mark_within_files_put_together(tmp_path):
    (tmp_path / 'a.txt').write_bytes('\ufeffa.png\r\n\ufeffb.png\n'.encode())
    assert read_text(tmp_path / 'a.txt') == 'a.png\nb.png\n'


@pytest.mark.parametrize('content', ['ä'.encode('latin-1'), b'a\0b', 'aä'.encode('utf-16')[:-1], '船'.encode('gbk')])
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


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full here')
def test_full_disk_is_named_and_nothing_stays(tmp_path):
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/a\.txt'"),
        replacing(tmp_path / 'a.txt') as temporary,
    ):
        temporary.symlink_to('/dev/full')
        with open(temporary, 'w') as file:
            file.write('x')
            file.flush()
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_read_meanwhile_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'.*/source\.txt'"), replacing(tmp_path / 'a.txt') as temporary:
        temporary.write_text((tmp_path / 'source.txt').read_text())
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_has_left_is_overwritten(tmp_path):
    (tmp_path / '.a.txt.part.tmp').write_text('half')
    with replacing(tmp_path / 'a.txt', owner='part') as temporary:
        assert temporary.name == '.a.txt.part.tmp'
        temporary.write_text('whole')
    assert os.listdir(tmp_path) == ['a.txt']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[' * 100_000, 'nested too deeply'),
        (r'["\ud800"]', 'surrogates not allowed'),
        ('1' * 5000, 'Exceeds the limit'),
    ],
)
def test_json_that_no_one_writes_is_a_value_error(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)
    assert parse_json(r'["\ud83d\ude00", NaN]')[0] == '\U0001f600'


def test_staged_folder_replaces_all_files_or_none(tmp_path):
    out = tmp_path / 'new' / 'out'
    with pytest.raises(KeyError), staged_folder(out) as stage:
        (stage / 'a.txt').write_text('half')
        raise KeyError
    assert not any(tmp_path.iterdir())
    with staged_folder(out) as stage:
        (stage / 'part').mkdir()
        for name in ('a.txt', 'part/b.txt'):
            (stage / name).write_text('1')
    with pytest.raises(ValueError, match=r'part: a folder is in the way, expected a file'), staged_folder(out) as stage:
        for name in ('a.txt', 'part'):
            (stage / name).write_text('2')
    with staged_folder(out) as stage:
        (stage / 'a.txt').write_text('3')
    found = {str(path.relative_to(out)): path.read_text() for path in out.rglob('*.txt')}
    assert found == {'a.txt': '3', 'part/b.txt': '1'}
    assert sorted(path.name for path in out.iterdir()) == ['a.txt', 'part']


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link.txt').symlink_to(tmp_path / 'real' / 'a.txt')
    write_text(tmp_path / 'link.txt', 'new\n')
    assert (tmp_path / 'link.txt').is_symlink()
    assert (tmp_path / 'real' / 'a.txt').read_text() == 'new\n'


def test_what_is_no_file_is_written_to(tmp_path, capfd):
    write_text('/dev/stdout', 'shown\n')
    assert capfd.readouterr().out == 'shown\n'
    assert not [name for name in os.listdir('/dev') if name.endswith('.tmp')]
