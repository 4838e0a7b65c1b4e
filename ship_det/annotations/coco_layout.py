"""COCO data sets on disk: one JSON file, or one for each part, and the images in folders of usual names.

::

    ROOT/annotations/instances_train.json, ROOT/images       also train2017.json and JPEGImages, or train2017/
    ROOT/train/_annotations.coco.json, ROOT/train/*.jpg      Roboflow
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ship_det.annotations.coco import CocoImage, read_coco, write_coco
from ship_det.annotations.data_set import AS_FOUND, DataSet, Format, LabeledImage, ReadOptions
from ship_det.annotations.folders import ImageNames, folders_of_images, has_images, list_images, list_labels
from ship_det.annotations.parts import add_listed_parts, part_folders, part_of
from ship_det.raster import image_size

_IMAGE_FOLDERS = ('images', 'JPEGImages', 'imgs')


@dataclass(frozen=True)
class RotatedCoco(Format):
    """Images and JSON files of the COCO kind.

    Attributes:
        clockwise: how angles turn in the files that are read; see :func:`read_coco`.
    """

    clockwise: bool = False

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read the JSON files that :func:`find_coco_files` finds."""
        root, files = find_coco_files(root, options.labels)
        folders = _image_folders(root)
        images = [image for folder in folders for image in list_images(folder)] or list_images(root)
        names = ImageNames(images)
        found = DataSet()
        of_image: dict[Path, LabeledImage] = {}
        for path in files:
            part = part_of(path.stem) or (part_of(path.parent.name) if path.parent != root else None)
            # Those in a folder of the part come first.
            own = ImageNames(image for image in images if part and part_of(image.parent.name) == part)
            seen: set[Path] = set()
            for listed in read_coco(path, self.clockwise, options.angle_unit or 'degrees'):
                image = own.find(listed.file) or names.find(listed.file)
                if image is None:
                    found.without_image.append(Path(f'{path}: {listed.file}'))
                    continue
                if image in seen:
                    raise ValueError(
                        f'{path}: a second entry of {image.name}, {listed.file!r}, expected each image once'
                    )
                seen.add(image)
                labeled = of_image.setdefault(image, LabeledImage(image, path, listed.objects))
                if labeled.objects != listed.objects:
                    raise ValueError(
                        f'{path}: {image.name} has other objects than in {labeled.labels}, expected the same '
                        f'(--labels {path.relative_to(root)} reads this file alone)'
                    )
                labeled.parts += (part,) if part and part not in labeled.parts else ()
        found.images = list(of_image.values())
        found.without_labels = [image for image in images if image not in of_image]
        add_listed_parts(found, root)
        return found

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write a JSON file for each part, and one for images of no part."""
        (root / 'annotations').mkdir(parents=True, exist_ok=True)
        parts = dict.fromkeys(part for labeled in images for part in labeled.parts)
        files: dict[str, list[LabeledImage]] = {
            f'instances_{part}.json': [labeled for labeled in images if part in labeled.parts] for part in parts
        }
        in_no_part = [labeled for labeled in images if not labeled.parts]
        if in_no_part:
            files['instances.json'] = in_no_part
        for name, of_file in files.items():
            listed = [CocoImage(labeled.name, image_size(labeled.image), labeled.objects) for labeled in of_file]
            write_coco(root / 'annotations' / name, listed, classes)


def find_coco_files(root: Path, labels: str | None = None) -> tuple[Path, list[Path]]:
    """The folder of a data set and its JSON files: those in annotations/, or beside it, or in the folders of the parts.

    ``root`` may be the only JSON file to read, and ``labels`` its name below ``root``.

    Raises:
        ValueError: naming the folder, where there is none.
    """
    if root.is_file():
        return root.parent.parent if root.parent.name == 'annotations' else root.parent, [root]
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set')
    if labels:
        if not (root / labels).is_file():
            raise ValueError(f'{root / labels}: no such file, expected a COCO file')
        return root, [root / labels]
    for folders in ([root / 'annotations'], [root], [path for _, path in part_folders(root)]):
        files = [path for folder in folders for path in list_labels(folder, '.json')]
        if files:
            return root, files
    raise ValueError(f'{root}: no JSON files in annotations/ or beside it, expected one or several of COCO')


def _image_folders(root: Path) -> list[Path]:
    """Folders of usual names that hold images, and those of parts in them or in ``root``.

    Where there are none, folders of any name count that lie in the first of these, or in ``root``.
    """
    tops = [root / name for name in _IMAGE_FOLDERS if (root / name).is_dir()]
    below = [path for top in (*tops, root) for _, path in part_folders(top)]
    nested = [path / name for path in below for name in _IMAGE_FOLDERS if (path / name).is_dir()]
    found = [folder for folder in (*tops, *below, *nested) if has_images(folder)]
    return found or ([] if has_images(root) else folders_of_images((tops or [root])[0]))
