"""Tables of finished trials: means with intervals, and each loss against the baseline in pairs of the same seed."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ship_det.recognition.experiment import METRIC_NAMES, Experiment
from ship_det.recognition.statistics import Estimate, estimate, paired_p_value
from ship_det.recognition.trials import TrialFile

Record = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One loss in one setting.

    Attributes:
        setting: its name.
        label: name of the loss.
        records: its trials.
        gain: mean difference from the baseline in the experiment's metric; None for the baseline.
        p_value: of the paired t test of that difference, without correction for the number of tests.
        seconds: time of all its trials, with those of every parameter tried where it is a tuned loss.
    """

    setting: str
    label: str
    records: Sequence[Record]
    gain: Estimate | None
    p_value: float
    seconds: float

    def mean(self, metric: str) -> Estimate:
        """Mean of a score over the trials."""
        return estimate([record[metric] for record in self.records])


def rows_of(experiment: Experiment, finished: TrialFile, settings: Iterable[str], losses: Sequence[str]) -> list[Row]:
    """Rows of the settings and losses that have trials, in that order; tuned losses last."""
    rows = []
    for setting in settings:
        by_loss = {loss: _trials(finished, setting, loss) for loss in losses}
        baseline = _trials(finished, setting, experiment.baseline)
        for loss, records in by_loss.items():
            if records:
                others = None if loss == experiment.baseline else baseline
                rows.append(_row(setting, loss, records, others, experiment.metric))
        for name, members in experiment.tuned.items():
            done = [by_loss[member] for member in members if by_loss.get(member)]
            if done:
                best = max(done, key=lambda records: estimate([r[experiment.metric] for r in records]).mean)
                seconds = sum(record['seconds'] for records in done for record in records)
                rows.append(_row(setting, f'{name}: {best[0]["loss"]}', best, baseline, experiment.metric, seconds))
    return rows


def _trials(finished: TrialFile, setting: str, loss: str) -> list[Record]:
    return [finished.records[key] for key in sorted(finished.records) if key[:2] == (setting, loss)]


def _row(
    setting: str,
    label: str,
    records: Sequence[Record],
    baseline: Sequence[Record] | None,
    metric: str,
    seconds: float | None = None,
) -> Row:
    total = sum(record['seconds'] for record in records) if seconds is None else seconds
    by_seed = {record['seed']: record[metric] for record in baseline or ()}
    pairs = [(record[metric], by_seed[record['seed']]) for record in records if record['seed'] in by_seed]
    if not pairs:
        return Row(setting, label, records, None, math.nan, total)
    gain = estimate([ours - theirs for ours, theirs in pairs])
    ours, theirs = zip(*pairs, strict=True)
    return Row(setting, label, records, gain, paired_p_value(ours, theirs), total)


def table(experiment: Experiment, rows: Sequence[Row]) -> str:
    """Rows as a Markdown table; scores in percent, with 95 % intervals."""
    return '\n'.join(_lines(experiment, rows))


def _lines(experiment: Experiment, rows: Sequence[Row]) -> Iterator[str]:
    name = METRIC_NAMES[experiment.metric]
    yield f'| setting | loss | trials | accuracy | {name} over {experiment.baseline} | p | G-mean | AUC | time, s |'
    yield '|---|---|---|---|---|---|---|---|---|'
    for row in rows:
        diverged = sum(record['train_loss'] is None for record in row.records)
        cells = [
            row.setting,
            row.label,
            f'{len(row.records)}' + (f' ({diverged} diverged)' if diverged else ''),
            _percent(row.mean('accuracy')),
            '' if row.gain is None else _percent(row.gain, signed=True),
            '' if math.isnan(row.p_value) else f'{row.p_value:.2g}',
            _percent(row.mean('gmean')),
            _percent(row.mean('auc')),
            f'{row.seconds:.0f}',
        ]
        yield f'| {" | ".join(cells)} |'


def _percent(value: Estimate, signed: bool = False) -> str:
    number = f'{100 * value.mean:{"+" if signed else ""}.2f}'
    return number if math.isnan(value.margin) else f'{number} ± {100 * value.margin:.2f}'
