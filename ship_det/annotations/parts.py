"""Parts of a data set, as folder names, file names and lists tell them: train, val, test and others.

A list is a text file with an image's name on each line: ``ROOT/train.txt`` in DOTA's layout, ``ImageSets/train.txt`` or
``ImageSets/Main/train.txt`` in those that follow Pascal VOC.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ship_det.annotations.data_set import DataSet, LabeledImage
from ship_det.annotations.folders import ImageNames, list_folders, list_labels
from ship_det.files import read_text, write_text

#: Folders that may hold lists; the first that holds any is read.
LIST_FOLDERS = ('ImageSets/Main', 'ImageSets', '')

#: Pattern of the names of parts, in lower case.
PART = r'(?:train_?val|train_?test|train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?:20\d\d)?'

_WITHIN_NAME = re.compile(rf'(?:^|[-_. ])({PART})(?=$|[-_. ])')
_NAMES = {'training': 'train', 'valid': 'val', 'validation': 'val', 'testing': 'test'}
_IS_LIST = re.compile(r'(train|val|test)', re.IGNORECASE)


def part_of(name: str) -> str | None:
    """The part that a folder or file is of by its name: ``val`` for ``valid`` and for ``instances_val2017``."""
    found = _WITHIN_NAME.search(name.lower())
    if not found:
        return None
    part = re.sub(r'20\d\d$', '', found[1])
    return _NAMES.get(part, part)


def part_folders(folder: Path) -> list[tuple[str, Path]]:
    """Folders directly below one that are called after a part and no more, such as ``valid``, and those parts."""
    found = [(part_of(path.name), path) for path in list_folders(folder) if re.fullmatch(PART, path.name.lower())]
    return [(part, path) for part, path in found if part is not None]


def add_listed_parts(found: DataSet, *roots: Path) -> None:
    """Add to each image the parts whose lists, in the :data:`LIST_FOLDERS` of ``roots``, name it.

    Images that lack labels may be listed too. A line that names no image goes to ``found.unknown_names``.
    """
    for part, path in _find_lists(roots).items():
        add_list(found, part, path)


def add_list(found: DataSet, part: str, path: Path) -> None:
    """As :func:`add_listed_parts`, of one list, whose lines are names or paths from its folder."""
    images = {labeled.image: labeled for labeled in found.images}
    names = ImageNames([*images, *found.without_labels])
    for number, line in enumerate(read_text(path).split('\n'), start=1):
        if not (name := line.strip()):
            continue
        exact = Path(os.path.normpath(path.parent / name.replace('\\', '/')))
        image = exact if exact in images else names.find(name)
        if image is None:
            found.unknown_names.append(f'{path}:{number}: {name}')
        elif image in images and part not in images[image].parts:
            images[image].parts += (part,)


def write_lists(folder: Path, images: Sequence[LabeledImage], with_suffix: bool) -> None:
    """Write a list of each part; a name is the image's file name or its stem."""
    parts = sorted({part for labeled in images for part in labeled.parts})
    if parts:
        folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        names = [labeled.name if with_suffix else labeled.stem for labeled in images if part in labeled.parts]
        write_text(folder / f'{part}.txt', ''.join(f'{name}\n' for name in names))


def _find_lists(roots: Sequence[Path]) -> dict[str, Path]:
    for root in roots:
        for folder in LIST_FOLDERS:
            paths = [path for path in list_labels(root / folder) if is_list(path)]
            if paths:
                return {_NAMES.get(path.stem.lower(), path.stem): path for path in paths}
    return {}


def is_list(path: Path) -> bool:
    """Whether a file is a list by its name; a label file of an image that is called so is none."""
    if not _IS_LIST.match(path.stem):
        return False
    first = next((line.split() for line in read_text(path).split('\n') if line.strip()), [])
    return len(first) < 6
