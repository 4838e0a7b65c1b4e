"""Folders of labelled images: ``ROOT/images/NAME.(png|tif|jpg..)`` and ``ROOT/labelTxt/NAME.txt``."""

import os
from pathlib import Path

#: What counts as an image in a folder, by the end of its name.
IMAGE_SUFFIXES = ('.bmp', '.jfif', '.jp2', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')


def list_images(folder: str | os.PathLike) -> list[Path]:
    """Images of a folder, sorted by name; hidden files and other kinds of files are left out.

    Raises:
        ValueError: naming the folder, where it does not exist or holds no image, or where two images differ in the
            suffix only, so that one label file would belong to both.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'{folder}: no such folder, expected a folder of images')
    images = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith('.')
    )
    if not images:
        raise ValueError(f'{folder}: holds no image, expected files ending in {", ".join(IMAGE_SUFFIXES)}')
    by_stem: dict[str, Path] = {}
    for path in images:
        if path.stem in by_stem:
            raise ValueError(f'{folder}: {by_stem[path.stem].name} and {path.name} share a name, expected one of them')
        by_stem[path.stem] = path
    return images


def dota_label_path(root: str | os.PathLike, image: Path) -> Path:
    """Where the labels of an image lie in a data set in DOTA layout."""
    return Path(root) / 'labelTxt' / f'{image.stem}.txt'
