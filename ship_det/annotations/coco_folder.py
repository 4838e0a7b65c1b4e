"""A data set of COCO files: which files those are, and which image on disk each of their entries means."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ship_det.annotations.folders import fold_name, folders_of_images, has_images, last_name, list_images, list_labels


def find_coco_files(source: Path) -> tuple[Path, list[Path]]:
    """The folder of a data set and its JSON files: ``source`` itself, or those of ``annotations/``, else of the folder.

    Raises:
        ValueError: naming the folder, where there is none.
    """
    if source.is_file():
        return source.parent.parent if source.parent.name == 'annotations' else source.parent, [source]
    files = next((found for folder in (source / 'annotations', source) if (found := list_labels(folder, '.json'))), [])
    if not files:
        raise ValueError(f'{source}: no JSON files in annotations/ or beside it, expected one or several of COCO')
    return source, files


def find_coco_images(root: Path) -> list[Path]:
    """Images of ``images/`` or else of the folder itself, or where those hold none of the folders below (one a part).

    Raises:
        ValueError: as :func:`~ship_det.annotations.folders.list_images`.
    """
    folder = root / 'images' if (root / 'images').is_dir() else root
    if folder.is_dir() and not has_images(folder):
        return list_images(*(folders_of_images(folder) or [folder]))
    return list_images(folder)


class ImageNames:
    """Images by the names that other files have for them.

    Args:
        images: files, each with a name of its own.
    """

    def __init__(self, images: Iterable[Path]) -> None:
        self._exact = {image.name: image for image in images}
        counts = Counter(map(fold_name, self._exact))
        self._folded = {fold_name(name): image for name, image in self._exact.items() if counts[fold_name(name)] == 1}

    def find(self, name: str) -> Path | None:
        """The image of a name, which may be a path of this or another machine, also in other letter case."""
        for known in (name, last_name(name)):
            image = self._exact.get(known) or self._folded.get(fold_name(known))
            if image is not None:
                return image
        return None
