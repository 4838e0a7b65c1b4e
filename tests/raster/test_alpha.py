"""What an alpha band hides, whether it looks like one, and its pixels where it is not believed."""

import numpy as np
import pytest

from ship_det.raster import PixelChoices, SceneReader, open_rgb, open_scene, survey_alpha

RGB = np.random.default_rng(0).integers(1, 256, (3, 60, 80), dtype=np.uint8)
MIST = np.random.default_rng(1).integers(1, 120, (60, 80), dtype=np.uint8)


def with_alpha(alpha: np.ndarray) -> np.ndarray:
    return np.concatenate([RGB, alpha[None].astype(np.uint8)])


def half(alpha: np.ndarray | int) -> np.ndarray:
    """Nothing in the left half."""
    result = np.zeros((60, 80), dtype=np.uint8)
    result[:, 40:] = np.broadcast_to(alpha, (60, 80))[:, 40:]
    return result


@pytest.mark.parametrize(
    ('alpha', 'hidden', 'is_picture'),
    [
        (np.full((60, 80), 255), 0.0, False),
        (half(255), 0.5, False),
        # As of a file that was 8 bit once.
        (half(1), 0.5, False),
        (np.zeros((60, 80)), 1.0, False),
        (MIST, 0.0, True),
        (half(MIST), 0.5, True),
        # A feathered border of one pixel.
        (np.where(np.arange(80) == 40, 128, half(255)), 0.5, False),
    ],
    ids=['full', 'half', 'half of 1', 'nothing', 'picture', 'half a picture', 'feathered'],
)
def test_what_an_alpha_band_says(tmp_path, write_raster, alpha, hidden, is_picture):
    write_raster(tmp_path / 'a.tif', with_alpha(alpha), photometric='rgb', alpha='yes')
    with open_scene(tmp_path / 'a.tif') as scene:
        survey = survey_alpha(SceneReader(scene))
        assert survey is not None
        assert (survey.hidden, survey.is_picture) == (hidden, is_picture)
        assert survey_alpha(SceneReader(scene, PixelChoices(alpha=False))) is None
        assert survey_alpha(SceneReader(scene, PixelChoices(bands=(4, 1, 2)))) is None


def test_a_large_band_is_looked_at_thinned_out(tmp_path, write_raster, monkeypatch):
    monkeypatch.setattr('ship_det.raster.alpha._SIDE', 20)
    write_raster(tmp_path / 'a.tif', with_alpha(half(255)), photometric='rgb', alpha='yes')
    with open_scene(tmp_path / 'a.tif') as scene:
        survey = survey_alpha(SceneReader(scene))
    assert survey is not None
    assert survey.hidden == 0.5


@pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.webp'])
def test_without_alpha_all_pixels_show(tmp_path, write_raster, name):
    lossless = {'lossless': 'true', 'exact': '1'} if name == 'a.webp' else {}
    options = {'photometric': 'rgb', 'alpha': 'yes'} if name == 'a.tif' else lossless
    write_raster(tmp_path / name, with_alpha(half(MIST)), **options)
    shown = np.moveaxis(RGB, 0, 2)
    with open_rgb(tmp_path / name) as reader:
        np.testing.assert_array_equal(reader.read((0, 0, 80, 60)), np.where(half(1)[..., None], shown, 0))
        assert reader.read((0, 0, 40, 60)) is None
    with open_rgb(tmp_path / name, choices=PixelChoices(alpha=False)) as reader:
        np.testing.assert_array_equal(reader.read((0, 0, 80, 60)), shown)


def test_percentiles_of_a_scene_without_alpha_are_those_of_all_pixels(tmp_path, write_raster):
    deep = with_alpha(half(255)).astype(np.uint16) * 37
    write_raster(tmp_path / 'a.tif', deep, photometric='rgb', alpha='yes')
    for alpha, part in ((True, deep[:3, :, 40:]), (False, deep[:3])):
        with open_scene(tmp_path / 'a.tif') as scene:
            limits = SceneReader(scene, PixelChoices(alpha=alpha)).find_stretch((2, 98)).limits
        assert limits == tuple(tuple(np.percentile(band, [2, 98])) for band in part)


def test_no_value_is_nodata(tmp_path, write_raster):
    write_raster(tmp_path / 'a.tif', RGB[:1] // 128, nodata=0)
    with open_rgb(tmp_path / 'a.tif', choices=PixelChoices(nodata=float('nan'))) as reader:
        assert reader.read((0, 0, 80, 60)) is not None
    write_raster(tmp_path / 'a.tif', RGB * 0, nodata=0)
    with open_rgb(tmp_path / 'a.tif') as reader:
        assert reader.read((0, 0, 80, 60)) is None
    with open_rgb(tmp_path / 'a.tif', choices=PixelChoices(nodata=float('nan'))) as reader:
        assert not reader.read((0, 0, 80, 60)).any()


@pytest.mark.parametrize(
    ('pixels', 'options', 'reason'),
    [
        (RGB, {'nodata': 7}, 'of the value 7 (nodata)'),
        (RGB.astype(np.float32), {'nodata': -9999}, 'of the value -9999 (nodata) or not a number'),
        (with_alpha(MIST), {'photometric': 'rgb', 'alpha': 'yes'}, '0 in band 4, which the file calls alpha'),
    ],
)
def test_what_may_leave_pixels_out_is_said(tmp_path, write_raster, pixels, options, reason):
    write_raster(tmp_path / 'a.tif', pixels, **options)
    with open_scene(tmp_path / 'a.tif') as scene:
        assert SceneReader(scene).without_data == reason


@pytest.mark.parametrize(
    ('choices', 'message'),
    [
        ({'bands': (1, 2)}, 'bands: expected 1 or 3 numbers from 1 on, found 1 2'),
        ({'bands': (0, 1, 2)}, 'bands: expected 1 or 3 numbers from 1 on, found 0 1 2'),
        ({'nodata': float('inf')}, 'nodata: expected a finite number or none, found inf'),
    ],
)
def test_choices_that_are_none_are_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        PixelChoices(**choices)
