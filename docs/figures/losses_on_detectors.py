"""CE, focal loss and CI loss on two detectors and two long tails: mAP of each training, and means with intervals.

python docs/figures/losses_on_detectors.py     # writes losses_on_detectors.png beside this file
"""

from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

from ship_det.drawing.chart_style import run_color, save_chart, styled
from ship_det.experiments.charts import draw_estimate
from ship_det.experiments.detection.lines import lines_file, result_at
from ship_det.experiments.detection.methods import METHODS
from ship_det.experiments.statistics import estimate

LINES = Path(__file__).resolve().parents[1] / 'results/data/compare_losses.jsonl'
SITUATIONS = {
    'r2cnn_aosr15_sim_s': 'R2CNN\ntail 50 : 1',
    'skew_cascade_aosr15_sim_s': 'skew-box Cascade\ntail 50 : 1',
    'r2cnn_aosr15_sim_s_long': 'R2CNN\ntail 183 : 1',
    'skew_cascade_aosr15_sim_s_long': 'skew-box Cascade\ntail 183 : 1',
}
#: Digests of the data of the two tails.
DATA = '441d46abf8d102bb', 'f36dd361c81014ef'
SHOWN = 'ce', 'fl', 'ci', 'ci_sqrt'
IOU, ITERATIONS = 0.6, 400


def main() -> None:
    save_chart(draw(read_maps()), Path(__file__).with_suffix('.png'))


def read_maps() -> dict[tuple[str, str], list[float]]:
    """The mAP of each training by its config and method."""
    found = defaultdict(list)
    for line in lines_file(LINES).read():
        is_plain = line['rate'] == 1 and not line['options'] and line['part'] == 'test'
        if is_plain and line['data'] in DATA and line['iterations'] == ITERATIONS:
            found[line['config'], line['method']].append(result_at(line, IOU)['map'])
    return found


@styled
def draw(maps: dict[tuple[str, str], list[float]]) -> Figure:
    figure = Figure(figsize=(10, 2.8), layout='constrained')
    columns = figure.subplots(1, len(SITUATIONS), sharex=True, sharey=True)
    for axes, (config, title) in zip(columns, SITUATIONS.items(), strict=True):
        for place, method in enumerate(SHOWN):
            if trials := maps.get((config, method)):
                draw_estimate(axes, place, estimate(trials), trials, run_color(place))
        axes.set_title(title, fontsize=10)
        axes.set_yticks(range(len(SHOWN)), [METHODS[method].title for method in SHOWN])
        axes.set(ylim=(len(SHOWN) - 0.4, -0.6), xlabel=f'mAP@{IOU:g}')
        axes.grid(axis='y', visible=False)
    columns[0].set_xlim(0, None)
    return figure


if __name__ == '__main__':
    main()
