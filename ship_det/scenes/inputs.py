"""Which scenes a command line names: files, folders, globs, GDAL paths and lists, each with a name of its own."""

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from ship_det.annotations.folders import IMAGE_SUFFIXES, list_images
from ship_det.raster.images import is_gdal_path
from ship_det.scenes.scene_lists import LIST_SUFFIXES, is_scene_list, read_scene_list

# What a glob takes; a file that is named is taken whatever it is called.
_GLOBBED = (*IMAGE_SUFFIXES, '.vrt', '.jpx')
# Bytes of a scene's name: files are called after it, with something before and behind.
_LONGEST_NAME = 120
_UNFIT = re.compile(r'[^\w.-]+')


def find_scenes(sources: Sequence[str], asset: str | None = None) -> dict[str, str]:
    """Files and GDAL paths by the names of their scenes, in the order given, those of a folder sorted.

    A name is that of the file without its suffix, or the one that a list has; scenes that share one are told apart by
    their folders.

    Args:
        sources: image files, folders of images or of a data set in DOTA's layout, globs such as ``'*.tif'``, paths
            that GDAL knows: /vsizip/..., /vsicurl/..., /vsis3/..., or lists as of
            :func:`ship_det.scenes.scene_lists.read_scene_list`. Whether files of a list are there is seen when it is
            their turn.
        asset: key of the asset with the pixels in STAC items.

    Raises:
        ValueError: naming the source, where there is nothing.
    """
    real_folder = cache(os.path.realpath)
    found: dict[str, tuple[str, str]] = {}
    for source in sources:
        for path, stem in _expand(source, asset):
            found.setdefault(path if is_gdal_path(path) else _real_path(path, real_folder), (path, stem))
    twins = {name for name, number in Counter(stem.lower() for _, stem in found.values()).items() if number > 1}
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for path, stem in found.values():
        name = f'{PurePosixPath(path).parent.name}_{stem}' if stem.lower() in twins else stem
        # No name but of letters that any file system and any page takes.
        name = _UNFIT.sub('_', name).strip('._') or 'scene'
        name = base = name.encode()[:_LONGEST_NAME].decode(errors='ignore')
        while name.lower() in taken:
            taken[base.lower()] += 1
            name = f'{base}_{taken[base.lower()]}'
        taken[name.lower()] += 1
        names[name] = path
    return names


def _real_path(path: str, real_folder: Callable[[str], str]) -> str:
    """The path of what a link leads to, given how to find that of a folder."""
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    return os.path.join(real_folder(folder or os.curdir), name)


def _expand(source: str, asset: str | None) -> list[tuple[str, str]]:
    """Path and name of each scene of a source."""
    if is_scene_list(source) and not glob.has_magic(source):
        return read_scene_list(source, asset)
    return [(path, PurePosixPath(path).stem) for path in _find_files(source)]


def _find_files(source: str) -> list[str]:
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
        raise ValueError(
            f'{source}: no such scene, expected an image, a folder of images, a glob, a GDAL path or a list '
            f'({", ".join(LIST_SUFFIXES)})'
        )
    return found
