"""Write a report of detections: one page with figures, curves, test chips and the worst mistakes.

PREDICTIONS is a file of `ship-det test --out`, or several to compare, also as NAME=FILE; DATASET a folder in DOTA
layout (images/, labelTxt/). DIR gets index.html, which needs nothing else, the charts as PNG, and chips/NAME.png.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

from ship_det.cli import HelpFormatter


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('predictions', nargs='+', metavar='PREDICTIONS', help='predictions file or NAME=FILE')
    parser.add_argument('dataset', metavar='DATASET', help='data set folder')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder to write')
    parser.add_argument(
        '--list',
        metavar='FILE',
        help='evaluate these images only, one name a line (default: the predicted list of the data set)',
    )
    parser.add_argument(
        '--train-list', metavar='FILE', help='images of the training part, for training instances (default: train.txt)'
    )
    parser.add_argument(
        '--log', nargs='+', metavar='FILE', help="MMEngine's vis_data/scalars.json or a work dir, one for each run"
    )
    parser.add_argument('--iou', type=float, default=0.6, help='overlap that a right detection needs')
    parser.add_argument('--score', type=float, default=0.5, help='score from which detections count and are drawn')
    parser.add_argument(
        '--other-classes',
        choices=['error', 'background', 'ignore'],
        default='error',
        help='what labels of classes that the predictions do not know are',
    )
    parser.add_argument(
        '--ground-truth',
        choices=['quads', 'rectangles'],
        default='quads',
        help='compare detections with the quads as labelled or with rectangles around them',
    )
    parser.add_argument('--merge', metavar='SCENES', help='evaluate the scenes that the images were cut from too')
    parser.add_argument('--merge-iou', type=float, default=0.3, help='overlap from which two detections are one object')
    parser.add_argument(
        '--gsd', type=float, metavar='M', help='metres a pixel of the scenes (default: what their georeference says)'
    )
    parser.add_argument(
        '--unlabeled', action='store_true', help='leave scenes without labels out of the figures of scenes'
    )
    parser.add_argument('--chips', type=int, default=24, help='most test chips to show')
    parser.add_argument('--examples', type=int, default=4, help='most mistakes to show of each kind and class')
    parser.add_argument('--title', default='Ship detection report', help='of the page')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.gsd is not None and not args.merge:
        raise ValueError('--gsd: expected --merge SCENES beside it')
    if args.unlabeled and not args.merge:
        raise ValueError('--unlabeled: expected --merge SCENES beside it')
    named = [name_and_file(text) for text in args.predictions]
    logs = args.log or [None] * len(named)
    if len(logs) != len(named):
        raise ValueError(f'--log: found {len(logs)} logs for {len(named)} predictions files, expected one for each')
    from ship_det.report import ReportOptions, RunFiles, write_report

    options = ReportOptions(
        list_file=args.list,
        train_list=args.train_list,
        iou_threshold=args.iou,
        score_threshold=args.score,
        other_classes=args.other_classes,
        chips=args.chips,
        examples=args.examples,
        title=args.title,
        scenes=args.merge,
        merge_iou=args.merge_iou,
        gsd=args.gsd,
        unlabeled=args.unlabeled,
        ground_truth=args.ground_truth,
    )
    files = [RunFiles(name, file, log) for (name, file), log in zip(unique_names(named), logs, strict=True)]
    for one in write_report(files, args.dataset, args.out, options):
        scores = ', '.join(f'mAP@{iou:g} {result.mean_ap:.4f}' for iou, result in one.results.items())
        print(f'{one.name}: {scores} on {one.main.num_images} images')
        if one.scenes:
            merged, results = one.scenes
            scores = ', '.join(f'mAP@{iou:g} {result.mean_ap:.4f}' for iou, result in results.items())
            print(f'{one.name}: {scores} on {len(merged.ground_truths)} whole scenes')
        if one.left_out:
            print(f'{one.name}: left out the predictions of {one.left_out} images that are not in {args.list}')
    print(f'report: {Path(args.out) / "index.html"}')


def name_and_file(text: str) -> tuple[str, Path]:
    """NAME=FILE, or a file, the run being called after it as far as a name allows."""
    name, equals, file = text.partition('=')
    if equals and not Path(text).exists():
        return name, Path(file)
    return re.sub(r'[^\w.+@ -]', '_', Path(text).stem), Path(text)


def unique_names(named: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Call files of one name after their folders too: ce/predictions.jsonl and ci/predictions.jsonl."""
    counts = Counter(name for name, _ in named)
    return [(name if counts[name] == 1 else f'{file.parent.name} {name}'.strip(), file) for name, file in named]
