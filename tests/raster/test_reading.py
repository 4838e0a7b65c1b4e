"""Every kind of image is seen alike by all that read it, and as Pillow or NumPy's arithmetic have it."""

import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image, ImageOps
from rasterio.enums import ColorInterp

from ship_det.raster import MAX_PIXELS, image_size, open_rgb, read_preview, read_rgb, read_shrunk
from ship_det.tiling import TilingOptions, tile_scenes
from ship_det.tiling.rotation import rotate_image

# Not square, so that what is turned shows in its size.
WIDTH, HEIGHT = 96, 64
_RNG = np.random.default_rng(0)
RGB = np.kron(_RNG.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
GREY = RGB[..., 0]
ALPHA = np.where(_RNG.random((HEIGHT, WIDTH)) < 0.5, 0, _RNG.integers(1, 256, (HEIGHT, WIDTH))).astype(np.uint8)


def save(mode: str | None = None, **options) -> Callable[[Path], np.ndarray]:
    """Write the picture by Pillow in one of its modes; what it shows is what Pillow makes of it."""

    def write(path: Path) -> np.ndarray:
        image = Image.fromarray(RGB) if mode in (None, 'RGB', 'CMYK') else Image.fromarray(GREY)
        image = image.quantize(16) if mode == 'P' else image.convert(mode or 'RGB')
        image.save(path, **options)
        with Image.open(path) as saved:
            return np.asarray(saved.convert('RGB'))

    return write


def save_alpha(bands: np.ndarray) -> Callable[[Path], np.ndarray]:
    def write(path: Path) -> np.ndarray:
        lossless = {'lossless': True, 'exact': True} if path.suffix == '.webp' else {}
        Image.fromarray(np.dstack([bands, ALPHA])).save(path, **lossless)
        return np.where(ALPHA[..., None] > 0, three(bands), 0).astype(np.uint8)

    return write


def save_transparent_palette(path: Path) -> np.ndarray:
    image = Image.fromarray(RGB).quantize(16)
    image.save(path, transparency=bytes([0, 0, 128] + [255] * 13))
    return np.where(np.asarray(image)[..., None] < 2, 0, np.asarray(image.convert('RGB')))


def save_colour_key(path: Path) -> np.ndarray:
    key = tuple(RGB[0, 0].tolist())
    Image.fromarray(RGB).save(path, transparency=key)
    return np.where((np.array(key) == RGB).all(axis=2, keepdims=True), 0, RGB)


def save_turned(orientation: int, **options) -> Callable[[Path], np.ndarray]:
    """Write with an EXIF orientation, or TIFF's own tag of it."""

    def write(path: Path) -> np.ndarray:
        exif = Image.Exif()
        exif[274] = orientation
        tag = {'tiffinfo': {274: orientation}} if path.suffix == '.tif' else {'exif': exif}
        Image.fromarray(RGB).save(path, **tag, **options)
        stored = Image.fromarray(RGB)
        stored.getexif()[274] = orientation
        return np.asarray(ImageOps.exif_transpose(stored))

    return write


def raster(
    values: np.ndarray, expected: np.ndarray, colours: list | None = None, **options
) -> Callable[[Path], np.ndarray]:
    """Write (bands, h, w) values by rasterio."""

    def write(path: Path) -> np.ndarray:
        profile = {'count': len(values), 'width': WIDTH, 'height': HEIGHT, 'dtype': values.dtype, **options}
        driver = 'GTiff' if path.suffix == '.tif' else {'.png': 'PNG', '.jp2': 'JP2OpenJPEG'}[path.suffix]
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path, 'w', driver=driver, **profile) as file:
                file.write(values)
                if colours:
                    file.colorinterp = colours
        return expected

    return write


def png_of_bits(bits: int) -> Callable[[Path], np.ndarray]:
    """Write a grey PNG of fewer than 8 bits; its largest value is white."""

    def write(path: Path) -> np.ndarray:
        values = GREY >> (8 - bits)
        rows = np.packbits(np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(HEIGHT, -1), axis=1)

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

        header = struct.pack('>IIBBBBB', WIDTH, HEIGHT, bits, 0, 0, 0, 0)
        data = zlib.compress(b''.join(b'\0' + row.tobytes() for row in rows))
        chunks = chunk(b'IHDR', header) + chunk(b'IDAT', data) + chunk(b'IEND', b'')
        path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunks)
        return three(np.rint(values * (255 / (2**bits - 1))).astype(np.uint8))

    return write


