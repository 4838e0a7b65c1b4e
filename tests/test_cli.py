"""How command lines end: the exit code and the one message."""

import pytest

from ship_det.cli import run


def raising(error: BaseException):
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(('returned', 'code'), [(None, 0), (0, 0), (1, 1)])
def test_exit_code_of_a_run_without_errors(returned, code):
    with pytest.raises(SystemExit) as end:
        run(lambda: returned)
    assert end.value.code == code


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        (ValueError('a.txt:3: expected 9 columns'), 'error: a.txt:3: expected 9 columns\n'),
        (FileNotFoundError(2, 'No such file or directory', 'a.txt'), 'error: a.txt: no such file or folder\n'),
        (FileExistsError(17, 'File exists', 'a/b'), 'error: a/b: a file is in the way, expected a folder or nothing\n'),
        (OSError(28, 'No space left on device', 'a', None, 'b'), 'error: a to b: no space is left on the disk\n'),
        (OSError('read failed'), 'error: read failed\n'),
    ],
)
def test_bad_input_is_one_message_and_code_2(error, message, capsys):
    with pytest.raises(SystemExit) as end:
        run(raising(error))
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1


def test_error_of_a_data_loading_process_keeps_its_own_words(capsys):
    from torch.utils.data import DataLoader

    class Broken:
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> None:
            raise ValueError('b.png: expected a whole, readable image: truncated')

    with pytest.raises(SystemExit):
        run(lambda: next(iter(DataLoader(Broken(), num_workers=1))))
    assert capsys.readouterr().err == 'error: b.png: expected a whole, readable image: truncated\n'


def test_errors_of_the_program_itself_keep_their_traceback(monkeypatch):
    with pytest.raises(RuntimeError, match='bug'):
        run(raising(RuntimeError('bug')))
    monkeypatch.setenv('SHIP_DET_TRACEBACK', '1')
    with pytest.raises(ValueError, match='bad input'):
        run(raising(ValueError('bad input')))


def test_interrupt(capsys):
    with pytest.raises(SystemExit) as end:
        run(raising(KeyboardInterrupt()))
    assert end.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'
