"""Write a report of detections: one page with figures, curves, test chips and the worst mistakes.

PREDICTIONS is a file of `ship-det test --out`, or several to compare, also as NAME=FILE; DATASET a folder in DOTA
layout (images/, labelTxt/). DIR gets index.html, which needs nothing else, the charts as PNG, and chips/NAME.png.
"""

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import HelpFormatter
from ship_det.commands.scene_arguments import add_scene_arguments, add_truth_arguments, check_scene_arguments
from ship_det.progress import count_noun

if TYPE_CHECKING:
    from ship_det.evaluation import EvaluationResult


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('predictions', nargs='+', metavar='PREDICTIONS', help='predictions file or NAME=FILE')
    parser.add_argument('dataset', metavar='DATASET', help='data set folder')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder to write')
    add_truth_arguments(parser)
    parser.add_argument(
        '--train-list', metavar='FILE', help='images of the training part, for training instances (default: train.txt)'
    )
    parser.add_argument(
        '--log', nargs='+', metavar='FILE', help="MMEngine's vis_data/scalars.json or a work dir, one for each run"
    )
    parser.add_argument('--iou', type=float, default=0.6, help='overlap that a right detection needs')
    parser.add_argument('--score', type=float, default=0.5, help='score from which detections count and are drawn')
    add_scene_arguments(parser)
    parser.add_argument('--chips', type=int, default=24, help='most test chips to show')
    parser.add_argument('--examples', type=int, default=4, help='most mistakes to show of each kind and class')
    parser.add_argument('--views', type=int, default=6, help='most scenes to show, where the images are chips')
    parser.add_argument('--title', help='of the page (default: Ship detection report)')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    check_scene_arguments(args)
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
        views=args.views,
        title=args.title,
        scenes=args.merge,
        merge_iou=args.merge_iou,
        gsd=args.gsd,
        unlabeled=args.unlabeled,
        ground_truth=args.ground_truth,
    )
    files = [RunFiles(name, file, log) for (name, file), log in zip(unique_names(named), logs, strict=True)]
    for run in write_report(files, args.dataset, args.out, options):
        print(f'{run.name}: {join_scores(run.results)} on {count_noun(run.main.num_images, "image")}')
        if run.scenes:
            number = len(run.scenes.merged.ground_truths)
            print(f'{run.name}: {join_scores(run.scenes.results)} on {count_noun(number, "whole scene")}')
        if run.left_out:
            print(f'{run.name}: left out the predictions of {count_noun(run.left_out, "image")} not in {args.list}')
    print(f'report: {Path(args.out) / "index.html"}')


def join_scores(results: 'dict[float, EvaluationResult]') -> str:
    """Mean AP at each IoU threshold."""
    return ', '.join(f'mAP@{iou:g} {result.mean_ap:.4f}' for iou, result in results.items())


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
