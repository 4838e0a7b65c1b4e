"""Test a detector: average precision per class and mean."""

import argparse
from pathlib import Path
from typing import Any

from ship_det.cli import quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config
from ship_det.commands.scene_arguments import add_scene_arguments, check_scene_arguments
from ship_det.progress import FOR_CONSOLE, Console, count_noun
from ship_det.zoo import weights_file


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description='Test a detector: average precision per class and mean. Predictions and figures are saved in the '
        'work dir; `ship-det evaluate` and `ship-det report` read the predictions again without a model.'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='write the predictions to this file, JSON lines')
    add_scene_arguments(parser)
    parser.add_argument('--merged-out', metavar='FILE', help='write the predictions on whole scenes to this file')
    parser.add_argument('--report', metavar='DIR', help='write the page of `ship-det report` into this folder')
    parser.add_argument('--show', action='store_true', help='show each image with its detections in a window')
    parser.add_argument(
        '--show-dir', metavar='DIR', help='write each image with its ground truth and detections into this folder'
    )
    parser.add_argument('--wait-time', type=float, default=2, help='seconds between images of --show')
    add_config_arguments(parser)
    return parser


def main() -> None:
    args = make_parser().parse_args()
    check_scene_arguments(args)
    with Console() as console:
        console.begin('loading PyTorch and MMRotate')
        with quiet_imports():
            from ship_det.hooks import introduce
            from ship_det.launch import build_runner, config_errors, discard_failed_start
            from ship_det.settings import check_parts

        console.begin('reading the config')
        cfg = load_config(args, console, ('test_dataloader',))
        check_parts(cfg, 'test')
        cfg.load_from, cfg.resume = str(weights_file(args.checkpoint)), False
        if args.show:
            if not (cfg.get('default_hooks') or {}).get('visualization'):
                raise ValueError(f'{args.config}: --show needs default_hooks.visualization, found none')
            cfg.default_hooks.visualization.update(draw=True, show=True, wait_time=args.wait_time)
        with discard_failed_start(cfg) as started:
            console.begin('building the model')
            runner = build_runner(cfg, console, started=started)
            console.begin('reading the data set')
            with config_errors(args.config):
                _ = runner.test_loop
            introduce(runner, console, 'test', runner.test_dataloader.dataset)
            test(runner, args, console)


def test(runner: Any, args: argparse.Namespace, console: Console) -> None:
    """Test the model, save what it finds, and make of it what the options ask for."""
    from mmengine.dist import is_main_process

    metric = voc_metric(runner)
    if metric is not None:
        save_outputs(metric, runner, args)
    elif args.out or args.merge or args.report or args.show_dir:
        raise ValueError(
            f'{args.config}: test_evaluator: found no VOCRotatedMetric, which --out, --merge, --report and --show-dir '
            'need'
        )
    data = scene_data(runner, args) if args.merge else None
    if args.report or args.show_dir:
        dota_dataset(runner, args)
    runner.test()
    if is_main_process():
        if data is not None:
            console.begin('merging')
            evaluate_scenes(metric, data, runner, args, console)
        if args.show_dir or args.report:
            console.begin('drawing')
            report(metric, runner, args, console)


def voc_metric(runner: Any) -> Any:
    """The metric whose predictions and figures are saved; None where the config names another one."""
    from ship_det.evaluation import VOCRotatedMetric

    found = [metric for metric in runner.test_loop.evaluator.metrics if isinstance(metric, VOCRotatedMetric)]
    return found[0] if found else None


def save_outputs(metric: Any, runner: Any, args: argparse.Namespace) -> None:
    """Choose where the metric saves what it finds, by default in the folder of this run in the work dir."""
    folder = Path(runner.log_dir)
    metric.predictions_file = args.out or metric.predictions_file or folder / 'predictions.jsonl'
    metric.results_file = metric.results_file or folder / 'results.json'
    if metric.configuration is None:
        dataset = runner.test_dataloader.dataset
        metric.configuration = {
            'config': args.config,
            'checkpoint': args.checkpoint,
            'cfg_options': list(args.cfg_options),
            'data_root': str(getattr(dataset, 'data_root', '')),
            'list': str(getattr(dataset, 'ann_file', '')),
            'seed': runner.seed,
            'device': str(next(runner.model.parameters()).device),
        }


