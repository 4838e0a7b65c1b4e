"""Folders of images and of label files, whatever the format: what counts as one, and which belongs to which."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

#: What counts as an image in a folder, by the end of its name.
IMAGE_SUFFIXES = (
    '.bmp', '.gif', '.img', '.j2k', '.jfif', '.jp2', '.jpe', '.jpeg', '.jpg', '.ntf', '.pgm', '.png', '.ppm', '.tif',
    '.tiff', '.webp',
)  # fmt: skip


def list_images(*folders: str | os.PathLike) -> list[Path]:
    """Images of folders, each folder's sorted by name. No image is opened; links are followed.

    The case of a suffix does not matter. Hidden files (``.a.png``, also the ``._a.png`` of macOS), other kinds of files
    and what lies in folders below are left out.

    Raises:
        ValueError: naming the folder or file, where a folder does not exist, none of them holds an image, a link leads
            nowhere, or two images differ in the suffix only, so that one label file would belong to both.
    """
    images = scan_images(*folders)
    refuse_twins(images)
    return images


def scan_images(*folders: str | os.PathLike) -> list[Path]:
    """As :func:`list_images`, where two images may share a name."""
    images = [image for folder in folders for image in _list_files(Path(folder), IMAGE_SUFFIXES)]
    if not images:
        folder = Path(folders[0])
        nested = [f'; {path} holds some, expected them in {folder} itself' for path in folders_of_images(folder)[:1]]
        others = sorted(
            entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith('.')
        )
        found = f', found {others[0]}' if others else ''
        raise ValueError(
            f'{folder}: holds no image, expected files ending in {", ".join(IMAGE_SUFFIXES)}{found}{"".join(nested)}'
        )
    return images


def folders_of_images(folder: str | os.PathLike) -> list[Path]:
    """Folders directly below a folder that hold images, which :func:`list_images` leaves out."""
    return [path for path in list_folders(folder) if has_images(path)]


def list_folders(folder: str | os.PathLike) -> list[Path]:
    """Folders directly below a folder, sorted; hidden ones are left out."""
    with os.scandir(Path(folder)) as entries:
        return sorted(Path(entry) for entry in entries if not entry.name.startswith('.') and entry.is_dir())


def walk_folders(top: Path) -> list[Path]:
    """A folder and all below it that hold images, sorted; none of a file. Hidden ones are left out."""
    found = []
    for folder, below, _ in os.walk(top, followlinks=True):
        below[:] = [name for name in below if not name.startswith('.')]
        found.append(Path(folder))
    return sorted(folder for folder in found if has_images(folder))


def has_images(folder: Path) -> bool:
    """Whether a folder holds an image."""
    with os.scandir(folder) as entries:
        return any(_counts(entry, IMAGE_SUFFIXES) and entry.is_file() for entry in entries)


def find_image(folder: Path, stem: str) -> Path | None:
    """The image of a folder that has a name; None where none has."""
    return next((path for path in _list_files(folder, IMAGE_SUFFIXES) if path.stem == stem), None)


def describe_unread(folders: Iterable[Path], stem: str) -> str:
    """That a file of a name ends otherwise than an image, such as ``a.heic``; '' where no folder has one."""
    files = (path for folder in folders for path in sorted(folder.iterdir()) if path.stem == stem and path.is_file())
    unread = next((path for path in files if not path.name.lower().endswith(IMAGE_SUFFIXES)), None)
    return f'{unread.name} is not read, expected an image ending in {", ".join(IMAGE_SUFFIXES)}' if unread else ''


def find_twins(images: Iterable[Path]) -> list[tuple[Path, Path]]:
    """Images that share the stem of an earlier one, each with that one."""
    first: dict[str, Path] = {}
    pairs = [(image, first.setdefault(image.stem, image)) for image in images]
    return [(image, other) for image, other in pairs if image is not other]


def refuse_twins(images: Iterable[Path]) -> None:
    """Raise a ValueError that names two images of one stem, where there are any."""
    for image, other in find_twins(images):
        first = other.name if other.parent == image.parent else other
        raise ValueError(f'{image.parent}: {first} and {image.name} share a name, expected one of them')


def list_labels(folder: str | os.PathLike, suffix: str = '.txt') -> list[Path]:
    """Label files of a folder, sorted by name; none where it does not exist. What is left out: as of images."""
    return _list_files(Path(folder), (suffix,)) if Path(folder).is_dir() else []


class ImageNames:
    """Images by the names that lists call them."""

    def __init__(self, images: Iterable[Path]) -> None:
        names = [(image, (image.name, image.stem, fold_name(image.name), fold_name(image.stem))) for image in images]
        self._tables: list[dict[str, Path]] = []
        for kind in range(4):
            counts = Counter(keys[kind] for _, keys in names)
            self._tables.append({keys[kind]: image for image, keys in names if counts[keys[kind]] == 1})

    def find(self, name: str) -> Path | None:
        """The image of a name, which may lack its suffix and may have folders before it, also a Windows path's.

        Where no image has just that name, letter case does not matter. None where no image has it, or several have.
        """
        for known in (name, last_name(name)):
            keys = (known, known, fold_name(known), fold_name(known))
            for table, key in zip(self._tables, keys, strict=True):
                if key in table:
                    return table[key]
        return None


def pair_labels(images: Sequence[Path], labels: Iterable[Path]) -> tuple[dict[Path, Path], list[Path]]:
    """Find the label file of each image: the one of its stem, else one whose stem differs in letter case only.

    Returns:
        Label file of each image that has one, and the label files that no image has.
    """
    # Of a.txt and a.TXT the first is meant.
    left = sorted(labels, key=lambda path: path.suffix != path.suffix.lower())
    pairs: dict[Path, Path] = {}
    kinds: tuple[Callable[[str], str], ...] = (str, fold_name)
    for same in kinds:
        by_stem: dict[str, Path] = {}
        for path in left:
            by_stem.setdefault(same(path.stem), path)
        for image in images:
            if image not in pairs and same(image.stem) in by_stem:
                pairs[image] = by_stem.pop(same(image.stem))
        taken = set(pairs.values())
        left = [path for path in left if path not in taken]
    return pairs, sorted(left)


def fold_name(name: str) -> str:
    """A file name as a file system sees it that tells neither letter case nor ways to compose an accent apart."""
    return unicodedata.normalize('NFC', name).casefold()


def last_name(path: str) -> str:
    """The file name at the end of a path of this or another machine, on Windows with backslashes."""
    return path.replace('\\', '/').rpartition('/')[2]


def _list_files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f'{folder}: no such folder, expected a folder of images')
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _counts(entry, suffixes):
                continue
            if entry.is_file():
                found.append(folder / entry.name)
            elif entry.is_symlink() and not entry.is_dir():
                target = os.readlink(entry.path)
                raise ValueError(f'{folder / entry.name}: a link to {target}, which is not there; expected a file')
    return sorted(found, key=lambda path: path.name)


def _counts(entry: 'os.DirEntry[str]', suffixes: tuple[str, ...]) -> bool:
    return entry.name.lower().endswith(suffixes) and not entry.name.startswith('.')
