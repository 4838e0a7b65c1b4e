"""How surely check.py finds wrong angles: right labels, broken on purpose in four ways.

For each data set (images/, labelTxt/) the mean alignment of all boxes with their objects, and how often random samples
of its boxes are reported. A report of the labels as they are is a false alarm.
"""

import argparse
from pathlib import Path

import numpy as np

from ship_det.annotations import DotaFolder
from ship_det.dataset_checks import CheckOptions
from ship_det.dataset_checks.images import inspect_image
from ship_det.dataset_checks.orientation import measure

BREAKS = {
    'as labelled': lambda angles: angles,
    'turned by 90 degrees': lambda angles: angles + np.pi / 2,
    'mirrored': lambda angles: -angles,
    'degrees read as radians': np.rad2deg,
    '0 to 180 degrees read as radians': lambda angles: np.rad2deg(angles % np.pi),
}
SAMPLE_SIZES = (20, 30, 50)
SAMPLES = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('datasets', nargs='+', type=Path)
    args = parser.parse_args()
    for root in args.datasets:
        records = [inspect_image(root, image, CheckOptions()) for image in DotaFolder(root).images]
        directions = np.concatenate([record.directions for record in records])
        angles = np.concatenate([record.angles for record in records])
        print(f'{root}: {len(angles)} elongated boxes; share of {SAMPLES} samples of {SAMPLE_SIZES} boxes reported')
        for name, change in BREAKS.items():
            overall = measure(directions, change(angles)).alignment
            shares = [reported(directions, change(angles), size) for size in SAMPLE_SIZES if size < len(angles)]
            print(f'  {name:34s} alignment {overall:+.2f}  ' + '  '.join(f'{share:4.0%}' for share in shares))


def reported(directions: np.ndarray, angles: np.ndarray, size: int) -> float:
    """Share of random samples of boxes that are found wrong."""
    rng = np.random.default_rng(0)
    picks = (rng.choice(len(angles), size, replace=False) for _ in range(SAMPLES))
    return float(np.mean([measure(directions[pick], angles[pick]).wrong for pick in picks]))


if __name__ == '__main__':
    main()
