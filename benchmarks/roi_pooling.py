"""RoI pooling on a CPU beside MMCV's kernels in the same run, forward and backward.

python benchmarks/roi_pooling.py                     # 512 RoIs as in training; --rois 2000 as in testing
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from mmcv.ops import roi_align, roi_align_rotated
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ship_det.cli import run
from ship_det.models.roi_pooling import pool_rois

SIDE, STRIDE = 1000, 4


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rois', type=int, default=512)
    parser.add_argument('--channels', type=int, default=256)
    parser.add_argument('--sampling-ratio', type=int, default=2)
    parser.add_argument('--repeats', type=int, default=5)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    title = f'{args.rois} RoIs of {args.channels} channels, {torch.get_num_threads()} threads, {args.repeats} turns'
    table = Table(title=title)
    for heading in ('RoIs', 'bins', 'direction', 'table s', 'MMCV s', 'median ratio'):
        table.add_column(heading, justify='left' if heading in ('RoIs', 'direction') else 'right')
    feature = torch.randn(1, args.channels, SIDE // STRIDE, SIDE // STRIDE, requires_grad=True)
    for rotated in (False, True):
        rois = random_rois(args.rois, rotated)
        for size in ((7, 7), (3, 11)):
            own = lambda rois=rois, size=size: pool_rois(  # noqa: E731
                [feature], rois, [size], [STRIDE], sampling_ratio=args.sampling_ratio
            )[0]
            settings = (size, 1 / STRIDE, args.sampling_ratio)
            if rotated:
                peer = lambda rois=rois, settings=settings: roi_align_rotated(feature, rois, *settings, True, True)  # noqa: E731
            else:
                peer = lambda rois=rois, settings=settings: roi_align(feature, rois, *settings, 'avg', True)  # noqa: E731
            turns = [(seconds(own, feature), seconds(peer, feature)) for _ in range(args.repeats + 1)][1:]
            for index, direction in enumerate(('forward', 'backward')):
                mine, theirs = ([turn[side][index] for turn in turns] for side in (0, 1))
                ratio = statistics.median(b / a for a, b in zip(mine, theirs, strict=True))
                numbers = (f'{statistics.median(mine):.3f}', f'{statistics.median(theirs):.3f}', f'{ratio:.1f}')
                table.add_row('rotated' if rotated else 'horizontal', f'{size[0]} x {size[1]}', direction, *numbers)
    Console(width=100).print(table)


def random_rois(count: int, rotated: bool) -> Tensor:
    """RoIs of 20 to 120 px within the image."""
    generator = torch.Generator().manual_seed(0)
    center = torch.rand(count, 2, generator=generator) * (SIDE - 140) + 70
    size = torch.rand(count, 2, generator=generator) * 100 + 20
    batch = torch.zeros(count, 1)
    if rotated:
        return torch.cat([batch, center, size, (torch.rand(count, 1, generator=generator) - 0.5) * 3.14], dim=1)
    return torch.cat([batch, center - size / 2, center + size / 2], dim=1)


def seconds(pool: Callable[[], Tensor], feature: Tensor) -> tuple[float, float]:
    """Time of pooling and of its gradient."""
    feature.grad = None
    start = time.perf_counter()
    pooled = pool()
    middle = time.perf_counter()
    pooled.sum().backward()
    return middle - start, time.perf_counter() - middle


if __name__ == '__main__':
    run(main)
