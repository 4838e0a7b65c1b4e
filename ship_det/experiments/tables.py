"""Tables of results in Markdown, and how a mean or median with its interval is written in them."""

import math
from collections.abc import Iterable, Iterator, Sequence

from ship_det.experiments.statistics import Estimate


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> Iterator[str]:
    """Lines of a table: heads, then rows of cells. The first columns are names; numbers are aligned to the right."""
    yield '|' + '|'.join(f' {head} ' if head else ' ' for head in heads) + '|'
    yield '|' + '---|' * names + '--:|' * (len(heads) - names)
    for cells in rows:
        yield f'| {" | ".join(cells)} |'


def format_estimate(found: Estimate | None, form: str = '.3f') -> str:
    """A mean as ``0.512 ± 0.013``, a median as ``median 0.512 (0.490 to 0.530)``, without an interval the number alone.

    Args:
        found: what is written; nothing is for None, and for the mean of no trial.
        form: of the numbers; with a sign, as in ``+.3f``, for differences.
    """
    if found is None or math.isnan(found.center):
        return ''
    text = f'median {found.center:{form}}' if found.is_median else f'{found.center:{form}}'
    if math.isnan(found.low):
        return text
    if found.is_median:
        return f'{text} ({found.low:{form}} to {found.high:{form}})'
    return f'{text} ± {found.margin:{form.lstrip("+")}}'


def format_p_value(value: float) -> str:
    """A p value with two digits; nothing for NaN."""
    return '' if math.isnan(value) else f'{value:.2g}'