def three(bands: np.ndarray) -> np.ndarray:
    """(h, w, 3) of one grey channel or of three."""
    return np.broadcast_to(bands.reshape(HEIGHT, WIDTH, -1), (HEIGHT, WIDTH, 3))


def stretched(values: np.ndarray) -> np.ndarray:
    """(bands, h, w) to (h, w, 3), each band between its percentiles 2 and 98; what is no number is black."""
    bands = []
    for band in values.astype(np.float64):
        low, high = np.nanpercentile(band, [2, 98])
        bands.append(np.rint(np.nan_to_num(np.clip((band - low) / (high - low), 0, 1)) * 255))
    return three(np.moveaxis(np.array(bands), 0, 2).astype(np.uint8))


CHW = np.moveaxis(RGB, 2, 0)
DEEP = CHW.astype(np.uint16) * 37 + _RNG.integers(0, 9, CHW.shape, dtype=np.uint16)
FLOAT = (CHW / 51 - 2).astype(np.float32)
FLOAT[:, :, :7] = np.nan
LOSSLESS = {'reversible': 'YES', 'quality': '100'}

KINDS = {
    'rgb.png': save(),
    'rgb.bmp': save(),
    'rgb.tif': save(),
    'rgb_lzw.tif': save(compression='tiff_lzw'),
    'rgb.webp': save(lossless=True),
    'rgb.jp2': raster(CHW, RGB, **LOSSLESS),
    'rgb.jpg': save(quality=95, subsampling=0),
    'rgb_progressive.jpg': save(quality=95, subsampling=0, progressive=True),
    'rgb.jfif': save(format='JPEG', quality=95, subsampling=0),
    'grey.png': save('L'),
    'grey.jpg': save('L'),
    'grey.bmp': save('L'),
    'grey.tif': save('L'),
    'one_bit.png': save('1'),
    'one_bit.bmp': save('1'),
    'one_bit.tif': save('1'),
    'one_bit_fax.tif': save('1', compression='group4'),
    'two_bits.png': png_of_bits(2),
    'four_bits.png': png_of_bits(4),
    'four_bits.tif': raster(GREY[None] >> 4, three((GREY >> 4) * 17), nbits=4),
    '0_is_white.tif': raster(GREY[None], three(255 - GREY), photometric='MINISWHITE'),
    'palette.png': save('P'),
    'palette.bmp': save('P'),
    'palette.tif': save('P'),
    'transparent_palette.png': save_transparent_palette,
    'grey_alpha.png': save_alpha(GREY),
    'grey_alpha.tif': save_alpha(GREY),
    'rgb_alpha.png': save_alpha(RGB),
    'rgb_alpha.tif': save_alpha(RGB),
    'rgb_alpha.webp': save_alpha(RGB),
    'cmyk.jpg': save('CMYK', quality=95, subsampling=0),
    'cmyk.tif': save('CMYK'),
    'grey_16.png': raster(DEEP[:1], stretched(DEEP[:1])),
    'grey_16.tif': raster(DEEP[:1], stretched(DEEP[:1])),
    'rgb_16.png': raster(DEEP, stretched(DEEP)),
    'rgb_16.tif': raster(DEEP, stretched(DEEP), interleave='band'),
    'rgb_16.jp2': raster(DEEP, stretched(DEEP), **LOSSLESS),
    'signed.tif': raster(DEEP.astype(np.int16) - 4000, stretched(DEEP)),
    'float.tif': raster(FLOAT, stretched(FLOAT)),
    'float_with_nodata.tif': raster(np.nan_to_num(FLOAT, nan=-9999.0), stretched(FLOAT), nodata=-9999),
    'five_bands.tif': raster(np.concatenate([CHW, CHW])[:5], RGB),
    'two_bands.tif': raster(CHW[:2], three(GREY), photometric='minisblack', alpha='no'),
    'planar_big.tif': raster(CHW, RGB, interleave='band', bigtiff='YES', tiled=True, blockxsize=32, blockysize=16),
    'four_bands.tif': raster(np.concatenate([CHW, 0 * CHW[:1]]), RGB, photometric='minisblack', alpha='no'),
    'nine_bands_16.tif': raster(np.concatenate([DEEP, DEEP, DEEP]), stretched(DEEP)),
    'grey_alpha_16.png': raster(
        np.stack([DEEP[0], np.where(ALPHA > 0, 65535, 0).astype(np.uint16)]),
        stretched(np.where(ALPHA > 0, DEEP[:1].astype(np.float64), np.nan)),
    ),
    'infinite.tif': raster(np.where(np.isnan(FLOAT), np.inf, FLOAT), stretched(FLOAT)),
    'unsigned_32.tif': raster(DEEP.astype(np.uint32) * 100_000, stretched(DEEP)),
    'signed_8.tif': raster((CHW.astype(int) - 128).astype(np.int8), stretched(CHW)),
    'colour_key.png': save_colour_key,
    'png_called.jpg': save(format='PNG'),
    'rgb_jpeg.tif': save(compression='jpeg', quality=95),
    'cmyk_jpeg.tif': save('CMYK', compression='jpeg', quality=95),
    'green_first.tif': raster(CHW[[1, 0, 2]], RGB, colours=[ColorInterp.green, ColorInterp.red, ColorInterp.blue]),
    'colours_last.tif': raster(
        np.concatenate([0 * CHW[:1], CHW]),
        RGB,
        colours=[ColorInterp.undefined, ColorInterp.red, ColorInterp.green, ColorInterp.blue],
        photometric='minisblack',
        alpha='no',
    ),
    'blue_first.tif': raster(CHW[::-1], RGB, colours=[ColorInterp.blue, ColorInterp.green, ColorInterp.red]),
    **{f'turned_{number}.png': save_turned(number) for number in range(1, 9)},
    **{f'turned_{number}.jpg': save_turned(number, quality=95, subsampling=0) for number in range(1, 9)},
    **{f'turned_{number}.tif': save_turned(number) for number in range(1, 9)},
    **{f'turned_{number}.webp': save_turned(number, lossless=True) for number in range(1, 9)},
}
# Decoders of JPEG may round differently, and CMYK has no one formula.
TOLERANCES = {'.jpg': 3, '.jfif': 3}


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    """A data set of one image without objects, the image, and what it shows."""
    path = tmp_path / 'set/images' / request.param
    for folder in (path.parent, tmp_path / 'set/labelTxt'):
        folder.mkdir(parents=True)
    expected = KINDS[request.param](path)
    path.parents[1].joinpath('labelTxt', f'{path.stem}.txt').write_text('')
    return path, expected


