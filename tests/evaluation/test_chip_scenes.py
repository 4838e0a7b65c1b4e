"""Predictions of chips on their scenes: the same as evaluate merges, and on the right place of the map."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from ship_det.evaluation import Predictions
from ship_det.evaluation.chip_scenes import locate_images, merge_chips
from ship_det.evaluation.scene_chips import SceneData
from ship_det.evaluation.scenes import merge_scenes
from ship_det.geometry import sliding_windows
from ship_det.raster import Georeference
from ship_det.tiling import Chip, read_chip_index, write_chip_index

SIZE = (300, 200)
AFFINE = (2.0, 0.0, 500_000.0, 0.0, -2.0, 6_650_000.0)
# Ships of two scenes, px; the first lies in four chips of the grid, the second in two, the third in one.
SHIPS = np.array([[110, 110, 30, 8, 0.5], [150, 30, 20, 6, -1.0], [280, 190, 20, 6, 0.0]])


@pytest.fixture
def folders(tmp_path):
    """Scenes, an index of their chips of 120 px, every 80, one of them resampled, and predictions on all chips."""
    scenes, chips = tmp_path / 'scenes', tmp_path / 'chips'
    for folder in (scenes / 'images', scenes / 'labelTxt', chips):
        folder.mkdir(parents=True)
    index, records = [], []
    for name in ('north', 'south'):
        profile = {'driver': 'GTiff', 'width': SIZE[0], 'height': SIZE[1], 'count': 1, 'dtype': 'uint8'}
        with rasterio.open(
            scenes / f'images/{name}.tif', 'w', **profile, crs='EPSG:32633', transform=Affine(*AFFINE)
        ) as image:
            image.write(np.ones((1, SIZE[1], SIZE[0]), dtype=np.uint8))
        (scenes / f'labelTxt/{name}.txt').write_text('1 1 9 1 9 9 1 9 tanker 0\n')
        for number, window in enumerate(sliding_windows(*SIZE, 120, 40).tolist()):
            size = (60, 60) if number == 0 else None
            chip = Chip(f'{name}__{number}.png', f'{name}.tif', tuple(window), {}, size).placed(
                Georeference('EPSG:32633', AFFINE)
            )
            index.append(chip)
            records.append(predict(chip))
    write_chip_index(chips, index)
    return scenes, chips, Predictions(('tanker',), tuple(records))


def record(file: str, boxes: np.ndarray) -> dict:
    return {'file': file, 'boxes': boxes, 'scores': np.full(len(boxes), 0.9), 'labels': np.zeros(len(boxes), int)}


def predict(chip: Chip) -> dict:
    """The ships that lie in a chip, in its px."""
    x, y, w, h = chip.window
    inside = SHIPS[(np.abs(SHIPS[:, :2] - [x + w / 2, y + h / 2]) < np.array([w, h]) / 2 - 15).all(axis=1)].copy()
    inside[:, :2] -= [x, y]
    inside[:, :4] *= (chip.size or chip.window[2:])[0] / w
    return record(chip.file, inside)


def test_as_evaluate_merges_them(folders):
    scenes, chips, predictions = folders
    located = merge_chips(predictions, chips)
    expected = merge_scenes(predictions, SceneData(chips, scenes)).predictions
    for found, other in zip(located.predictions.images, expected.images, strict=True):
        assert found['file'] == other['file']
        for key in ('boxes', 'scores', 'labels'):
            np.testing.assert_array_equal(found[key], other[key])
    assert [scene.size for scene in located.scenes] == [SIZE, SIZE]
    found = located.predictions.images[0]['boxes']
    assert sorted(found[:, 0].round(6)) == sorted(SHIPS[:2, 0])
    assert located.notes[0].endswith('into 4 in 2 scenes')


def test_the_place_of_a_scene_is_what_its_chips_say(folders):
    scenes, chips, predictions = folders
    for located in (merge_chips(predictions, chips), merge_chips(predictions, chips, scenes)):
        for scene in located.scenes:
            assert scene.georeference.crs == 'EPSG:32633'
            np.testing.assert_allclose(scene.georeference.affine, AFFINE, rtol=1e-12)


@pytest.mark.parametrize('number', [0, 4, 7])
def test_any_chip_tells_the_place_of_its_scene(folders, number):
    _, chips, predictions = folders
    index = read_chip_index(chips)
    ending = f'__{number}.png'
    write_chip_index(
        chips, [chip if chip.file.endswith(ending) else replace(chip, crs=None, transform=None) for chip in index]
    )
    for scene in merge_chips(predictions, chips).scenes:
        np.testing.assert_allclose(scene.georeference.affine, AFFINE, rtol=1e-12)


def test_an_index_that_knows_no_place_needs_the_scenes(folders):
    scenes, chips, predictions = folders
    write_chip_index(chips, [replace(chip, crs=None, transform=None) for chip in read_chip_index(chips)])
    assert {scene.georeference for scene in merge_chips(predictions, chips).scenes} == {None}
    assert all(scene.georeference for scene in merge_chips(predictions, chips, scenes).scenes)
    (scenes / 'images/south.tif').unlink()
    with pytest.raises(ValueError, match=r'south\.tif: no such file, expected a scene that chips were cut from'):
        merge_chips(predictions, chips, scenes)


def test_some_chips_of_a_scene_and_added_ones(folders):
    _, chips, predictions = folders
    index = read_chip_index(chips)
    index.append(Chip('north__added.png', 'north.tif', (90, 90, 120, 100), {}, None, True))
    write_chip_index(chips, index)
    some = [image for image in predictions.images if image['file'].startswith('north')][:5]
    some.append(record('north__added.png', np.zeros((0, 5))))
    located = merge_chips(Predictions(('tanker',), tuple(some)), chips)
    assert [scene.name for scene in located.scenes] == ['north']
    assert located.notes[1:] == (
        'scenes of which only some chips have predictions: 1, first north.tif',
        'left out 1 chip that labels added on ships: only the grid counts',
    )
    with pytest.raises(ValueError, match='no chip of a grid has predictions'):
        merge_chips(Predictions(('tanker',), (some[-1],)), chips)


def test_images_that_are_not_there_are_named(folders, tmp_path):
    scenes, chips, predictions = folders
    with pytest.raises(ValueError, match=r'images: lacks \d+ of \d+ images with predictions, first north__0\.png'):
        locate_images(predictions, scenes)
    other = Predictions(('tanker',), ({**predictions.images[0], 'file': 'x.png'},))
    with pytest.raises(ValueError, match=r'chips\.jsonl: no line for 1 of 1 image with predictions, first x\.png'):
        merge_chips(other, chips)
    whole = Predictions(('tanker',), ({**predictions.images[0], 'file': 'north.tif'},))
    for folder in (scenes, scenes / 'images'):
        assert locate_images(whole, folder).scenes[0].georeference.crs == 'EPSG:32633'
