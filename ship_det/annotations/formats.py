"""Whole data sets in each format: which image belongs to which labels, and where either lies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ship_det.annotations.coco import CocoImage, read_coco, write_coco
from ship_det.annotations.coco_folder import ImageNames, find_coco_files, find_coco_images
from ship_det.annotations.dior import read_dior, write_dior
from ship_det.annotations.dota import check_dota_classes, read_dota, write_dota
from ship_det.annotations.folders import list_images, list_labels, pair_labels
from ship_det.annotations.hrsc import read_hrsc, write_hrsc
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.rolabelimg import read_rolabelimg, write_rolabelimg
from ship_det.annotations.voc import read_voc
from ship_det.annotations.yolo_obb import read_class_names, read_yolo_obb, write_yolo_obb
from ship_det.files import write_text
from ship_det.raster import image_size


@dataclass(slots=True)
class LabeledImage:
    """An image, where its labels come from, and its objects."""

    image: Path
    labels: Path
    objects: list[LabeledObject]


@dataclass(slots=True)
class DataSet:
    """The labelled images of a data set, and what lacks its other half."""

    images: list[LabeledImage] = field(default_factory=list)
    without_labels: list[Path] = field(default_factory=list)
    without_image: list[Path] = field(default_factory=list)


class Format(Protocol):
    """A way to lay out a data set on disk."""

    @property
    def keeps_quads(self) -> bool:
        """Whether a label can hold any quad, not only rectangles."""

    @property
    def writable(self) -> bool:
        """Whether the format can be converted to."""

    def read(self, root: Path, classes: Sequence[str], angle_unit: str | None = None) -> DataSet:
        """Read a data set.

        Args:
            root: its folder.
            classes: names of the classes, for a format that only numbers them.
            angle_unit: of the angles in the labels; None for the format's own.

        Raises:
            ValueError: naming file and line; or where the format has no angles to be in a unit.
        """

    def image_folder(self, root: Path) -> Path:
        """Where the images of a written data set lie."""

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write the labels of all images; ``classes`` are those that occur."""


