"""The only code that decodes pixels: any image or scene, whole or by windows, to 8-bit RGB. Never imports torch.

An image is read in one way wherever it is read, so what a check has seen is what training sees, bit for bit:

- turned as its EXIF orientation says, which is how viewers show it and labels are drawn on it;
- red, green and blue are the bands that the file calls so, else its first three, else the first one alone as grey;
- 8 bit stays as it is; other numbers are stretched between two percentiles of the image's valid pixels;
- palettes, CMYK and fewer than 8 bits become what they stand for;
- where nodata, a mask or an alpha of 0 says that there is nothing, pixels are black.
"""

from ship_det.raster.alpha import AlphaSurvey, survey_alpha
from ship_det.raster.choices import AS_FILED, PixelChoices
from ship_det.raster.georeference import Georeference, acquisition_date, find_georeference
from ship_det.raster.images import image_size, open_image, pixel_area, verify_image
from ship_det.raster.reading import MAX_PIXELS, open_rgb, open_seekable, read_preview, read_rgb, read_shrunk
from ship_det.raster.resizing import resize
from ship_det.raster.scene_reader import SceneReader, open_scene
from ship_det.raster.stretch import Stretch
from ship_det.raster.tile_cache import TileCache

__all__ = [
    'AS_FILED',
    'MAX_PIXELS',
    'AlphaSurvey',
    'Georeference',
    'PixelChoices',
    'SceneReader',
    'Stretch',
    'TileCache',
    'acquisition_date',
    'find_georeference',
    'image_size',
    'open_image',
    'open_rgb',
    'open_scene',
    'open_seekable',
    'pixel_area',
    'read_preview',
    'read_rgb',
    'read_shrunk',
    'resize',
    'survey_alpha',
    'verify_image',
]
