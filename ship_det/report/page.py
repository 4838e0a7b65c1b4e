"""The page of a report: sections of HTML put into the template, which is beside this file with its style and script."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from string import Template

import numpy as np
from numpy.typing import NDArray

from ship_det.drawing.chart_style import Chart
from ship_det.evaluation.labeled_set import LabeledSet
from ship_det.evaluation.result import format_rate
from ship_det.imbalance import imbalance_degree, imbalance_ratio
from ship_det.report.errors import Analysis
from ship_det.report.gallery import Gallery
from ship_det.report.overlay import MIN_SHOWN_SCORE
from ship_det.report.runs import Run
from ship_det.report.tables import class_table, comparison_table, tail_table

_LEGEND = (
    ('truth', 'ground truth'),
    ('truth difficult', 'difficult ground truth or ignore region, not counted'),
    ('found right', 'right detection'),
    ('found wrong', 'wrong detection'),
    ('found ignored', 'detection on one of these, not counted'),
)


@dataclass(frozen=True)
class Content:
    """What a page is made of.

    Attributes:
        title: of the page.
        facts: what was evaluated, as (name, value).
        runs: evaluated runs.
        labeled: images and ground truth.
        training: training instances of each class, or None.
        analyses: of each run.
        charts: by the name that ``_chart`` is called with.
        gallery: pictures.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    runs: Sequence[Run]
    labeled: LabeledSet
    training: NDArray[np.int64] | None
    analyses: Sequence[Analysis]
    charts: Mapping[str, Chart]
    gallery: Gallery


def build_page(content: Content) -> str:
    """The page as one HTML text that refers to nothing outside itself."""
    sections = {
        'overview': ('Overview', _overview(content)),
        'comparison': ('Comparison', _comparison(content)),
        'classes': ('Classes', _classes(content)),
        'scenes': ('Scenes', _scenes(content)),
        'training': ('Training', _training(content)),
        'curves': ('Curves', _curves(content)),
        'confusion': ('Confusion', _confusion(content)),
        'gallery': ('Gallery', _gallery(content)),
        'mistakes': ('Mistakes', _mistakes(content)),
    }
    sections = {name: section for name, section in sections.items() if section[1]}
    classes, first = content.labeled.classes, content.runs[0].main
    fields = {
        'title': escape(content.title),
        'subtitle': escape(_subtitle(content)),
        'css': _asset('page.css'),
        'script': _asset('page.js'),
        'links': ''.join(f'<a href="#{name}">{title}</a>' for name, (title, _) in sections.items()),
        'run_control': _run_control(content.runs),
        'class_options': ''.join(
            f'<option value="{label}">{escape(name)}</option>' for label, name in enumerate(classes)
        ),
        'min_score': f'{MIN_SHOWN_SCORE:g}',
        'score': f'{first.score_threshold:.2f}',
        'main': '\n'.join(f'<div id="{name}">{html}</div>' for name, (_, html) in sections.items()),
    }
    return Template(_asset('page.html')).substitute(fields)


def _asset(name: str) -> str:
    return files('ship_det.report').joinpath(name).read_text(encoding='utf-8')


def _subtitle(content: Content) -> str:
    main = content.runs[0].main
    return (
        f'Rotated ship detection on {_count(main.num_images, "image")}, '
        f'{_count(len(main.classes), "class", "classes")}; a detection is right when '
        f'its class is right and its skew IoU is {_words(main.min_iou)} {main.iou_threshold:g}.'
    )


def _count(number: int, one: str, several: str = '') -> str:
    return f'{number:,d} {one if number == 1 else several or one + "s"}'


def _words(min_iou: str) -> str:
    return 'larger than' if min_iou == '>' else 'at least'


def _run_control(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return ''
    return f'<label>Run <select id="run-filter">{_options([run.name for run in runs])}</select></label>'


def _options(names: Sequence[str]) -> str:
    return ''.join(f'<option value="{index}">{escape(name)}</option>' for index, name in enumerate(names))


def _section(title: str, body: str, note: str = '') -> str:
    note = f'<p class="note">{note}</p>' if note else ''
    return f'<section><h2>{escape(title)}</h2>{note}{body}</section>'


def _chart(content: Content, name: str, alt: str) -> str:
    """An image of a chart, nothing where it was not drawn."""
    if name not in content.charts:
        return ''
    chart = content.charts[name]
    data = base64.b64encode(chart.svg).decode('ascii')
    image = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}">'
    return f'<figure class="chart" style="max-width:{chart.width}px">{image}</figure>'


