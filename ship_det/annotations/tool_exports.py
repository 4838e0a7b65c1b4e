"""Exports of labelling tools: one file of labels that names its images, and the images in a folder beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ship_det.annotations.data_set import DataSet
from ship_det.annotations.folders import ImageNames, list_images, walk_folders
from ship_det.files import parse_json, read_text


def find_exports(root: Path, suffix: str, labels: str | None = None) -> list[Path]:
    """The exported files of a data set, by name, those in its annotations/ where there are any; or ``labels`` alone.

    Raises:
        ValueError: naming the folder, where there is none.
    """
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set')
    if labels:
        if not (root / labels).is_file():
            raise ValueError(f'{root / labels}: no such file, expected the labels')
        return [root / labels]
    for folder in (root / 'annotations', root):
        paths = [path for path in sorted(folder.glob(f'*{suffix}')) if not path.name.startswith('.')]
        if paths:
            return paths
    places = f'{root}/*{suffix} or {root}/annotations/*{suffix}'
    raise ValueError(f'{root}: holds no label file, expected {places}')


def find_export(root: Path, suffix: str, labels: str | None = None) -> Path:
    """As :func:`find_exports`, where there must be one."""
    paths = find_exports(root, suffix, labels)
    if len(paths) > 1:
        names = ', '.join(path.name for path in paths)
        raise ValueError(f'{root}: {len(paths)} files of labels ({names}), expected one (--labels NAME chooses it)')
    return paths[0]


def read_json(path: Path, expected: str) -> Any:
    """The content of a JSON file.

    Raises:
        ValueError: naming the file and what was expected, where it is not JSON.
    """
    try:
        return parse_json(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}:{error.lineno}: not JSON ({error.msg}), expected {expected}') from error
    except ValueError as error:
        known = str(error).startswith(str(path))
        raise error if known else ValueError(f'{path}: not JSON ({error}), expected {expected}') from error


class ExportedImages:
    """Images of images/ or, where that is not there, of the data set's own folder, and of the folders below."""

    def __init__(self, root: Path) -> None:
        self.top = root / 'images' if (root / 'images').is_dir() else root
        images = [image for folder in walk_folders(self.top) for image in list_images(folder)]
        images = images or list_images(self.top)
        self._names = ImageNames(images)
        self._known = set(images)
        self._left = dict.fromkeys(images)

    @property
    def left(self) -> list[Path]:
        """Images that no entry has named."""
        return list(self._left)

    def claim(self, where: str, names: Sequence[str], found: DataSet) -> Path | None:
        """The image that an entry of an export names.

        Args:
            where: file and entry, for messages.
            names: what the image may be called, also paths below the images' folder; the first that is there counts.
            found: an entry without an image goes there.

        Raises:
            ValueError: another entry has named the image.
        """
        paths = [self.top / name.replace('\\', '/').lstrip('/') for name in names]
        exact = next((path for path in paths if path in self._known), None)
        image = exact or next((image for name in names if name and (image := self._names.find(name))), None)
        if image is None:
            found.without_image.append(Path(f'{where}: {names[0] if names else "no image"}'))
        elif image not in self._left:
            raise ValueError(f'{where}: a second entry of {image.name}, expected one of each image')
        else:
            del self._left[image]
        return image
