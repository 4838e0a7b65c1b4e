"""Which scenes a command line names: files, folders, globs and GDAL paths, each with a name of its own."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ship_det.annotations.folders import IMAGE_SUFFIXES, list_images
from ship_det.raster.images import is_gdal_path

# What a glob takes; a file that is named is taken whatever it is called.
_GLOBBED = (*IMAGE_SUFFIXES, '.vrt', '.jpx')
# Bytes of a scene's name: files are called after it, with something before and behind.
_LONGEST_NAME = 120


def find_scenes(sources: Sequence[str]) -> dict[str, str]:
    """Files and GDAL paths by the names of their scenes, in the order given, those of a folder sorted.

    A name is that of the file without its suffix; scenes that share one are told apart by their folders.

    Args:
        sources: image files, folders of images or of a data set in DOTA's layout, globs such as ``'*.tif'``, or paths
            that GDAL knows: /vsizip/..., /vsicurl/..., /vsis3/....

    Raises:
        ValueError: naming the source, where there is nothing.
    """
    paths: dict[str, str] = {}
    for source in sources:
        for path in _expand(source):
            paths.setdefault(path if is_gdal_path(path) else os.path.realpath(path), path)
    stems = [PurePosixPath(path).stem for path in paths.values()]
    twins = {name.lower() for name, number in Counter(stem.lower() for stem in stems).items() if number > 1}
    names: dict[str, str] = {}
    for path, stem in zip(paths.values(), stems, strict=True):
        name = f'{PurePosixPath(path).parent.name}_{stem}' if stem.lower() in twins else stem
        # No name but of letters that any file system and any page takes.
        name = re.sub(r'[^\w.-]+', '_', name).strip('._') or 'scene'
        name = base = name.encode()[:_LONGEST_NAME].decode(errors='ignore')
        number = 2
        while name.lower() in {other.lower() for other in names}:
            name, number = f'{base}_{number}', number + 1
        names[name] = path
    return names


def _expand(source: str) -> list[str]:
    if is_gdal_path(source):
        return [source]
    path = Path(source)
    if path.is_dir():
        # The scenes of a data set.
        folder = path / 'images' if (path / 'images').is_dir() else path
        return [str(image) for image in list_images(folder)]
    if path.exists():
        return [source]
    found = sorted(path for path in glob.glob(source, recursive=True) if os.path.isfile(path))
    # What lies beside images: labels, world files.
    found = [path for path in found if Path(path).suffix.lower() in _GLOBBED]
    if not found:
        raise ValueError(f'{source}: no such scene, expected an image, a folder of images, a glob or a GDAL path')
    return found
