"""A data set in DOTA's layout on disk: which images, labels, lists, classes and counts it has.

::

    ROOT/images/NAME.(png|tif|jpg..)    the images, each with a name of its own
    ROOT/labelTxt/NAME.txt              the labels of each, an empty file where there is no object
    ROOT/train.txt, val.txt, test.txt   names of the images of a part, one a line; any other file may be such a list
"""

import logging
import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, get_args

from ship_det.annotations.classes import check_classes
from ship_det.annotations.dota import UnknownClassError, read_dota
from ship_det.annotations.folders import (
    ImageNames,
    describe_unread,
    find_image,
    fold_name,
    folders_of_images,
    has_images,
    list_labels,
    pair_labels,
    refuse_twins,
    scan_images,
)
from ship_det.annotations.objects import LabeledObject
from ship_det.files import read_text

#: Parts of a data set, each of which may have a list in its folder.
PARTS = ('train', 'val', 'test')
#: What an object of another class than those wanted is: an error, background, or an ignore region without a class.
OtherClasses = Literal['error', 'background', 'ignore']


@dataclass(frozen=True)
class BadLine:
    """A line of a list that names no image, or one that was named before."""

    line: int
    message: str
    is_repeat: bool


@dataclass
class ClassCounts:
    """Objects of each class; those marked difficult are counted apart."""

    instances: Counter[str] = field(default_factory=Counter)
    difficult: Counter[str] = field(default_factory=Counter)

    @property
    def classes(self) -> list[str]:
        """Names of the classes that occur, the one of most instances first."""
        return sorted(self.instances | self.difficult, key=lambda name: (-self.instances[name], name))


