"""Formats with a label file for each image, named after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ship_det.annotations.data_set import AS_FOUND, DataSet, Format, LabeledImage, ReadOptions, refuse_angle_unit
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.parts import add_listed_parts, write_lists
from ship_det.annotations.places import find_places, pair_places
from ship_det.raster import image_size


@dataclass(frozen=True)
class FilePerImage(Format):
    """A label file for each image, named after it.

    Attributes:
        images: names of the folders that hold the images, see :func:`find_places`.
        labels: names of the folders that may hold the labels.
        suffix: of a label file.
        read_file: objects from a label file, its image and the unit of its angles, None for the format's own; what the
            labels hold besides is counted in the data set.
        write_file: label file from objects, image name and image size.
        out: folders that images and labels are written to, and the one for the lists of the parts.
        check_classes: refuses classes that its labels cannot hold.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]
    suffix: str
    read_file: Callable[[Path, Path, str | None, DataSet], list[LabeledObject]]
    write_file: Callable[[Path, list[LabeledObject], str, tuple[int, int]], None]
    out: tuple[str, str, str]
    check_classes: Callable[[Sequence[str]], None] | None = None

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read the label file of each image."""
        if self.keeps_quads:
            refuse_angle_unit(root, options, 'labels of this format hold no angles')
        places = find_places(root, self.images, self.labels, self.suffix, options.labels)
        found = pair_places(places, self.suffix, (options.labels,) if options.labels else self.labels)
        add_listed_parts(found, root, *(place.images.parent for place in places if place.images != root))
        for labeled in found.images:
            if labeled.labels:
                labeled.objects = self.read_file(labeled.labels, labeled.image, options.angle_unit, found)
        return found

    def image_path(self, root: Path, labeled: LabeledImage) -> Path:
        """Its place in the format's folder of images."""
        return root / self.out[0] / labeled.name

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write the label file of each image, and the lists of the parts."""
        if self.check_classes:
            self.check_classes(classes)
        folder = root / self.out[1]
        folder.mkdir(parents=True, exist_ok=True)
        for labeled in images:
            path = folder / f'{labeled.stem}{self.suffix}'
            self.write_file(path, labeled.objects, labeled.name, image_size(labeled.image))
        write_lists(root / self.out[2], images, with_suffix=not self.out[2])
