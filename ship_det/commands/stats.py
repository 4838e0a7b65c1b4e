"""Counts, imbalance and sizes of the objects in a folder of DOTA labels.

Prints instances, share and CI loss factor f of each class, imbalance ratio (rho) and degree (lambda), lengths, widths
and aspect ratios of the rotated boxes. Objects marked difficult are ignored in training and are counted apart.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.cli import split_names
from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

    from ship_det.imbalance import ImbalanceSummary


@dataclass
class LabelStatistics:
    """What a folder of labels holds.

    Attributes:
        summary: counts, factors, ratio and degree of the classes.
        lengths: (N,) long sides of each class's boxes, px; difficult objects left out.
        widths: (N,) short sides, px.
        difficult: number of difficult objects of each class.
        files: number of label files.
        empty_files: how many of them have no object.
    """

    summary: 'ImbalanceSummary'
    lengths: dict[str, 'np.ndarray']
    widths: dict[str, 'np.ndarray']
    difficult: dict[str, int]
    files: int
    empty_files: int


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('labels', metavar='LABELS', help='data set folder, or one of DOTA labels')
    parser.add_argument(
        '--classes', metavar='A,B', default='', help='class names in order; default: those found, most first'
    )
    parser.add_argument('--plot', metavar='PNG', help='draw the long tail, the sizes and the aspect ratios')
    parser.add_argument('--json', metavar='FILE', help='write the figures as JSON')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from rich.console import Console

    classes = split_names('--classes', args.classes)
    if args.plot and Path(args.plot).suffix.lower() != '.png':
        raise ValueError(f'--plot: found {args.plot}, expected a name ending in .png')
    statistics = read_statistics(Path(args.labels), classes or None)
    # A class may be called [red] or :ship:.
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 100
    console.print(table(statistics))
    summary = statistics.summary
    print(
        f'{count_noun(summary.counts.sum(), "instance")} and '
        f'{count_noun(sum(statistics.difficult.values()), "difficult object")} in '
        f'{count_noun(statistics.files, "file")}, {statistics.empty_files} of them without objects'
    )
    print(f'imbalance ratio (rho) {summary.ratio:.4g}, imbalance degree (lambda) {summary.degree:.4f}')
    if summary.advice:
        print(summary.advice)
    if summary.absent:
        print(f'no instance of: {", ".join(summary.absent)} (f = 1, left out of rho and lambda)')
    if args.json:
        from ship_det.files import write_text

        write_text(args.json, json.dumps(as_dict(statistics), indent=2) + '\n')
    if args.plot:
        from ship_det.drawing.chart_style import save_chart, styled

        save_chart(styled(draw)(statistics), Path(args.plot))


def read_statistics(folder: Path, classes: list[str] | None) -> LabelStatistics:
    """Read the labels of a data set's images, or all label files of a folder.

    Raises:
        ValueError: naming the file, if there is none or a malformed one, a class is not one of ``classes``, or no
            object is an instance.
    """
    import numpy as np

    from ship_det.annotations import read_dota
    from ship_det.annotations.dota import UnknownClassError
    from ship_det.annotations.dota_folder import find_label_files
    from ship_det.geometry import quad_to_rbox
    from ship_det.imbalance import summarize

    files = find_label_files(folder)
    quads: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    difficult: defaultdict[str, int] = defaultdict(int)
    empty_files = 0
    with progress_bar('reading labels', len(files)) as show:
        for done, file in enumerate(files, start=1):
            try:
                objects = read_dota(file, classes)
            except UnknownClassError as error:
                raise ValueError(f'{error}; without --classes all that are found count') from error
            empty_files += not objects
            for item in objects:
                if item.difficult:
                    difficult[item.name] += 1
                else:
                    quads[item.name].append(item.quad)
            show(done)
    if not quads:
        found = count_noun(sum(difficult.values()), 'object')
        raise ValueError(f'{folder}: found {found}, all difficult, expected an instance')
    names = classes or sorted(quads | difficult, key=lambda name: (-len(quads[name]), name))
    boxes = {name: quad_to_rbox(np.array(quads[name]).reshape(-1, 4, 2)) for name in names}
    return LabelStatistics(
        summary=summarize(names, [len(quads[name]) for name in names]),
        lengths={name: boxes[name][:, 2] for name in names},
        widths={name: boxes[name][:, 3] for name in names},
        difficult={name: difficult[name] for name in names},
        files=len(files),
        empty_files=empty_files,
    )


def table(statistics: LabelStatistics) -> 'Table':
    """A row a class: instances, share, factor f, difficult ones and median sizes, px."""
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD)
    result.add_column('class')
    for heading in ('count', 'share', 'f', 'difficult', 'length', 'width', 'aspect'):
        result.add_column(heading, justify='right')
    summary = statistics.summary
    for name, count, share, factor in zip(
        summary.classes, summary.counts, summary.shares, summary.factors, strict=True
    ):
        lengths, widths = statistics.lengths[name], statistics.widths[name]
        result.add_row(
            name,
            f'{count}',
            f'{share:.2%}',
            f'{factor:.3f}',
            f'{statistics.difficult[name]}',
            median(lengths, '.0f'),
            median(widths, '.0f'),
            median(lengths / widths, '.1f'),
        )
    result.caption = 'medians of length and width in px and of length over width'
    return result


def median(values: 'np.ndarray', form: str) -> str:
    """The median in a format; - where there is no value."""
    import numpy as np

    return format(np.median(values), form) if len(values) else '-'


def as_dict(statistics: LabelStatistics) -> dict:
    """The figures for JSON: of each class its count, share, factor and difficult objects, its boxes' sizes in px."""
    summary = statistics.summary
    classes = {
        name: {
            'count': int(summary.counts[index]),
            'share': float(summary.shares[index]),
            'factor': float(summary.factors[index]),
            'difficult': statistics.difficult[name],
            'length': quantiles(statistics.lengths[name]),
            'width': quantiles(statistics.widths[name]),
            'aspect_ratio': quantiles(statistics.lengths[name] / statistics.widths[name]),
        }
        for index, name in enumerate(summary.classes)
    }
    return {
        'files': statistics.files,
        'empty_files': statistics.empty_files,
        'imbalance_ratio': summary.ratio,
        'imbalance_degree': summary.degree,
        'classes': classes,
    }


