"""What a detector sees of a scene, and where that lies in the scene: to 0.1 px, 0.5 px where it is warped."""

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint

from ship_det.geometry import rbox_to_quad
from ship_det.raster import PixelChoices
from ship_det.raster.georeference import transform_points
from ship_det.scenes import Detections, describe_scene, detect_scene
from ship_det.scenes.attributes import measure_ships
from ship_det.scenes.view import has_square_pixels, open_view, utm_zone

SIZE = 900, 700
# 60 degrees north: a degree of longitude is half as long as one of latitude, and Web Mercator twice as large.
DEGREE = 111_412.0
GRIDS = {
    'utm': ('EPSG:32633', Affine(0.6, 0, 620000, 0, -0.6, 6654000)),
    'mercator': ('EPSG:3857', Affine(1.2, 0, 1900000, 0, -1.2, 8400000)),
    'degrees': ('EPSG:4326', Affine(0.6 / DEGREE, 0, 17.1, 0, -0.6 / DEGREE, 60.0)),
    'turned': ('EPSG:32633', Affine(0.6, 0, 620000, 0, -0.6, 6654000) @ Affine.rotation(37)),
    'skewed': ('EPSG:32633', Affine(0.6, 0.25, 620000, 0.05, -0.7, 6654000)),
    'mirrored': ('EPSG:32633', Affine(0.6, 0, 620000, 0, 0.6, 6654000)),
}
WARPED = {'degrees', 'skewed', 'mirrored', 'skewed points'}


def write(path: Path, image: np.ndarray, grid: str) -> Path:
    """Write an image (H, W) as three bands on a grid, or tied to it by control points."""
    crs, transform = GRIDS[grid.removesuffix(' points')]
    is_tied = grid.endswith(' points')
    place = {} if is_tied else {'crs': crs, 'transform': transform}
    profile = {'driver': 'GTiff', 'width': SIZE[0], 'height': SIZE[1], 'count': 3, 'dtype': 'uint8', **place}
    with rasterio.open(path, 'w', **profile) as scene:
        if is_tied:
            corners = [(x, y, *(transform @ (x, y))) for x in (0, SIZE[0]) for y in (0, SIZE[1])]
            points = [GroundControlPoint(row=y, col=x, x=east, y=north) for x, y, east, north in corners]
            scene.gcps = points, rasterio.CRS.from_string(crs)
        scene.write(np.broadcast_to(image, (3, *image.shape)))
    return path


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('gsd', [0.6, 1.0])
@pytest.mark.parametrize('grid', [*GRIDS, 'utm points', 'skewed points'])
def test_what_is_seen_lies_where_it_is(tmp_path, grid, gsd):
    image = np.zeros(SIZE[::-1], dtype=np.uint8)
    corners = [(x, y) for x in (50, 421, 803) for y in (40, 333, 651)]
    for x, y in corners:
        image[y : y + 21, x : x + 21] = 255
    scene = describe_scene(write(tmp_path / 'scene.tif', image, grid), 'scene')
    with open_view(scene, gsd) as view:
        assert (view.grid is not None) == (grid in WARPED)
        windows = view.windows(2000, 0)
        # One window shows it all.
        ((left, top, width, height),) = windows.windows
        seen = view.read(windows.windows[0], windows.images[0])[..., 0].astype(np.float64)
        scale = windows.scale[0]
        # Each block by the centre of its light, looked for where the scene says that it is.
        for x, y in corners:
            step = min(gsd / 0.6, 1.0)
            rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]]
            points = view.to_scene(np.stack([columns + 0.5, rows + 0.5], axis=-1) * scale + [left, top])
            near = (np.abs(points - [x + 10.5, y + 10.5]) < 16).all(axis=-1)
            weights = seen * near
            center = np.tensordot(weights, points, axes=2) / weights.sum()
            assert np.abs(center - [x + 10.5, y + 10.5]).max() < (0.5 if grid in WARPED else 0.1) * step
    assert (width, height) == view.reader.size


class OneBox:
    """A detector that finds one box, in px that it sees, in the middle of an image."""

    classes = ('ship',)

    def __init__(self, gsd: float, length: float, angle: float) -> None:
        self.gsd = gsd
        self.size = length, length / 6, angle

    def predict(self, image: np.ndarray, min_score: float | None = None) -> Detections:
        height, width = image.shape[:2]
        boxes = np.array([[width / 2, height / 2, *self.size]])
        return Detections(boxes, np.array([0.9]), np.array([0]), self.classes)


