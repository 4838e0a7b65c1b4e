from dataclasses import replace

import cv2
import numpy as np
import pytest

from ship_det.simulation.harbor import SceneSpec, build_harbor
from ship_det.simulation.render import Renderer
from ship_det.simulation.ships import ship_quad

SPEC = SceneSpec(size=1500, gsd=1.2, seed=7, ships=50)
# Open water and land, ships moored and under way, in part outside the scene's first block.
WINDOW = (300, 420, 700, 640)


@pytest.fixture(scope='module')
def renderer() -> Renderer:
    return Renderer(build_harbor(SPEC, 0), SPEC)


def test_a_pixel_does_not_depend_on_its_block(renderer):
    x, y, width, height = WINDOW
    whole = renderer.block(WINDOW)
    assert whole.shape == (height, width, 3)
    for left, top, right, bottom in ((0, 0, 350, 320), (350, 0, 700, 320), (123, 320, 456, 640)):
        part = renderer.block((x + left, y + top, right - left, bottom - top))
        assert_same_picture(part, whole[top:bottom, left:right])


def assert_same_picture(first: np.ndarray, second: np.ndarray) -> None:
    """Equal but for single subpixels: OpenCV rounds lines that are cut by a window's edge a little differently."""
    difference = np.abs(first.astype(int) - second)
    assert difference.max() <= 16
    assert (difference > 0).mean() < 0.001


def test_rows_put_the_blocks_together(renderer):
    rows = renderer.rows(700, 400)
    assert rows.shape == (400, 1500, 3)
    assert_same_picture(rows[50:80, 1000:1060], renderer.block((1000, 750, 60, 30)))


def test_every_label_is_tight_around_what_is_drawn():
    harbor = build_harbor(SPEC, 1)
    # A sun overhead, a sharp camera, calm air: what changes when the ships are taken away is the hulls.
    # The cranes would hide some of them.
    harbor.ships = [replace(ship, speed=0.0) for ship in harbor.ships]
    harbor.overhead.outlines.clear()
    harbor.overhead.heights.clear()
    harbor.overhead.colours.clear()
    harbor.overhead.freeze()
    renderer = Renderer(harbor, SPEC)
    renderer.look = replace(renderer.look, shadow=(0.0, 0.0), blur=0.05, noise=0.0, haze=0.0, water=(5.0, 250.0, 5.0))
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
