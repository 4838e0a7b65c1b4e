"""Where the images and the labels of a data set lie: in folders of usual names, also one of each for every part.

::

    ROOT/images, ROOT/labels                        one folder of each
    ROOT/images/train, ROOT/labels/train            parts below them
    ROOT/train/images, ROOT/train/labels            parts above them, also train/part1/images
    ROOT/images_train, ROOT/labels_train            parts in their names
    ROOT                                            both in the data set's own folder
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ship_det.annotations.data_set import DataSet, LabeledImage
from ship_det.annotations.folders import has_images, list_folders, list_images, list_labels, pair_labels
from ship_det.annotations.parts import PART, is_list, part_folders, part_of

# Folders that published data sets have between their own and the images.
_WITHIN = ('FullDataSet', 'VOC_Format', 'RBox_SSDD/voc_style', 'voc_style')
# Labels of the same images as horizontal boxes, which lie beside the others in DOTA.
_NOT_ROTATED = ('hbb', 'rectxt', 'reclabel')


@dataclass(frozen=True)
class Place:
    """A folder of images, that of their labels, and the part they belong to."""

    images: Path
    labels: Path
    part: str | None = None


def find_places(
    root: Path, image_folders: Sequence[str], label_folders: Sequence[str], suffix: str, labels: str | None = None
) -> list[Place]:
    """Find the folders of a data set; ``root`` itself is one where there are none of the usual names.

    Args:
        root: folder of the data set.
        image_folders: usual names of the folder of the images. Letter case does not matter.
        label_folders: usual names of the folder of the labels; the first that is there counts. A name that ends in
            ``*`` stands for all that begin so, of which there must be one.
        suffix: end of a label file's name.
        labels: name that counts instead of ``label_folders``.

    Raises:
        ValueError: naming the folder that is not there, or label folders of which either may be meant.
    """
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set')
    finder = _Finder(tuple(image_folders), (labels,) if labels else tuple(label_folders), suffix)
    bases = [*(path for name in _WITHIN for path in _child(root, name)), root]
    places = next((found for base in bases if (found := list(finder.search(base)))), [])
    places = places or [Place(root, finder.label_folder(root) or root)]
    if labels and not finder.found_labels:
        raise ValueError(f'{root / labels}: no such folder, expected the labels')
    return places


def pair_places(places: Sequence[Place], suffix: str, label_folders: Sequence[str], unlabeled: bool = False) -> DataSet:
    """Images and label files of one name, whose objects are still to be read.

    With ``unlabeled`` an image without a label file has no objects, where other images of its folder have one.

    Raises:
        ValueError: a folder holds no image, or none of them any label file; expected in ``label_folders``.
    """
    found = DataSet()
    for folder in dict.fromkeys(place.labels for place in places):
        group = [place for place in places if place.labels == folder]
        parts = {image: place.part for place in group for image in list_images(place.images)}
        files = [path for path in list_labels(folder, suffix) if not _is_no_label(path, parts)]
        pairs, stray = pair_labels(sorted(parts), files)
        for image, part in parts.items():
            if image in pairs or (unlabeled and pairs):
                found.images.append(LabeledImage(image, pairs.get(image), [], (part,) if part else ()))
            else:
                found.without_labels.append(image)
        found.without_image += stray
    found.images.sort(key=lambda labeled: labeled.image)
    if not any(labeled.labels for labeled in found.images) and not found.without_image:
        base = places[0].images if places[0].images == places[0].labels else places[0].images.parent
        expected = ', '.join(f'{base / name.removesuffix("*")}/*{suffix}' for name in label_folders)
        raise ValueError(f'{places[0].labels}: holds no label file, expected {expected}')
    return found


@dataclass
class _Finder:
    """Searches for places; ``found_labels`` says whether any folder of the labels' names was there."""

    image_folders: tuple[str, ...]
    label_folders: tuple[str, ...]
    suffix: str
    found_labels: bool = False

    def search(self, base: Path, part: str | None = None, depth: int = 0) -> Iterator[Place]:
        """Places at or below a folder."""
        own = dict.fromkeys(path for name in self.image_folders for path in _child(base, name))
        places = [place for path in own for place in self._places_of(base, path, part)]
        if not places:
            places = [
                Place(path, self.label_folder(base, name) or base, part or name)
                for name, path in self._named_after_parts(base)
            ]
        if own and not places and not depth:
            # There that images are missing, or lie in folders below, is said where they are listed.
            places = [Place(path, self.label_folder(base) or base, part) for path in own]
        yield from places
        if not places and depth < 2:
            for name, path in _parts_or_pieces(base, depth):
                found = list(self.search(path, part or name, depth + 1))
                if not found and has_images(path):
                    found = [Place(path, self.label_folder(path) or path, part or name)]
                yield from found

    def _places_of(self, base: Path, images: Path, part: str | None) -> Iterator[Place]:
        """Places of a folder of images: itself, and the parts below it."""
        labels = self.label_folder(base)
        if has_images(images):
            yield Place(images, labels or base, part)
        below = {path: _child(labels, path.name) for _, path in part_folders(images)} if labels else {}
        # Folders below that the labels do not have, too, are none of the data set's.
        if any(below.values()):
            for name, path in part_folders(images):
                if has_images(path):
                    yield Place(path, below[path][0] if below[path] else path, part or name)

    def _named_after_parts(self, base: Path) -> Iterator[tuple[str | None, Path]]:
        """Folders such as ``images_train``, not ``images_train_small``, and their parts."""
        for path in list_folders(base):
            for name in self.image_folders:
                end = path.name[len(name) :].lower()
                if path.name.lower().startswith(name.lower()) and re.fullmatch(rf'[-_](?:{PART})', end):
                    yield part_of(end), path

    def label_folder(self, base: Path, part: str | None = None) -> Path | None:
        """The label folder beside images; of a part's images ``labels_train``, where that is there."""
        for name in self.label_folders:
            paths = [path for mark in '-_' for path in _child(base, f'{name}{mark}{part}')] if part else []
            paths = paths or _child(base, name)
            if len(paths) > 1:
                names = ', '.join(str(path) for path in paths)
                raise ValueError(f'{base}: several folders of labels: {names}; expected one (--labels NAME chooses it)')
            if paths:
                self.found_labels = True
                return self._descend(paths[0])
        return None

    def _descend(self, folder: Path) -> Path:
        """The only folder below that holds labels of rotated boxes, where this one holds none."""
        if list_labels(folder, self.suffix):
            return folder
        below = [
            path
            for path in list_folders(folder)
            if list_labels(path, self.suffix) and not any(word in path.name.lower() for word in _NOT_ROTATED)
        ]
        return below[0] if len(below) == 1 and not part_folders(folder) else folder


