"""Writing a report: everything from predictions and labels to the page and its files."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ship_det.annotations.dota_folder import DotaFolder
from ship_det.drawing.chart_style import save_chart
from ship_det.drawing.nouns import object_noun
from ship_det.evaluation.labeled_set import LabeledSet, count_training, find_predicted_list, read_labeled_set
from ship_det.evaluation.matching import IGNORE_IOF
from ship_det.evaluation.predictions import Predictions, read_predictions
from ship_det.evaluation.scene_chips import SceneData
from ship_det.files import staged_folder, write_text
from ship_det.progress import count_noun
from ship_det.raster import read_preview
from ship_det.report.class_charts import (
    ap_by_count,
    class_histogram,
    confusion_matrix,
    precision_recall,
    score_histograms,
    size_chart,
)
from ship_det.report.drawn_chips import draw_chip, write_chip
from ship_det.report.errors import Analysis, analyze
from ship_det.report.gallery import DRAWN_SIDE, make_gallery
from ship_det.report.measures import locate_image
from ship_det.report.page import build_page
from ship_det.report.runs import (
    ReportOptions,
    Run,
    RunFiles,
    ap_by_size,
    evaluate_run,
    merge_run,
    read_all_predictions,
    size_edges,
)
from ship_det.report.scene_views import draw_scenes
from ship_det.report.training_charts import training_curves
from ship_det.tiling.chip_index import INDEX_NAME, read_chip_index


def write_report(
    runs: Sequence[RunFiles], dataset: str | os.PathLike, out: str | os.PathLike, options: ReportOptions | None = None
) -> list[Run]:
    """Evaluate predictions and write ``out``/index.html, the charts as PNG and chips/NAME.png.

    Args:
        runs: predictions of one run or of several to compare, on the same images.
        dataset: folder in DOTA layout, with ``images/`` and ``labelTxt/``.
        out: folder, made where it does not exist.
        options: see there.

    Returns:
        The evaluated runs.

    Raises:
        ValueError: bad input; the message names the file.
    """
    options, out = options or ReportOptions(), Path(out)
    if min(options.chips, options.examples, options.views) < 0:
        raise ValueError(
            f'expected counts of 0 or more, found {options.chips} chips, {options.examples} examples, '
            f'{options.views} views'
        )
    predictions = read_all_predictions(runs)
    options = _with_lists(options, dataset, predictions[0])
    labeled = read_labeled_set(dataset, predictions[0].classes, options.list_file, options.other_classes)
    training = None
    if options.train_list is not None:
        training = count_training(dataset, labeled.classes, options.train_list, options.other_classes)
    evaluated = [evaluate_run(files, read, labeled, options) for files, read in zip(runs, predictions, strict=True)]
    if options.scenes is not None:
        data = SceneData(
            dataset, options.scenes, options.other_classes, options.merge_iou, options.gsd, options.unlabeled
        )
        evaluated = [merge_run(run, read, labeled, data) for run, read in zip(evaluated, predictions, strict=True)]
    analyses = [analyze(run) for run in evaluated]
    is_tiled = (Path(dataset) / INDEX_NAME).is_file()
    chips = {chip.file: chip for chip in read_chip_index(dataset)} if is_tiled else {}
    with staged_folder(out) as stage:
        figures = _charts(evaluated, analyses, labeled, training)
        charts = {
            name: save_chart(figure, stage / f'{_file_name(name, evaluated)}.png') for name, figure in figures.items()
        }
        locate = partial(locate_image, chips=chips, gsd=options.gsd)
        gallery = make_gallery(evaluated, analyses, labeled, locate, stage, options.chips, options.examples)
        views = draw_scenes(evaluated, labeled, chips, options.views)
        facts = _facts(evaluated, dataset, options)
        title = options.title or f'{object_noun(labeled.classes).capitalize()} detection report'
        shown = dict(title=title, facts=facts, analyses=analyses, charts=charts, gallery=gallery, views=views)
        write_text(stage / 'index.html', build_page(evaluated, labeled, training, **shown))
    return evaluated


def draw_images(
    run: RunFiles, dataset: str | os.PathLike, out: str | os.PathLike, options: ReportOptions | None = None
) -> int:
    """Draw the boxes of a run and of the labels on every image, as the report does, into ``out``/NAME.png.

    The data set is a folder in DOTA layout; ``out`` is made. Options say which images, and the thresholds.

    Returns:
        Number of images.

    Raises:
        ValueError: bad input; the message names the file.
    """
    options = options or ReportOptions()
    predictions = read_predictions(run.predictions)
    labeled = read_labeled_set(dataset, predictions.classes, options.list_file, options.other_classes)
    evaluated = evaluate_run(run, predictions, labeled, options)
    with staged_folder(out) as stage:
        for index, path in enumerate(labeled.images):
            pixels, scale = read_preview(path, DRAWN_SIDE)
            write_chip(stage / f'{path.stem}.png', draw_chip(pixels, evaluated, index, scale))
    return len(labeled.images)


def _with_lists(options: ReportOptions, dataset: str | os.PathLike, predictions: Predictions) -> ReportOptions:
    """The options, with the lists of the data set where none are named."""
    list_file, train_list = options.list_file, options.train_list
    if list_file is None:
        list_file = find_predicted_list(dataset, (record['file'] for record in predictions.images))
    if train_list is None:
        train_list = DotaFolder(dataset).lists.get('train')
    return replace(options, list_file=list_file, train_list=train_list)


def _charts(
    runs: Sequence[Run], analyses: Sequence[Analysis], labeled: LabeledSet, training: NDArray[np.int64] | None
) -> dict[str, Figure]:
    """Charts by name; those of one run end in its number."""
    classes, edges = labeled.classes, size_edges(runs[0].matches.ground_truths)
    charts = {
        'class_histogram': class_histogram(runs, classes, training),
        'pr_curves': precision_recall(runs, classes),
        'ap_by_size': size_chart({run.name: ap_by_size(run, edges) for run in runs}, edges, object_noun(classes)),
    }
    if training is not None:
        charts['ap_by_count'] = ap_by_count(runs, classes, training)
    logs = [(run.name, run.log) for run in runs if run.log is not None]
    if logs:
        charts['curves'] = training_curves(logs)
    for index, (run, analysis) in enumerate(zip(runs, analyses, strict=True)):
        charts[f'scores_{index}'] = score_histograms(run, classes)
        charts[f'confusion_{index}'] = confusion_matrix(analysis.confusion, classes)
    return charts


def _file_name(chart: str, runs: Sequence[Run]) -> str:
    """File name of a chart: the charts of one run are called after it, without it where it is the only one."""
    name, _, index = chart.rpartition('_')
    if not index.isdigit():
        return chart
    return f'{name}_{runs[int(index)].name}' if len(runs) > 1 else name


def _facts(runs: Sequence[Run], dataset: str | os.PathLike, options: ReportOptions) -> dict[str, str]:
    """What was evaluated, by name."""
    main, difficult = runs[0].main, int(runs[0].matches.ground_truths.difficult.sum())
    suffixes = [f', {run.name}' if len(runs) > 1 else '' for run in runs]
    facts = {f'predictions{suffix}': str(run.source) for run, suffix in zip(runs, suffixes, strict=True)}
    facts['data set'] = str(dataset)
    facts['images'] = str(options.list_file) if options.list_file is not None else f'all of {dataset}/images'
    if options.scenes is not None:
        facts['scenes'] = str(options.scenes)
    if options.train_list is not None:
        facts['training images'] = str(options.train_list)
    facts['classes'] = ', '.join(main.classes)
    facts['right detection'] = f'class right and skew IoU {main.min_iou} {main.iou_threshold:g} (VOC matching)'
    facts['ground truth'] = 'quads as labelled' if main.ground_truth == 'quads' else 'rectangles'
    if difficult:
        facts['difficult objects'] = f'{difficult}, neither to be found nor wrong to find'
    if main.num_ignore_regions:
        rule = f'a detection with more than {IGNORE_IOF:g} of its area inside is not wrong'
        facts['ignore regions'] = f'{main.num_ignore_regions}, no class: {rule}'
    if difficult or main.num_ignore_regions:
        for run, suffix in zip(runs, suffixes, strict=True):
            total = len(run.matches.ignored)
            facts[f'ignored detections{suffix}'] = f'{run.main.num_ignored:,d} of {total:,d}, neither right nor wrong'
    left_out = max(run.left_out for run in runs)
    if left_out:
        facts['left out'] = f'predictions of {count_noun(left_out, "image")} not in the list'
    return facts