class DotaFolder:
    """A data set in DOTA's layout. Nothing is read before it is asked for, and no image is opened.

    Args:
        root: folder of the data set.
        images: folder of the images; None for ``root``/images.
        labels: folder of the labels; None for ``root``/labelTxt.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        images: str | os.PathLike | None = None,
        labels: str | os.PathLike | None = None,
    ) -> None:
        self.root = Path(root)
        self.image_dir = self.root / 'images' if images is None else Path(images)
        self.label_dir = self.root / 'labelTxt' if labels is None else Path(labels)

    @property
    def folders(self) -> tuple[Path, Path]:
        """The folders of the images and of the labels."""
        return self.image_dir, self.label_dir

    def make(self) -> None:
        """Make the folders of a new data set."""
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)

    def require(self, *folders: Path, hint: str = '') -> None:
        """Raise a ValueError that ends in ``hint``, unless these are there: by default both :attr:`folders`."""
        for folder in folders or self.folders:
            if not folder.is_dir():
                elsewhere = self._images_elsewhere() if folder == self.image_dir else ''
                message = f'{folder}: no such folder, expected a data set with images/ and labelTxt/'
                raise ValueError(f'{message}{elsewhere}{hint}')

    def _images_elsewhere(self) -> str:
        """Where images lie that were expected in the folder of the images."""
        if not self.root.is_dir():
            return ''
        folders = [self.root] if has_images(self.root) else folders_of_images(self.root)
        return f'; {folders[0]} holds images' if folders else ''

    @cached_property
    def images(self) -> list[Path]:
        """All images by name, see :func:`~ship_det.annotations.folders.list_images`."""
        self.require(self.image_dir)
        refuse_twins(self.scanned_images)
        return self.scanned_images

    @cached_property
    def scanned_images(self) -> list[Path]:
        """All images by name, also where some share a name."""
        return scan_images(self.image_dir)

    @cached_property
    def _pairs(self) -> tuple[dict[Path, Path], list[Path]]:
        return pair_labels(self.scanned_images, list_labels(self.label_dir))

    @property
    def nested(self) -> list[Path]:
        """Folders of images below that of the images, which do not belong to the data set."""
        return folders_of_images(self.image_dir)

    @property
    def stray_labels(self) -> list[Path]:
        """Label files that no image has."""
        return self._pairs[1]

    def expected_image(self, labels: Path) -> str:
        """What a label file that no image has was expected to have, for a message."""
        below = next((folder for folder in self.nested if find_image(folder, labels.stem)), None)
        if below is not None:
            return f'{below.name}/ below {self.image_dir} has one, expected it in {self.image_dir} itself'
        unread = describe_unread([self.image_dir], labels.stem)
        return unread or f'expected {self.image_dir / labels.stem}.* or no such file'

    def find_labels(self, image: Path) -> Path | None:
        """The label file of an image; None where it has none."""
        return self._pairs[0].get(image)

    def label_path(self, image: Path) -> Path:
        """The label file of an image; where it is expected if it has none."""
        return self.find_labels(image) or self.label_dir / f'{image.stem}.txt'

    def select(
        self, list_file: str | os.PathLike | None = None, *, unlabeled: bool = False, hint: str = ''
    ) -> list[Path]:
        """Images of a list in its order, or all of them by name.

        Args:
            list_file: see :meth:`locate_list`; None for all images.
            unlabeled: an image without a label file has no objects, instead of an error.
            hint: what helps against images without labels, for that error to say.

        Raises:
            ValueError: naming file and line, where the list is bad (see :meth:`read_list`), an image has no labels, or,
                without a list, labels have no image.
        """
        images = self.images
        if list_file is None:
            if self.stray_labels:
                stray = self.stray_labels[0]
                others = f'; {len(self.stray_labels)} such files' if len(self.stray_labels) > 1 else ''
                raise ValueError(f'{stray}: labels without an image, {self.expected_image(stray)}{others}')
            _say_left_out(self.image_dir, tuple(path.name for path in self.nested))
        else:
            images = self.read_list(self.find_list(list_file))
        missing = [] if unlabeled else [image for image in images if self.find_labels(image) is None]
        if missing:
            others = f'; {len(missing)} of {len(images)} images have none' if len(missing) > 1 else ''
            raise ValueError(
                f'{self.label_path(missing[0])}: no such file, expected the labels of {missing[0].name} '
                f'(an empty file if it has none){hint}{others}'
            )
        return images

    @property
    def lists(self) -> dict[str, Path]:
        """The lists of the data set's parts that are there, by name of the part."""
        paths = {part: self.list_path(part) for part in PARTS}
        return {part: path for part, path in paths.items() if path.is_file()}

    def list_path(self, part: str) -> Path:
        """Where the list of a part lies."""
        return self.root / f'{part}.txt'

    def locate_list(self, list_file: str | os.PathLike) -> Path | None:
        """The list of a name: a path below the data set, or else a path from here; None where it is neither."""
        return next((path for path in (self.root / list_file, Path(list_file)) if path.is_file()), None)

    def find_list(self, list_file: str | os.PathLike, hint: str = '') -> Path:
        """As :meth:`locate_list`, where the list must be there.

        Raises:
            ValueError: naming it, where it is not; it ends in ``hint``.
        """
        path = self.locate_list(list_file)
        if path is None:
            found = ', '.join(path.name for path in self.lists.values())
            found = f'; the data set has {found}' if found else ''
            raise ValueError(
                f'{list_file}: no such file, neither in {self.root} nor here, expected one image name a line'
                f'{found}{hint}'
            )
        return path

    def read_list(self, path: str | os.PathLike) -> list[Path]:
        """Images that a list names, in its order.

        A name may lack its suffix and may have folders before it, which do not count. Where no image has just that
        name, letter case does not matter. Blank lines and blanks around a name are passed over.

        Raises:
            ValueError: naming file and line, where a line names no image or one of a line before, or none names any.
        """
        images, wrong = self.scan_list(path)
        if wrong:
            raise ValueError(f'{path}:{wrong[0].line}: {wrong[0].message}')
        return images

    def scan_list(self, path: str | os.PathLike) -> tuple[list[Path], list[BadLine]]:
        """Images of a list of which lines may be wrong, and those lines.

        Raises:
            ValueError: naming the file, where it is not text or no line names an image.
        """
        path = Path(path)
        lines: dict[Path, int] = {}
        wrong = []
        for number, line in enumerate(read_text(path).split('\n'), start=1):
            name = line.strip()
            image = self._names.find(name) if name else None
            if image is not None and image not in lines:
                lines[image] = number
            elif image is not None:
                message = f'{name} is on line {lines[image]} already, expected each image once'
                wrong.append(BadLine(number, message, is_repeat=True))
            elif name:
                wrong.append(BadLine(number, self._no_image(name), is_repeat=False))
        if not lines:
            first = f'; line {wrong[0].line}: {wrong[0].message}' if wrong else ''
            raise ValueError(f'{path}: lists no image of {self.image_dir}, expected one file name a line{first}')
        return list(lines), wrong

    @cached_property
    def _names(self) -> ImageNames:
        return ImageNames(self.scanned_images)

    def _no_image(self, name: str) -> str:
        other = self._names.find(Path(name.replace('\\', '/')).stem)
        there = f' ({other.name} is)' if other else ''
        example = self.scanned_images[0].name
        return f'{self.image_dir / name} does not exist{there}, expected the name of an image, such as {example}'

    def read_objects(
        self,
        image: Path,
        classes: Collection[str] | None = None,
        other_classes: OtherClasses = 'error',
        hint: str = '',
    ) -> tuple[list[LabeledObject], list[LabeledObject]]:
        """Objects of an image: those of some classes, and the others.

        Args:
            image: one of :attr:`images`.
            classes: class names; None for any.
            other_classes: whether an object of another class is an error; what else it is, is the caller's.
            hint: what helps against such a class, for the error to say.

        Raises:
            ValueError: naming file and line, as :func:`~ship_det.annotations.read_dota`; or where the image has no
                label file.
        """
        if other_classes not in get_args(OtherClasses):
            raise ValueError(f'other_classes: expected one of {get_args(OtherClasses)}, found {other_classes!r}')
        if isinstance(classes, str):
            check_classes(classes)
        path = self.label_path(image)
        if not path.is_file():
            raise ValueError(
                f'{path}: no such file, expected the labels of {image.name} (an empty file if it has none)'
            )
        try:
            objects = read_dota(path, classes if other_classes == 'error' else None)
        except UnknownClassError as error:
            raise UnknownClassError(f'{error}{hint}') from error
        if classes is None:
            return objects, []
        wanted = [labeled for labeled in objects if labeled.name in classes]
        return wanted, [labeled for labeled in objects if labeled.name not in classes]

    def count(
        self,
        images: Sequence[Path] | None = None,
        classes: Collection[str] | None = None,
        other_classes: OtherClasses = 'error',
        hint: str = '',
    ) -> ClassCounts:
        """Count the objects of each class in some of :attr:`images`; None for all of :meth:`select`.

        Further arguments are those of :meth:`read_objects`; objects of other classes are not counted.

        Raises:
            ValueError: as :meth:`read_objects` and :meth:`select`.
        """
        counts = ClassCounts()
        for image in self.select() if images is None else images:
            for labeled in self.read_objects(image, classes, other_classes, hint)[0]:
                (counts.difficult if labeled.difficult else counts.instances)[labeled.name] += 1
        return counts

    @cached_property
    def classes(self) -> list[str]:
        """Names of the classes of all labels, the one of most instances first."""
        return self.count().classes


