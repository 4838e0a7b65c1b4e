import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from shapely.geometry import Polygon

from ship_det.annotations import AOSR15_CLASSES
from ship_det.simulation import SceneSpec, crop
from ship_det.simulation.harbor import build_harbor
from ship_det.simulation.ships import label_ships

SEEDS = range(1_000_000, 1_000_006)


@pytest.fixture(scope='module')
def crops():
    return [crop(seed) for seed in SEEDS]


def test_a_crop_is_an_image_with_whole_ships(crops):
    for image, objects in crops:
        assert (image.shape, image.dtype) == ((512, 512, 3), np.uint8)
        assert image.std() > 5
        for labeled in objects:
            assert labeled.name in AOSR15_CLASSES
            assert labeled.quad.min() >= 0
            assert labeled.quad.max() <= 512
    assert np.mean([len(objects) for _, objects in crops]) > 8


def test_ships_do_not_overlap(crops):
    for _, objects in crops:
        outlines = [Polygon(labeled.quad) for labeled in objects]
        for index, outline in enumerate(outlines):
            assert all(outline.intersection(other).area < 1 for other in outlines[:index])


def test_seeds_alone_tell_crops_apart(crops):
    again, objects = crop(SEEDS[0])
    assert np.array_equal(again, crops[0][0])
    assert [labeled.name for labeled in objects] == [labeled.name for labeled in crops[0][1]]
    assert len({image.tobytes() for image, _ in crops}) == len(crops)


def test_a_crop_is_no_scene_of_its_seed():
    _, objects = crop(SEEDS[0], gsd=1.5)
    scene = build_harbor(SceneSpec(size=512, gsd=1.5, seed=SEEDS[0], ships=14), 0)
    corners = {tuple(labeled.quad.ravel()) for labeled in label_ships(scene.ships, 1.5)}
    assert objects
    assert not corners & {tuple(labeled.quad.ravel()) for labeled in objects}


def test_crops_do_not_depend_on_threads_or_order(crops):
    draw = pickle.loads(pickle.dumps(crop))
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(draw, reversed(SEEDS)))
    for (image, _), (expected, _) in zip(reversed(drawn), crops, strict=True):
        assert np.array_equal(image, expected)


def test_labels_are_on_the_ships():
    # A label's inside differs from the water around it by more than waves do.
    found = []
    for seed in range(8):
        image, objects = crop(seed, size=400, gsd=1.0, ships=6, tail=1)
        bright = image.astype(int).max(axis=2)
        for labeled in objects:
            x, y = np.rint(labeled.quad.mean(axis=0)).astype(int)
            inside = bright[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
            found.append(np.abs(inside - np.median(bright)).max() > 8)
    assert np.mean(found) > 0.95


def test_resolution_and_tail_are_as_asked():
    _, objects = crop(3, size=700, gsd=1.0, ships=30, tail=1)
    for labeled in objects:
        if labeled.name == 'burke-destroyer':
            sides = np.linalg.norm(labeled.quad - np.roll(labeled.quad, 1, axis=0), axis=1)
            assert 153 < max(sides) < 156
    names = [labeled.name for seed in range(6) for labeled in crop(seed, size=256, gsd=3.0, ships=15, tail=1)[1]]
    assert len(set(names)) == 15
    assert max(names.count(name) for name in set(names)) <= 6


def test_an_impossible_crop_is_refused():
    with pytest.raises(ValueError, match='tail: expected a finite ratio'):
        crop(0, tail=0.5)
    with pytest.raises(ValueError, match='gsd: expected 0'):
        crop(0, gsd=0.0)
