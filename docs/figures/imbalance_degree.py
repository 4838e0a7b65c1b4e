"""Three sets of class counts with one imbalance ratio and three imbalance degrees, and the factor f of each class.

python docs/figures/imbalance_degree.py     # writes imbalance_degree.png beside this file
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ship_det.drawing.chart_style import run_color, save_chart, styled
from ship_det.imbalance import class_factors, imbalance_degree, imbalance_ratio

COUNTS = [10, 50, 50, 50, 50], [10, 20, 30, 40, 50], [10, 10, 10, 10, 50]


def main() -> None:
    save_chart(draw(), Path(__file__).with_suffix('.png'))


@styled
def draw() -> Figure:
    figure = Figure(figsize=(10, 2.9), layout='constrained')
    for axes, counts in zip(figure.subplots(1, 3, sharey=True), COUNTS, strict=True):
        draw_counts(axes, counts)
    return figure


def draw_counts(axes: Axes, counts: list[int]) -> None:
    """A bar a class, with its f above it."""
    bars = axes.bar(range(1, len(counts) + 1), counts, color=run_color(0))
    axes.bar_label(bars, [f'f {factor:.2f}' for factor in class_factors(counts)], padding=2, fontsize=9)
    axes.set(
        title=f'ratio {imbalance_ratio(counts):g}, degree {imbalance_degree(counts):.2f}',
        xlabel='class',
        ylim=(0, 60),
        xticks=range(1, len(counts) + 1),
    )
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel('training ships')


if __name__ == '__main__':
    main()
