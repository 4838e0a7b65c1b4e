"""Staged output: digests notice changed input; a folder that is not a tiling run's is left alone."""

import pytest

from ship_det.tiling.staging import StagedOutput, fingerprint


@pytest.mark.parametrize('change', ['head', 'tail', 'length', 'labels', 'no labels'])
def test_fingerprint_notices(tmp_path, change):
    image, labels = tmp_path / 'scene.tif', tmp_path / 'scene.txt'
    content = bytearray(300_000)
    image.write_bytes(content)
    labels.write_text('')
    before = fingerprint(image, labels)
    assert fingerprint(image, labels) == before
    if change == 'labels':
        labels.write_text('x')
    elif change == 'no labels':
        labels.unlink()
    else:
        content[{'head': 0, 'tail': -1}.get(change, 0)] = change != 'length'
        image.write_bytes(content + b'\0' * (change == 'length'))
    assert fingerprint(image, labels) != before


def test_folder_with_a_chip_index_of_another_origin_is_refused(tmp_path):
    (tmp_path / 'chips.jsonl').touch()
    with pytest.raises(ValueError, match=r'holds a chips\.jsonl but no tiling\.json'):
        StagedOutput(tmp_path, {}, {})


def test_damaged_record_is_named(tmp_path):
    (tmp_path / 'chips.jsonl').touch()
    (tmp_path / 'tiling.json').write_text('[]')
    with pytest.raises(ValueError, match=r'tiling\.json: not the record of a tiling run'):
        StagedOutput(tmp_path, {'chip': 1}, {})


def test_a_step_counts_only_for_the_input_it_was_made_from(tmp_path):
    StagedOutput(tmp_path, {}, {'a.tif': 'old'}).note('a.tif', '0', ['x.png'])
    again = StagedOutput(tmp_path, {}, {'a.tif': 'old'})
    assert again.is_noted('a.tif', '0')
    assert again.noted('a.tif', '0') == ['x.png']
    assert not again.is_noted('a.tif', '1')
    assert again.noted('a.tif', '1') is None
    assert not StagedOutput(tmp_path, {}, {'a.tif': 'new'}).is_noted('a.tif', '0')


def test_stage_left_by_a_kill_at_the_very_end_is_removed(tmp_path):
    first = StagedOutput(tmp_path, {'bands': (1, 2, 3)}, {})
    record = (first.stage / 'tiling.json').read_text()
    first.finish([], {})
    first.stage.mkdir()
    (first.stage / 'tiling.json').write_text(record)
    assert StagedOutput(tmp_path, {'bands': (1, 2, 3)}, {}).complete
    assert sorted(path.name for path in tmp_path.iterdir()) == ['chips.jsonl', 'images', 'labelTxt', 'tiling.json']