def test_all_see_the_same(kind, tmp_path):
    path, expected = kind
    found = read_rgb(path)
    assert (found.shape, found.dtype) == (expected.shape, np.uint8)
    tolerance = 1 if path.name == 'cmyk.tif' else TOLERANCES.get(path.suffix, 0)
    assert np.abs(found.astype(int) - expected).max() <= tolerance
    height, width = found.shape[:2]
    assert image_size(path) == (width, height)

    tile_scenes(path.parents[1], tmp_path / 'chips', TilingOptions(chip=200, overlap=0, keep_empty=1.0))
    (chip,) = (tmp_path / 'chips/images').iterdir()
    rotate_image(path, tmp_path / 'turned.png', 0)
    for written in (chip, tmp_path / 'turned.png'):
        np.testing.assert_array_equal(np.asarray(Image.open(written)), found)
    np.testing.assert_array_equal(read_preview(path, 200)[0], found)
    with open_rgb(path) as reader:
        np.testing.assert_array_equal(read_shrunk(reader, (5, 10, 31, 40), 100), found[10:50, 5:36])


def test_training_sees_the_same(kind):
    LoadImage = pytest.importorskip('ship_det.datasets').LoadImage
    path, _ = kind
    loaded = LoadImage()({'img_path': str(path)})
    assert loaded['img'].flags.c_contiguous
    np.testing.assert_array_equal(loaded['img'][..., ::-1], read_rgb(path))
    assert loaded['img_shape'] == loaded['ori_shape'] == loaded['img'].shape[:2]


