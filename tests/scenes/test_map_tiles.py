"""Pictures of a scene for the map: their pixels are the scene's, and they are where ships are."""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from ship_det.raster import open_seekable
from ship_det.scenes.map_tiles import MARGIN, TILE_SIDE, count_levels, find_tiles, grid_size, write_tiles

SIZE = 4501, 2303
# Two ships, one at the lower right corner of the scene.
QUADS = np.array(
    [[(700, 900), (1000, 900), (1000, 950), (700, 950)], [(4300, 2200), (4490, 2200), (4490, 2290), (4300, 2290)]]
).astype(float)


@pytest.fixture(scope='module')
def pixels() -> np.ndarray:
    """Smooth, so that JPEG keeps it, and different in every place."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    channels = [40 + x * 170 / SIZE[0], 40 + y * 170 / SIZE[1], 120 + 60 * np.sin(x / 300) * np.cos(y / 300)]
    return np.stack(channels, axis=-1).astype(np.uint8)


@pytest.fixture(scope='module')
def scene(pixels, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp('scene') / 'scene.tif'
    with rasterio.open(path, 'w', driver='GTiff', width=SIZE[0], height=SIZE[1], count=3, dtype='uint8') as file:
        file.write(np.moveaxis(pixels, 2, 0))
    return str(path)


def tiles_of(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*.jpg')}


def averaged(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares; rows and columns that are missing in the last ones are the last that there are."""
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % factor), (0, -width % factor), (0, 0)), mode='edge').astype(float)
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    return padded.reshape(rows, factor, columns, factor, 3).mean(axis=(1, 3))


@pytest.mark.parametrize(('side', 'levels'), [(1, 0), (2048, 0), (2049, 1), (4096, 1), (12544, 3), (40000, 5)])
def test_the_overview_fits_a_screen(side, levels):
    assert count_levels((side, side // 2 + 1)) == levels


def test_each_level_is_the_mean_of_the_scene(pixels, scene, tmp_path):
    folder = tmp_path / 'tiles'
    write_tiles(folder, scene, SIZE, QUADS)
    overview = np.asarray(Image.open(folder / 'overview.jpg'))
    expected = [averaged(pixels, factor) for factor in (4, 2, 1)]
    assert overview.shape == expected[0].shape
    assert np.abs(overview - expected[0]).max() < 8
    names = tiles_of(folder) - {'overview.jpg'}
    # The one in the corner is smaller.
    assert {'2/1_1.jpg', '2/8_4.jpg', '1/4_2.jpg', '1/0_0.jpg'} <= names
    for name in names:
        level, column, row = map(int, name.replace('/', ' ').replace('_', ' ').removesuffix('.jpg').split())
        part = expected[level][row * TILE_SIDE :, column * TILE_SIDE :][:TILE_SIDE, :TILE_SIDE]
        found = np.asarray(Image.open(folder / name))
        assert found.shape == part.shape
        assert np.abs(found - part).max() < 8


def test_tiles_are_where_ships_are(scene, tmp_path):
    write_tiles(tmp_path / 'tiles', scene, SIZE, QUADS[:1])
    names = tiles_of(tmp_path / 'tiles')
    # x 636 to 1064 and y 836 to 1014 with the margin, which at half the size is twice as wide.
    assert names == {'overview.jpg', '2/1_1.jpg', '2/2_1.jpg', '1/0_0.jpg', '1/1_0.jpg', '1/0_1.jpg', '1/1_1.jpg'}


def test_every_ship_has_its_surroundings():
    rng = np.random.default_rng(0)
    size = 9000, 7001
    centers = rng.uniform((0, 0), size, (300, 2))
    quads = centers[:, None] + rng.uniform(-150, 150, (300, 4, 2))
    levels = find_tiles(size, quads)
    assert len(levels) == count_levels(size) == 3
    for level, wanted in enumerate(levels, start=1):
        columns, rows = grid_size(size, level)
        assert wanted.shape == (rows, columns)
        expected = np.zeros_like(wanted)
        side, margin = TILE_SIDE * 2 ** (3 - level), MARGIN * 2 ** (3 - level)
        for row, column in np.ndindex(*wanted.shape):
            left, top = column * side, row * side
            reaches = (quads[..., 0].max(1) + margin >= left) & (quads[..., 0].min(1) - margin < left + side)
            reaches &= (quads[..., 1].max(1) + margin >= top) & (quads[..., 1].min(1) - margin < top + side)
            expected[row, column] = reaches.any()
        assert (wanted == expected).all()


def test_without_ships_there_is_the_overview_alone(scene, tmp_path):
    write_tiles(tmp_path / 'tiles', scene, SIZE, QUADS[:0])
    assert tiles_of(tmp_path / 'tiles') == {'overview.jpg'}


def test_progress_ends_at_its_total(scene, tmp_path):
    reports = []
    write_tiles(tmp_path / 'tiles', scene, SIZE, QUADS, lambda done, total: reports.append((done, total)))
    assert reports[-1] == (45, 45)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def unreadable(path, folder):
    raise AssertionError(f'{path} is read again')


def test_what_is_there_is_not_made_again(scene, tmp_path):
    folder = tmp_path / 'tiles'
    write_tiles(folder, scene, SIZE, QUADS)
    reports = []
    write_tiles(folder, scene, SIZE, QUADS[1:], lambda *done: reports.append(done), unreadable)
    assert reports == [(45, 45)]


@pytest.mark.parametrize('change', ['ship elsewhere', 'scene replaced', 'killed'])
def test_what_has_changed_is_made_again(scene, tmp_path, change):
    folder, path = tmp_path / 'tiles', tmp_path / 'own.tif'
    path.write_bytes(Path(scene).read_bytes())
    write_tiles(folder, str(path), SIZE, QUADS[:1])
    quads = QUADS[:1]
    if change == 'ship elsewhere':
        quads = QUADS
    elif change == 'scene replaced':
        os.utime(path, ns=(1, 1))
    else:
        (folder / 'tiles.json').unlink()
    (folder / '.123.tmp').mkdir()
    opened = []

    def open_pixels(path, stage):
        opened.append(path)
        return open_seekable(path, stage)

    write_tiles(folder, str(path), SIZE, quads, open_pixels=open_pixels)
    assert opened == [str(path)]
    assert ('2/8_4.jpg' in tiles_of(folder)) == (change == 'ship elsewhere')
    assert not [path for path in folder.iterdir() if path.name.startswith('.')]


def test_tiles_stay_when_the_scene_is_gone(scene, tmp_path):
    path = tmp_path / 'own.tif'
    path.write_bytes(Path(scene).read_bytes())
    write_tiles(tmp_path / 'tiles', str(path), SIZE, QUADS)
    path.unlink()
    write_tiles(tmp_path / 'tiles', str(path), SIZE, QUADS, open_pixels=unreadable)


def test_a_scene_of_another_size_is_refused(scene, tmp_path):
    with pytest.raises(ValueError, match=r'scene.tif: 4501 x 2303 px, expected 100 x 2303 px'):
        write_tiles(tmp_path / 'tiles', scene, (100, SIZE[1]), QUADS[:0])
    assert not (tmp_path / 'tiles').exists()
