"""YOLO-OBB data sets on disk: images, labels, and a YAML file of class names and of where each part lies.

::

    ROOT/images, ROOT/labels, ROOT/data.yaml         also images/train and labels/train (Ultralytics)
    ROOT/train/images, ROOT/train/labels             the other parts likewise (Roboflow)

An image without a label file is one without objects, as in all YOLO data sets.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ship_det.annotations.data_set import AS_FOUND, DataSet, Format, LabeledImage, ReadOptions
from ship_det.annotations.dota import UnknownClassError
from ship_det.annotations.dota_folder import PARTS
from ship_det.annotations.folders import has_images, walk_folders
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.parts import add_list, add_listed_parts, write_lists
from ship_det.annotations.places import Place, find_places, pair_places
from ship_det.annotations.yolo_obb import read_class_names, read_yaml_names, read_yolo_obb, write_yolo_obb
from ship_det.files import read_text, write_text
from ship_det.raster import image_size


class YoloObb(Format):
    """images/, labels/ and the class names in data.yaml."""

    def read(self, root: Path, options: ReadOptions = AS_FOUND) -> DataSet:
        """Read the label files of images/, and of what the YAML file names."""
        places = find_places(root, ('images',), ('labels',), '.txt', options.labels)
        settings = find_settings(root)
        stated = _stated_paths(root, settings) if settings and settings.parent == root else {}
        folders = [folder for paths in stated.values() for path in paths for folder in walk_folders(path)]
        others = [folder for folder in dict.fromkeys(folders) if folder not in {place.images for place in places}]
        places += [Place(folder, _label_folder(folder, options.labels or 'labels')) for folder in others]
        if others:
            places = [place for place in places if has_images(place.images)]
        found = pair_places(places, '.txt', ('labels',), unlabeled=True)
        _add_stated_parts(found, stated)
        add_listed_parts(found, root)
        there = {part for labeled in found.images for part in labeled.parts}
        if there:
            found.notes += [f'{settings}: {part} is not there, left out' for part in stated if part not in there]
        names = list(options.classes) or _class_names(root, settings)
        for labeled in found.images:
            if labeled.labels:
                labeled.objects = _read_labels(found, labeled, names, options.angle_unit or 'radians')
        return found

    def image_path(self, root: Path, labeled: LabeledImage) -> Path:
        """Its place in images/, or in the folder of its part there."""
        return root / 'images' / _part_folder(labeled) / labeled.name

    def write(self, root: Path, images: Sequence[LabeledImage], classes: Sequence[str]) -> None:
        """Write label files and data.yaml, which names the classes and parts."""
        import yaml

        for labeled in images:
            path = root / 'labels' / _part_folder(labeled) / f'{labeled.stem}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            write_yolo_obb(path, labeled.objects, image_size(labeled.image), classes)
        parts = {part: f'images/{part}' for part in PARTS if any(part in labeled.parts for labeled in images)}
        content = {'path': '.', **(parts or {'train': 'images', 'val': 'images'}), 'names': dict(enumerate(classes))}
        write_text(root / 'data.yaml', yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        others = [replace(labeled, parts=tuple(p for p in labeled.parts if p not in PARTS)) for labeled in images]
        write_lists(root, others, with_suffix=True)


def find_settings(root: Path) -> Path | None:
    """The YAML file of a YOLO data set, or data.yaml of the one above, of which ``root`` is a part; None without one.

    Raises:
        ValueError: naming the files, of which either may be meant.
    """
    usual = [path for path in (root / 'data.yaml', root.absolute().parent / 'data.yaml') if path.is_file()]
    if usual and usual[0].parent == root:
        return usual[0]
    paths = sorted(path for path in root.iterdir() if path.suffix in ('.yaml', '.yml') and path.is_file())
    named = [path for path in paths if any(line.startswith('names') for line in read_text(path).split('\n'))]
    if len(named) > 1:
        names = ', '.join(path.name for path in named)
        raise ValueError(f'{root}: several files with names: {names}; expected one, or one called data.yaml')
    return next(iter([*named, *usual]), None)


def _stated_paths(root: Path, settings: Path) -> dict[str, list[Path]]:
    """Folders and lists of each part that the settings name; those that are not there are left out."""
    from ship_det.annotations.plain_yaml import read_yaml

    content = read_yaml(settings, 'names, and paths of train, val and test')
    content = content if isinstance(content, dict) else {}
    stated = {}
    for part in PARTS:
        value = content.get(part) or []
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text]
        # Roboflow writes ../train/images for a folder beside the file.
        tries = [
            (root / text.lstrip('./'), root / str(content.get('path') or '.') / text, root / text) for text in texts
        ]
        found = [next((path for path in paths if path.exists()), None) for paths in tries]
        if texts:
            stated[part] = [path for path in found if path is not None]
    return stated


def _add_stated_parts(found: DataSet, stated: dict[str, list[Path]]) -> None:
    """Let images have the parts that the settings state, before those that their folders are called after.

    Parts that are all the same folder say that the data set is not split.
    """
    if len({str(paths) for paths in stated.values()}) < 2:
        return
    own = {labeled.image: labeled.parts for labeled in found.images}
    for labeled in found.images:
        labeled.parts = ()
    for part, paths in stated.items():
        for path in paths:
            if path.is_file():
                add_list(found, part, path)
                continue
            for labeled in found.images:
                if path in labeled.image.parents and part not in labeled.parts:
                    labeled.parts += (part,)
    for labeled in found.images:
        labeled.parts = labeled.parts or own[labeled.image]


def _label_folder(images: Path, labels: str) -> Path:
    """The folder of the labels of a folder of images: its last component ``images`` is another one there."""
    parts = list(images.parts)
    for index in range(len(parts) - 1, max(len(parts) - 4, -1), -1):
        if parts[index].lower() == 'images':
            return Path(*parts[:index], labels, *parts[index + 1 :])
    return images


def _class_names(root: Path, settings: Path | None) -> list[str]:
    """Class names of the settings, or of files of usual names; those of the folder above come last."""
    own = any((root / name).is_file() for name in ('data.yaml', 'classes.txt', 'labels/classes.txt'))
    if settings and (not own or (settings.name != 'data.yaml' and settings.parent == root)):
        return read_yaml_names(settings)
    return read_class_names(root)


def _read_labels(found: DataSet, labeled: LabeledImage, names: Sequence[str], unit: str) -> list[LabeledObject]:
    assert labeled.labels is not None
    try:
        return read_yolo_obb(labeled.labels, image_size(labeled.image), names, unit)
    except UnknownClassError as error:
        unknown = _unknown_indices([other.labels for other in found.images if other.labels], len(names))
        if len(unknown) < 2:
            raise
        raise ValueError(f'{error}; all that are used so: {", ".join(map(str, unknown))}') from error


def _unknown_indices(paths: Sequence[Path], count: int) -> list[int]:
    """Class indices from ``count`` on that label files have, each once."""
    words = {line.split()[0] for path in paths for line in read_text(path).split('\n') if line.strip()}
    return sorted({int(word) for word in words if word.isdecimal()} - set(range(count)))


def _part_folder(labeled: LabeledImage) -> str:
    """The part that an image is stored with.

    Raises:
        ValueError: it is in two of train, val and test.
    """
    parts = [part for part in labeled.parts if part in PARTS]
    if len(parts) > 1:
        raise ValueError(f'{labeled.image}: in {parts[0]} and {parts[1]}, expected each image in one folder of a part')
    return parts[0] if parts else ''
