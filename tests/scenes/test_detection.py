"""Ships in whole scenes: each once, wherever windows cut it, in px of the scene whatever the detector sees."""

import math
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject

from ship_det.geometry import pairwise_iou, quad_to_rbox, rbox_to_quad
from ship_det.scenes import detect_scene
from ship_det.scenes.detection import Search

UTM = 'EPSG:32633'
# The corner of a scene in UTM zone 33 at 60 degrees north, near the zone's middle meridian and off it.
AT_60_NORTH = Affine(0.6, 0, 620000, 0, -0.6, 6654000)


def place_ships(number: int, size: tuple[int, int], rng: np.random.Generator, length=(20, 90)) -> np.ndarray:
    """(N, 4, 2) corners of ships that keep clear of each other, a cell of a grid each."""
    columns = math.ceil(math.sqrt(number * size[0] / size[1]))
    cell = np.array([size[0] / columns, size[1] / math.ceil(number / columns)])
    index = np.arange(number)
    centers = (np.column_stack([index % columns, index // columns]) + 0.5) * cell
    room = cell.min()
    lengths = rng.uniform(length[0], min(length[1], room * 0.8), number)
    centers += rng.uniform(-0.5, 0.5, (number, 2)) * (cell - 1.05 * lengths[:, None])
    boxes = np.column_stack(
        [centers, lengths, lengths * rng.uniform(0.15, 0.3, number), rng.uniform(-1.57, 1.57, number)]
    )
    return rbox_to_quad(boxes)


def matches(found, quads) -> np.ndarray:
    """How many of the found boxes are each ship's."""
    overlaps = pairwise_iou(quad_to_rbox(quads), quad_to_rbox(found.quads))
    return (overlaps > 0.5).sum(axis=1)


def test_ships_on_window_borders_are_found_once(painted_ships, paint, tmp_path):
    size = 4700, 4400
    rng = np.random.default_rng(1)
    quads = place_ships(1000, size, rng)
    paint(tmp_path / 'scene.tif', size, quads)
    detector = painted_ships(noise=0.03)
    found = detect_scene(detector, tmp_path / 'scene.tif', window=500, overlap=100)
    assert len(detector.seen) == 12 * 11
    assert max(detector.seen) == (500, 500, 3)
    assert (matches(found, quads) == 1).all()
    assert len(found) == 1000
    assert found.scene.size == size
    assert (np.diff(found.scores) <= 0).all()


def test_a_ship_longer_than_a_window_is_one_ship(painted_ships, paint, tmp_path):
    quads = rbox_to_quad([[600, 420, 700, 60, 0.3], [300, 900, 90, 20, 1.2]])
    paint(tmp_path / 'scene.tif', (1200, 1100), quads)
    found = detect_scene(painted_ships(), tmp_path / 'scene.tif', window=400, overlap=120)
    assert (matches(found, quads) == 1).all()
    assert len(found) == 2


def test_the_overlap_follows_from_the_longest_ship(painted_ships, paint, tmp_path):
    paint(tmp_path / 'scene.tif', (1000, 400), rbox_to_quad([[500, 200, 60, 20, 0]]), crs=UTM, transform=AT_60_NORTH)
    widths = []
    for longest in (None, 60.0, 2000.0):
        detector = painted_ships(gsd=0.6, longest_ship=longest)
        detect_scene(detector, tmp_path / 'scene.tif', window=400)
        widths.append(len(detector.seen))
    # Steps of 320 px (a fifth is shared), 400 - 1.1 * 60 / 0.6, and no less than half a window.
    assert widths == [1 + math.ceil(600 / step) for step in (320, 290, 200)]


def test_windows_are_as_large_as_the_detector_would_pad_them(painted_ships, paint, tmp_path):
    quads = place_ships(30, (1000, 900), np.random.default_rng(4))
    paint(tmp_path / 'scene.tif', (1000, 900), quads)
    detector = painted_ships()
    detector.size_divisor = 32
    found = detect_scene(detector, tmp_path / 'scene.tif', window=300, overlap=100)
    assert {shape[:2] for shape in detector.seen} == {(320, 320)}
    assert (matches(found, quads) == 1).all()


def test_scenes_are_seen_at_the_detectors_pixel_size(painted_ships, paint, tmp_path):
    # 0.6 m/px seen at 1.2: a ship of 120 px is shown as 60.
    quads = place_ships(40, (1600, 1400), np.random.default_rng(2), (60, 200))
    paint(tmp_path / 'scene.tif', (1600, 1400), quads, crs=UTM, transform=AT_60_NORTH)
    detector = painted_ships(gsd=1.2)
    found = detect_scene(detector, tmp_path / 'scene.tif', window=300, overlap=120)
    assert {shape[:2] for shape in detector.seen} == {(300, 300)}
    assert (matches(found, quads) == 1).all()
    assert len(found) == 40


@pytest.mark.parametrize('gsd, seen', [(None, (300, 300)), (0.5, (150, 200))])
def test_a_scene_without_place_takes_the_stated_pixel_size(painted_ships, paint, tmp_path, gsd, seen):
    paint(tmp_path / 'scene.png', (400, 300), rbox_to_quad([[200, 150, 60, 20, 0.4]]))
    detector = painted_ships(gsd=1.0)
    found = detect_scene(detector, tmp_path / 'scene.png', window=300, overlap=100, gsd=gsd)
    assert detector.seen[0][:2] == seen
    assert found.boxes[0, :2] == pytest.approx([200, 150], abs=1)
    assert found.boxes[0, 2] == pytest.approx(60, abs=4)
    assert found.scene.gsd == gsd


def georeferenced_twins(paint, tmp_path: Path) -> dict[str, Path]:
    """One scene at 60 degrees north, in UTM, in degrees, in Web Mercator, turned, and tied by control points."""
    size = 1500, 1300
    quads = place_ships(60, size, np.random.default_rng(3), (60, 150))
    paths = {name: tmp_path / f'{name}.tif' for name in ('utm', 'degrees', 'mercator', 'turned', 'points')}
    paint(paths['utm'], size, quads, crs=UTM, transform=AT_60_NORTH)
    with rasterio.open(paths['utm']) as source:
        pixels, bounds = source.read(), source.bounds
    for name, crs in (('degrees', 'EPSG:4326'), ('mercator', 'EPSG:3857')):
        transform, width, height = calculate_default_transform(UTM, crs, *size, *bounds)
        if name == 'degrees':
            # As large as in the UTM scene from north to south, so that nothing is lost.
            transform, width, height = calculate_default_transform(UTM, crs, *size, *bounds, resolution=0.6 / 111_400)
        warped = np.zeros((3, height, width), dtype=np.uint8)
        reproject(
            pixels,
            warped,
            src_transform=AT_60_NORTH,
            src_crs=UTM,
            dst_transform=transform,
            dst_crs=crs,
            resampling=Resampling.nearest,
        )
        profile = {'crs': crs, 'transform': transform, 'width': width, 'height': height, 'count': 3, 'dtype': 'uint8'}
        with rasterio.open(paths[name], 'w', driver='GTiff', **profile) as scene:
            scene.write(warped)
    turned = AT_60_NORTH @ Affine.translation(0, size[1]) @ Affine.rotation(-90)
    profile = {'crs': UTM, 'width': size[1], 'height': size[0], 'count': 3, 'dtype': 'uint8'}
    with rasterio.open(paths['turned'], 'w', driver='GTiff', transform=turned, **profile) as scene:
        scene.write(np.rot90(pixels, -1, axes=(1, 2)))
    profile = {'width': size[0], 'height': size[1], 'count': 3, 'dtype': 'uint8'}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(paths['points'], 'w', driver='GTiff', **profile) as scene:
            corners = [(x, y, AT_60_NORTH @ (x, y)) for x in (0, size[0]) for y in (0, size[1])]
            scene.gcps = (
                [GroundControlPoint(row=y, col=x, x=e, y=n) for x, y, (e, n) in corners],
                rasterio.CRS.from_string(UTM),
            )
            scene.write(pixels)
    return paths


def test_a_scene_in_another_projection_has_the_same_ships(painted_ships, paint, tmp_path):
    results = {}
    for name, path in georeferenced_twins(paint, tmp_path).items():
        detector = painted_ships(gsd=0.6)
        results[name] = detect_scene(detector, path, window=500, overlap=170)
        places = results[name].scene.georeference.to_degrees(results[name].quads.mean(axis=1))
        order = np.argsort(places[:, 0])
        results[name] = places[order]
    metres = np.array([111_400 * math.cos(math.radians(60)), 111_400])
    assert len(results['utm']) == 60
    for name, places in results.items():
        assert len(places) == 60, name
        assert np.abs((places - results['utm']) * metres).max() < 1.0, name


def test_land_and_area_are_asked_for_the_centre_of_a_ship():
    # Ships of 40 x 10 px, their centres at x = 15, 25, 75 and 95; land is left of 20, the area ends at 90.
    quads = rbox_to_quad([[x, 50, 40, 10, 0] for x in (15, 25, 75, 95)])
    view = SimpleNamespace(scene=SimpleNamespace(size=(100, 100)))
    search = Search(view, None, shapely.box(0, 0, 20, 100), shapely.box(0, 0, 90, 100))
    assert search.keeps(quads).tolist() == [False, True, True, False]
    # Without either, all are kept whose centre is in the scene.
    assert Search(view, None).keeps(np.add(quads, [10, 0])).tolist() == [True, True, True, False]
