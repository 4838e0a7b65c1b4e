"""From a planned harbor to pixels, block by block, without seams between the blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.simulation.berthing import wake_length
from ship_det.simulation.canvas import Canvas
from ship_det.simulation.deck import Deck
from ship_det.simulation.harbor import Harbor, SceneSpec, solid_outlines
from ship_det.simulation.merchant_decks import MERCHANT_DECKS
from ship_det.simulation.navy_decks import NAVY_DECKS
from ship_det.simulation.plan import FloatArray, Shapes
from ship_det.simulation.ships import Ship
from ship_det.simulation.texture import Texture, Window

_DECKS = {**NAVY_DECKS, **MERCHANT_DECKS}
# Drawn around a block and cut off again: more than the blur and the foam reach.
_MARGIN = 16
_BLOCK = 1024
_SHIFT = 4
# Distance between the values of the coarse grids, px.
_CELL = 8
# How far above the water the tallest mast of a ship is, and how high quays are, m.
_MAST_HEIGHT, _QUAY_HEIGHT = 40, 2.5
_WATERS = ((44, 66, 72), (38, 58, 76), (58, 74, 66), (66, 78, 72), (30, 48, 62), (52, 70, 82))
_SOILS = ((118, 116, 88), (140, 128, 104), (104, 110, 80))
_SAND = (186, 172, 142)
_FOAM = (216, 222, 222)


@dataclass(frozen=True)
class Look:
    """Light, water, air and camera of a scene.

    Attributes:
        shadow: (x, y) metres of shadow for each metre of height.
        water, soil: RGB.
        wave_height, patchiness: grey levels.
        shallows: how much lighter the water is at the shore, grey levels.
        gain: RGB factor of light and white balance.
        haze: share of the light that is scattered haze.
        blur: standard deviation of the camera's blur, px.
        noise: standard deviation of the camera's noise, grey levels.
    """

    shadow: tuple[float, float]
    water: tuple[float, float, float]
    soil: tuple[float, float, float]
    wave_height: float
    patchiness: float
    shallows: float
    gain: tuple[float, float, float]
    haze: float
    blur: float
    noise: float


def draw_look(rng: np.random.Generator) -> Look:
    """The look of a scene by chance."""
    azimuth, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.15)
    light = rng.uniform(0.88, 1.1)
    return Look(
        shadow=(reach * np.cos(azimuth), reach * np.sin(azimuth)),
        water=tuple(np.array(_WATERS[rng.integers(len(_WATERS))]) + rng.uniform(-6, 6, 3)),
        soil=tuple(np.array(_SOILS[rng.integers(len(_SOILS))]) + rng.uniform(-8, 8, 3)),
        wave_height=rng.uniform(0.8, 3.0),
        patchiness=rng.uniform(1.5, 4.0),
        shallows=rng.uniform(2.0, 16.0),
        gain=tuple(light * rng.uniform(0.96, 1.04, 3)),
        haze=rng.uniform(0.0, 0.16),
        blur=rng.uniform(0.45, 0.75),
        noise=rng.uniform(1.0, 2.6),
    )


class Renderer:
    """Draws the blocks of one scene."""

    def __init__(self, harbor: Harbor, spec: SceneSpec):
        rng = np.random.default_rng([*harbor.seed, 1])
        self.harbor, self.size, self.gsd = harbor, spec.size, spec.gsd
        self.look = draw_look(rng)
        self.texture = Texture(spec.size, spec.gsd, rng.uniform(0, 2 * np.pi), rng)
        self._land = solid_outlines(harbor.land)
        self._shallows = _shallows(self._land, spec)

    def rows(self, top: int, height: int) -> NDArray[np.uint8]:
        """All columns of some rows, (height, size, 3) RGB."""
        strip = np.empty((height, self.size, 3), np.uint8)
        for x, y, width, block_height in _blocks(self.size, top, height):
            strip[y - top : y - top + block_height, x : x + width] = self.block((x, y, width, block_height))
        return strip

    def block(self, window: Window) -> NDArray[np.uint8]:
        """One window of the scene, (height, width, 3) RGB."""
        x, y, width, height = window
        around = (x - _MARGIN, y - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN)
        ground = self._ground(around)
        image = self._objects(ground, around)
        sensed = self._sense(image, around)
        return sensed[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    def _ground(self, window: Window) -> NDArray[np.uint8]:
        """Water and bare land."""
        image = self._water(window)
        corner = np.array(window[:2])
        land = _mask(window, [outline / self.gsd - corner for outline in self._land])
        if not land.any():
            return _to_bytes(image)
        fall = np.array(self.look.shadow) * (_QUAY_HEIGHT / self.gsd)
        shaded = _mask(window, [outline / self.gsd - corner + fall for outline in self._land])
        image *= 1 - (0.4 / 255) * shaded[..., None]
        land_image = self._land_surface(window)
        return _to_bytes(image + (land_image - image) * (land[..., None] / np.float32(255)))

    def _water(self, window: Window) -> NDArray[np.float32]:
        look = self.look
        level = look.wave_height * (0.8 * self.texture.waves(window) + 0.3 * self.texture.cloud(window, 211))
        level += look.patchiness * self.texture.patches(window)
        level += look.shallows * self._sample(self._shallows, window)
        # Crests and shallow patches differ more in green and blue than in red.
        image = np.array(look.water, np.float32) + level[..., None] * np.array([0.8, 1.0, 0.95], np.float32)
        foam = self._foam(window)
        if foam is not None:
            image += (np.array(_FOAM, np.float32) - image) * foam[..., None]
        return image

    def _beach_lines(self, image: NDArray[np.uint8], window: Window, width: float, colour) -> None:
        """Draw along the natural shores, so many metres wide."""
        corner = np.array(window[:2])
        for beach in self.harbor.beaches:
            line = _fixed(beach / self.gsd - corner)
            cv2.polylines(image, [line], False, colour, max(round(width / self.gsd), 1), cv2.LINE_AA, _SHIFT)

    def _sample(self, grid: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        """A coarse grid over the scene, of one value every _CELL px, at the pixels of a window."""
        x, y, width, height = window
        columns = (np.arange(x, x + width, dtype=np.float32) + 0.5) / _CELL - 0.5
        rows = (np.arange(y, y + height, dtype=np.float32) + 0.5) / _CELL - 0.5
        return cv2.remap(grid, *np.meshgrid(columns, rows), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _foam(self, window: Window) -> NDArray[np.float32] | None:
        """Share of foam (0 to 1) of each pixel: the surf and the wakes of ships under way."""
        sailing = [ship for ship in self.harbor.ships if ship.speed > 0]
        near = [ship for ship in sailing if self._touches(ship, window, 1.2 * wake_length(ship))]
        mask = np.zeros((window[3], window[2]), np.uint8)
        self._beach_lines(mask, window, 12, 60)
        self._beach_lines(mask, window, 7, 130)
        if not near and not mask.any():
            return None
        for ship in near:
            for outline, strength in wake_outlines(ship):
                _fill(mask, outline / self.gsd - window[:2], strength)
        soft = cv2.GaussianBlur(mask, (0, 0), min(max(1.5 / self.gsd, 0.8), 4.0)).astype(np.float32) / 255
        return np.clip(soft * (1 + 0.5 * self.texture.cloud(window, 97)), 0, 1)

    def _land_surface(self, window: Window) -> NDArray[np.float32]:
        image = np.empty((window[3], window[2], 3), np.uint8)
        image[:] = np.rint(self.look.soil).astype(np.uint8)
        corner = np.array(window[:2])
        self._beach_lines(image, window, 26, _SAND)
        ground = self.harbor.ground
        for index in ground.touching(self._metres(window), 0):
            _fill(image, ground.outlines[index] / self.gsd - corner, ground.colours[index])
        mottle = 1 + 0.035 * self.texture.cloud(window) + 0.022 * self.texture.grain(window)
        return image * mottle[..., None].astype(np.float32)

    def _objects(self, ground: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
        """Buildings, ships and what hangs above them."""
        ships = [ship for ship in self.harbor.ships if self._touches(ship, window, 1.2 * _MAST_HEIGHT)]
        metres = self._metres(window)
        reach = float(np.hypot(*self.look.shadow))
        buildings = self.harbor.buildings.touching(metres, reach)
        overhead = self.harbor.overhead.touching(metres, reach)
        if not ships and not len(buildings) and not len(overhead):
            return ground
        canvas = Canvas(ground, window[:2], self.gsd, self.look.shadow)
        _draw_shapes(canvas, self.harbor.buildings, buildings)
        for ship in ships:
            _DECKS[ship.name](Deck(canvas, ship))
        _draw_shapes(canvas, self.harbor.overhead, overhead)
        return canvas.finish()

    def _sense(self, image: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
        """What the camera makes of it: haze, blur, white balance and noise."""
        look = self.look
        factor = (1 - look.haze) * np.array(look.gain, np.float32)
        scattered = look.haze * np.array([176, 188, 200], np.float32)
        sensed = cv2.GaussianBlur(image, (0, 0), look.blur).astype(np.float32) * factor + scattered
        noise = np.stack([self.texture.grain(window, 31 + 67 * band) for band in range(3)], axis=-1)
        return _to_bytes(sensed + look.noise * noise)

    def _metres(self, window: Window) -> tuple[float, float, float, float]:
        x, y, width, height = window
        return x * self.gsd, y * self.gsd, (x + width) * self.gsd, (y + height) * self.gsd

    def _touches(self, ship: Ship, window: Window, reach: float) -> bool:
        x0, y0, x1, y1 = self._metres(window)
        radius = ship.length / 2 + reach
        return x0 - radius < ship.x < x1 + radius and y0 - radius < ship.y < y1 + radius


def wake_outlines(ship: Ship) -> list[tuple[FloatArray, int]]:
    """Foam of a ship under way as (outline in m, strength 0 to 255), the later ones on top."""
    half, beam, wake = ship.length / 2, ship.beam, wake_length(ship)
    outlines = []
    for side in (-1, 1):
        for way in np.linspace(0.9, 0.1, 9):
            # The arms of the V open at 19.5 degrees on either side whatever the speed (Kelvin).
            start, end = half - way * wake * 0.8, half - (way - 0.1) * wake * 0.8
            across = [side * (beam * 0.3 + (half - at) * 0.354) for at in (start, end)]
            thick = 1.5 + 0.02 * (half - start)
            arm = np.array([(start, across[0]), (end, across[1]), (end, across[1] + thick), (start, across[0] + thick)])
            outlines.append((ship.to_scene(arm), int(70 * ship.speed * (1 - way))))
    for way in np.linspace(1, 0, 13)[:-1]:
        start, end = -half - way * wake, -half - (way - 1 / 12) * wake
        wide = [beam * (0.38 + 0.3 * at) for at in (way, way - 1 / 12)]
        trail = np.array([(start, -wide[0]), (end, -wide[1]), (end, wide[1]), (start, wide[0])])
        outlines.append((ship.to_scene(trail), int(190 * ship.speed * (1 - way) ** 1.5)))
    moustache = np.array(
        [(half + 2, 0), (half - 0.3 * ship.length, 0.62 * beam), (half - 0.3 * ship.length, -0.62 * beam)]
    )
    outlines.append((ship.to_scene(moustache), int(150 * ship.speed)))
    return outlines


def _draw_shapes(canvas: Canvas, shapes: Shapes, indices: NDArray[np.intp]) -> None:
    if len(indices):
        canvas.prisms(*([values[index] for index in indices]
                        for values in (shapes.outlines, shapes.heights, shapes.colours)))  # fmt: skip


def _shallows(land: list[FloatArray], spec: SceneSpec) -> NDArray[np.float32]:
    """How near land is, 1 at the shore and falling off over some 80 m, one value every _CELL px.

    On bytes OpenCV's blur gives the same result on any number of threads; a distance in floats would not.
    """
    cells = -(-spec.size // _CELL)
    mask = _mask((0, 0, cells, cells), [outline / (spec.gsd * _CELL) for outline in land])
    soft = cv2.GaussianBlur(mask, (0, 0), max(40 / (spec.gsd * _CELL), 0.5), borderType=cv2.BORDER_REPLICATE)
    return np.minimum(soft.astype(np.float32) / np.float32(127.5), 1)


def _mask(window: Window, outlines: list[FloatArray]) -> NDArray[np.uint8]:
    """Share of each pixel inside outlines given in px of the window, 0 to 255."""
    mask = np.zeros((window[3], window[2]), np.uint8)
    if outlines:
        cv2.fillPoly(mask, [_fixed(outline) for outline in outlines], 255, cv2.LINE_AA, _SHIFT)
    return mask


def _fill(image: NDArray[np.uint8], outline: FloatArray, colour) -> None:
    cv2.fillPoly(image, [_fixed(outline)], colour, cv2.LINE_AA, _SHIFT)


def _fixed(outline: FloatArray) -> NDArray[np.int32]:
    # OpenCV puts whole coordinates on pixel centres, the scene puts them on pixel corners.
    return np.rint((outline - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _to_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def _blocks(size: int, top: int, height: int) -> Iterator[Window]:
    for y in range(top, top + height, _BLOCK):
        for x in range(0, size, _BLOCK):
            yield x, y, min(_BLOCK, size - x), min(_BLOCK, top + height - y)
