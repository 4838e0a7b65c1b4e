"""YAML that people write: scalars stay text, and what could mean something else than it seems is refused."""

import pytest

from ship_det.annotations.plain_yaml import read_yaml


def test_scalars_stay_text(tmp_path):
    (tmp_path / 'a.yaml').write_text('no: 010\n1: [yes, 2001-13-45, ~]\n')
    assert read_yaml(tmp_path / 'a.yaml', 'a mapping') == {'no': '010', '1': ['yes', '2001-13-45', None]}


def test_nothing_is_told_from_its_name(tmp_path):
    (tmp_path / 'a.yaml').write_text('a:\nb: null\nc: "null"\nd: \'~\'\nnull: [Null, ""]\n')
    expected = {'a': None, 'b': None, 'c': 'null', 'd': '~', 'null': [None, '']}
    assert read_yaml(tmp_path / 'a.yaml', 'a mapping') == expected


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('a: &x 1\nb: *x', r'found a reference, \*x'),
        ('a: !!python/object/apply:os.getcwd []', 'found a tag, tag:yaml.org,2002:python'),
        ('a: 1\na: 2', 'found a twice'),
        ('? [a]\n: 1', 'found a key that is no text'),
        ('a: {', 'while parsing'),
        ('[' * 10_000, 'nested too deeply'),
    ],
)
def test_what_is_refused(tmp_path, text, found):
    (tmp_path / 'a.yaml').write_text(text)
    with pytest.raises(ValueError, match=rf'a\.yaml: .*{found}.*expected a mapping') as error:
        read_yaml(tmp_path / 'a.yaml', 'a mapping')
    assert '\n' not in str(error.value)
