"""A data set from one format to another."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ship_det.annotations.classes import check_classes
from ship_det.annotations.data_set import DataSet, Format, LabeledImage, ReadOptions
from ship_det.annotations.folders import describe_unread, fold_name, last_name
from ship_det.annotations.formats import FORMATS
from ship_det.annotations.objects import quad_areas
from ship_det.annotations.orientation import is_upright
from ship_det.geometry import quad_to_rbox
from ship_det.raster import verify_image

_TRANSFERS: dict[str, Callable[[Path, Path], object]] = {
    'copy': shutil.copyfile,
    'hardlink': os.link,
    'symlink': lambda source, target: os.symlink(source.resolve(), target),
}

# A quad that fills less of its minimum-area rectangle is not a rectangle.
_RECTANGLE = 0.99


@dataclass
class ConversionSummary:
    """What was converted and what was not.

    Attributes:
        images: number of images.
        backgrounds: images without a label file, which their layout says have no object.
        parts: number of images of each part.
        renamed: old and new name of images of which others in another part had the name.
        objects: instances of each class, difficult ones among them.
        difficult: difficult instances of each class.
        dropped: instances of each class that the class map drops or does not name.
        unpaired: images without labels, labels without an image and names in lists without one.
        outlines: polygons of other than four corners, which became their rectangles of minimum area.
        skipped: labels that are no outline of an object, by kind.
        rectangles: quads that became rectangles, since the new format holds no others.
        flags_lost: difficult objects that are not marked so, since the new format has no flag.
        notes: what else was found.
        upright: boxes along the image's sides.
    """

    images: int = 0
    backgrounds: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    difficult: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    unpaired: int = 0
    outlines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rectangles: int = 0
    flags_lost: int = 0
    notes: list[str] = field(default_factory=list)
    upright: int = 0


@dataclass(frozen=True)
class ConversionOptions(ReadOptions):
    """How to convert.

    Attributes:
        class_map: new name of each class; None drops it. Without a map all names stay.
        skip_unpaired: leave out images without labels and labels without an image, instead of an error.
        skip_unknown: leave out classes that the map does not name, instead of an error.
        transfer: how images get into the new data set: copy, hardlink or symlink.
        verify: decode every image.
    """

    class_map: Mapping[str, str | None] | None = None
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
    """Convert a data set from one of FORMATS to another or the same; ``out`` appears as a whole or not at all.

    ``on_progress`` is called with the images done and the images in all.

    Raises:
        ValueError: naming the file, where a label or an image is bad, one lacks the other or a class is unknown; or
            where ``out`` is there already.
    """
    options = options or ConversionOptions()
    check_target(target_format, out)
    data_set = _read(source_format, source, options)
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
    data_set = _read(source_format, source, options)
    return data_set, _settle(data_set, options)


def _read(source_format: str, source: str | os.PathLike, options: ConversionOptions) -> DataSet:
    check_classes(options.classes)
    return _format(source_format).read(Path(source), options)


def _settle(data_set: DataSet, options: ConversionOptions) -> ConversionSummary:
    """Give the images names of their own, rename their classes and count what was read."""
    summary = ConversionSummary(unpaired=_unpaired(data_set, options.skip_unpaired))
    summary.renamed = make_names_unique(data_set.images)
    data_set.images.sort(key=lambda labeled: labeled.name)
    _rename_classes(data_set.images, options, summary)
    summary.images = len(data_set.images)
    summary.backgrounds = sum(labeled.labels is None for labeled in data_set.images)
    summary.parts.update(part for labeled in data_set.images for part in labeled.parts)
    summary.outlines, summary.skipped, summary.notes = data_set.outlines, data_set.skipped, data_set.notes
    summary.upright = int(is_upright(_quads(data_set.images)).sum())
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
        quads = _quads(data_set.images)
        sides = quad_to_rbox(quads)[:, 2:4]
        summary.rectangles = int((quad_areas(quads) < _RECTANGLE * sides[:, 0] * sides[:, 1]).sum())
    if not target.keeps_difficult:
        summary.flags_lost = summary.difficult.total()
    stage = out.with_name(f'.{out.name}.converting')
    shutil.rmtree(stage, ignore_errors=True)
    try:
        for index, labeled in enumerate(data_set.images, start=1):
            if options.verify:
                verify_image(labeled.image)
            path = target.image_path(stage, labeled)
            path.parent.mkdir(parents=True, exist_ok=True)
            _TRANSFERS[options.transfer](labeled.image, path)
            if on_progress:
                on_progress(index, len(data_set.images))
        target.write(stage, data_set.images, sorted(summary.objects))
        os.replace(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return summary


def make_names_unique(images: Sequence[LabeledImage]) -> list[tuple[str, str]]:
    """Put its part before the name of each image that shares its stem with one of another part.

    Returns:
        Old and new names.

    Raises:
        ValueError: naming two images that share a name, where their parts do not tell them apart.
    """
    of_stem: dict[str, list[LabeledImage]] = {}
    for labeled in images:
        of_stem.setdefault(fold_name(labeled.stem), []).append(labeled)
    renamed = []
    for group in [group for group in of_stem.values() if len(group) > 1]:
        for labeled in group:
            labeled.name = '_'.join([*labeled.parts[:1], labeled.name])
            renamed.append((labeled.image.name, labeled.name))
    seen: dict[str, LabeledImage] = {}
    for labeled in images:
        other = seen.setdefault(fold_name(labeled.stem), labeled)
        if other is not labeled:
            raise ValueError(f'{other.image} and {labeled.image} share a name, expected different ones')
    return renamed


def writable_formats() -> list[str]:
    """Names of the formats that can be converted to."""
    return [name for name, kind in FORMATS.items() if kind.writable]


def read_class_map(path: str | os.PathLike) -> dict[str, str | None]:
    """Read ``old name: new name`` lines of a YAML file; an empty new name drops the class.

    Raises:
        ValueError: naming the file, where it is no such mapping.
    """
    from ship_det.annotations.plain_yaml import read_yaml

    expected = 'lines like "old name: new name"'
    content = read_yaml(path, expected)
    if not isinstance(content, dict) or not all(isinstance(new, str | None) for new in content.values()):
        raise ValueError(f'{path}: found {repr(content)[:80]}, expected {expected}')
    return content


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ValueError(f'unknown format {name!r}, expected one of: {", ".join(FORMATS)}')
    return FORMATS[name]


def _unpaired(data_set: DataSet, skip: bool) -> int:
    if not skip and data_set.without_labels:
        raise ValueError(
            f'{data_set.without_labels[0]}: an image without labels, expected a label file of its name '
            f'(--skip-unpaired leaves it out){_name_strays(data_set)}'
        )
    if not skip and data_set.without_image:
        labels = data_set.without_image[0]
        stem = Path(_image_of(labels)).stem
        folders = dict.fromkeys(
            image.parent for image in [*(found.image for found in data_set.images), *data_set.without_labels]
        )
        expected = describe_unread(folders, stem) or 'expected an image of their name'
        raise ValueError(f'{labels}: labels without an image, {expected} (--skip-unpaired leaves them out)')
    if not skip and data_set.unknown_names:
        raise ValueError(
            f'{data_set.unknown_names[0]}: no image of this name, expected one (--skip-unpaired passes over such lines)'
        )
    if not data_set.images:
        raise ValueError(f'no image has labels, expected at least one{_name_strays(data_set)}')
    return len(data_set.without_labels) + len(data_set.without_image) + len(data_set.unknown_names)


def _image_of(labels: Path) -> str:
    """The file name of the image that labels are of, as they say it: those of an export are FILE:LINE: IMAGE."""
    return last_name(str(labels).rpartition(': ')[2])


def _name_strays(data_set: DataSet) -> str:
    """Some images that labels are of and some that are there, where none of the former is there; for a message."""
    if data_set.images or not data_set.without_image:
        return ''
    labels, images = (
        ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
        for names in (
            [_image_of(path) for path in data_set.without_image],
            [path.name for path in data_set.without_labels] or ['none'],
        )
    )
    return f'; the labels are of {labels}, the images there are {images}'


def _rename_classes(images: Sequence[LabeledImage], options: ConversionOptions, summary: ConversionSummary) -> None:
    """Rename or drop the objects of all images and count them."""
    if options.class_map is not None and not options.skip_unknown:
        _refuse_unknown_classes(images, options.class_map)
    for labeled in images:
        kept = []
        for found in labeled.objects:
            name = found.name if options.class_map is None else options.class_map.get(found.name)
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


def _refuse_unknown_classes(images: Sequence[LabeledImage], class_map: Mapping[str, str | None]) -> None:
    """Raise a ValueError that names all the classes that the map does not, where there are any."""
    counts: Counter[str] = Counter()
    first: Path | None = None
    for labeled in images:
        unknown = [found.name for found in labeled.objects if found.name not in class_map]
        counts.update(unknown)
        first = first or (labeled.labels if unknown else None)
    if counts:
        names = ', '.join(f'{name!r}' if len(counts) == 1 else f'{name!r} ({counts[name]})' for name in sorted(counts))
        raise ValueError(
            f'{first}: unknown class{"es" if len(counts) > 1 else ""} {names}, expected one of: '
            f'{", ".join(class_map)} (--skip-unknown drops others)'
        )


def _quads(images: Sequence[LabeledImage]) -> np.ndarray:
    """(N, 4, 2) corners of all objects."""
    return np.array([found.quad for labeled in images for found in labeled.objects]).reshape(-1, 4, 2)
