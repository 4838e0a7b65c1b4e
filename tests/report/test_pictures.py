"""Reading, cutting and choosing pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ship_det.evaluation.instances import GroundTruths
from ship_det.raster import open_rgb
from ship_det.report.pictures import choose_images, cut_piece, window_around


def truths(*images: list[int]) -> GroundTruths:
    """Ground truths of the labels given for each image; a negative one is difficult."""
    rows = [(index, abs(label), label < 0) for index, labels in enumerate(images) for label in labels]
    image, labels, difficult = (np.array(column) for column in zip(*rows, strict=True))
    return GroundTruths(image, np.zeros((len(rows), 5)), labels, difficult.astype(bool))


@pytest.mark.parametrize(
    ('images', 'limit', 'expected'),
    [
        # The rare class 2 comes in although its image has one object only.
        ([[1] * 5, [1] * 4, [2]], 2, [0, 2]),
        ([[1] * 5, [1] * 4, [2]], 3, [0, 1, 2]),
        # Of two images with class 2, the one that brings in class 0 as well.
        ([[2, 1, 1, 1], [2, 0]], 1, [1]),
        # With class 2, the image that brings in class 3 rather than the one with more of class 1, which is shown.
        ([[0, 1], [2, 1, 1, 1, 1], [2, 3, 3, 3]], 2, [2, 0]),
        # A difficult object does not bring its class in.
        ([[-2, 1], [1, 1]], 1, [1]),
        ([[1], [1, 1]], 0, []),
    ],
)
def test_chosen_images(images, limit, expected):
    assert choose_images(truths(*images), len(images), 4, limit) == expected


@pytest.mark.parametrize(
    ('quad', 'expected'),
    [
        # One and a half times the longer side, 100 px.
        ([[400, 400], [500, 400], [500, 440], [400, 440]], (375, 345, 150, 150)),
        # Moved inside at the border.
        ([[-20, 0], [80, 0], [80, 40], [-20, 40]], (0, 0, 150, 150)),
        # Not larger than the image.
        ([[0, 0], [900, 0], [900, 40], [0, 40]], (0, 0, 1000, 800)),
    ],
)
def test_window_around(quad, expected):
    assert window_around(np.array([quad], dtype=float), (1000, 800)) == expected


@pytest.fixture
def cut(tmp_path):
    """A piece cut out of an image of RGB pixels."""

    def call(pixels, *arguments):
        Image.fromarray(pixels).save(tmp_path / 'a.png', compress_level=1)
        with open_rgb(tmp_path / 'a.png') as image:
            return cut_piece(image, *arguments)

    return call


def decoded(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix('data:image/jpeg;base64,'))))


def test_pieces_keep_to_their_budget(cut):
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    piece = cut(noise, (0, 0, 900, 900), 800, 30_000)
    assert len(base64.b64decode(piece.partition(',')[2])) <= 30_000
    assert decoded(piece).format == 'JPEG'


def test_piece_shows_its_window(cut):
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 20:50] = 255
    shown = np.asarray(decoded(cut(image, (20, 40, 30, 20), 100, 10_000)))
    assert shown.shape == (20, 30, 3) and shown.min() > 250


def test_piece_of_a_scene_is_made_smaller(cut):
    image = np.zeros((300, 6000, 3), np.uint8)
    image[:, 3000:] = 255
    shown = np.asarray(decoded(cut(image, (1000, 0, 4000, 300), 100, 10_000)))
    assert shown.shape == (8, 100, 3)
    assert shown[:, :45].max() < 10 and shown[:, 55:].min() > 245