@pytest.mark.parametrize('angle', [0.0, 0.5, -1.2])
@pytest.mark.parametrize('grid', ['utm', 'mercator', 'degrees', 'turned'])
def test_lengths_at_60_degrees_north(tmp_path, grid, angle):
    write(tmp_path / 'scene.tif', np.ones(SIZE[::-1], dtype=np.uint8), grid)
    # 200 px of 1 m.
    found = detect_scene(OneBox(1.0, 200, angle), tmp_path / 'scene.tif', window=2000)
    measured = measure_ships(found.quads, found.scene)
    assert len(found) == 1
    assert measured.length_m[0] == pytest.approx(200, rel=5e-3)
    assert measured.width_m[0] == pytest.approx(200 / 6, rel=5e-3)


def test_corners_without_a_warp_are_those_of_the_affine_transform(tmp_path):
    path = write(tmp_path / 'scene.tif', np.ones(SIZE[::-1], dtype=np.uint8), 'utm')
    found = detect_scene(OneBox(0.6, 200, 0.5), path, window=2000)
    quad = rbox_to_quad([[450, 350, 200, 200 / 6, 0.5]])[0]
    expected = np.array([GRIDS['utm'][1] @ tuple(corner) for corner in quad])
    polygon = np.array(found.to_geodataframe().geometry[0].exterior.coords)[:4]
    distance = np.linalg.norm(polygon[:, None] - expected[None], axis=-1).min(axis=1)
    assert distance.max() < 0.1 * 0.6


def test_the_pixels_of_a_utm_zone_are_square_and_those_of_degrees_are_not(tmp_path):
    for grid in GRIDS:
        scene = describe_scene(write(tmp_path / f'{grid}.tif', np.ones(SIZE[::-1], dtype=np.uint8), grid), grid)
        assert has_square_pixels(scene) == (grid not in WARPED)
        if grid in ('utm', 'mercator', 'degrees'):
            expected = 0.6 * (math.sqrt(0.5) if grid == 'degrees' else 1.0)
            assert scene.gsd == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize('grid', ['utm', 'degrees'])
def test_what_a_mask_leaves_out_is_not_seen(tmp_path, grid):
    path = write(tmp_path / 'scene.tif', np.full(SIZE[::-1], 90, dtype=np.uint8), grid)
    mask = np.zeros(SIZE[::-1], dtype=bool)
    mask[300:350, 400:450] = True
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, 'r+') as scene:
        scene.write_mask(mask)
    with open_view(describe_scene(path, 'scene'), None) as view:
        windows = view.windows(100, 0)
        seen = [view.read(*place) for place in zip(windows.windows, windows.images, strict=True)]
    assert 1 <= sum(image is not None for image in seen) <= 4


def test_large_windows_are_averaged_in_parts(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, SIZE[::-1], dtype=np.uint8)
    scene = describe_scene(write(tmp_path / 'scene.tif', image, 'utm'), 'scene')
    results = []
    for largest in (1 << 30, 1000):
        monkeypatch.setattr('ship_det.scenes.view._LARGE_WINDOW', largest)
        with open_view(scene, 6.0) as view:
            windows = view.windows(50, 10)
            assert view.scale == pytest.approx(10, rel=1e-3)
            results.append([view.read(*place) for place in zip(windows.windows, windows.images, strict=True)])
    for whole, parts in zip(*results, strict=True):
        assert whole.shape == parts.shape
        assert np.abs(whole.astype(int) - parts).max() <= 1


def test_too_many_windows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('ship_det.scenes.view._MOST_WINDOWS', 100_000)
    scene = describe_scene(write(tmp_path / 'scene.tif', np.ones(SIZE[::-1], dtype=np.uint8), 'utm'), 'scene')
    with (
        open_view(scene, None) as view,
        pytest.raises(ValueError, match=r'scene\.tif: windows of 1 px that share 0 px are 630000'),
    ):
        view.windows(1, 0)


