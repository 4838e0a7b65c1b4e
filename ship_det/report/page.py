"""The page of a report: what its templates, which are beside this file with its style and script, are filled with."""

import math
from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ship_det.drawing.nouns import object_noun
from ship_det.drawing.pages import render_page
from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.evaluation.result import EvaluationResult, format_rate
from ship_det.imbalance import imbalance_degree, imbalance_ratio
from ship_det.progress import count_noun
from ship_det.report.overlay import MIN_SHOWN_SCORE
from ship_det.report.runs import Run

# Columns of the table of classes that are means over the classes too.
_FIGURES = {
    **{name: attrgetter(name.lower()) for name in ('precision', 'recall', 'F1', 'Gmean')},
    'best F1': attrgetter('best_f1.f1'),
}


def build_page(runs: Sequence[Run], labeled: LabeledSet, training: NDArray[np.int64] | None, **shown: Any) -> str:
    """The page as one HTML text that refers to nothing outside itself.

    Args:
        runs: evaluated runs.
        labeled: images and ground truth.
        training: training instances of each class, (C,), or None.
        shown: what else the template shows: ``title``; ``facts``, what was evaluated, a text by its name; ``analyses``
            of each run; ``charts`` by the name that the template calls them; ``gallery``, the pictures; ``views``, the
            scenes with their chips.
    """
    classes = labeled.classes
    # Head, middle and tail are a third of the classes each.
    tail = tail_rows(runs, training) if training is not None and len(classes) >= 3 else []
    return render_page(
        'ship_det.report',
        'page.html',
        filters={'counted': partial(count_noun, form=',d'), 'rate': format_rate, 'ap_name': 'AP@{:g}'.format},
        runs=runs,
        labeled=labeled,
        training=training,
        **shown,
        classes=classes,
        noun=object_noun(classes),
        main=runs[0].main,
        aps={name: [run.main.classes[name].ap for run in runs] for name in classes},
        figures=_FIGURES,
        headlines=[_headline(run) for run in runs],
        imbalance=_describe_imbalance(training) if tail and training is not None else '',
        tail=tail,
        min_score=MIN_SHOWN_SCORE,
        isnan=math.isnan,
    )


class TailRow(NamedTuple):
    """A third of the classes by training instances.

    Attributes:
        title: of the row.
        least: training instances of its rarest class.
        most: those of its most frequent class.
        mean_ap: of each run; nan without ground truth.
    """

    title: str
    least: int
    most: int
    mean_ap: list[float]


def tail_rows(runs: Sequence[Run], training: NDArray[np.int64]) -> list[TailRow]:
    """Mean AP of the classes with most, medium and fewest training instances, (C,), a third each."""
    order = np.argsort(-training, kind='stable')
    rows = []
    for title, part in zip(('head', 'middle', 'tail'), np.array_split(order, 3), strict=True):
        means = []
        for run in runs:
            values = [run.main.classes[run.classes[label]].ap for label in part.tolist()]
            known = [value for value in values if not math.isnan(value)]
            means.append(math.fsum(known) / len(known) if known else math.nan)
        counts = training[part]
        rows.append(TailRow(f'{title}: {count_noun(len(part), "class")}', int(counts.min()), int(counts.max()), means))
    return rows


def _headline(run: Run) -> dict[str, str]:
    """The figures at the top of the page by their names, the first of which is the main one."""
    main, score = run.main, f'at score {run.main.score_threshold:g}'
    figures = {f'mAP@{iou:g}': f'{result.mean_ap:.3f}' for iou, result in run.results.items()}
    if run.scenes is not None:
        results = run.scenes.results
        figures |= {f'mAP@{iou:g} on whole scenes': f'{result.mean_ap:.3f}' for iou, result in results.items()}
        of_scenes = results[main.iou_threshold]
        if of_scenes.searched is not None:
            rate = format_rate(of_scenes.searched.rate(of_scenes.num_false_alarms))
            figures[f'false alarms/{of_scenes.searched.unit} on whole scenes {score}'] = rate
    figures |= {f'mean {name} {score}': f'{main.mean(_FIGURES[name]):.3f}' for name in ('precision', 'recall', 'Gmean')}
    figures['test images'] = f'{main.num_images:,d}'
    noun = f'{object_noun(run.classes)}s to find'
    if run.scenes is None:
        figures[noun] = f'{_to_find(main):,d}'
    else:
        # A ship where chips overlap is to be found on each of them.
        figures[f'{noun} on chips'] = f'{_to_find(main):,d}'
        figures[f'{noun} on whole scenes'] = f'{_to_find(run.scenes.results[main.iou_threshold]):,d}'
    figures[f'detections {score}'] = f'{(run.matches.detections.scores >= main.score_threshold).sum():,d}'
    return figures


def _to_find(result: EvaluationResult) -> int:
    return sum(figure.num_ground_truths for figure in result.classes.values())


def _describe_imbalance(training: NDArray[np.int64]) -> str:
    present = training[training > 0]
    if len(present) < 2:
        return 'Fewer than two classes occur in training.'
    instances = count_noun(int(training.sum()), 'instance', form=',d')
    return (
        f'Training set: {instances}, imbalance ratio {imbalance_ratio(present):.3g}, '
        f'imbalance degree {imbalance_degree(present):.3f}.'
    )
