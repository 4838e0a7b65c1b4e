"""A data set as every format reads and writes it: images, their objects and the parts they belong to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ship_det.annotations.objects import LabeledObject


@dataclass(slots=True)
class LabeledImage:
    """An image and its objects.

    Attributes:
        image: image file.
        labels: where its labels come from; None where the layout has no label file for an image without objects.
        objects: what is labelled.
        parts: names of the parts that it belongs to, such as train; a part may lie in another, as train in trainval.
        name: its file name in the data set that is written.
    """

    image: Path
    labels: Path | None
    objects: list[LabeledObject] = field(default_factory=list)
    parts: tuple[str, ...] = ()
    name: str = ''

    def __post_init__(self) -> None:
        self.name = self.name or self.image.name

    @property
    def stem(self) -> str:
        """:attr:`name` without its suffix."""
        return Path(self.name).stem


@dataclass(slots=True)
class DataSet:
    """What was read of a data set, and what was not.

    Attributes:
        images: the labelled images.
        without_labels: images that lack labels.
        without_image: labels that lack an image.
        unknown_names: lines of lists that name no image.
        outlines: number of polygons of other than four corners, which became rectangles of minimum area.
        skipped: what is labelled but no ship's outline, such as a point, and how often.
        notes: what a user should know besides.
    """

    images: list[LabeledImage] = field(default_factory=list)
    without_labels: list[Path] = field(default_factory=list)
    without_image: list[Path] = field(default_factory=list)
    unknown_names: list[str] = field(default_factory=list)
    outlines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the user knows of a data set that is read.

    Attributes:
        classes: class names in order, for a format that only numbers them.
        labels: label folder or file to read, below the data set or each part, where there are several.
        angle_unit: radians or degrees, where the labels are in another unit than their format's.
    """

    classes: Sequence[str] = ()
    labels: str | None = None
    angle_unit: str | None = None


#: The only labels, as their format has them.
AS_FOUND = ReadOptions()


@dataclass(frozen=True, kw_only=True)
class Format:
    """A way to lay out a data set on disk.

    Attributes:
        keeps_quads: a label can hold any quad, not only rectangles, which alone have an angle.
        keeps_difficult: a label can be marked difficult.
        writable: the format can be converted to.
    """

    keeps_quads: bool = True
    keeps_difficult: bool = True
    writable: bool = True

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read the data set in a folder.

        Raises:
            ValueError: naming file and line; or where the format has no angles to be in a unit.
        """
        raise NotImplementedError

    def image_path(self, root: Path, labeled: LabeledImage) -> Path:
        """Where an image of a written data set lies."""
        return root / 'images' / labeled.name

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write the labels of all images and the lists of the parts; ``classes`` are those that occur."""
        raise NotImplementedError


def refuse_angle_unit(root: Path, options: ReadOptions, why: str) -> None:
    """Raise a ValueError that says why, where a unit is given for the angles of a format that needs none."""
    if options.angle_unit:
        raise ValueError(f'{root}: {why}, expected no angle unit for them')
