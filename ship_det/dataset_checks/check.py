"""All checks of a data set in DOTA layout."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from ship_det.annotations import DotaFolder
from ship_det.annotations.folders import find_twins
from ship_det.dataset_checks.findings import ERROR, WARNING, CheckOptions, Finding
from ship_det.dataset_checks.images import ImageRecord, inspect_image
from ship_det.dataset_checks.near_duplicates import near_duplicates, overlapping_chips
from ship_det.dataset_checks.orientation import measure
from ship_det.processes import processes
from ship_det.progress import count_noun
from ship_det.tiling.chip_index import INDEX_NAME, read_chip_index


@dataclass(frozen=True)
class Lists:
    """Lists of the images of each part, as paths below the data set or from here; None for no list."""

    train: Path | None = None
    test: Path | None = None
    val: Path | None = None


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        images: paths of all images.
        records: of the same images.
        findings: all of them, errors first, one kind after the other.
    """

    images: list[Path]
    records: list[ImageRecord]
    findings: list[Finding]

    @property
    def counts(self) -> Counter[str]:
        """Instances of each class in all images."""
        return sum((record.counts for record in self.records), Counter[str]())


def check_dataset(
    root: str | os.PathLike,
    lists: Lists | None = None,
    options: CheckOptions | None = None,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Look for what breaks training later.

    Args:
        root: data set with images/ and labelTxt/.
        lists: of the images of each part; what is checked between two parts needs both.
        options: limits.
        workers: processes.
        on_progress: called with the images done and the images in all.

    Raises:
        ValueError: naming it, where the folder is no data set or a list is no file.
    """
    root, lists, options = Path(root), lists or Lists(), options or CheckOptions()
    findings: list[Finding] = []
    folder = DotaFolder(root)
    images = _find_images(folder, findings)
    paths = {'train': lists.train, 'val': lists.val, 'test': lists.test}
    parts = {name: names for name, path in paths.items() if (names := _read_list(path, folder, findings)) is not None}
    records = _inspect(root, images, options, workers, on_progress or (lambda done, total: None))
    findings += [finding for record in records for finding in record.findings]
    findings += _orientations(records)
    findings += _classes(records, parts.get('train'), parts.get('test'), options)
    for pair in combinations(parts, 2):
        findings += _leaks(root, records, parts, pair)
    severities = (ERROR, WARNING)
    first = {check: index for index, check in reversed(list(enumerate(finding.check for finding in findings)))}
    findings.sort(key=lambda finding: (severities.index(finding.severity), first[finding.check]))
    return Report(images, records, findings)


def _find_images(folder: DotaFolder, findings: list[Finding]) -> list[Path]:
    """Images by name; label files without one, images that share a label file and other folders are reported."""
    folder.require()
    for path, other in find_twins(folder.scanned_images):
        message = f'shares its label file with {other.name}'
        findings.append(Finding('images of one name', ERROR, f'images/{path.name}', message, path.name))
    for path in folder.stray_labels:
        message = f'no image of this name: {folder.expected_image(path)}'
        findings.append(Finding('labels without an image', ERROR, f'labelTxt/{path.name}', message))
    for path in folder.nested:
        message = 'a folder of images, none of which belongs to the data set'
        findings.append(Finding('images in folders below', WARNING, f'images/{path.name}', message))
    return folder.scanned_images


def _read_list(path: Path | None, folder: DotaFolder, findings: list[Finding]) -> list[str] | None:
    """File names of a list that are images of the data set."""
    if path is None:
        return None
    path = folder.find_list(path)
    images, wrong = folder.scan_list(path)
    for bad in wrong:
        check = 'image listed twice' if bad.is_repeat else 'listed image missing'
        findings.append(Finding(check, ERROR, f'{path}:{bad.line}', bad.message))
    return [image.name for image in images]


def _inspect(
    root: Path, images: list[Path], options: CheckOptions, workers: int, on_progress: Callable[[int, int], None]
) -> list[ImageRecord]:
    """Records of the images, in their order."""
    records: dict[Path, ImageRecord] = {}
    with processes(min(workers, len(images)), __name__) as run_all:
        for path, record in run_all(partial(inspect_image, root, options=options), images):
            records[path] = record
            on_progress(len(records), len(images))
    return [records[path] for path in images]


def _orientations(records: Sequence[ImageRecord]) -> Iterator[Finding]:
    """Whether boxes follow their objects: in the whole set or, if they do there, in a class or an image."""
    directions = np.concatenate([np.zeros((0, 2)), *(record.directions for record in records)])
    angles = np.concatenate([np.zeros(0), *(record.angles for record in records)])
    names = np.concatenate([np.zeros(0, dtype=str), *(record.names for record in records)])
    check = 'boxes do not follow their objects'
    overall = measure(directions, angles)
    if overall.horizontal:
        message = f'{overall.axis_aligned:.0%} of the elongated boxes are horizontal or vertical: rotated labels lost?'
        yield Finding('horizontal boxes', WARNING, 'labelTxt/', message)
    if overall.wrong:
        yield Finding(check, ERROR, 'labelTxt/', overall.explanation())
        return
    for name in np.unique(names):
        of_class = measure(directions[names == name], angles[names == name])
        if of_class.wrong_class:
            yield Finding(f'{check} in a class', WARNING, 'labelTxt/', f'{name}: {of_class.explanation()}')
    for record in records:
        of_image = measure(record.directions, record.angles)
        if of_image.across:
            where = f'labelTxt/{Path(record.file).stem}.txt'
            yield Finding(f'{check} in an image', WARNING, where, of_image.explanation(), record.file)


def _classes(
    records: Sequence[ImageRecord], train: list[str] | None, test: list[str] | None, options: CheckOptions
) -> Iterator[Finding]:
    """Classes of which there is little or nothing to learn from, or nothing to test on."""

    def count(names: list[str] | None) -> Counter[str]:
        chosen = None if names is None else set(names)
        return sum((record.counts for record in records if chosen is None or record.file in chosen), Counter[str]())

    total, trained, tested = count(None), count(train), count(test)
    if not total:
        yield Finding('no instance', ERROR, 'labelTxt/', 'no object that is not difficult')
    for name, number in total.most_common():
        where = 'labelTxt/' if train is None else 'the training list'
        if not trained[name] and (test is None or tested[name]):
            message = f'{name}: {count_noun(number, "instance")} elsewhere'
            yield Finding('class without training instances', ERROR, where, message)
        elif trained[name] < options.min_instances:
            message = f'{name}: {trained[name]}, expected {options.min_instances} or more'
            yield Finding('few instances of a class', WARNING, where, message)
        if test is not None and not tested[name]:
            message = f'{name}: {count_noun(number, "instance")} elsewhere'
            yield Finding('class without test instances', WARNING, 'the test list', message)


def _leaks(
    root: Path, records: Sequence[ImageRecord], parts: Mapping[str, list[str]], pair: tuple[str, str]
) -> Iterator[Finding]:
    """Images of the second of two parts that show what the first has shown: errors where that is training."""
    first, second = (set(parts[part]) for part in pair)
    shared = f'image in {" and ".join(pair)}'
    findings = [Finding(shared, ERROR, f'images/{name}', 'is in both lists', name) for name in sorted(first & second)]
    alone = sorted(first - second), sorted(second - first)
    findings += near_duplicates(*alone, {record.file: record.thumbnail for record in records}, pair)
    if (root / INDEX_NAME).is_file():
        findings += overlapping_chips(read_chip_index(root), *alone, pair)
    # A test on what thresholds were chosen on flatters, but nothing there was learnt.
    yield from findings if 'train' in pair else (replace(finding, severity=WARNING) for finding in findings)