def _each_run(content: Content, render: Callable[[int], str]) -> str:
    """What ``render`` makes of each run, of which the page shows the chosen one."""
    if len(content.runs) == 1:
        return render(0)
    return ''.join(
        f'<div data-run="{index}"><h3>{escape(run.name)}</h3>{render(index)}</div>'
        for index, run in enumerate(content.runs)
    )


def _overview(content: Content) -> str:
    return _each_run(content, lambda index: _figures(content, content.runs[index])) + _section(
        'What was evaluated',
        '<dl class="facts">'
        + ''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in content.facts)
        + '</dl>',
    )


def _figures(content: Content, run: Run) -> str:
    main = run.main
    ships = sum(one.num_ground_truths for one in main.classes.values())
    shown = int((run.detections.scores >= main.score_threshold).sum())
    figures = [(f'mAP@{iou:g}', f'{result.mean_ap:.3f}') for iou, result in run.results.items()]
    score = f'at score {main.score_threshold:g}'
    if run.scenes is not None:
        figures += [(f'mAP@{iou:g} on whole scenes', f'{result.mean_ap:.3f}') for iou, result in run.scenes[1].items()]
        of_scenes = run.scenes[1][main.iou_threshold]
        if of_scenes.searched is not None:
            rate = format_rate(of_scenes.searched.rate(of_scenes.num_false_alarms))
            figures.append((f'false alarms/{of_scenes.searched.unit} on whole scenes {score}', rate))
    figures += [
        (f'mean precision {score}', f'{main.mean(lambda one: one.precision):.3f}'),
        (f'mean recall {score}', f'{main.mean(lambda one: one.recall):.3f}'),
        (f'mean Gmean {score}', f'{main.mean(lambda one: one.gmean):.3f}'),
        ('test images', f'{main.num_images:,d}'),
        ('ships to find', f'{ships:,d}'),
        (f'detections {score}', f'{shown:,d}'),
    ]
    boxes = [
        f'<div class="figure{" main" if place == 0 else ""}"><b>{value}</b><span>{escape(name)}</span></div>'
        for place, (name, value) in enumerate(figures)
    ]
    return f'<div class="figures">{"".join(boxes)}</div>'


def _comparison(content: Content) -> str:
    if len(content.runs) == 1:
        return ''
    table = comparison_table(content.runs, content.labeled.classes, content.training)
    note = f'AP at IoU {content.runs[0].main.iou_threshold:g}; differences are to {escape(content.runs[0].name)}.'
    return _section('Runs side by side', table, note)


def _classes(content: Content) -> str:
    main = content.runs[0].main
    tables = _each_run(
        content, lambda index: class_table(content.runs[index], content.labeled.classes, content.training)
    )
    note = (
        f'AP is {_AP_MODES[main.ap_mode]}. Precision, recall, F1 and Gmean count the detections of score '
        f'{main.score_threshold:g} or more; best F1 is at the score that is best for the class on these very images, '
        'so it flatters. Click a heading to sort, a class to filter the pictures below.'
    )
    absent = [name for name, one in main.classes.items() if not one.num_ground_truths]
    if absent:
        note += f' No ground truth, so no AP and not in the mean: {escape(", ".join(absent))}.'
    tail = ''
    # Head, middle and tail are a third of the classes each.
    if content.training is not None and len(content.labeled.classes) >= 3:
        tail = '<h3>Does the tail get better?</h3>'
        tail += f'<p class="note">{_imbalance(content.training)}</p>'
        tail += tail_table(content.runs, content.labeled.classes, content.training)
    charts = _chart(content, 'class_histogram', 'instances of each class and AP')
    by_count = _chart(content, 'ap_by_count', 'AP over training instances')
    by_size = _chart(content, 'ap_by_size', 'mean AP by object size')
    body = f'{tables}{charts}{tail}<div class="charts">{by_count}{by_size}</div>'
    return _section('Classes', body, note)


def _scenes(content: Content) -> str:
    """Figures of the scenes that the detections of chips were merged into."""
    tables = []
    for run in content.runs:
        if run.scenes is None:
            return ''
        merged, results = run.scenes
        notes = f'<p class="note">{escape(" ".join(merged.notes()))}</p>'
        tables.append(notes + class_table(replace(run, results=results), content.labeled.classes, content.training))
    main = content.runs[0].main
    note = (
        'The detections of the test images put back where the images were cut from, merged and compared with the '
        f'labels of the scenes; figures as above, at score {main.score_threshold:g} or more. A false alarm is a '
        f'detection that is not right at IoU {main.iou_threshold:g}.'
    )
    return _section('Whole scenes', _each_run(content, lambda index: tables[index]), note)


