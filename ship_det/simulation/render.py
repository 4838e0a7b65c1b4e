"""From a planned harbor to pixels, block by block, without seams between the blocks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ship_det.simulation.berthing import wake_length
from ship_det.simulation.canvas import Canvas, as_bytes, clamp
from ship_det.simulation.deck import Deck
from ship_det.simulation.harbor import Harbor, SceneSpec, solid_outlines
from ship_det.simulation.merchant_decks import MERCHANT_DECKS
from ship_det.simulation.navy_decks import NAVY_DECKS
from ship_det.simulation.plan import FloatArray, Shapes
from ship_det.simulation.ships import Ship
from ship_det.simulation.texture import COARSE, FloatImage, Texture, Window, refined

_DECKS = {**NAVY_DECKS, **MERCHANT_DECKS}
# Drawn around a block and cut off again: more than the blur, the foam and the JPEG's colour reach.
_MARGIN = 16
# Side of the squares that a JPEG encodes together, px: blocks are drawn on their grid.
_JPEG_GRID = 16
_BLOCK = 1024
_SHIFT = 4
# How far above the water the tallest mast of a ship is, and how high quays are, m.
_MAST_HEIGHT, _QUAY_HEIGHT = 40, 2.5
_WATERS = (
    (44, 66, 72),
    (38, 58, 76),
    (58, 74, 66),
    (66, 78, 72),
    (30, 48, 62),
    (52, 70, 82),
    (74, 82, 66),
    (24, 40, 50),
)
# What rivers and dredgers stir up, mixed into the water.
_SILT = (112, 106, 84)
_SOILS = ((118, 116, 88), (140, 128, 104), (104, 110, 80))
_SAND = (186, 172, 142)
_FOAM = (216, 222, 222)
_HAZE = (176, 188, 200)
_CLOUD = 234
# Share of red, green and blue in a panchromatic pixel.
_PAN = (0.35, 0.4, 0.25)
_CHROMA = np.eye(3, dtype=np.float32) - np.array(_PAN, np.float32)


@dataclass(frozen=True)
class Look:
    """Light, water, air, camera and processing of a scene.

    Attributes:
        shadow: (x, y) metres of shadow for each metre of height.
        lean: (x, y) metres that what is a metre high is seen away from its foot.
        water, soil: RGB.
        wave_height, patchiness: grey levels.
        wavelength: m.
        glint: how much brighter the lightest crests are, grey levels.
        breaking: how many standard deviations above the mean the waves break.
        silt: how much of the water's colour plumes of silt take, at most.
        shallows: how much lighter the water is at the shore, grey levels.
        gain: RGB factor of light and white balance.
        contrast: factor of the differences from a middle grey.
        haze: share of the light that is scattered haze.
        cloud: share of thin cloud where it is thickest.
        blur: standard deviation of the camera's blur, px.
        colour_blur: standard deviation of what the colour is blurred by, px: more where pan-sharpened.
        colour_shift: (x, y) px that the colour lies beside the panchromatic image.
        noise: standard deviation of the camera's noise, grey levels.
        quality: of the JPEG that the scene once was; 0: of none.
    """

    shadow: tuple[float, float]
    lean: tuple[float, float]
    water: tuple[float, float, float]
    soil: tuple[float, float, float]
    wave_height: float
    patchiness: float
    wavelength: float
    glint: float
    breaking: float
    silt: float
    shallows: float
    gain: tuple[float, float, float]
    contrast: float
    haze: float
    cloud: float
    blur: float
    colour_blur: float
    colour_shift: tuple[float, float]
    noise: float
    quality: int


def draw_look(shadow: tuple[float, float], rng: np.random.Generator) -> Look:
    """The look of a scene by chance, under a sun that is given by its shadow."""
    light, azimuth = rng.uniform(0.8, 1.16), rng.uniform(0, 2 * np.pi)
    # Up to 20 degrees off nadir.
    lean = np.tan(np.radians(rng.uniform(0, 20))) * np.array([np.cos(azimuth), np.sin(azimuth)])
    sea = rng.choice([0, 1, 2], p=[0.35, 0.45, 0.2])
    blur = rng.uniform(0.45, 0.75)
    pan_sharpened = rng.random() < 0.6
    return Look(
        shadow=shadow,
        lean=tuple(lean.tolist()),
        water=tuple(np.array(_WATERS[rng.integers(len(_WATERS))]) + rng.uniform(-6, 6, 3)),
        soil=tuple(np.array(_SOILS[rng.integers(len(_SOILS))]) + rng.uniform(-8, 8, 3)),
        wave_height=rng.uniform(*((0.4, 1.4), (1.2, 3.0), (2.5, 5.0))[sea]),
        patchiness=rng.uniform(1.5, 5.0),
        wavelength=rng.uniform(*((6, 10), (8, 16), (12, 30))[sea]),
        glint=float(rng.choice([0.0, rng.uniform(4, 22)])),
        breaking=rng.uniform(2.6, 3.4) if sea == 2 else np.inf,
        silt=float(rng.choice([0.0, rng.uniform(0.2, 0.75)])),
        shallows=rng.uniform(2.0, 16.0),
        gain=tuple(light * rng.uniform(0.93, 1.07, 3)),
        contrast=rng.uniform(0.8, 1.2),
        haze=rng.uniform(0.0, 0.2),
        cloud=rng.uniform(0.15, 0.6) if rng.random() < 0.25 else 0.0,
        blur=blur,
        colour_blur=rng.uniform(1.2, 2.4) if pan_sharpened else blur,
        colour_shift=tuple(rng.uniform(-0.8, 0.8, 2).tolist()) if pan_sharpened else (0.0, 0.0),
        noise=rng.uniform(1.0, 3.0),
        quality=int(rng.integers(55, 97)) if rng.random() < 0.6 else 0,
    )


class Renderer:
    """Draws the blocks of one scene; ``rng`` is the chance of the look and the textures."""

    def __init__(self, harbor: Harbor, spec: SceneSpec, rng: np.random.Generator):
        self.harbor, self.size, self.gsd = harbor, spec.size, spec.gsd
        self.look = draw_look(harbor.shadow, rng)
        self.texture = Texture(spec.gsd, harbor.wind, rng, self.look.wavelength)
        self._land = solid_outlines(harbor.land)
        self._shallows = _shallows(self._land, spec)

    def rows(self, top: int, height: int) -> NDArray[np.uint8]:
        """All columns of some rows, (height, size, 3) RGB."""
        strip = np.empty((height, self.size, 3), np.uint8)
        for y in range(top, top + height, _BLOCK):
            for x in range(0, self.size, _BLOCK):
                block = self.block((x, y, min(_BLOCK, self.size - x), min(_BLOCK, top + height - y)))
                strip[y - top : y - top + _BLOCK, x : x + _BLOCK] = block
        return strip

    def block(self, window: Window) -> NDArray[np.uint8]:
        """One window of the scene, (height, width, 3) RGB."""
        x, y, width, height = window
        left, top = (_align(at - _MARGIN, -1) for at in (x, y))
        right, bottom = (_align(at + _MARGIN, 1) for at in (x + width, y + height))
        around = (left, top, right - left, bottom - top)
        image = self._compress(self._sense(self._objects(self._ground(around), around), around))
        return image[y - top : y - top + height, x - left : x - left + width]

    def _ground(self, window: Window) -> NDArray[np.uint8]:
        """Water and bare land."""
        corner = np.array(window[:2])
        land = _mask(window, [outline / self.gsd - corner for outline in self._land])
        if not land.any():
            return self._water(window)
        if land.all():
            return self._land_surface(window)
        fall = np.array(self.look.shadow) * (_QUAY_HEIGHT / self.gsd)
        shaded = _mask(window, [outline / self.gsd - corner + fall for outline in self._land])
        share = land.astype(np.float32) / 255
        return as_bytes(cv2.blendLinear(self._land_surface(window), self._water(window, shaded), share, 1 - share))

    def _water(self, window: Window, shaded: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The water, (height, width, 3), darker where it is shaded (0 to 255)."""
        look, texture = self.look, self.texture
        # Less of a sea in the shelter of the land and in slicks, more in cat's paws.
        calm = refined(lambda coarse: (1 + 0.4 * np.clip(texture.coarse_patches(coarse), -1.5, 1.5))
                       * (1 - 0.6 * self._near_land(coarse)), window)  # fmt: skip
        waves = (0.8 * texture.waves(window) + 0.3 * texture.cloud(window, 211)) * calm
        level = refined(lambda coarse: look.patchiness * texture.coarse_patches(coarse)
                        + look.shallows * self._near_land(coarse), window)  # fmt: skip
        level = level + look.wave_height * waves
        if look.glint:
            level += look.glint * np.maximum(waves - 1.3, 0)
        foam, clear = self._foam(window), np.ones_like(level)
        if look.breaking < np.inf:
            breakers = np.clip(3 * (waves - look.breaking), 0, 0.7)
            foam = breakers if foam is None else np.maximum(foam, breakers)
        # Foam lies on silt, silt on clear water: what each of them has of a pixel, and its colour.
        covers: list[tuple[FloatImage, tuple[float, float, float]]] = []
        if foam is not None:
            clear -= foam
            covers.append((foam, _FOAM))
        if look.silt:
            silt = clear * refined(self._plumes, window)
            clear -= silt
            covers.append((silt, _SILT))
        # Crests and shallow patches differ more in green and blue than in red.
        covers += [(clear, look.water), (clear * level, (0.8, 1.0, 0.95))]
        shares = np.asarray(cv2.merge([share for share, _ in covers]), dtype=np.float32)
        if shaded is not None:
            shares *= (1 - shaded * np.float32(0.4 / 255))[..., None]
        mixed = cv2.transform(shares, np.array([colour for _, colour in covers], np.float32).T)
        return as_bytes(np.clip(mixed + 0.5, 0, 255))

    def _plumes(self, window: Window) -> FloatImage:
        """The share of silt in a window of the coarse grid."""
        depth = 0.5 * self.texture.coarse_patches(window, 91) + 0.7 * self._near_land(window)
        return self.look.silt * np.clip(depth, 0, 1).astype(np.float32, copy=False)

    def _near_land(self, window: Window) -> NDArray[np.float32]:
        """The shallows in a window of their coarse grid, as at its edge beyond it."""
        x, y, width, height = window
        rows, columns = np.arange(y, y + height), np.arange(x, x + width)
        return self._shallows.take(rows, axis=0, mode='clip').take(columns, axis=1, mode='clip')

    def _beach_lines(self, image: NDArray[np.uint8], window: Window, width: float, colour) -> None:
        """Draw along the natural shores, so many metres wide."""
        corner = np.array(window[:2])
        for beach in self.harbor.beaches:
            line = _fixed(beach / self.gsd - corner)
            cv2.polylines(image, [line], False, colour, max(round(width / self.gsd), 1), cv2.LINE_AA, _SHIFT)

    def _foam(self, window: Window) -> NDArray[np.float32] | None:
        """Share of foam (0 to 1) of each pixel: surf and wakes of ships under way; None where there is none."""
        sailing = [ship for ship in self.harbor.ships if ship.speed > 0]
        near = [ship for ship in sailing if self._touches(ship, window, 1.2 * wake_length(ship.length, ship.speed))]
        mask = np.zeros((window[3], window[2]), np.uint8)
        self._beach_lines(mask, window, 12, 60)
        self._beach_lines(mask, window, 7, 130)
        for ship in near:
            for outline, strength in wake_outlines(ship):
                _fill(mask, outline / self.gsd - window[:2], strength)
        if not mask.any():
            return None
        soft = cv2.GaussianBlur(mask, (0, 0), min(max(1.5 / self.gsd, 0.8), 4.0)).astype(np.float32) / 255
        return np.clip(soft * (1 + 0.5 * self.texture.cloud(window, 97)), 0, 1)

    def _land_surface(self, window: Window) -> NDArray[np.uint8]:
        image = np.full((window[3], window[2], 3), np.rint(self.look.soil), np.uint8)
        corner = np.array(window[:2])
        self._beach_lines(image, window, 26, _SAND)
        ground = self.harbor.ground
        for index in ground.touching(self._metres(window), 0):
            _fill(image, ground.outline(index) / self.gsd - corner, clamp(ground.colours[index]))
        return image

    def _objects(self, ground: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
        """Buildings, ships and what hangs above them."""
        ships = [ship for ship in self.harbor.ships if self._touches(ship, window, 1.5 * _MAST_HEIGHT)]
        metres = self._metres(window)
        reach = float(max(np.hypot(*self.look.shadow), np.hypot(*self.look.lean)))
        buildings = self.harbor.buildings.touching(metres, reach)
        overhead = self.harbor.overhead.touching(metres, reach)
        if not ships and not len(buildings) and not len(overhead):
            return ground
        canvas = Canvas(ground, window[:2], self.gsd, self.look.shadow, self.look.lean)
        _draw_shapes(canvas, self.harbor.buildings, buildings)
        for ship in ships:
            _DECKS[ship.name](Deck(canvas, ship))
        _draw_shapes(canvas, self.harbor.overhead, overhead)
        return canvas.finish()

    def _sense(self, image: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
        """What the camera makes of it: weather, blur, colour beside the panchromatic image, light and noise."""
        look = self.look
        pan = cv2.transform(cv2.GaussianBlur(image, (0, 0), look.blur), np.array([_PAN], np.float32)).astype(np.float32)
        pan *= 1 + 0.035 * self.texture.cloud(window) + 0.022 * self.texture.grain(window)
        across, down = (_gaussian(look.colour_blur, shift) for shift in look.colour_shift)
        # Only what a band has more than the panchromatic image is blurred and shifted.
        colour = np.asarray(cv2.sepFilter2D(image, cv2.CV_32F, across, down), dtype=np.float32)
        if look.cloud:
            veil = self.texture.clouds(window) + 0.1 * self.texture.cloud(window, 71)
            veil = look.cloud / (1 + np.exp(0.6 - 1.6 * veil))
            pan += (_CLOUD - pan) * veil
            colour *= (1 - veil)[..., None]
        factor = look.contrast * (1 - look.haze) * np.array(look.gain)
        constant = look.haze * np.array(_HAZE) + 100 * (1 - look.contrast)
        sensed = np.asarray(cv2.transform(pan, np.column_stack([factor, constant])), dtype=np.float32)
        sensed += np.asarray(cv2.transform(colour, np.diag(factor) @ _CHROMA), dtype=np.float32)
        return as_bytes(cv2.addWeighted(sensed, 1, self.texture.noise(window), look.noise, 0, dtype=cv2.CV_8U))

    def _compress(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is left after the JPEG that the scene once was."""
        if not self.look.quality:
            return image
        # OpenCV takes the bands in the order blue, green, red.
        encoded = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.look.quality])[1]
        return as_bytes(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1]

    def _metres(self, window: Window) -> tuple[float, float, float, float]:
        x, y, width, height = window
        return x * self.gsd, y * self.gsd, (x + width) * self.gsd, (y + height) * self.gsd

    def _touches(self, ship: Ship, window: Window, reach: float) -> bool:
        x0, y0, x1, y1 = self._metres(window)
        radius = ship.length / 2 + reach
        return x0 - radius < ship.x < x1 + radius and y0 - radius < ship.y < y1 + radius


def wake_outlines(ship: Ship) -> list[tuple[FloatArray, int]]:
    """Foam of a ship under way as (outline in m, strength 0 to 255), the later ones on top."""
    half, beam, wake = ship.length / 2, ship.beam, wake_length(ship.length, ship.speed)
    outlines = []
    for side in (-1, 1):
        for way in np.linspace(0.9, 0.1, 9):
            # The arms of the V open at 19.5 degrees on either side whatever the speed (Kelvin).
            start, end = half - way * wake * 0.8, half - (way - 0.1) * wake * 0.8
            across = [side * (beam * 0.3 + (half - at) * 0.354) for at in (start, end)]
            thick = 1.5 + 0.02 * (half - start)
            arm = np.array([(start, across[0]), (end, across[1]), (end, across[1] + thick), (start, across[0] + thick)])
            outlines.append((ship.to_scene(arm), int(60 * ship.speed * (1 - way))))
    for share, strength in ((1.0, 55), (0.5, 130)):
        # Smooth water the width of the ship, and in it what the propellers churn up.
        for way in np.linspace(share, 0, 13)[:-1]:
            start, end = -half - way * wake, -half - (way - share / 12) * wake
            wide = [beam * share * (0.26 + 0.16 * at) for at in (way, way - share / 12)]
            trail = np.array([(start, -wide[0]), (end, -wide[1]), (end, wide[1]), (start, wide[0])])
            outlines.append((ship.to_scene(trail), int(strength * ship.speed**0.5 * (1 - way / share) ** 1.5)))
    moustache = np.array(
        [(half + 2, 0), (half - 0.3 * ship.length, 0.62 * beam), (half - 0.3 * ship.length, -0.62 * beam)]
    )
    outlines.append((ship.to_scene(moustache), int(150 * ship.speed)))
    return outlines


def _draw_shapes(canvas: Canvas, shapes: Shapes, indices: NDArray[np.intp]) -> None:
    if len(indices):
        outlines = [shapes.outline(index) for index in indices]
        canvas.prisms(outlines, shapes.tops[indices], shapes.colours[indices], 0.0, shapes.bases[indices])


def _gaussian(sigma: float, shift: float) -> NDArray[np.float64]:
    """Weights of a blur whose middle lies some pixels (below 1) to one side."""
    at = np.arange(-8, 9)
    weights = np.exp(-0.5 * ((at - shift) / sigma) ** 2)
    return weights / weights.sum()


def _align(at: int, way: int) -> int:
    """The next place on the grid of the JPEG's squares, at or before (way -1) or at or after (way 1) a pixel."""
    return way * -(-way * at // _JPEG_GRID) * _JPEG_GRID


def _shallows(land: list[FloatArray], spec: SceneSpec) -> NDArray[np.float32]:
    """How near land is, 1 at the shore and falling off over some 80 m, one value every COARSE px.

    On bytes OpenCV's blur gives the same result on any number of threads; a distance in floats would not.
    """
    cells = -(-spec.size // COARSE)
    mask = _mask((0, 0, cells, cells), [outline / (spec.gsd * COARSE) for outline in land])
    soft = cv2.GaussianBlur(mask, (0, 0), max(40 / (spec.gsd * COARSE), 0.5), borderType=cv2.BORDER_REPLICATE)
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
