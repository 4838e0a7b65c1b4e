import subprocess

from ship_det.checkout import describe_commit


def git(root, *arguments):
    names = ('-c', 'user.name=a', '-c', 'user.email=a@example.org')
    found = subprocess.run(['git', *names, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return found.stdout.strip()


def test_result_lines_that_are_being_written_change_no_version(tmp_path):
    lines = tmp_path / 'docs/results/data/lines.jsonl'
    lines.parent.mkdir(parents=True)
    lines.write_text('')
    (tmp_path / 'code.py').write_text('a = 1\n')
    assert describe_commit(tmp_path) is None
    git(tmp_path, 'init')
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-m', 'all')
    name = git(tmp_path, 'rev-parse', '--short', 'HEAD')
    assert describe_commit(tmp_path) == name
    lines.write_text('{}\n')
    assert describe_commit(tmp_path) == name
    (tmp_path / 'code.py').write_text('a = 2\n')
    assert describe_commit(tmp_path) == f'{name}-dirty'
