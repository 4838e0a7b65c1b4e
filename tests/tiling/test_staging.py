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


def test_a_batch_counts_only_for_the_input_it_was_made_from(tmp_path):
    StagedOutput(tmp_path, {}, {'a.tif': 'old'}).mark_done('a.tif', 0)
    assert StagedOutput(tmp_path, {}, {'a.tif': 'old'}).is_done('a.tif', 0)
    assert not StagedOutput(tmp_path, {}, {'a.tif': 'old'}).is_done('a.tif', 1)
    assert not StagedOutput(tmp_path, {}, {'a.tif': 'new'}).is_done('a.tif', 0)
