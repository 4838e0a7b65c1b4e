"""The outcome of an evaluation: figures of each class, their means, and both as a table or as JSON."""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from ship_det.evaluation.curves import ApMode, OperatingPoint, PrecisionRecallCurve
from ship_det.evaluation.instances import GroundTruthForm
from ship_det.evaluation.matching import Matches, MinIoU
from ship_det.progress import count_noun

_POINTS = ('at_score', 'best_f1')
_FIGURES = {'precision': 'P', 'recall': 'R', 'f1': 'F1', 'gmean': 'Gmean'}


@dataclass(frozen=True)
class ClassResult:
    """Figures of one class.

    ``precision``, ``recall``, ``f1`` and ``gmean`` are those of ``at_score``.

    Attributes:
        ap: average precision; nan without ground truth.
        num_ground_truths: objects to be found, without the difficult ones.
        num_difficult: difficult objects.
        num_detections: all detections, the ignored ones included.
        curve: precision and recall of the detections that are not ignored.
        at_score: figures at the score threshold given to the evaluation.
        best_f1: figures at the score with the best F1 of this class. It is chosen on the images it is measured on,
            so it flatters.
        num_ignored: detections that count neither as right nor as wrong, on difficult objects or in ignore regions.
    """

    ap: float
    num_ground_truths: int
    num_difficult: int
    num_detections: int
    curve: PrecisionRecallCurve
    at_score: OperatingPoint
    best_f1: OperatingPoint
    num_ignored: int = 0

    precision = property(attrgetter('at_score.precision'))
    recall = property(attrgetter('at_score.recall'))
    f1 = property(attrgetter('at_score.f1'))
    gmean = property(attrgetter('at_score.gmean'))


@dataclass(frozen=True)
class SearchedArea:
    """How much was searched for ships.

    Attributes:
        megapixels: million px.
        km2: the same on the ground, km2; None where the ground sampling distance is not known.
    """

    megapixels: float
    km2: float | None = None

    @property
    def unit(self) -> str:
        """What ``rate`` counts in."""
        return 'Mpx' if self.km2 is None else 'km2'

    def rate(self, count: int) -> float:
        """A count for each km2, or for each megapixel where those are not known."""
        return count / (self.megapixels if self.km2 is None else self.km2)


