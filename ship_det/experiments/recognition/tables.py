"""Tables of finished trials: scores with intervals, and each loss against the baseline in pairs of the same seed.

Scores are means with t intervals and paired t tests, but where a G-mean of the loss or of the baseline is 0: a single
class that is never found then decides a mean, so medians, order statistics and Wilcoxon's signed-rank test stand there.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ship_det.experiments.recognition.experiment import METRIC_NAMES, Experiment
from ship_det.experiments.recognition.trials import TrialFile
from ship_det.experiments.statistics import (
    Estimate,
    MedianEstimate,
    estimate,
    estimate_median,
    paired_p_value,
    paired_rank_p_value,
)

Record = dict[str, Any]
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
        records: its trials.
        baseline: those of the baseline; none where the loss is the baseline.
        metric: the experiment's, that of the gain.
        seconds: time of all its trials, with those of every parameter tried where it is a tuned loss.
    """

    setting: str
    label: str
    records: Sequence[Record]
    baseline: Sequence[Record]
    metric: str
    seconds: float

    def by_median(self, metric: str) -> bool:
        """Whether a score is shown by its median: a G-mean that is 0 in a trial of the loss or of the baseline."""
        return metric == 'gmean' and _has_zero(metric, self.records, self.baseline)

    def score(self, metric: str) -> Estimate | MedianEstimate:
        """Mean or median of a score over the trials."""
        return _center(_values(self.records, metric), self.by_median(metric))

    @property
    def gain(self) -> Estimate | MedianEstimate | None:
        """Mean or median of the paired differences from the baseline; None where there is no pair."""
        ours, theirs = self._pairs(self.metric)
        differences = [mine - other for mine, other in zip(ours, theirs, strict=True)]
        return _center(differences, self.by_median(self.metric)) if differences else None

    @property
    def p_value(self) -> float:
        """p of the gain."""
        return self.paired_test(self.metric)

    def paired_test(self, metric: str) -> float:
        """p of the loss against the baseline, without correction for the number of tests; NaN below two pairs."""
        test = paired_rank_p_value if self.by_median(metric) else paired_p_value
        return test(*self._pairs(metric))

    def _pairs(self, metric: str) -> tuple[list[float], list[float]]:
        by_seed = {record['seed']: record[metric] for record in self.baseline}
        paired = [record for record in self.records if record['seed'] in by_seed]
        return _values(paired, metric), [by_seed[record['seed']] for record in paired]


def rows_of(experiment: Experiment, finished: TrialFile, settings: Iterable[str], losses: Sequence[str]) -> list[Row]:
    """Rows of the settings and losses that have trials, in that order; tuned losses last."""
    rows = []
    metric = experiment.metric
    for setting in settings:
        by_loss = {loss: _trials(finished, setting, loss) for loss in losses}
        baseline = _trials(finished, setting, experiment.baseline)
        for loss, records in by_loss.items():
            if records:
                others = [] if loss == experiment.baseline else baseline
                rows.append(Row(setting, loss, records, others, metric, _seconds(records)))
        for name, members in experiment.tuned.items():
            done = [by_loss[member] for member in members if by_loss.get(member)]
            if done:
                best = _best(done, metric)
                seconds = sum(map(_seconds, done))
                rows.append(Row(setting, f'{name}: {best[0]["loss"]}', best, baseline, metric, seconds))
    return rows


def _trials(finished: TrialFile, setting: str, loss: str) -> list[Record]:
    return [finished.records[key] for key in sorted(finished.records) if key[:2] == (setting, loss)]


def _best(candidates: Sequence[Sequence[Record]], metric: str) -> Sequence[Record]:
    """The candidate with the best mean, or median, of the metric."""
    by_median = metric == 'gmean' and _has_zero(metric, *candidates)
    return max(candidates, key=lambda records: _center(_values(records, metric), by_median).center)


def _has_zero(metric: str, *groups: Sequence[Record]) -> bool:
    return any(record[metric] == 0 for records in groups for record in records)


def _values(records: Sequence[Record], metric: str) -> list[float]:
    return [record[metric] for record in records]


def _seconds(records: Sequence[Record]) -> float:
    return sum(_values(records, 'seconds'))


def _center(values: Sequence[float], by_median: bool) -> Estimate | MedianEstimate:
    return estimate_median(values) if by_median else estimate(values)


def table(experiment: Experiment, rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; scores in percent, with 95 % intervals over the trials, a note below on medians."""
    lines = list(_lines(experiment, rows))
    if any(row.by_median('gmean') for row in rows):
        lines += ['', _MEDIAN_NOTE]
    return '\n'.join(lines)


def _lines(experiment: Experiment, rows: Sequence[Row]) -> Iterator[str]:
    metric = experiment.metric
    gain = f'{METRIC_NAMES[metric]} over {experiment.baseline}'
    yield f'| setting | loss | trials | accuracy | {gain} | p | G-mean | AUC | time, s |'
    yield '|---|---|---|---|---|---|---|---|---|'
    for row in rows:
        diverged = sum(record['train_loss'] is None for record in row.records)
        trials = 'one training' if len(row.records) == 1 else f'{len(row.records)}'
        cells = [
            row.setting,
            row.label,
            trials + (f' ({diverged} diverged)' if diverged else ''),
            _percent(row.score('accuracy')),
            _gain(row.gain),
            _p_value(row.p_value),
            _gmean(row),
            _percent(row.score('auc')),
            f'{row.seconds:.0f}',
        ]
        yield f'| {" | ".join(cells)} |'


def _gain(gain: Estimate | MedianEstimate | None) -> str:
    if gain is None:
        return ''
    text = _percent(gain, signed=True)
    # Of several trials, the baseline may share a single seed.
    return f'{text} (one pair)' if gain.trials == 1 else text


def _gmean(row: Row) -> str:
    """The G-mean, with p of the rank test where the column of p is of another score."""
    text = _percent(row.score('gmean'))
    if row.metric == 'gmean' or not row.by_median('gmean') or math.isnan(p_value := row.paired_test('gmean')):
        return text
    return f'{text}, p {_p_value(p_value)}'


def _p_value(value: float) -> str:
    return '' if math.isnan(value) else f'{value:.2g}'


def _percent(value: Estimate | MedianEstimate, signed: bool = False) -> str:
    sign = '+' if signed else ''
    low, high = (f'{100 * end:{sign}.2f}' for end in value.interval)
    number = f'{100 * value.center:{sign}.2f}'
    if isinstance(value, MedianEstimate):
        number = f'median {number}'
        return number if math.isnan(value.low) else f'{number} ({low} to {high})'
    return number if math.isnan(value.margin) else f'{number} ± {100 * value.margin:.2f}'