def test_utm_zones():
    assert utm_zone(17.1, 60.0) == 'EPSG:32633'
    assert utm_zone(-180.0, -10.0) == 'EPSG:32701'
    assert utm_zone(179.9, 10.0) == 'EPSG:32660'
    assert utm_zone(180.0, 10.0) == 'EPSG:32601'
    assert utm_zone(0.0, 85.0) == 'EPSG:32661'
    assert utm_zone(0.0, -85.0) == 'EPSG:32761'


def test_a_warped_scene_across_the_antimeridian(tmp_path):
    transform = Affine(0.6 / DEGREE, 0, 180 - 400 * 0.6 / DEGREE, 0, -0.6 / DEGREE, -17.0)
    profile = {'driver': 'GTiff', 'width': 900, 'height': 700, 'count': 1, 'dtype': 'uint8'}
    with rasterio.open(tmp_path / 'scene.tif', 'w', crs='EPSG:4326', transform=transform, **profile) as scene:
        scene.write(np.ones((1, 700, 900), dtype=np.uint8))
    found = detect_scene(OneBox(0.6, 200, 0.5), tmp_path / 'scene.tif', window=2000)
    assert np.abs(found.quads.mean(axis=1) - [450, 350]).max() < 2


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('grid', ['utm', 'degrees'])
@pytest.mark.parametrize(
    ('choices', 'seen'),
    [
        (PixelChoices(), [None, (200, 100, 50)]),
        (PixelChoices(alpha=False), [(200, 100, 50), (200, 100, 50)]),
        (PixelChoices(bands=(3, 2, 1), alpha=False), [(50, 100, 200), (50, 100, 200)]),
        (PixelChoices(bands=(4, 1, 2)), [(0, 200, 100), (90, 200, 100)]),
        (PixelChoices(nodata=200), [None, (200, 100, 50)]),
        (PixelChoices(bands=(1,), nodata=200, alpha=False), [None, None]),
    ],
    ids=['as filed', 'no alpha', 'other order', 'infrared', 'value of one band', 'grey nodata'],
)
def test_bands_nodata_and_alpha_in_any_view(tmp_path, grid, choices, seen):
    """The left half of what the file calls alpha is 0, the rest an infrared band."""
    path = tmp_path / 'scene.tif'
    crs, transform = GRIDS[grid]
    bands = np.empty((4, *SIZE[::-1]), dtype=np.uint8)
    bands[:] = np.array([200, 100, 50, 90])[:, None, None]
    bands[3, :, :450] = 0
    profile = {'driver': 'GTiff', 'width': SIZE[0], 'height': SIZE[1], 'count': 4, 'dtype': 'uint8'}
    with rasterio.open(path, 'w', crs=crs, transform=transform, photometric='rgb', alpha='yes', **profile) as file:
        file.write(bands)
    with open_view(describe_scene(path, 'scene'), None, choices) as view:
        for x, expected in zip((150, 750), seen, strict=True):
            # 20 px of the scene, in whatever px the view has.
            corner = np.array([[[x, 300], [x + 20, 320]]], dtype=np.float64)
            if view.grid is not None:
                places = view.scene.georeference.to_map(corner)
                corner = view.grid.to_pixels(transform_points(places, crs, view.grid.crs))
            (x, y), _ = np.round(corner[0]).astype(int).tolist()
            found = view.read(np.array([x, y, 8, 8]), np.array([8, 8]))
            assert (found is None) == (expected is None)
            # A warp keeps what has data off the value that says there is none.
            assert found is None or np.abs(found[4, 4].astype(int) - expected).max() <= 1


def test_no_value_is_nodata_in_a_warped_view(tmp_path):
    path = tmp_path / 'scene.tif'
    crs, transform = GRIDS['degrees']
    profile = {'driver': 'GTiff', 'width': SIZE[0], 'height': SIZE[1], 'count': 1, 'dtype': 'uint8', 'nodata': 9}
    with rasterio.open(path, 'w', crs=crs, transform=transform, **profile) as file:
        file.write(np.full((1, *SIZE[::-1]), 9, dtype=np.uint8))
    for nodata, is_seen in ((None, False), (float('nan'), True)):
        with open_view(describe_scene(path, 'scene'), None, PixelChoices(nodata=nodata)) as view:
            found = view.read(np.array([300, 300, 50, 50]), np.array([50, 50]))
            assert (found is not None and bool((found == 9).all())) == is_seen