@dataclass(frozen=True)
class EvaluationResult:
    """Figures of all classes at one IoU threshold, and the choices they depend on.

    Attributes:
        classes: result of each class by name, in the order of the classes.
        num_images: images evaluated.
        iou_threshold: overlap a right detection needs.
        min_iou: '>' where it needs more than the threshold, '>=' where the threshold is enough.
        ap_mode: '11points' or 'area'.
        score_threshold: of ``at_score``.
        num_ignore_regions: ignore regions without a class in all images.
        searched: area that the images show, each place once; None where that is not asked.
        ground_truth: what detections were compared with, 'quads' as labelled or 'rectangles'.
        matches: the detections and objects of all images, and which detections are right.
    """

    classes: Mapping[str, ClassResult]
    num_images: int
    iou_threshold: float
    min_iou: MinIoU
    ap_mode: ApMode
    score_threshold: float
    matches: Matches = field(compare=False, repr=False)
    num_ignore_regions: int = 0
    searched: SearchedArea | None = None
    ground_truth: GroundTruthForm = 'quads'

    @property
    def num_false_alarms(self) -> int:
        """Detections of all classes that are wrong at the score threshold: on no object, or not well enough on it."""
        return sum(of_class.at_score.false_positives for of_class in self.classes.values())

    @property
    def num_ignored(self) -> int:
        """Detections of all classes that count neither as right nor as wrong."""
        return self._total('num_ignored')

    @property
    def mean_ap(self) -> float:
        """Mean AP of the classes with ground truth; nan if there is none."""
        return self.mean(attrgetter('ap'))

    def mean(self, figure: Callable[[ClassResult], float]) -> float:
        """Mean of a figure over the classes with ground truth; nan if there is none.

        Example: ``result.mean(operator.attrgetter('best_f1.gmean'))``.
        """
        values = [figure(of_class) for of_class in self.classes.values() if of_class.num_ground_truths]
        return math.fsum(values) / len(values) if values else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Everything but the curves, for JSON: nan is None."""
        choices = {key: value for key, value in vars(self).items() if key not in ('classes', 'searched', 'matches')}
        choices['num_false_alarms'] = self.num_false_alarms
        if self.searched is not None:
            known = self.searched.km2 is not None
            choices['searched'] = asdict(self.searched)
            choices['false_alarms_per_km2'] = self.searched.rate(self.num_false_alarms) if known else None
        means = {point: {name: self._mean_at(point, name) for name in _FIGURES} for point in _POINTS}
        classes = {}
        for name, of_class in self.classes.items():
            classes[name] = {key: value for key, value in vars(of_class).items() if key != 'curve'}
            classes[name].update({point: asdict(getattr(of_class, point)) for point in _POINTS})
        return _without_nan({**choices, 'mean_ap': self.mean_ap, 'mean': means, 'classes': classes})

    def table(self, noun: str = 'image') -> str:
        """All figures as text, one line a class; ``noun`` is what the title calls an image."""
        images = count_noun(self.num_images, noun)
        table = Table(
            title=f'AP ({self.ap_mode}) with IoU {self.min_iou} {self.iou_threshold:g}, {images}',
            caption=self._notes(),
            caption_justify='left',
            box=box.ASCII2,
        )
        table.add_column('class')
        at_score = [f'{header}\n@{self.score_threshold:g}' for header in _FIGURES.values()]
        best = [f'{header}\n@best' for header in _FIGURES.values()]
        alarms = [f'false alarms\n/{self.searched.unit} @{self.score_threshold:g}'] if self.searched else []
        for header in ('objects', 'detections', 'AP', *at_score, *best, 'score\n@best', *alarms):
            table.add_column(header, justify='right')
        for name, of_class in self.classes.items():
            values = [getattr(getattr(of_class, point), figure) for point in _POINTS for figure in _FIGURES]
            texts = (f'{value:.4f}' for value in (of_class.ap, *values, of_class.best_f1.score))
            rate = self._rate(of_class.at_score.false_positives)
            table.add_row(name, str(of_class.num_ground_truths), str(of_class.num_detections), *texts, *rate)
        table.add_section()
        objects, detections = self._total('num_ground_truths'), self._total('num_detections')
        values = [self._mean_at(point, figure) for point in _POINTS for figure in _FIGURES]
        means = (f'{value:.4f}' for value in (self.mean_ap, *values))
        table.add_row('mean', str(objects), str(detections), *means, '', *self._rate(self.num_false_alarms))
        text = io.StringIO()
        # Far wider than any table, so that nothing is cut off; a class may be called [red] or :ship:.
        Console(file=text, width=1000, color_system=None, markup=False, emoji=False).print(table)
        return '\n'.join(line.rstrip() for line in text.getvalue().splitlines())

    def _rate(self, count: int) -> list[str]:
        """The cell of some false alarms, where the table has such a column."""
        return [format_rate(self.searched.rate(count))] if self.searched else []

    def _mean_at(self, point: str, figure: str) -> float:
        return self.mean(attrgetter(f'{point}.{figure}'))

    def _total(self, count: str) -> int:
        return sum(getattr(of_class, count) for of_class in self.classes.values())

    def _notes(self) -> str:
        notes = [
            'Ground truth: quads as labelled.' if self.ground_truth == 'quads' else 'Ground truth: rectangles.',
            f'@{self.score_threshold:g}: detections of this score or more.',
            '@best: the score with the best F1 of the class on these very images.',
            f'False alarms @{self.score_threshold:g}, detections that are not right: {self.num_false_alarms}, '
            f'{format_rate(self.num_false_alarms / max(self.num_images, 1))} an image.',
        ]
        absent = [name for name, of_class in self.classes.items() if not of_class.num_ground_truths]
        if absent:
            notes.append(f'No ground truth, so AP nan and out of the mean: {", ".join(absent)}.')
        difficult = self._total('num_difficult')
        if difficult:
            notes.append(f'{count_noun(difficult, "difficult object")}, neither found nor missed.')
        if self.num_ignore_regions:
            notes.append(f'{count_noun(self.num_ignore_regions, "ignore region")} without a class.')
        if self.num_ignored:
            notes.append(f'{count_noun(self.num_ignored, "detection")} there, neither right nor wrong.')
        return '\n'.join(notes)


def format_rate(rate: float) -> str:
    """A rate of false alarms as text: three digits, and no power of ten."""
    return f'{rate:.3g}' if rate < 100 else f'{rate:.0f}'


def _without_nan(value: Any) -> Any:
    """Nested dictionaries with None for nan, which JSON has not."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
