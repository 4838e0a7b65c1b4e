"""Images of classes, a folder each, held in memory as one tensor."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ship_det.annotations.folders import IMAGE_SUFFIXES, has_images, scan_images
from ship_det.checkpoints import load_data
from ship_det.files import replacing
from ship_det.raster import read_rgb


@dataclass(frozen=True)
class ClassImages:
    """Images of some classes, those of a class one after the other.

    Attributes:
        folder: where they were read from.
        classes: names of the classes.
        counts: images of each class.
        images: uint8, shape (N, 3, S, S).
    """

    folder: Path
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    images: Tensor

    @property
    def starts(self) -> np.ndarray:
        """Index of each class's first image, shape (C,)."""
        return np.concatenate([[0], np.cumsum(self.counts)[:-1]])

    def to(self, device: str | torch.device) -> 'ClassImages':
        """The same with the images on another device."""
        return replace(self, images=self.images.to(device))


def list_classes(folder: Path) -> list[str]:
    """Names of the folders in a folder, in order, without hidden ones such as ``.ipynb_checkpoints``.

    Raises:
        ValueError: if ``folder`` does not exist.
    """
    if not folder.is_dir():
        raise ValueError(f'{folder}: found no such folder, expected a folder of images for each class in it')
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith('.'))


def class_files(folder: str | Path) -> dict[str, list[Path]]:
    """Image files of each class folder in ``folder``, in the order of their names.

    Raises:
        ValueError: if ``folder`` does not exist, has no class folder, or one of them has no image.
    """
    files = {}
    for name in list_classes(Path(folder)):
        place = Path(folder) / name
        if not has_images(place):
            raise ValueError(f'{place}: found no image, expected at least one ({", ".join(IMAGE_SUFFIXES)})')
        files[name] = scan_images(place)
    if not files:
        raise ValueError(f'{folder}: found no folder, expected a folder of images for each class')
    return files


def read_image(path: Path) -> Image.Image:
    """An image as RGB, as all commands see it.

    Raises:
        ValueError: naming the file, where it cannot be decoded.
    """
    try:
        return Image.fromarray(read_rgb(path))
    except ValueError as error:
        raise ValueError(f'{path}: found no readable image, expected one ({error})') from error


def count_images(folder: str | Path) -> ClassImages:
    """The classes of a folder and how many images each has, none of them read.

    Raises:
        ValueError: as :func:`class_files`.
    """
    files = class_files(folder)
    return ClassImages(Path(folder), tuple(files), tuple(map(len, files.values())), torch.empty(0, dtype=torch.uint8))


def check_disjoint(root: str | Path, parts: tuple[str, ...]) -> None:
    """Raise ValueError if a class lies in two parts: test classes must be new to the model."""
    owner: dict[str, str] = {}
    for part in parts:
        for name in class_files(Path(root) / part):
            if name in owner:
                raise ValueError(f'{root}: found class {name} in {owner[name]}/ and {part}/, expected it in one part')
            owner[name] = part


def read_class_images(
    folder: str | Path, size: int, cache: str | Path | None = None, progress: Callable[[int, int], None] | None = None
) -> ClassImages:
    """Read the images of all class folders, as RGB of ``size`` x ``size`` px (bilinear, antialiased).

    Args:
        folder: holds a folder of images for each class.
        size: width and height, px.
        cache: folder to keep the tensor in; it is read again as long as names, sizes and times of the files stay.
        progress: called with the number of images read and of all.

    Raises:
        ValueError: as :func:`class_files`, or if an image cannot be read.
    """
    counted = count_images(folder)
    files = [path for paths in class_files(folder).values() for path in paths]
    shape = (len(files), 3, size, size)
    kept = None if cache is None else Path(cache) / f'{_fingerprint(Path(folder), files, size)}.pt'
    if kept is not None and kept.exists():
        images = load_data(kept)
        if not isinstance(images, Tensor) or images.dtype != torch.uint8 or images.shape != shape:
            raise ValueError(f'{kept}: expected the images of {folder}, {shape} uint8, found something else; remove it')
    else:
        images = torch.empty(shape, dtype=torch.uint8)
        for index, path in enumerate(files):
            pixels = np.array(read_image(path).resize((size, size), Image.Resampling.BILINEAR))
            images[index] = torch.from_numpy(pixels).permute(2, 0, 1)
            if progress:
                progress(index + 1, len(files))
        if kept is not None:
            save_whole(images, kept)
    return replace(counted, images=images)


def _fingerprint(folder: Path, files: Sequence[Path], size: int) -> str:
    digest = hashlib.sha256(f'{size}'.encode())
    for path in files:
        status = path.stat()
        digest.update(f'{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n'.encode())
    return f'{folder.name}_{size}_{digest.hexdigest()[:16]}'


def save_whole(content: object, path: Path) -> None:
    """Save with torch so that the file is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        torch.save(content, temporary)
