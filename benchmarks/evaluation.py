"""Speed, memory and exactness of IoU, NMS and evaluation, beside MMRotate and MMCV in the same run.

python benchmarks/evaluation.py              # all parts; MMCV's NMS of 20 000 boxes takes minutes
python benchmarks/evaluation.py iou memory   # some of them
"""

import argparse
import logging
import runpy
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ship_det.cli import run
from ship_det.evaluation import evaluate
from ship_det.geometry import aligned_iou, rbox_to_quad, rotated_nms

CLASSES = tuple(f'class {index}' for index in range(15))
TESTS = Path(__file__).parents[1] / 'tests' / 'geometry'
IOU_THRESHOLD = 0.5
NMS_THRESHOLD = 0.1


def timed(function: Callable, repeats: int = 1) -> tuple[list[float], object]:
    """Seconds of each call, and what the last one returned."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return seconds, result


def show(title: str, rows: list[tuple[str, list[float]]]) -> None:
    """Print the timings of several ways to do one thing, and how much faster the first is than each."""
    table = Table(title=title)
    for header in ('', 'runs', 'median s', 'min s', 'max s', 'times slower than the first'):
        table.add_column(header, justify='left' if not header else 'right')
    first = statistics.median(rows[0][1])
    for name, seconds in rows:
        median = statistics.median(seconds)
        figures = (f'{value:.3f}' for value in (median, min(seconds), max(seconds)))
        table.add_row(name, str(len(seconds)), *figures, f'{median / first:.1f}')
    Console(width=110).print(table)


def random_boxes(rng: np.random.Generator, count: int, span: float) -> np.ndarray:
    """Boxes of ships of all sizes in a square of ``span`` px."""
    w = 10 ** rng.uniform(1.2, 2.2, count)
    return np.column_stack(
        [
            rng.uniform(0, span, (count, 2)),
            w,
            w * rng.uniform(0.15, 0.4, count),
            rng.uniform(-np.pi / 2, np.pi / 2, count),
        ]
    )


def random_images(images: int, detections: int, objects: int, seed: int = 0) -> tuple[list[dict], list[dict]]:
    """Predictions and ground truths of chips of 1000 px: detections lie around the objects, most of the right class."""
    rng = np.random.default_rng(seed)
    predictions, truths = [], []
    for _ in range(images):
        boxes, labels = random_boxes(rng, objects, 1000), rng.integers(0, len(CLASSES), objects)
        source = rng.integers(0, objects, detections)
        jitter = rng.normal(size=(detections, 5)) * [0.05, 0.03, 0.1, 0.05, 0.05]
        jitter[:, :4] *= boxes[source, 2:3]
        found = boxes[source] + jitter
        found[:, 2:4] = np.maximum(found[:, 2:4], 2)
        right = rng.random(detections) < 0.8
        classes = np.where(right, labels[source], rng.integers(0, len(CLASSES), detections))
        scores = rng.random(detections).astype(np.float32)
        predictions.append({'boxes': found.astype(np.float32), 'scores': scores, 'labels': classes})
        truths.append({'boxes': boxes.astype(np.float32), 'labels': labels, 'difficult': rng.random(objects) < 0.1})
    return predictions, truths


def measure_iou() -> None:
    """IoU of a million pairs, hard ones, against GEOS in float64."""
    hard_pairs = runpy.run_path(str(TESTS / 'test_iou.py'))['hard_pairs']
    shapely_quads = runpy.run_path(str(TESTS / 'conftest.py'))['shapely_quads']
    import shapely

    a, b = hard_pairs(1_000_000, seed=0)
    seconds, iou = timed(lambda: aligned_iou(a, b))
    first, second = shapely_quads(a, a[:, :2]), shapely_quads(b, a[:, :2])
    geos_seconds, shared = timed(lambda: shapely.area(shapely.intersection(first, second)))
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
    expected = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    show('IoU of 1 000 000 pairs', [('aligned_iou', seconds), ('shapely, polygons already built', geos_seconds)])
    print(f'largest difference: {np.abs(iou - expected).max():.1e}')
    solid = a[:, 2] * a[:, 3] > 0
    print(f'identical boxes, smallest IoU: 1 - {1 - aligned_iou(a[solid], a[solid]).min():.1e}\n')


def measure_evaluate() -> None:
    """Evaluation of 200 chips x 300 detections x 40 objects x 15 classes beside eval_rbbox_map.

    Ground truth is rectangles, and their corners as quads.
    """
    from mmrotate.evaluation.functional import eval_rbbox_map

    predictions, truths = random_images(200, 300, 40)
    found = [
        [
            np.column_stack([record['boxes'], record['scores']])[record['labels'] == label]
            for label in range(len(CLASSES))
        ]
        for record in predictions
    ]
    annotations = []
    for record in truths:
        parts = {}
        for suffix, rows in (('', ~record['difficult']), ('_ignore', record['difficult'])):
            parts.update({f'bboxes{suffix}': record['boxes'][rows], f'labels{suffix}': record['labels'][rows]})
        annotations.append(parts)
    options = {'iou_threshold': IOU_THRESHOLD, 'ap_mode': 'area', 'min_iou': '>='}
    labeled = [
        {'quads': rbox_to_quad(record['boxes']), 'labels': record['labels'], 'difficult': record['difficult']}
        for record in truths
    ]
    seconds, result = timed(lambda: evaluate(predictions, truths, CLASSES, **options), repeats=7)
    quad_seconds, quad_result = timed(lambda: evaluate(predictions, labeled, CLASSES, **options), repeats=7)
    peer_seconds, (peer_map, _) = timed(
        lambda: eval_rbbox_map(found, annotations, iou_thr=IOU_THRESHOLD, use_07_metric=False, logger='silent')
    )
    show(
        '200 chips x 300 detections x 40 objects x 15 classes',
        [('evaluate', seconds), ('evaluate, quads', quad_seconds), ('eval_rbbox_map, 4 processes', peer_seconds)],
    )
    print(f'area mAP {result.mean_ap:.6f}, {quad_result.mean_ap:.6f} and {peer_map:.6f}: its IoU is float32\n')


def measure_memory() -> None:
    """Peak memory of evaluating 1200 chips x 300 detections, in a process that does nothing else."""
    code = f'import runpy; runpy.run_path({__file__!r})["print_peak_memory"]()'
    subprocess.run([sys.executable, '-c', code], check=True)


def print_peak_memory() -> None:
    """Evaluate in this process and print its peak memory (Linux)."""
    predictions, truths = random_images(1200, 300, 40)
    before = peak_mib()
    seconds, _ = timed(lambda: evaluate(predictions, truths, CLASSES))
    print(
        f'1200 chips x 300 detections x 40 objects: {seconds[0]:.2f} s, peak memory of the process '
        f'{peak_mib():.0f} MiB, {before:.0f} MiB before the evaluation\n'
    )


def peak_mib() -> float:
    """Peak memory of this process; getrusage would include that of the process it was forked from."""
    status = Path('/proc/self/status').read_text()
    return int(status.split('VmHWM:')[1].split()[0]) / 1024


def measure_nms() -> None:
    """NMS of crowded boxes beside MMCV's on the CPU."""
    import torch
    from mmcv.ops import nms_rotated

    rng = np.random.default_rng(0)
    for count, repeats in ((5_000, 3), (20_000, 1)):
        # Density as where a crowded harbor is merged: each place is covered about four times.
        boxes = random_boxes(rng, count, 20 * count**0.5).astype(np.float32)
        scores = rng.permutation(count).astype(np.float32) / count
        tensors = torch.from_numpy(boxes), torch.from_numpy(scores)
        seconds, kept = timed(lambda boxes=boxes, scores=scores: rotated_nms(boxes, scores, NMS_THRESHOLD), repeats=7)
        peer_seconds, (_, peer_kept) = timed(lambda tensors=tensors: nms_rotated(*tensors, NMS_THRESHOLD), repeats)
        show(f'NMS of {count} boxes', [('rotated_nms', seconds), ('mmcv nms_rotated', peer_seconds)])
        different = np.setxor1d(kept, peer_kept.numpy()).size
        print(f'kept {len(kept)} and {len(peer_kept)}, {different} boxes kept by one of the two only\n')


PARTS = {'iou': measure_iou, 'evaluate': measure_evaluate, 'memory': measure_memory, 'nms': measure_nms}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', metavar='PART', help=f'some of: {", ".join(PARTS)}; default: all')
    parts = parser.parse_args().parts or list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise ValueError(f'unknown part {unknown[0]!r}, expected some of: {", ".join(PARTS)}')
    logging.disable(logging.INFO)
    for part in parts:
        PARTS[part]()


if __name__ == '__main__':
    run(main)
