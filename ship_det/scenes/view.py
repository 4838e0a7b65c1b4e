"""A scene as a detector should see it: square pixels of one size on the ground, window by window.

A detector knows ships at the pixel size it was trained on. A scene whose own pixels are squares on the ground is
resampled window by window, as chips are. One whose pixels are not, such as a grid of degrees or one tied to the Earth
by control points, is warped to the UTM zone of its middle while it is read; nothing is written.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import DatasetReader
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform

from ship_det.geometry import sliding_windows
from ship_det.geometry.boxes import FloatArray
from ship_det.raster import AS_FILED, PixelChoices, SceneReader, open_scene, open_seekable, resize
from ship_det.raster.georeference import Georeference
from ship_det.raster.shrinking import shrink
from ship_det.raster.stretch import DEFAULT_PERCENTILES
from ship_det.scenes.merging import Windows
from ship_det.scenes.scene import Scene

# Pixels whose sides differ by no more are square; so are those of a scene whose pixels are as large everywhere.
_SQUARE = 0.02
# A scene whose pixels are as large as the detector's, but for this share, is not resampled.
_SAME_SIZE = 0.02
# More windows than any detector looks at: a window of a few px, or an overlap of nearly all of it.
_MOST_WINDOWS = 1_000_000
# A window of more px is read in parts: at 3 cm a px a window of 600 m has 400 million.
_LARGE_WINDOW = 1 << 25


@dataclass(frozen=True)
class SceneView:
    """An open scene, as a detector sees it.

    Attributes:
        scene: what is known of it.
        reader: its pixels, or those it has once it is warped. All px here are px of the reader, unless said otherwise.
        scale: px of the reader in a px that the detector sees.
        grid: where the px of a warped reader lie; None where they are those of the scene.
    """

    scene: Scene
    reader: SceneReader
    scale: float = 1.0
    grid: Georeference | None = None

    def windows(self, window: int, overlap: int) -> Windows:
        """Windows of a side and an overlap in px that the detector sees, which cover the scene.

        Raises:
            ValueError: naming the scene, where they are too many.
        """
        side = max(1, round(window * self.scale))
        shared = min(round(overlap * self.scale), side - 1)
        number = math.prod(max(1, math.ceil((length - shared) / (side - shared))) for length in self.reader.size)
        if number > _MOST_WINDOWS:
            raise ValueError(
                f'{self.scene.path}: windows of {window} px that share {overlap} px are {number}, expected at most '
                f'{_MOST_WINDOWS} (--window, --overlap)'
            )
        windows = sliding_windows(*self.reader.size, side, shared)
        windows = windows[self.reader.file_order(windows)]
        if self.scale == 1:
            return Windows(windows, windows[:, 2:], self.reader.size)
        images = np.maximum(np.rint(windows[:, 2:] * (window / side)), 1).astype(np.int64)
        return Windows(windows, images, self.reader.size)

    def read(self, window: NDArray[np.int64], image: NDArray[np.int64]) -> NDArray[np.uint8] | None:
        """The RGB image, of width and height ``image``, of a window (x, y, w, h); None where there is no data."""
        x, y, width, height = window.tolist()
        size = tuple(image.tolist())
        if width * height > max(_LARGE_WINDOW, 2 * size[0] * size[1]):
            means = shrink(self.reader.read_parts((x, y, width, height)), (x, y, width, height), size)
            return None if means is None else np.rint(means).astype(np.uint8)
        pixels = self.reader.read((x, y, width, height))
        return pixels if pixels is None or size == (width, height) else resize(pixels, size)

    def to_scene(self, points: FloatArray) -> FloatArray:
        """Points (..., 2) as px of the scene."""
        if self.grid is None:
            return points
        return self.scene.to_pixels(self.grid.to_map(points), self.grid.crs)


@contextmanager
def open_view(
    scene: Scene, gsd: float | None, choices: PixelChoices = AS_FILED, is_read: bool = True
) -> Iterator[SceneView]:
    """Open a scene as a detector should see it.

    Args:
        scene: scene to look at.
        gsd: m a px of what the detector sees; None leaves the size of the scene's pixels, which are made square.
        choices: how the scene's values are read, where that is not left to its file.
        is_read: False where only its windows are wanted.

    Raises:
        ValueError: naming the file, where it cannot be decoded or shown, within the block too.
    """
    if scene.georeference is not None and not has_square_pixels(scene):
        with _open_warped(scene, scene.georeference, gsd, choices, is_read) as view:
            yield view
        return
    scale = _scale(gsd, scene.gsd)
    if not is_read:
        with open_scene(scene.path) as source:
            yield SceneView(scene, SceneReader(source, choices), scale)
        return
    with TemporaryDirectory() as folder, open_seekable(scene.path, folder, choices) as reader:
        yield SceneView(scene, reader, scale)


def has_square_pixels(scene: Scene) -> bool:
    """Whether the pixels of a georeferenced scene are squares on the ground, upright or turned, all of one size.

    They are looked at in the middle and at the corners. What is mirrored has none.
    """
    assert scene.georeference is not None
    width, height = scene.size
    places = [(width / 2, height / 2), (0, 0), (width, 0), (0, height), (width, height)]
    steps = np.array([scene.georeference.ground_steps(x, y) for x, y in places])
    sides = np.hypot(steps[..., 0], steps[..., 1])
    if not np.isfinite(steps).all() or sides.min() <= 0:
        return False
    # y points down: the step along it is that along x turned by a right angle clockwise.
    turned = np.stack([steps[:, 0, 1], -steps[:, 0, 0]], axis=-1)
    askew = np.linalg.norm(steps[:, 1] - turned, axis=-1) / sides[:, 0]
    return bool(askew.max() < _SQUARE and sides.max() / sides.min() < 1 + _SQUARE)


def utm_zone(longitude: float, latitude: float) -> str:
    """The CRS of the UTM zone of a place in degrees; beyond 84 degrees that of the pole."""
    if abs(latitude) > 84:
        return 'EPSG:32661' if latitude > 0 else 'EPSG:32761'
    zone = int((longitude + 180) // 6) % 60 + 1
    return f'EPSG:{(32600 if latitude >= 0 else 32700) + zone}'


@contextmanager
def _open_warped(
    scene: Scene, georeference: Georeference, gsd: float | None, choices: PixelChoices, is_read: bool
) -> Iterator[SceneView]:
    middle = georeference.to_degrees(np.array(scene.size, dtype=np.float64) / 2)
    crs = utm_zone(*middle.tolist())
    with ExitStack() as stack:
        source = stack.enter_context(open_scene(scene.path))
        plain = SceneReader(source, choices)
        stretch = plain.find_stretch(DEFAULT_PERCENTILES) if plain.needs_stretch and is_read else None
        bands = plain.bands
        if plain.alpha_band is None and source.indexes != bands:
            source = stack.enter_context(_choose_bands(source, bands))
            bands = source.indexes
        target: dict[str, Any] = {}
        if source.crs is not None:
            transform, width, height = calculate_default_transform(
                source.crs, crs, source.width, source.height, *source.bounds, resolution=gsd or scene.gsd
            )
            target = {'transform': transform, 'width': width, 'height': height}
        # A scene tied by control points is warped at its own resolution: rasterio finds nothing at another one.
        nodata = choices.nodata
        if nodata is not None:
            # Not a number stands for no value.
            nodata = None if math.isnan(nodata) else nodata
            target |= {'src_nodata': nodata, 'nodata': nodata}
        else:
            nodata = next((value for value in source.nodatavals if value is not None), None)
        # A mask beside the bands is not passed on, an alpha band is made of it.
        has_alpha = plain.alpha_band is not None or nodata is not None
        # Interpolated numbers of a palette are other colours.
        resampling = Resampling.nearest if plain.has_palette else Resampling.bilinear
        warp = WarpedVRT(source, crs=crs, resampling=resampling, add_alpha=not has_alpha, **target)
        warped = stack.enter_context(warp)
        reader = SceneReader(warped, PixelChoices(bands=bands, nodata=choices.nodata), stretch)
        yield SceneView(scene, reader, _scale(gsd, warped.transform.a), Georeference(crs, tuple(warped.transform)[:6]))


def _choose_bands(source: DatasetReader, bands: tuple[int, ...]) -> DatasetReader:
    """A scene of some bands of another, none of which is called alpha.

    A warp takes a pixel for nodata where all bands are, those that nobody looks at too, and a band that is called alpha
    for one, whatever is asked for.
    """
    with open_scene(f'vrt://{source.name}?bands={",".join(map(str, bands))}') as copy:
        (description,) = copy.tags(ns='xml:VRT').values()
    return rasterio.open(
        description.replace('<ColorInterp>Alpha</ColorInterp>', '<ColorInterp>Undefined</ColorInterp>')
    )


def _scale(gsd: float | None, own: float | None) -> float:
    """Px of a reader, of m a px, in a px that a detector sees, 1 where they are nearly as large."""
    scale = 1.0 if gsd is None or own is None else gsd / own
    return 1.0 if abs(math.log(scale)) < _SAME_SIZE else scale
