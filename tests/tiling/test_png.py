"""PNG read back by another library is what was encoded, whatever the pixels are."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ship_det.tiling import png
from ship_det.tiling.png import encode_png


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


@pytest.mark.parametrize('levels', [2, 256])
def test_zlib_ng_and_zlib_give_the_same_bytes(monkeypatch, levels):
    zlib_ng = pytest.importorskip('zlib_ng.zlib_ng')
    pixels = np.random.default_rng(0).integers(0, levels, (300, 300, 3)).astype(np.uint8)
    encoded = []
    for library in (zlib, zlib_ng):
        monkeypatch.setattr(png, '_deflate', library)
        encoded.append(encode_png(pixels))
    assert encoded[0] == encoded[1]
