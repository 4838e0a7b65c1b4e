"""Images of classes, a folder each, held in memory as one tensor."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
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
        return ClassImages(self.folder, self.classes, self.counts, self.images.to(device))


def class_folders(folder: Path) -> list[Path]:
    """Folders in a folder by name, without hidden ones such as ``.ipynb_checkpoints``."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith('.'))


def find_class_images(folder: Path) -> list[Path]:
    """Images of a folder by name, see :func:`ship_det.annotations.folders.list_images`.

    Raises:
        ValueError: naming the folder, where there is none.
    """
    if not has_images(folder):
        raise ValueError(f'{folder}: found no image, expected at least one ({", ".join(IMAGE_SUFFIXES)})')
    return scan_images(folder)


def read_image(path: Path) -> Image.Image:
    """An image as RGB, as all commands see it.

    Raises:
        ValueError: naming the file, where it cannot be decoded.
    """
    try:
        return Image.fromarray(read_rgb(path))
    except ValueError as error:
        raise ValueError(f'{path}: found no readable image, expected one ({error})') from error


def class_files(folder: str | Path) -> dict[str, list[Path]]:
    """Image files of each class folder in ``folder``, in the order of their names.

    Raises:
        ValueError: if ``folder`` does not exist, has no class folder, or one of them has no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'{folder}: found no such folder, expected a folder of images for each class in it')
    files = {}
    for class_folder in class_folders(folder):
        files[class_folder.name] = find_class_images(class_folder)
    if not files:
        raise ValueError(f'{folder}: found no folder, expected a folder of images for each class')
    return files


def count_images(folder: str | Path) -> ClassImages:
    """The classes of a folder and how many images each has, none of them read.

    Raises:
        ValueError: as :func:`class_files`.
    """
    files = class_files(folder)
    counts = tuple(len(paths) for paths in files.values())
    return ClassImages(Path(folder), tuple(files), counts, torch.empty(0, dtype=torch.uint8))


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
    files = class_files(folder)
    counts = tuple(len(paths) for paths in files.values())
    kept = None if cache is None else Path(cache) / f'{_fingerprint(folder, files, size)}.pt'
    if kept is not None and kept.exists():
        images = load_data(kept)
        shape = (sum(counts), 3, size, size)
        if not isinstance(images, Tensor) or images.dtype != torch.uint8 or images.shape != shape:
            raise ValueError(f'{kept}: expected the images of {folder}, {shape} uint8, found something else; remove it')
    else:
        images = torch.empty(sum(counts), 3, size, size, dtype=torch.uint8)
        for index, path in enumerate(path for paths in files.values() for path in paths):
            images[index] = _read(path, size)
            if progress:
                progress(index + 1, len(images))
        if kept is not None:
            save_whole(images, kept)
    return ClassImages(Path(folder), tuple(files), counts, images)


def _read(path: Path, size: int) -> Tensor:
    pixels = np.array(read_image(path).resize((size, size), Image.Resampling.BILINEAR))
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _fingerprint(folder: str | Path, files: dict[str, list[Path]], size: int) -> str:
    digest = hashlib.sha256(f'{size}'.encode())
    for path in (path for paths in files.values() for path in paths):
        status = path.stat()
        digest.update(f'{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n'.encode())
    return f'{Path(folder).name}_{size}_{digest.hexdigest()[:16]}'


def save_whole(content: object, path: Path) -> None:
    """Save with torch so that the file is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        torch.save(content, temporary)
