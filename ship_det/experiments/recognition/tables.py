"""Tables of finished trials: scores with intervals, and each loss against the baseline in pairs of the same seed.

Scores are means with t intervals and paired t tests, but where a G-mean of the loss or of the baseline is 0: a single
class that is never found then decides a mean, so medians, order statistics and Wilcoxon's signed-rank test stand there.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ship_det.experiments.recognition.experiment import METRIC_NAMES, Experiment
from ship_det.experiments.results import Result
from ship_det.experiments.statistics import Estimate, Gain, estimate, estimate_median, paired_gain
from ship_det.experiments.tables import format_estimate, format_p_value, markdown_table

_MEDIAN_NOTE = (
    'median: a G-mean of the loss or of the baseline is 0; the 95 % interval lies between two of the trials (it takes '
    "six), p is of Wilcoxon's signed-rank test"
)


@dataclass(frozen=True)
class Row:
    """A loss in a setting, beside the baseline's trials in the same.

    Attributes:
        setting: its name.
        label: name of the loss.
        trials: its trials.
        baseline: those of the baseline; none where the loss is the baseline.
        seconds: time of all its trials, with those of every parameter tried where it is a tuned loss.
    """

    setting: str
    label: str
    trials: Sequence[Result]
    baseline: Sequence[Result]
    seconds: float

    def by_median(self, metric: str) -> bool:
        """Whether a score is shown by its median: a G-mean that is 0 in a trial of the loss or of the baseline."""
        return _needs_median(metric, self.trials, self.baseline)

    def score(self, metric: str) -> Estimate:
        """Mean or median of a score over the trials."""
        return _center(self.trials, metric, self.by_median(metric))

    def gain(self, metric: str) -> Gain | None:
        """What the loss has over the baseline in a score; None where there is no pair."""
        ours, theirs = ({trial['seed']: trial[metric] for trial in trials} for trials in (self.trials, self.baseline))
        return paired_gain(ours, theirs, self.by_median(metric))


def make_rows(
    experiment: Experiment, finished: Iterable[Result], settings: Iterable[str], losses: Sequence[str]
) -> list[Row]:
    """Rows of the settings and losses that have trials, in that order; tuned losses last."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for trial in sorted(finished, key=lambda trial: trial['seed']):
        groups.setdefault((trial['setting'], trial['loss']), []).append(trial)
    rows = []
    for setting in settings:
        by_loss = {loss: groups[setting, loss] for loss in losses if (setting, loss) in groups}
        baseline = groups.get((setting, experiment.baseline), [])
        for loss, trials in by_loss.items():
            others = [] if loss == experiment.baseline else baseline
            rows.append(Row(setting, loss, trials, others, _sum_seconds(trials)))
        for name, members in experiment.tuned.items():
            done = [by_loss[member] for member in members if member in by_loss]
            if done:
                best = _choose_best(done, experiment.metric)
                seconds = sum(map(_sum_seconds, done))
                rows.append(Row(setting, f'{name}: {best[0]["loss"]}', best, baseline, seconds))
    return rows


def _choose_best(candidates: Sequence[Sequence[Result]], metric: str) -> Sequence[Result]:
    """The candidate with the best mean, or median, of the metric."""
    by_median = _needs_median(metric, *candidates)
    return max(candidates, key=lambda trials: _center(trials, metric, by_median).center)


def _needs_median(metric: str, *groups: Sequence[Result]) -> bool:
    return metric == 'gmean' and any(trial[metric] == 0 for trials in groups for trial in trials)


def _center(trials: Sequence[Result], metric: str, by_median: bool) -> Estimate:
    values = [trial[metric] for trial in trials]
    return estimate_median(values) if by_median else estimate(values)


def _sum_seconds(trials: Sequence[Result]) -> float:
    return sum(trial['seconds'] for trial in trials)


def make_table(experiment: Experiment, rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a table; scores in percent, with 95 % intervals over the trials, a note below on medians."""
    gain = f'{METRIC_NAMES[experiment.metric]} over {experiment.baseline}'
    heads = ['setting', 'loss', 'trials', 'accuracy', gain, 'p', 'G-mean', 'AUC', 'time, s']
    yield from markdown_table(heads, (_cells(row, experiment.metric) for row in rows), names=2)
    if any(row.by_median('gmean') for row in rows):
        yield from ('', _MEDIAN_NOTE)


def _cells(row: Row, metric: str) -> list[str]:
    diverged = sum(trial['train_loss'] is None for trial in row.trials)
    number = 'one training' if len(row.trials) == 1 else f'{len(row.trials)}'
    gain, p_value = row.gain(metric) or (None, math.nan)
    return [
        row.setting,
        row.label,
        number + (f' ({diverged} diverged)' if diverged else ''),
        _percent(row.score('accuracy')),
        # Of several trials, the baseline may share a single seed.
        _percent(gain, '+.2f') + (' (one pair)' if gain and gain.trials == 1 else ''),
        format_p_value(p_value),
        _format_gmean(row, metric),
        _percent(row.score('auc')),
        f'{row.seconds:.0f}',
    ]


def _format_gmean(row: Row, metric: str) -> str:
    """The G-mean, with p of the rank test where the column of p is of another score."""
    gain = row.gain('gmean') if metric != 'gmean' and row.by_median('gmean') else None
    p_value = format_p_value(gain.p_value) if gain else ''
    return _percent(row.score('gmean')) + (f', p {p_value}' if p_value else '')


def _percent(found: Estimate | None, form: str = '.2f') -> str:
    return format_estimate(found and found.times(100), form)