_AP_MODES = {
    '11points': 'the mean of the interpolated precision at recall 0, .1, ... 1',
    'area': 'the area under the interpolated precision',
}


def _imbalance(training: NDArray[np.int64]) -> str:
    present = training[training > 0]
    if len(present) < 2:
        return 'Fewer than two classes occur in training.'
    return (
        f'Training set: {int(training.sum()):,d} instances, imbalance ratio {imbalance_ratio(present):.3g}, '
        f'imbalance degree {imbalance_degree(present):.3f}.'
    )


def _training(content: Content) -> str:
    chart = _chart(content, 'curves', 'training curves')
    return _section('Training', chart, 'Faint: as logged. Strong: running mean.') if chart else ''


def _curves(content: Content) -> str:
    curves = _chart(content, 'pr_curves', 'precision over recall of each class')
    scores = _each_run(
        content, lambda index: _chart(content, f'scores_{index}', 'scores of right and wrong detections of each class')
    )
    note = 'Logarithmic counts. The dotted line is the score from which detections count.'
    return _section('Precision and recall', curves) + _section('Scores of right and wrong detections', scores, note)


def _confusion(content: Content) -> str:
    main = content.runs[0].main
    note = (
        f'Detections of score {main.score_threshold:g} or more; the colour is the share of the row, for false alarms '
        'that of the column. The column '
        '<i>background</i> holds the ships that were missed, the row <i>background</i> the false alarms. A detection '
        f'that overlaps a ship of another class by more than IoU {main.iou_threshold:g} is a confusion.'
    )
    body = _each_run(content, lambda index: _chart(content, f'confusion_{index}', 'confusion matrix'))
    return _section('Confusion matrix', body, note)


def _legend() -> str:
    entries = [
        f'<span><svg viewBox="0 0 32 16"><polygon class="{kind}" points="4,4 28,4 28,12 4,12"/></svg>{text}</span>'
        for kind, text in _LEGEND
    ]
    return f'<div class="legend">{"".join(entries)}</div>'


def _gallery(content: Content) -> str:
    cards = content.gallery.chips
    if not cards:
        return ''
    note = (
        f'{len(cards)} of {_count(len(content.labeled.images), "image")}: those with the most ships, and every class. '
        'The bar at the top filters by class and score; click a picture to enlarge it.'
    )
    empty = '<p class="empty" hidden>No picture shown here has a ship or a detection of this class.</p>'
    return _section('Test chips', f'{_legend()}<div><div class="cards chips">{"".join(cards)}</div>{empty}</div>', note)


def _mistakes(content: Content) -> str:
    groups = []
    for label, name in enumerate(content.labeled.classes):
        cards = content.gallery.mistakes[name]
        if cards:
            tallies = _each_tally(content, label)
            pictures = f'<div class="cards mistakes">{"".join(cards)}</div>'
            groups.append(f'<div class="group"><h3>{escape(name)}</h3>{tallies}{pictures}</div>')
    kinds = [('', 'all'), ('miss', 'misses'), ('false alarm', 'false alarms'), ('confusion', 'confusions')]
    buttons = ''.join(f'<button data-choose-kind="{kind}" aria-pressed="false">{text}</button>' for kind, text in kinds)
    note = (
        'The worst of each class: ships missed with the least overlap, the largest first; false alarms and confusions '
        'of the highest score. The box in question is drawn strong.'
    )
    empty = '<p class="empty" hidden>No such mistake.</p>'
    choice = f'<div class="legend"><span class="buttons">{buttons}</span></div>'
    body = f'{choice}{_legend()}<div>{"".join(groups)}{empty}</div>'
    return _section('Mistakes', body, note)


def _each_tally(content: Content, label: int) -> str:
    """How many mistakes of each kind a class has, from the confusion matrix."""
    texts = []
    for index, analysis in enumerate(content.analyses):
        matrix = analysis.confusion
        missed, alarms = int(matrix[label, -1]), int(matrix[-1, label])
        confused = int(matrix[label, :-1].sum() - matrix[label, label])
        text = f'Ships: {matrix[label].sum()}, of these missed {missed}, taken for another class {confused}'
        run = f' data-run="{index}"' if len(content.runs) > 1 else ''
        texts.append(f'<p class="note"{run}>{text}. False alarms: {alarms}.</p>')
    return ''.join(texts)