def quantiles(values: 'np.ndarray') -> dict[str, float] | None:
    """Least, middle and largest value; None where there is none."""
    import numpy as np

    if not len(values):
        return None
    return dict(zip(('min', 'median', 'max'), map(float, np.quantile(values, (0, 0.5, 1))), strict=True))


def draw(statistics: LabelStatistics) -> 'Figure':
    """The long tail (Fig. 6 of the CI loss paper), box lengths and aspect ratios of each class, most first."""
    import numpy as np
    from matplotlib.figure import Figure

    from ship_det.drawing.chart_style import written

    summary = statistics.summary
    order = [summary.classes[index] for index in np.argsort(-summary.counts, kind='stable')]
    figure = Figure(figsize=(max(7, 2.5 + 0.45 * len(order)), 9), layout='constrained')
    bars, lengths, ratios = figure.subplots(3, 1, sharex=True)
    draw_bars(bars, summary, order)
    shapes = {name: statistics.lengths[name] / statistics.widths[name] for name in order}
    for axes, title, unit, values in (
        (lengths, 'Length of the boxes', 'long side (px, log scale)', statistics.lengths),
        (ratios, 'Shape of the boxes', 'length / width (log scale)', shapes),
    ):
        draw_spreads(axes, [values[name] for name in order])
        axes.set(title=title, ylabel=unit)
    ratios.set_xlabel('class, most frequent first; a box holds the middle half, its line is the median')
    ratios.set_xticks(range(len(order)), [written(name) for name in order], rotation=40, ha='right')
    return figure


def draw_bars(axes: 'Axes', summary: 'ImbalanceSummary', order: list[str]) -> None:
    """Instances of each class and its factor f, on a log scale."""
    from ship_det.drawing.chart_style import BARS, plain_log_ticks

    index = {name: i for i, name in enumerate(summary.classes)}
    counts = [int(summary.counts[index[name]]) for name in order]
    axes.bar(range(len(order)), [max(count, 0.5) for count in counts], color=BARS, width=0.72)
    axes.set(yscale='log', ylim=(0.5, max(counts) * 4))
    plain_log_ticks(axes.yaxis)
    for place, (name, count) in enumerate(zip(order, counts, strict=True)):
        text = f'{count}\nf = {summary.factors[index[name]]:.2f}'
        axes.text(place, max(count, 0.5) * 1.1, text, ha='center', va='bottom', fontsize=7)
    axes.grid(axis='x', visible=False)
    axes.set_ylabel('objects (log scale)')
    axes.set_title(
        'Objects of each class, and its weight f in CI loss\n'
        f'(imbalance ratio {summary.ratio:.4g}, degree {summary.degree:.3f})'
    )


def draw_spreads(axes: 'Axes', values: list['np.ndarray']) -> None:
    """A box plot of the values of each class, on a log scale."""
    from ship_det.drawing.chart_style import INK, RIGHT, plain_log_ticks

    shown = [place for place, sample in enumerate(values) if len(sample)]
    line = {'color': INK, 'linewidth': 1}
    axes.boxplot(
        [values[place] for place in shown],
        positions=shown,
        widths=0.5,
        medianprops={'color': RIGHT},
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        flierprops={'marker': '.', 'markersize': 2, 'markeredgecolor': INK},
    )
    axes.set_yscale('log')
    plain_log_ticks(axes.yaxis)
    axes.grid(axis='x', visible=False)
