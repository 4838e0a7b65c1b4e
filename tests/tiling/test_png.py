"""PNG read back by another library is what was encoded, whatever the pixels are."""

import io
import zlib

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ship_det.tiling.png import PngWriter, encode_png


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)), levels=st.integers(1, 256), seed=st.integers(0, 2**32 - 1)
)
def test_pillow_reads_back_what_was_encoded(size, levels, seed):
    pixels = np.random.default_rng(seed).integers(0, levels, (*size, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert image.mode == 'RGB'
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_flat_areas_take_next_to_no_room():
    pixels = np.zeros((1000, 1000, 3), dtype=np.uint8)
    pixels[:500] = np.random.default_rng(0).integers(0, 256, (500, 1000, 3))
    assert len(encode_png(pixels)) < 0.505 * pixels.size
    assert len(encode_png(pixels[500:])) < 0.005 * pixels[500:].size


def test_opencv_reads_it_and_its_own_is_hardly_smaller():
    """Two textures: noise, and one that repeats itself in each row."""
    noise = np.random.default_rng(0).normal(100, 12, (400, 400, 3)).astype(np.uint8)
    for pixels in (noise, np.tile(noise[:, :40], (1, 10, 1))):
        encoded = np.frombuffer(encode_png(pixels), np.uint8)
        np.testing.assert_array_equal(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1], pixels)
        assert len(encoded) < 1.02 * len(cv2.imencode('.png', pixels)[1])


def test_zlib_accepts_the_window_that_the_stream_declares():
    """An inflate that is strict about the window would refuse a match from further away."""
    pixels = np.random.default_rng(0).integers(0, 40, (300, 300, 3)).astype(np.uint8)
    pixels[:, 150:] = pixels[:, :150]
    encoded = encode_png(pixels)
    start = encoded.index(b'IDAT') + 4
    assert encoded[start] == 0x18  # deflate, window of 512 bytes
    # A little at a time: what a match refers to is then in the window or nowhere.
    inflate, rest, length = zlib.decompressobj(9), encoded[start:-16], 0
    while rest:
        length += len(inflate.decompress(rest, 64))
        rest = inflate.unconsumed_tail
    assert length == 300 * 901


def test_rows_written_one_after_the_other(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 33, 3), dtype=np.uint8)
    with (tmp_path / 'a.png').open('wb') as file:
        writer = PngWriter(file, 33, 50)
        for start, stop in ((0, 1), (1, 30), (30, 50)):
            writer.write(pixels[start:stop])
        writer.close()
    with Image.open(tmp_path / 'a.png') as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