def _parts_or_pieces(base: Path, depth: int) -> list[tuple[str | None, Path]]:
    """Folders of parts; below one of them, its pieces ``part1``, ``part2``."""
    parts: list[tuple[str | None, Path]] = list(part_folders(base))
    if depth and not parts:
        parts = [(None, path) for path in list_folders(base) if path.name.lower().startswith('part')]
    return parts


def _child(folder: Path, name: str) -> list[Path]:
    """The folder of a name below another, whatever its letter case, or all that begin so where it ends in ``*``."""
    first, _, rest = name.partition('/')
    if first.endswith('*'):
        return [path for path in list_folders(folder) if path.name.lower().startswith(first[:-1].lower())]
    exact = folder / first
    found = [exact] if exact.is_dir() else []
    if not found and folder.is_dir():
        found = [path for path in list_folders(folder) if path.name.lower() == first.lower()][:1]
    return [path for below in found for path in _child(below, rest)] if rest else found


def _is_no_label(path: Path, images: Collection[Path]) -> bool:
    """Whether a text file beside label files is a list of classes or of a part, and no image's labels."""
    if path.suffix.lower() != '.txt' or path.stem in {image.stem for image in images}:
        return False
    return path.name == 'classes.txt' or (part_of(path.stem) == path.stem and is_list(path))