def scene_data(runner: Any, args: argparse.Namespace) -> Any:
    """Folders of chips and scenes; scenes that cannot be evaluated are said before the test."""
    from ship_det.evaluation.scene_chips import SceneData, choose_scenes

    dataset = dota_dataset(runner, args)
    data = SceneData(dataset.data_root, args.merge, dataset.other_classes, args.merge_iou, args.gsd, args.unlabeled)
    chosen = choose_scenes({dataset.get_data_info(index)['file_name'] for index in range(len(dataset))}, data)
    if args.report or not args.merged_out:
        chosen.require_labels(args.merge, '; --merged-out FILE without --report writes merged predictions alone')
    return data


def dota_dataset(runner: Any, args: argparse.Namespace) -> Any:
    """The test data set, whose folder and list a report or the merging reads again."""
    from ship_det.datasets import ShipDataset

    dataset = runner.test_dataloader.dataset
    if not isinstance(dataset, ShipDataset):
        name = type(dataset).__name__
        raise ValueError(f'{args.config}: test_dataloader: --merge and --report need a ShipDataset, found {name}')
    return dataset


def evaluate_scenes(metric: Any, data: Any, runner: Any, args: argparse.Namespace, console: Console) -> None:
    """Merge the predictions just made into scenes, and log and save their figures."""
    from ship_det.evaluation import read_predictions, write_results
    from ship_det.evaluation.scenes import merge_scenes

    merged = merge_scenes(read_predictions(metric.predictions_file), data)
    results = merged.evaluate(metric.iou_thresholds, **metric.options)
    runner.logger.info('\n%s', merged.table(results.values()), extra=FOR_CONSOLE)
    if args.merged_out:
        merged.write(args.merged_out)
        console.say(f'predictions on whole scenes: {args.merged_out}')
    file = Path(metric.results_file).with_name('scene_results.json')
    choices = {**metric.configuration, 'scenes': args.merge, 'merge_iou': args.merge_iou, 'gsd': args.gsd}
    write_results(file, results.values(), choices)
    console.say(f'results on whole scenes: {file}')


def train_list(cfg: Any) -> str | None:
    """The list of images that a config trains on, within whatever repeats them; None where it names none."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset.get('ann_file')


def report(metric: Any, runner: Any, args: argparse.Namespace, console: Console) -> None:
    """Draw the predictions just made, and write the page about them."""
    from ship_det.annotations import DotaFolder
    from ship_det.files import write_text
    from ship_det.report import ReportOptions, RunFiles, draw_images, write_report

    dataset = dota_dataset(runner, args)
    training = train_list(runner.cfg)
    known = training and DotaFolder(dataset.data_root).locate_list(training) is not None
    thresholds = metric.iou_thresholds
    # The images that were tested, which may be some of the list's.
    tested = Path(runner.log_dir) / 'images.txt'
    names = [dataset.get_data_info(index)['file_name'] for index in range(len(dataset))]
    write_text(tested, ''.join(f'{name}\n' for name in names))
    options = ReportOptions(
        list_file=tested.absolute(),
        train_list=training if known else None,
        # The threshold of the CI loss paper where it was tested.
        iou_threshold=0.6 if 0.6 in thresholds else thresholds[0],
        score_threshold=metric.options['score_threshold'],
        other_classes=dataset.other_classes,
        scenes=args.merge,
        merge_iou=args.merge_iou,
        gsd=args.gsd,
        unlabeled=args.unlabeled,
        ground_truth=metric.options['ground_truth'],
    )
    files = RunFiles('test', metric.predictions_file)
    if args.show_dir:
        drawn = draw_images(files, dataset.data_root, args.show_dir, options)
        console.say(f'{count_noun(drawn, "image")} with boxes: {args.show_dir}')
    if args.report:
        write_report([files], dataset.data_root, args.report, options)
        console.say(f'report: {Path(args.report) / "index.html"}')
