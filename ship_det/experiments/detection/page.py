"""The report about the trainings of a comparison, side by side."""

from collections.abc import Sequence
from pathlib import Path

from ship_det.datasets import ShipDataset
from ship_det.experiments.detection.methods import METHODS
from ship_det.experiments.detection.trainings import Comparison, Training
from ship_det.initial_weights import type_name
from ship_det.report import ReportOptions, RunFiles, write_report


def write_page(comparison: Comparison, trainings: Sequence[Training], out: Path) -> None:
    """Write the report about the trainings of the first seed or fold.

    Raises:
        ValueError: none of them has predictions, or the data set is not one of chips.
    """
    first = [
        training for training in trainings if (training.seed, training.fold) == (trainings[0].seed, trainings[0].fold)
    ]
    runs = []
    for training in first:
        predictions = comparison.work_dir / training.folder / 'predictions.jsonl'
        if comparison.find(training) and predictions.is_file():
            runs.append(RunFiles(METHODS[training.method].title.replace(',', ''), predictions))
    if not runs:
        raise ValueError(f'--report: {comparison.work_dir}: found no predictions.jsonl, expected those of a training')
    dataset = comparison.config(first[0]).test_dataloader.dataset
    if type_name(dataset) != ShipDataset.__name__:
        found = type_name(dataset)
        raise ValueError(f'{comparison.name}: test_dataloader: --report needs a ShipDataset, found {found}')
    root = Path(dataset.get('data_root') or '')
    folder = (root / dataset.get('data_prefix', {}).get('img_path', 'images')).parent
    lists = [Path(dataset.ann_file), root / dataset.ann_file] if dataset.ann_file else []
    options = ReportOptions(
        list_file=next((path.absolute() for path in lists if path.is_file()), None),
        other_classes=dataset.get('other_classes', 'error'),
        title=comparison.name,
        score_threshold=0.3,
    )
    write_report(runs, folder, out, options)