@cache
def _say_left_out(folder: Path, below: tuple[str, ...]) -> None:
    """Say in the log, once, which folders of images are left out."""
    if below:
        names = ', '.join(f'{name}/' for name in below)
        logging.getLogger(__name__).warning('%s: left out folders of images below: %s', folder, names)


def find_label_files(folder: str | os.PathLike) -> list[Path]:
    """Label files of the images of a data set, or all of a folder of DOTA labels (a data set without images/, too).

    Raises:
        ValueError: naming the folder, where there is none; or as :meth:`DotaFolder.select`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'{folder}: no such folder, expected a folder of DOTA labels or a data set with labelTxt/')
    data_set = DotaFolder(folder)
    if data_set.label_dir.is_dir():
        if data_set.image_dir.is_dir():
            hint = f'; {data_set.label_dir} counts the labels that are there'
            return [data_set.label_path(image) for image in data_set.select(hint=hint)]
        folder = data_set.label_dir
    files = list_labels(folder)
    if not files:
        raise ValueError(f'{folder}: found no label file, expected *.txt')
    return files


def dota_label_path(root: str | os.PathLike, image: Path) -> Path:
    """As :meth:`DotaFolder.label_path`, for one image of which the others need not be listed."""
    folder = DotaFolder(root, image.parent)
    expected = folder.label_dir / f'{image.stem}.txt'
    if expected.is_file() or not folder.label_dir.is_dir():
        return expected
    if any(fold_name(name) == fold_name(expected.name) for name in os.listdir(folder.label_dir)):
        return folder.label_path(image)
    return expected
