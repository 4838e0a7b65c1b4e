"""Evaluate saved predictions without a model: average precision per class and mean.

PREDICTIONS is a file of `ship-det test --out`; DATASET a folder in DOTA layout (images/, labelTxt/). With --merge
SCENES the detections of chips are also put back into the scenes that DATASET/chips.jsonl names, merged, and compared
with the labels of the scenes, which gives false alarms by km2 too. Scenes without labels are merged alone.

PREDICTIONS may be the output folder of `ship-det detect` too. DATASET is then the folder of its scenes with their
labels, or a GIS file of labelled polygons.
"""

import argparse
from pathlib import Path
from typing import Any

from ship_det.cli import HelpFormatter, check_outputs
from ship_det.commands.scene_arguments import add_scene_arguments, add_truth_arguments, check_scene_arguments
from ship_det.progress import count_noun


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('predictions', metavar='PREDICTIONS', help='predictions file, or folder of ship-det detect')
    parser.add_argument('dataset', metavar='DATASET', help='data set folder, or GIS file')
    add_truth_arguments(parser)
    parser.add_argument(
        '--iou', type=float, nargs='+', default=[0.5, 0.6], help='overlaps that a right detection needs'
    )
    parser.add_argument('--min-iou', choices=['>', '>='], default='>', help='larger than that, or at least that')
    parser.add_argument('--ap-mode', choices=['11points', 'area'], default='11points', help='how AP is averaged')
    parser.add_argument('--score', type=float, default=0.5, help='score from which precision and recall count')
    add_scene_arguments(parser)
    parser.add_argument(
        '--class-field', '--class-column', default='class', metavar='NAME', help='column of the classes of a GIS file'
    )
    parser.add_argument('--merged-out', metavar='FILE', help='write the predictions on whole scenes to this file')
    parser.add_argument('--json', metavar='FILE', help='write the figures to this file')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    options = {
        'ap_mode': args.ap_mode,
        'min_iou': args.min_iou,
        'score_threshold': args.score,
        'ground_truth': args.ground_truth,
    }
    if Path(args.predictions).is_dir():
        evaluate_detected(args, options)
        return
    check_scene_arguments(args)
    check_outputs({'--json': args.json, '--merged-out': args.merged_out}, [args.predictions])
    from ship_det.evaluation import evaluate_thresholds, read_predictions, write_results
    from ship_det.evaluation.labeled_set import find_predicted_list, read_labeled_set, select_predictions

    predictions = read_predictions(args.predictions)
    names = [record['file'] for record in predictions.images]
    list_file = args.list or find_predicted_list(args.dataset, names)
    if list_file is not None and not args.list:
        print(f'images: those of {list_file}, which have predictions')
    labeled = read_labeled_set(args.dataset, predictions.classes, list_file, args.other_classes)
    selected, left_out = select_predictions(args.predictions, predictions, labeled, list_file is not None)
    results = evaluate_thresholds(selected.images, labeled.records, labeled.classes, args.iou, **options)
    for result in results.values():
        print(result.table())
    if left_out:
        print(f'Left out the predictions of {count_noun(left_out, "image")} not in {args.list}.')
    scene_results = {}
    if args.merge:
        from ship_det.evaluation.scene_chips import SceneData
        from ship_det.evaluation.scenes import merge_scenes

        data = SceneData(args.dataset, args.merge, args.other_classes, args.merge_iou, args.gsd, args.unlabeled)
        merged = merge_scenes(selected, data)
        if not args.merged_out:
            merged.chosen.require_labels(args.merge, '; --merged-out FILE writes merged predictions')
        scene_results = merged.evaluate(args.iou, **options)
        print(merged.table(scene_results.values()))
        if args.merged_out:
            merged.write(args.merged_out)
            print(f'predictions on whole scenes: {args.merged_out}')
    if args.json:
        write_results(args.json, results.values(), vars(args), scene_results.values())
        print(f'figures: {args.json}')


def evaluate_detected(args: argparse.Namespace, options: dict[str, Any]) -> None:
    """Evaluate the ships that `ship-det detect` found in whole scenes."""
    for option in ('list', 'merge', 'unlabeled', 'merged_out'):
        if getattr(args, option):
            raise ValueError(f'--{option.replace("_", "-")}: {args.predictions} has whole scenes, expected none')
    check_outputs({'--json': args.json}, [])
    from ship_det.evaluation import write_results
    from ship_det.evaluation.detected import read_detected

    detected = read_detected(args.predictions, args.dataset, args.other_classes, args.gsd, args.class_field)
    results = detected.evaluate(args.iou, **options)
    for result in results.values():
        print(result.table('scene'))
    area = detected.searched
    if area.km2 is None:
        print(f'False alarms are counted by Mpx: {detected.without_gsd[0]} has no georeference (--gsd).')
    else:
        print(f'False alarms are counted on {area.km2:.3g} km2, where ships were looked for.')
    if detected.left_out:
        labels = count_noun(detected.left_out, 'label')
        print(f'Left out {labels} where no ship was looked for: without data, on land or outside the area.')
    if detected.unlabeled:
        print(f'Left out {count_noun(len(detected.unlabeled), "scene")} without labels, first {detected.unlabeled[0]}.')
    if args.json:
        write_results(args.json, results.values(), vars(args))
        print(f'figures: {args.json}')