@pytest.mark.parametrize('number', range(1, 9))
@pytest.mark.parametrize('small', [True, False])
def test_any_window_of_a_turned_image(tmp_path, number, small, monkeypatch):
    """From tiles as large as the image, and from many."""
    if not small:
        monkeypatch.setattr('ship_det.raster.scene_reader._SMALL_SCENE', 0)
    pixels = np.random.default_rng(number).integers(0, 256, (700, 1300, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'a.tif', tiffinfo={274: number})
    stored = Image.fromarray(pixels)
    stored.getexif()[274] = number
    shown = np.asarray(ImageOps.exif_transpose(stored))
    with open_rgb(tmp_path / 'a.tif') as reader:
        assert reader.size == (shown.shape[1], shown.shape[0])
        for x, y, w, h in [(0, 0, 1, 1), (600, 500, 100, 200), (3, 250, 520, 30), (0, 0, *reader.size)]:
            np.testing.assert_array_equal(reader.read((x, y, w, h)), shown[y : y + h, x : x + w])
        whole = np.zeros_like(shown)
        for (x, y, w, h), part in reader.read_parts((10, 20, 600, 640)):
            whole[y : y + h, x : x + w] = part
        np.testing.assert_array_equal(whole[20:660, 10:610], shown[20:660, 10:610])
        assert not whole[:20].any() and not whole[:, :10].any() and not whole[660:].any()


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path):
    """PNG lets it stand anywhere."""
    save_turned(6)(tmp_path / 'a.png')
    data = (tmp_path / 'a.png').read_bytes()
    start = data.index(b'eXIf') - 4
    end = start + 12 + struct.unpack('>I', data[start : start + 4])[0]
    (tmp_path / 'a.png').write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    assert image_size(tmp_path / 'a.png') == (HEIGHT, WIDTH)


def test_pixels_of_a_map_are_not_turned(tmp_path):
    save_turned(6)(tmp_path / 'a.tif')
    assert image_size(tmp_path / 'a.tif') == (HEIGHT, WIDTH)
    with rasterio.open(tmp_path / 'a.tif', 'r+') as file:
        file.transform = rasterio.Affine(0.5, 0, 600_000, 0, -0.5, 2_300_000)
    assert image_size(tmp_path / 'a.tif') == (WIDTH, HEIGHT)
    np.testing.assert_array_equal(read_rgb(tmp_path / 'a.tif'), RGB)


def test_turned_cmyk_is_refused(tmp_path):
    Image.fromarray(RGB).convert('CMYK').save(tmp_path / 'a.tif', tiffinfo={274: 6})
    with pytest.raises(ValueError, match=r'a\.tif: CMYK pixels with orientation 6, expected'):
        read_rgb(tmp_path / 'a.tif')


@pytest.mark.parametrize('exif', [b'', b'II', b'II*\0\xff\xff\xff\xff', b'II*\0\x08\0\0\0\xff\xff', b'XX*\0'])
def test_broken_exif_is_none(tmp_path, exif):
    Image.fromarray(RGB).save(tmp_path / 'a.png', exif=exif or None)
    np.testing.assert_array_equal(read_rgb(tmp_path / 'a.png'), RGB)


def test_image_of_nothing_but_nan_is_black(tmp_path):
    raster(np.full_like(FLOAT, np.nan), RGB)(tmp_path / 'a.tif')
    assert not read_rgb(tmp_path / 'a.tif').any()


def test_too_many_pixels_are_refused(tmp_path):
    save()(tmp_path / 'a.png')
    assert read_rgb(tmp_path / 'a.png', WIDTH * HEIGHT).shape == RGB.shape
    with pytest.raises(ValueError, match=rf'a\.png: 96 x 64 px, expected at most {WIDTH * HEIGHT - 1} .*ship-det tile'):
        read_rgb(tmp_path / 'a.png', WIDTH * HEIGHT - 1)
    # A scene that holds nothing on disk.
    profile = {'driver': 'GTiff', 'count': 1, 'dtype': 'uint8', 'sparse_ok': True, 'tiled': True}
    with rasterio.open(tmp_path / 'b.tif', 'w', width=60_000, height=60_000, **profile):
        pass
    with pytest.raises(ValueError, match=rf'b\.tif: 60000 x 60000 px, expected at most {MAX_PIXELS} '):
        read_rgb(tmp_path / 'b.tif')


def test_preview_is_small_and_stretched(tmp_path):
    ramp = np.tile(np.linspace(1000, 3000, 200), (100, 1)).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / 'a.tif')
    preview, scale = read_preview(tmp_path / 'a.tif', 50)
    assert (preview.shape, preview.dtype, scale) == ((25, 50, 3), np.uint8, 0.25)
    assert preview[:, 0].max() < 10 < 245 < preview[:, -1].min()
    assert read_preview(tmp_path / 'a.tif', 500)[1] == 1
