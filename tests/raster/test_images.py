"""Images: sizes, and damage that is named."""

import struct
import warnings

import numpy as np
import pytest
import rasterio
from PIL import Image

from ship_det.raster import read_rgb
from ship_det.raster.images import image_size, verify_image

DRIVERS = {'a.tif': 'GTiff', 'a.png': 'PNG', 'a.jpg': 'JPEG', 'a.bmp': 'BMP', 'a.jp2': 'JP2OpenJPEG', 'a.webp': 'WEBP'}


@pytest.fixture
def write_noise(tmp_path):
    def write(name, dtype='uint8', bands=3):
        pixels = np.random.default_rng(1).integers(0, 256, (bands, 480, 150)).astype(dtype)
        profile = {'count': bands, 'width': 150, 'height': 480, 'dtype': dtype}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(tmp_path / name, 'w', driver=DRIVERS[name], **profile) as image:
                image.write(pixels)
        return tmp_path / name

    return write


@pytest.mark.parametrize('name', DRIVERS)
def test_truncated_image_is_named(write_noise, name):
    path = write_noise(name)
    verify_image(path)
    assert image_size(path) == (150, 480)
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.0):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
            verify_image(path)


def test_any_kind_of_pixel_can_be_verified(write_noise):
    verify_image(write_noise('a.tif', dtype='uint16', bands=5))


def test_of_several_pages_one_has_to_be_named(tmp_path):
    pages = [Image.new('RGB', size) for size in ((40, 30), (20, 10))]
    path = tmp_path / 'pages.tif'
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r'pages\.tif: found 2 images in one file, .* GTIFF_DIR:1:.*pages\.tif'):
        image_size(path)
    assert image_size(f'GTIFF_DIR:2:{path}') == (20, 10)


def test_overviews_and_a_mask_are_no_pages(tmp_path):
    path, profile = tmp_path / 'a.tif', {'count': 1, 'width': 300, 'height': 200, 'dtype': 'uint8', 'driver': 'GTiff'}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, 'w', **profile) as image:
        image.write(np.ones((1, 200, 300), np.uint8))
        image.write_mask(np.ones((200, 300), bool))
        image.build_overviews([2, 4])
    assert image_size(path) == (300, 200)


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'nowhere\.png: no such file'):
        verify_image(tmp_path / 'nowhere.png')


def test_a_progressive_jpeg_too_large_to_be_decoded_as_a_whole_is_called_so(tmp_path):
    """A small one, whose header says that it is large: memory is asked for before pixels are decoded."""
    Image.new('RGB', (64, 64)).save(tmp_path / 'a.jpg', progressive=True)
    data = bytearray((tmp_path / 'a.jpg').read_bytes())
    frame = data.index(b'\xff\xc2')
    data[frame + 5 : frame + 9] = struct.pack('>HH', 30000, 30000)
    (tmp_path / 'a.jpg').write_bytes(data)
    with pytest.raises(
        ValueError, match=r'a\.jpg: a progressive JPEG, .* too large .*baseline JPEG.*JPEGMEM=4000M'
    ) as error:
        verify_image(tmp_path / 'a.jpg')
    assert 'truncated' not in str(error.value)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'<html>404 Not Found</html>',
        b'version https://git-lfs.github.com/spec/v1\n',
        b'\x00\x05\x16\x07\x00\x02' * 99,
    ],
    ids=['nothing', 'page', 'pointer', 'resource fork'],
)
@pytest.mark.parametrize('name', ['a.png', 'a.JPG', 'a.tif', 'a.webp', 'a.bmp', 'a.jp2', 'a.gif', 'a.img'])
def test_what_is_no_image_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf'{name}: not an image or a truncated one'):
        image_size(tmp_path / name)


@pytest.mark.parametrize('suffix', ['.gif', '.img', '.pgm', '.ppm', '.jpe', '.j2k'])
def test_images_of_any_ending_are_read_by_their_content(tmp_path, suffix):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    kind = {'.jpe': 'JPEG', '.img': 'PNG', '.gif': 'GIF', '.j2k': 'JPEG2000'}.get(suffix, 'PPM')
    image = Image.fromarray(pixels).convert('RGB' if suffix == '.ppm' else 'L')
    options = {'quality': 100} if kind == 'JPEG' else {'no_jp2': True} if kind == 'JPEG2000' else {}
    image.save(tmp_path / f'a{suffix}', format=kind, **options)
    found = read_rgb(tmp_path / f'a{suffix}')
    assert np.abs(found.astype(int) - pixels[..., None]).max() <= (2 if kind == 'JPEG' else 0)
