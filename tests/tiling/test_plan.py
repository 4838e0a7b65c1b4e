"""What a plan refuses, before any pixel is read."""

import pytest

from ship_det.tiling.plan import TilingOptions, plan_scenes


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'chip': 0}, 'chip: expected at least 1 px, found 0'),
        ({'chip': 100, 'overlap': 100}, r'overlap: expected 0 <= overlap < chip \(100 px\), found 100'),
        ({'overlap': -1}, 'overlap: .* found -1'),
        ({'min_visible': 1.5}, 'min_visible: .* found 1.5'),
        ({'keep_empty': float('nan')}, 'keep_empty: .* found nan'),
        ({'format': 'gif'}, "format: expected one of png, jpg, tif, found 'gif'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        TilingOptions(**options)


def test_missing_label_file_names_the_expected_path(scenes):
    (scenes / 'labelTxt' / 'port.txt').unlink()
    with pytest.raises(ValueError, match=r'scenes/labelTxt/port\.txt: no such file'):
        plan_scenes(scenes, TilingOptions())
    plans = plan_scenes(scenes, TilingOptions(unlabeled=True))
    assert [plan.tally['objects'] for plan in plans] == [5, 0]


def test_labels_without_a_scene_are_refused(scenes):
    (scenes / 'labelTxt' / 'ghost.txt').write_text('')
    with pytest.raises(ValueError, match=r'labelTxt/ghost\.txt: labels without a scene'):
        plan_scenes(scenes, TilingOptions())


def test_two_scenes_with_one_label_file_are_refused(scenes):
    (scenes / 'images' / 'bay.tif').write_bytes((scenes / 'images' / 'port.tif').read_bytes())
    with pytest.raises(ValueError, match=r'images: bay\.png and bay\.tif share a name'):
        plan_scenes(scenes, TilingOptions())


def test_folder_without_images_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'images: no such folder'):
        plan_scenes(tmp_path, TilingOptions())
    (tmp_path / 'images').mkdir()
    with pytest.raises(ValueError, match=r'images: holds no image'):
        plan_scenes(tmp_path, TilingOptions())


def test_bad_label_line_is_named(scenes):
    (scenes / 'labelTxt' / 'bay.txt').write_text('1 2 3 ship 0\n')
    with pytest.raises(ValueError, match=r"labelTxt/bay\.txt:1: column 4 is 'ship'"):
        plan_scenes(scenes, TilingOptions())
