from dataclasses import replace

import cv2
import numpy as np
import pytest

from ship_det.simulation.canvas import Canvas
from ship_det.simulation.deck import Deck
from ship_det.simulation.harbor import LOOK, Harbor, SceneSpec, build_harbor, stream
from ship_det.simulation.plan import Shapes
from ship_det.simulation.render import Renderer, draw_look
from ship_det.simulation.ships import Ship, ship_quad

SPEC = SceneSpec(size=1500, gsd=1.2, seed=7, ships=50, min_per_class=1)
# A camera straight above, a sun overhead, calm clear air, green water.
STRAIGHT = {
    'shadow': (0.0, 0.0), 'lean': (0.0, 0.0), 'blur': 0.05, 'colour_blur': 0.05, 'colour_shift': (0.0, 0.0),
    'noise': 0.0, 'haze': 0.0, 'cloud': 0.0, 'silt': 0.0, 'quality': 0, 'water': (5.0, 250.0, 5.0),
}  # fmt: skip
# Open water and land, ships moored and under way, in part outside the scene's first block.
WINDOW = (300, 420, 700, 640)


@pytest.fixture(scope='module')
def renderer() -> Renderer:
    return draw(build_harbor(SPEC, 0))


def draw(harbor: Harbor) -> Renderer:
    return Renderer(harbor, SPEC, stream(SPEC, 0, LOOK))


def test_a_pixel_does_not_depend_on_its_block(renderer):
    x, y, width, height = WINDOW
    whole = renderer.block(WINDOW)
    assert whole.shape == (height, width, 3)
    for left, top, right, bottom in ((0, 0, 350, 320), (350, 0, 700, 320), (123, 320, 456, 640)):
        part = renderer.block((x + left, y + top, right - left, bottom - top))
        assert_same_picture(part, whole[top:bottom, left:right])


def assert_same_picture(first: np.ndarray, second: np.ndarray) -> None:
    """Equal but for single subpixels: OpenCV rounds lines that are cut by a window's edge a little differently.

    The JPEG and turned textures spread a difference over a few pixels.
    """
    difference = np.abs(first.astype(int) - second)
    assert difference.max() <= 24
    assert (difference > 2).mean() < 0.001


def test_rows_put_the_blocks_together(renderer):
    rows = renderer.rows(700, 400)
    assert rows.shape == (400, 1500, 3)
    assert_same_picture(rows[50:80, 1000:1060], renderer.block((1000, 750, 60, 30)))


def test_every_label_is_tight_around_what_is_drawn():
    harbor = build_harbor(SPEC, 1)
    # A sun overhead, a sharp camera, calm air: what changes when the ships are taken away is the hulls.
    # The cranes would hide some of them.
    harbor.ships = [replace(ship, speed=0.0) for ship in harbor.ships]
    harbor.overhead = Shapes()
    harbor.overhead.freeze()
    renderer = draw(harbor)
    renderer.look = replace(renderer.look, **STRAIGHT)
    with_ships = renderer.rows(0, SPEC.size)
    ships, harbor.ships = harbor.ships, []
    changed = (with_ships != renderer.rows(0, SPEC.size)).any(axis=2)

    labels = np.zeros(changed.shape, np.uint8)
    for ship in ships:
        quad = ship_quad(ship) / SPEC.gsd
        cv2.fillPoly(labels, [np.rint((quad - 0.5) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        _, reach = extents(changed, quad)
        size = np.array([ship.length, ship.beam]) / SPEC.gsd
        assert (np.abs(reach - size) < 1.8).all(), (ship, reach, size)
    # Masts and barrels may stand over the side, nothing else lies outside the labels.
    assert (changed & ~cv2.dilate(labels, np.ones((3, 3))).astype(bool)).sum() < 0.002 * changed.sum()


def extents(changed: np.ndarray, quad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Changed pixels inside a quad as (along, across) of its axes, px, and how far they reach in both."""
    mask = np.zeros(changed.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint((quad - 0.5) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    rows, columns = np.nonzero(changed & mask.astype(bool))
    points = np.column_stack([columns, rows]) + 0.5
    axes = np.stack([quad[0] - quad[3], quad[1] - quad[0]])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    inside = points @ axes.T
    return inside, np.ptp(inside, axis=0)


def test_the_foot_of_a_leaning_hull_is_at_its_label():
    ship = Ship('tanker', 'Aframax', length=240, beam=42, x=300.0, y=300.0, heading=0.0, seed=1)
    canvas = Canvas(np.full((600, 600, 3), (0, 255, 0), np.uint8), (0, 0), 1.0, (0, 0), lean=(0.0, 0.4))
    Deck(canvas, ship).hull((90, 90, 90), (200, 60, 60), 0.7, 10)
    rows = np.flatnonzero((canvas.finish()[:, 300] != (0, 255, 0)).any(axis=1))
    # The label spans 279 to 321; the deck, 10 m up, is seen 4 m further down.
    assert abs(rows[0] - 279) <= 1
    assert abs(rows[-1] + 1 - 325) <= 1


def test_looks_differ_in_all_that_they_draw():
    looks = [draw_look((1.0, 0.0), np.random.default_rng(seed)) for seed in range(60)]
    for name in ('lean', 'wave_height', 'wavelength', 'gain', 'contrast', 'haze', 'blur', 'noise'):
        assert len({getattr(look, name) for look in looks}) > 50
    shares = {
        name: np.mean([bool(getattr(look, name)) for look in looks]) for name in ('cloud', 'quality', 'silt', 'glint')
    }
    assert all(0.1 < share < 0.85 for share in shares.values()), shares
    assert 0.3 < np.mean([look.colour_blur > look.blur for look in looks]) < 0.85
    assert max(np.hypot(*look.lean) for look in looks) <= np.tan(np.radians(20))


def test_pan_sharpening_blurs_the_colour_and_not_the_edges(renderer):
    image = np.full((64, 64, 3), 60, np.uint8)
    image[:, 32:] = (200, 60, 60)
    look = replace(renderer.look, **STRAIGHT, contrast=1.0, gain=(1.0, 1.0, 1.0))
    camera = draw(renderer.harbor)
    seen = {}
    for blur in (0.05, 2.0):
        camera.look = replace(look, colour_blur=blur)
        seen[blur] = camera._sense(image, (0, 0, 64, 64)).astype(float)
    pan = np.array([0.35, 0.4, 0.25])
    # What the eye takes for sharpness stays, red bleeds over the edge.
    np.testing.assert_allclose(seen[2.0] @ pan, seen[0.05] @ pan, atol=3)
    redness = {blur: (values[:, 30, 0] - values[:, 30, 1]).mean() for blur, values in seen.items()}
    assert redness[2.0] > redness[0.05] + 10
