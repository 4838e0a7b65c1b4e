"""Find what breaks training later: in images, in labels, between the lists of two parts.

DATASET is a folder with images/ and labelTxt/ (DOTA). Its train.txt, val.txt and test.txt are used where they are
there. Prints a table of what was found and writes findings.jsonl, which has all of it, and contact_sheet.jpg, labelled
images to look at. Exit code: 0 for nothing worse than a warning, 1 for errors, 2 where there is nothing to check.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ship_det.dataset_checks import Finding, Lists, Report

# Findings of a kind that the table shows.
EXAMPLES = 3
# The contact sheet: pictures, how many in a row, px of a row, px of a picture at most.
PICTURES, COLUMNS, ROW_WIDTH, LARGEST = 24, 4, 2520, 1200
DIFFICULT_COLOR = (170, 170, 170)
LINE_WIDTH = 2.5
# With more objects in a picture, only those with a finding and one of each class are named.
CROWDED = 16


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dataset', help='data set folder')
    parser.add_argument('--train', metavar='LIST', help='image names, one a line; default: train.txt in DATASET')
    parser.add_argument('--val', metavar='LIST', help='image names, one a line; default: val.txt in DATASET')
    parser.add_argument('--test', metavar='LIST', help='image names, one a line; default: test.txt in DATASET')
    parser.add_argument('--out', metavar='DIR', help='folder to write to; default: work_dirs/check/DATASET')
    parser.add_argument('--workers', type=int, default=2, help='processes; default: 2')
    parser.add_argument('--min-side', type=float, default=4, help='shorter sides are tiny, px; default: 4')
    parser.add_argument('--max-aspect', type=float, default=20, help='more times as long as wide is odd; default: 20')
    parser.add_argument('--min-instances', type=int, default=10, help='fewer of a class are few; default: 10')
    return parser


def main() -> int:
    args = make_parser().parse_args()
    from ship_det.dataset_checks import ERROR, CheckOptions, check_dataset

    root = Path(args.dataset)
    out = Path(args.out) if args.out else default_folder(root)
    lists = find_lists(root, args.train, args.val, args.test)
    options = CheckOptions(args.min_side, args.max_aspect, min_instances=args.min_instances)
    with progress_bar('checking images') as show:
        report = check_dataset(root, lists, options, args.workers, show)
    write_findings(out, report)
    write_contact_sheet(out / 'contact_sheet.jpg', root, report)
    print_findings(report)
    used = ', '.join(str(path) for path in (lists.train, lists.val, lists.test) if path) or 'none'
    print(f'{count_noun(len(report.images), "image")}, {count_noun(report.counts.total(), "instance")}; lists: {used}')
    print(f'all findings: {out / "findings.jsonl"}; look at {out / "contact_sheet.jpg"}')
    return int(any(finding.severity == ERROR for finding in report.findings))


def default_folder(root: Path) -> Path:
    """A folder of its own for each data set: its path from here, or for one elsewhere its whole path behind ``_``."""
    root, here = root.resolve(), Path.cwd()
    place = root.relative_to(here) if root.is_relative_to(here) else Path('_', *root.parts[1:])
    return Path('work_dirs/check') / place


def find_lists(root: Path, train: str | None, val: str | None, test: str | None) -> 'Lists':
    """The lists that were named, else those of the data set, where there are any."""
    from ship_det.annotations import DotaFolder
    from ship_det.dataset_checks import Lists

    folder = DotaFolder(root)
    named = {part: folder.find_list(name) for part, name in (('train', train), ('val', val), ('test', test)) if name}
    # A list that is named for one part is not another's too: val.txt as the test.
    usual = {part: path for part, path in folder.lists.items() if not any(map(path.samefile, named.values()))}
    return Lists(**(usual | named))


def print_findings(report: 'Report') -> None:
    """Print a row for each kind of finding, with its first examples."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not report.findings:
        print('nothing found')
        return
    table = Table('severity', 'what', 'count', 'first examples', box=box.SIMPLE_HEAD, show_lines=True)
    table.columns[2].justify = 'right'
    kinds: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        kinds[finding.severity, finding.check].append(finding)
    for (severity, check), of_kind in kinds.items():
        examples = [escape(f'{finding.where}: {finding.message}') for finding in of_kind[:EXAMPLES]]
        color = 'red' if severity == 'error' else 'yellow'
        table.add_row(f'[{color}]{severity}', check, str(len(of_kind)), '\n'.join(examples))
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(table)


def write_findings(out: Path, report: 'Report') -> None:
    """Write all findings to ``out/findings.jsonl``, a line each."""
    from ship_det.files import write_text

    out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(finding), ensure_ascii=False) + '\n' for finding in report.findings]
    write_text(out / 'findings.jsonl', ''.join(lines))


def write_contact_sheet(path: Path, root: Path, report: 'Report') -> None:
    """Draw images with boxes and class names, those that something was found about orange, and count their objects."""
    from ship_det.dataset_checks.contact_sheet import arrange, choose_images, write_sheet
    from ship_det.drawing.boxes import GROUND_TRUTH_COLOR, WRONG_COLOR, add_legend

    flagged: dict[str, set[int]] = {}
    for finding in report.findings:
        flagged.setdefault(finding.image, set()).add(finding.line)
    pictures, captions = [], []
    chosen = choose_images(report, PICTURES)
    side = min(ROW_WIDTH // min(COLUMNS, len(chosen)), LARGEST)
    for number in chosen:
        image = report.images[number]
        pictures.append(draw_image(root, image, flagged.get(image.name, set()), side))
        count = report.records[number].counts.total()
        captions.append(f'{image.name}: {count_noun(count, "object")}')
    sheet = arrange(pictures, captions, side, COLUMNS)
    legend = [
        ('label', GROUND_TRUTH_COLOR),
        ('label with a finding', WRONG_COLOR),
        ('difficult: not counted', DIFFICULT_COLOR),
    ]
    write_sheet(path, add_legend(sheet, legend))


def draw_image(root: Path, image: Path, flagged: set[int], side: int) -> 'NDArray[np.uint8]':
    """A preview of an image, at most ``side`` px, with its boxes; a grey square where it cannot be decoded."""
    import numpy as np

    from ship_det.dataset_checks.images import read_labels
    from ship_det.drawing.boxes import GROUND_TRUTH_COLOR, WRONG_COLOR, draw_boxes
    from ship_det.raster import read_preview

    labels, _ = read_labels(root, image)
    try:
        pixels, scale = read_preview(image, side)
    except ValueError:
        return np.full((side, side, 3), 96, dtype=np.uint8)
    colors = [
        WRONG_COLOR if line in flagged else DIFFICULT_COLOR if labeled.difficult else GROUND_TRUTH_COLOR
        for line, labeled in zip(labels.lines, labels.objects, strict=True)
    ]
    named = [line in flagged for line in labels.lines]
    names = name_labels([labeled.name for labeled in labels.objects], named)
    return draw_boxes(pixels, labels.quads * scale, names, colors or WRONG_COLOR, LINE_WIDTH)


def name_labels(classes: Sequence[str], always: Sequence[bool]) -> list[str]:
    """What stands beside each box: its class, in a crowd of those ``always`` named and of the first of each class."""
    if len(classes) <= CROWDED:
        return list(classes)
    return [
        name if named or name not in classes[:place] else ''
        for place, (name, named) in enumerate(zip(classes, always, strict=True))
    ]