@dataclass(frozen=True)
class FilePerImage:
    """A label file for each image, named after it.

    Attributes:
        images: folders that hold the images; all of them that exist are read, the last is written to.
        labels: folders that may hold the labels; the first that exists is read, the last is written to.
        suffix: of a label file.
        read_file: objects from a label file, and from the unit of its angles where there are any.
        write_file: label file from objects, image name and image size.
        keeps_quads: the format holds any quad, not only rectangles.
        has_angles: its boxes are given by an angle.
        check_classes: refuses classes that its labels cannot tell apart.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]
    suffix: str
    read_file: Callable[..., list[LabeledObject]]
    write_file: Callable[[Path, list[LabeledObject], str, tuple[int, int]], None] | None
    keeps_quads: bool = True
    has_angles: bool = False
    check_classes: Callable[[Sequence[str]], None] | None = None

    @property
    def writable(self) -> bool:
        return self.write_file is not None

    def read(self, root: Path, classes: Sequence[str], angle_unit: str | None = None) -> DataSet:
        if angle_unit and not self.has_angles:
            raise ValueError(f'{root}: labels of this format hold no angles, expected no angle unit for them')
        found = _pair(root, self.images, self.labels, self.suffix)
        for pair in found.images:
            pair.objects = self.read_file(pair.labels, *([angle_unit] if angle_unit else []))
        return found

    def image_folder(self, root: Path) -> Path:
        return root / self.images[-1]

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        assert self.write_file is not None
        if self.check_classes:
            self.check_classes(classes)
        folder = root / self.labels[-1]
        folder.mkdir(parents=True)
        for labeled in images:
            path = folder / f'{labeled.image.stem}{self.suffix}'
            self.write_file(path, labeled.objects, labeled.image.name, image_size(labeled.image))


@dataclass(frozen=True)
class YoloObb:
    """images/, labels/ and the class names in data.yaml."""

    keeps_quads: bool = True
    writable: bool = True

    def read(self, root: Path, classes: Sequence[str], angle_unit: str | None = None) -> DataSet:
        names = list(classes) or read_class_names(root)
        found = _pair(root, ('images',), ('labels',), '.txt', not_labels=('classes.txt',))
        for pair in found.images:
            pair.objects = read_yolo_obb(pair.labels, image_size(pair.image), names, angle_unit or 'radians')
        return found

    def image_folder(self, root: Path) -> Path:
        return root / 'images'

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        import yaml

        (root / 'labels').mkdir(parents=True)
        for labeled in images:
            path = root / 'labels' / f'{labeled.image.stem}.txt'
            write_yolo_obb(path, labeled.objects, image_size(labeled.image), classes)
        content = {'path': '.', 'train': 'images', 'val': 'images', 'names': dict(enumerate(classes))}
        write_text(root / 'data.yaml', yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


@dataclass(frozen=True)
class RotatedCoco:
    """images/ and JSON files in annotations/.

    Attributes:
        clockwise: how angles turn in the files that are read; see :func:`read_coco`.
    """

    clockwise: bool = False
    keeps_quads: bool = True
    writable: bool = True

    def read(self, root: Path, classes: Sequence[str], angle_unit: str | None = None) -> DataSet:
        root, files = find_coco_files(root)
        images = find_coco_images(root)
        names = ImageNames(images)
        found = DataSet()
        seen: dict[Path, Path] = {}
        for file in files:
            for listed in read_coco(file, self.clockwise, angle_unit or 'degrees'):
                image = names.find(listed.file)
                if image is None:
                    found.without_image.append(Path(f'{file}: {listed.file}'))
                    continue
                if image in seen:
                    raise ValueError(
                        f'{file}: the image {listed.file!r} is in {seen[image]} already, expected each once '
                        '(one JSON file as SRC reads it alone)'
                    )
                seen[image] = file
                found.images.append(LabeledImage(image, file, listed.objects))
        found.without_labels = [image for image in images if image not in seen]
        return found

    def image_folder(self, root: Path) -> Path:
        return root / 'images'

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        (root / 'annotations').mkdir(parents=True)
        listed = [CocoImage(labeled.image.name, image_size(labeled.image), labeled.objects) for labeled in images]
        write_coco(root / 'annotations' / 'instances.json', listed, classes)


FORMATS: dict[str, Format] = {
    'dota': FilePerImage(
        ('images',),
        ('labelTxt',),
        '.txt',
        read_dota,
        lambda path, objects, image, size: write_dota(path, objects),
        check_classes=check_dota_classes,
    ),
    'hrsc': FilePerImage(
        ('images', 'AllImages'),
        ('annotations', 'Annotations'),
        '.xml',
        read_hrsc,
        write_hrsc,
        keeps_quads=False,
        has_angles=True,
    ),
    'rolabelimg': FilePerImage(
        ('images',), ('annotations',), '.xml', read_rolabelimg, write_rolabelimg, keeps_quads=False, has_angles=True
    ),
    'dior': FilePerImage(
        ('images', 'JPEGImages-trainval', 'JPEGImages-test', 'JPEGImages'),
        ('annotations', 'Annotations/Oriented Bounding Boxes', 'Annotations'),
        '.xml',
        read_dior,
        write_dior,
    ),
    'coco-rotated': RotatedCoco(),
    'coco-rotated-clockwise': RotatedCoco(clockwise=True, writable=False),
    'yolo-obb': YoloObb(),
    'voc': FilePerImage(('images', 'JPEGImages'), ('annotations', 'Annotations'), '.xml', read_voc, None),
}


def _images_in(root: Path, folders: Sequence[str]) -> list[Path]:
    """Images of all the folders that exist, of the root itself where none does."""
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set')
    return sorted(list_images(*([root / folder for folder in folders if (root / folder).is_dir()] or [root])))


def _pair(
    root: Path, image_folders: Sequence[str], label_folders: Sequence[str], suffix: str, not_labels: Sequence[str] = ()
) -> DataSet:
    """Images and label files of one name, objects still to be read; all in the root itself where no folder is there."""
    images = _images_in(root, image_folders)
    existing = [root / folder for folder in label_folders if (root / folder).is_dir()]
    folder = existing[0] if existing else root
    labels = [path for path in list_labels(folder, suffix) if path.name not in not_labels]
    if not labels:
        places = ', '.join(f'{root / place}/*{suffix}' for place in label_folders)
        raise ValueError(f'{folder}: holds no label file, expected {places}')
    pairs, without_image = pair_labels(images, labels)
    return DataSet(
        [LabeledImage(image, pairs[image], []) for image in images if image in pairs],
        [image for image in images if image not in pairs],
        without_image,
    )
