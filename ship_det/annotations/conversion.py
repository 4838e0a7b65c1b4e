"""A data set from one format to another."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ship_det.annotations.formats import FORMATS, DataSet, LabeledImage
from ship_det.annotations.objects import quad_areas
from ship_det.geometry import quad_to_rbox
from ship_det.raster import verify_image

_TRANSFERS: dict[str, Callable[[Path, Path], object]] = {
    'copy': shutil.copyfile,
    'hardlink': os.link,
    'symlink': lambda source, target: os.symlink(source.resolve(), target),
}
TRANSFERS = tuple(_TRANSFERS)

# A quad that fills less of its minimum-area rectangle is not a rectangle.
_RECTANGLE = 0.99


@dataclass
class ConversionSummary:
    """What was converted and what was not.

    Attributes:
        images: number of images.
        objects: instances of each class, difficult ones among them.
        difficult: difficult instances of each class.
        dropped: instances of each class that the class map drops or does not name.
        unpaired: images without labels and labels without an image.
        rectangles: quads that became rectangles, since the new format holds no others.
    """

    images: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    difficult: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    unpaired: int = 0
    rectangles: int = 0


@dataclass(frozen=True)
class ConversionOptions:
    """How to convert.

    Attributes:
        class_map: new name of each class; None drops it. Without a map all names stay.
        classes: class names in order, for a source that only numbers them.
        angle_unit: radians or degrees, where the labels are in another unit than their format's.
        skip_unpaired: leave out images without labels and labels without an image, instead of an error.
        skip_unknown: leave out classes that the map does not name, instead of an error.
        transfer: how images get into the new data set: copy, hardlink or symlink.
        verify: decode every image.
    """

    class_map: Mapping[str, str | None] | None = None
    classes: Sequence[str] = ()
    angle_unit: str | None = None
    skip_unpaired: bool = False
    skip_unknown: bool = False
    transfer: str = 'copy'
    verify: bool = True


def convert(
    source_format: str,
    target_format: str,
    source: str | os.PathLike,
    out: str | os.PathLike,
    options: ConversionOptions | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ConversionSummary:
    """Convert a data set; the new folder appears as a whole or not at all.

    Args:
        source_format: a key of FORMATS.
        target_format: another, or the same.
        source: data set folder.
        out: folder to make.
        options: how.
        on_progress: called with the images done and the images in all.

    Raises:
        ValueError: naming the file, where a label or an image is bad, one lacks the other or a class is unknown; or
            where ``out`` is there already.
    """
    options = options or ConversionOptions()
    check_target(target_format, out)
    data_set = _format(source_format).read(Path(source), options.classes, options.angle_unit)
    return write_data_set(data_set, target_format, out, options, on_progress)


def check_target(target_format: str, out: str | os.PathLike) -> None:
    """Raise ValueError where a format cannot be written or the folder to make is there already."""
    if not _format(target_format).writable:
        raise ValueError(f'to: {target_format} can only be read, expected one of: {", ".join(writable_formats())}')
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f'{out}: already there, expected a new or empty folder')


def read_data_set(
    source_format: str, source: str | os.PathLike, options: ConversionOptions
) -> tuple[DataSet, ConversionSummary]:
    """Read a data set and rename its classes; raises as :func:`convert`."""
    data_set = _format(source_format).read(Path(source), options.classes, options.angle_unit)
    return data_set, _settle(data_set, options)


def _settle(data_set: DataSet, options: ConversionOptions) -> ConversionSummary:
    summary = ConversionSummary(images=len(data_set.images), unpaired=_unpaired(data_set, options.skip_unpaired))
    for labeled in data_set.images:
        _rename_classes(labeled, options, summary)
    return summary


def write_data_set(
    data_set: DataSet,
    target_format: str,
    out: str | os.PathLike,
    options: ConversionOptions,
    on_progress: Callable[[int, int], None] | None = None,
) -> ConversionSummary:
    """Write a data set that was read, as :func:`convert` does it."""
    out, target = Path(out), _format(target_format)
    check_target(target_format, out)
    summary = _settle(data_set, options)
    if not target.keeps_quads:
        summary.rectangles = _count_other_than_rectangles(data_set.images)
    stage = out.with_name(f'.{out.name}.converting')
    shutil.rmtree(stage, ignore_errors=True)
    try:
        folder = target.image_folder(stage)
        folder.mkdir(parents=True)
        for index, labeled in enumerate(data_set.images, start=1):
            if options.verify:
                verify_image(labeled.image)
            _TRANSFERS[options.transfer](labeled.image, folder / labeled.image.name)
            if on_progress:
                on_progress(index, len(data_set.images))
        target.write(stage, data_set.images, sorted(summary.objects))
        os.replace(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return summary


def writable_formats() -> list[str]:
    """Names of the formats that can be converted to."""
    return [name for name, kind in FORMATS.items() if kind.writable]


def read_class_map(path: str | os.PathLike) -> dict[str, str | None]:
    """Read ``old name: new name`` lines of a YAML file; an empty new name drops the class.

    Raises:
        ValueError: naming the file, where it is no such mapping.
    """
    from ship_det.annotations.plain_yaml import NOTHING, read_yaml

    expected = 'lines like "old name: new name"'
    content = read_yaml(path, expected)
    if not isinstance(content, dict) or not all(isinstance(new, str) for new in content.values()):
        raise ValueError(f'{path}: found {repr(content)[:80]}, expected {expected}')
    return {old: None if new in NOTHING else new for old, new in content.items()}


def _format(name: str):
    if name not in FORMATS:
        raise ValueError(f'unknown format {name!r}, expected one of: {", ".join(FORMATS)}')
    return FORMATS[name]


def _unpaired(data_set: DataSet, skip: bool) -> int:
    if not skip and data_set.without_labels:
        raise ValueError(
            f'{data_set.without_labels[0]}: an image without labels, expected a label file of its name '
            '(--skip-unpaired leaves it out)'
        )
    if not skip and data_set.without_image:
        raise ValueError(
            f'{data_set.without_image[0]}: labels without an image, expected an image of their name '
            '(--skip-unpaired leaves them out)'
        )
    if not data_set.images:
        raise ValueError('no image has labels, expected at least one')
    return len(data_set.without_labels) + len(data_set.without_image)


def _rename_classes(labeled: LabeledImage, options: ConversionOptions, summary: ConversionSummary) -> None:
    """Rename or drop the objects of an image and count them."""
    kept = []
    for found in labeled.objects:
        name: str | None = found.name
        if options.class_map is not None:
            if found.name not in options.class_map and not options.skip_unknown:
                raise ValueError(
                    f'{labeled.labels}: unknown class {found.name!r}, expected one of: '
                    f'{", ".join(options.class_map)} (--skip-unknown drops others)'
                )
            name = options.class_map.get(found.name)
        if name is not None and (not name.isprintable() or not name or name != ' '.join(name.split())):
            raise ValueError(f'{labeled.labels}: the class name {name!r}, expected words and single spaces')
        if name is None:
            summary.dropped[found.name] += 1
            continue
        found.name = name
        summary.objects[name] += 1
        summary.difficult[name] += found.difficult
        kept.append(found)
    labeled.objects = kept


def _count_other_than_rectangles(images: Sequence[LabeledImage]) -> int:
    quads = np.array([found.quad for labeled in images for found in labeled.objects]).reshape(-1, 4, 2)
    boxes = quad_to_rbox(quads)
    return int((quad_areas(quads) < _RECTANGLE * boxes[:, 2] * boxes[:, 3]).sum())
