"""What is to be cut: the grid, marked windows on ships, scales; and what a plan refuses before any pixel is read."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ship_det.annotations import LabeledObject
from ship_det.geometry import rbox_to_quad, sliding_windows
from ship_det.tiling import TilingOptions
from ship_det.tiling.plan import plan_scene, plan_scenes


def test_missing_label_file_names_the_expected_path(scenes):
    (scenes / 'labelTxt' / 'port.txt').unlink()
    with pytest.raises(ValueError, match=r'scenes/labelTxt/port\.txt: no such file'):
        plan_scenes(scenes, TilingOptions())
    plans = plan_scenes(scenes, TilingOptions(unlabeled=True))
    assert [plan.objects for plan in plans] == [5, 0]


def test_labels_without_a_scene_are_refused(scenes):
    (scenes / 'labelTxt' / 'ghost.txt').write_text('')
    with pytest.raises(ValueError, match=r'labelTxt/ghost\.txt: labels without an image'):
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


def test_missing_band_is_named_before_anything_is_cut(scenes):
    with pytest.raises(ValueError, match=r'bay\.png: has 3 bands, expected a band 4'):
        plan_scenes(scenes, TilingOptions(bands=(4, 2, 1)))


def test_scales_show_more_or_less_of_the_scene(scenes):
    quad = np.array([[300.0, 20.0], [340.0, 20.0], [340.0, 40.0], [300.0, 40.0]])
    options = TilingOptions(chip=100, overlap=0, scales=(1.0, 0.5, 2.0, 0.3), whole=False, keep_empty=0)
    plan = plan_scene(scenes / 'images/port.tif', [LabeledObject(quad, 'ship')], options)
    assert [len(chips) for chips in plan.passes] == [1, 1, 1, 1]
    expected = {
        'port__300_0.png': ((300, 0, 100, 100), None, 0, 40),
        'port__200_0__0.5.png': ((200, 0, 200, 200), (100, 100), 50, 20),
        'port__300_0__2.png': ((300, 0, 50, 50), (100, 100), 0, 80),
        # 33 of its 40 px are in the first window, the others in one that shows too little of it.
        'port__0_0__0.3.png': ((0, 0, 333, 333), (100, 100), 300 / 3.33, 33 / 3.33),
    }
    for planned in (planned for chips in plan.passes for planned in chips):
        window, size, left, width = expected.pop(planned.chip.file)
        assert (planned.chip.window, planned.chip.size) == (window, size)
        (visible,) = planned.visible
        low, high = visible.labeled.quad[:, 0].min(), visible.labeled.quad[:, 0].max()
        np.testing.assert_allclose([low, high - low], [left, width])
        if visible.how == 'whole':
            np.testing.assert_allclose(planned.chip.to_scene(visible.labeled.quad), quad)
    assert not expected


def test_a_scene_smaller_than_its_window_keeps_its_shape(scenes):
    plan = plan_scene(scenes / 'images/port.tif', [], TilingOptions(scales=(0.5,), keep_empty=1))
    ((planned,),) = plan.passes
    assert (planned.chip.window, planned.chip.size) == ((0, 0, 700, 500), (350, 250))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(40, 300), st.sampled_from([0.0, 0.2, 0.5]), st.sampled_from([1.0, 0.6]), st.integers(0, 2**32 - 1))
def test_all_of_the_grid_is_cut_and_what_was_added_on_ships_is_marked(scenes, chip, overlap, scale, seed):
    rng = np.random.default_rng(seed)
    boxes = np.column_stack(
        [rng.uniform(0, [700, 500], (12, 2)), rng.uniform(8, 90, (12, 2)), rng.uniform(-1.5, 1.5, 12)]
    )
    objects = [LabeledObject(quad, 'ship') for quad in rbox_to_quad(boxes)]
    options = TilingOptions(chip=chip, overlap=int(overlap * chip), scales=(scale,))
    ((*chips,),) = plan_scene(scenes / 'images/port.tif', objects, options).passes
    grid = [planned.chip.window for planned in chips if planned.chip.added is False]
    assert sorted(grid) == sorted(map(tuple, sliding_windows(700, 500, *options.window_at(scale)).tolist()))
    added = [planned for planned in chips if planned.chip.added]
    assert len(grid) + len(added) == len(chips)
    whole = {
        found.source for planned in chips if not planned.chip.added for found in planned.visible if found.how == 'whole'
    }
    for planned in added:
        assert {found.source for found in planned.visible if found.how == 'whole'} - whole


def test_keep_empty_is_a_share_of_the_windows_without_an_object_to_find(scenes):
    # A grid of 7 x 5 windows of 100 px. One shows a ship; of the 34 others one shows what is to be ignored.
    corners = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 20.0], [0.0, 20.0]])
    objects = [LabeledObject(corners + 30, 'ship'), LabeledObject(corners + 330, 'ship', difficult=True)]
    options = TilingOptions(chip=100, overlap=0, whole=False, keep_empty=0.25)
    plan = plan_scene(scenes / 'images/port.tif', objects, options)
    ((*chips,),) = plan.passes
    assert sum(not planned.chip.empty for planned in chips) == 1
    # A quarter of 34, rounded to an even number; of all 35 it would be 9.
    assert len(chips) - 1 == 8
    assert plan.empty == 34 - 8
