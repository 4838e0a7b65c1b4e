"""The detectors beside MMRotate's on the same backbone: size, time and memory on a 1000 x 1000 image, in one run.

python benchmarks/detectors.py                                # R50, on a GPU where there is one
python benchmarks/detectors.py --backbone r18 --repeats 9 --no-train --parts

R2CNN is compared with Rotated Faster R-CNN, the skew-box Cascade (three stages) with RoI Transformer (two stages). All
have 15 classes, random weights and as many proposals. With random weights all scores are alike, so each gets the score
threshold that leaves --candidates boxes to its NMS. The detectors take turns; a ratio is the median over the turns.
"""

import argparse
import functools
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import ship_det.plugin  # noqa: F401
from ship_det.cli import run
from ship_det.launch import read_config

ROOT = Path(__file__).resolve().parents[1]
PEERS = {'R2CNN': 'Rotated Faster R-CNN', 'Skew-box Cascade': 'RoI Transformer'}
CONFIGS = {
    'R2CNN': ROOT / 'configs/r2cnn/r2cnn_r50_fpn_ci_1x_aosr15.py',
    'Rotated Faster R-CNN': 'rotated_faster_rcnn/rotated-faster-rcnn-le90_r50_fpn_1x_dota.py',
    'Skew-box Cascade': ROOT / 'configs/skew_cascade/skew_cascade_r50_fpn_ci_1x_aosr15.py',
    'RoI Transformer': 'roi_trans/roi-trans-le90_r50_fpn_1x_dota.py',
}
DEPTHS = {'r18': (18, [64, 128, 256, 512]), 'r50': (50, None), 'r101': (101, None)}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--backbone', choices=list(DEPTHS), default='r50')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--size', type=int, default=1000, help='side of the image, px')
    parser.add_argument('--repeats', type=int, default=5, help='turns (%(default)s)')
    parser.add_argument('--candidates', type=int, default=1000, help='boxes that reach NMS (%(default)s)')
    parser.add_argument('--no-train', action='store_true', help='leave out the training steps')
    parser.add_argument('--no-memory', action='store_true', help='leave out the peak memory')
    parser.add_argument('--parts', action='store_true', help='also print where the time of inference goes')
    parser.add_argument('--peak-memory-of', choices=list(CONFIGS), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    logging.disable(logging.INFO)
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)
    if args.peak_memory_of:
        print(json.dumps(peak_memory(args)))
        return
    models = {name: build(name, args) for name in CONFIGS}
    tasks: dict[str, Callable[[nn.Module, argparse.Namespace], float]] = {'inference': infer}
    if not args.no_train:
        tasks['training'] = train_step
    seconds = {task: take_turns(models, run_task, args) for task, run_task in tasks.items()}
    memory = {} if args.no_memory else {name: memory_of(name, models[name], args) for name in CONFIGS}
    threads = f'{torch.get_num_threads()} threads' if args.device == 'cpu' else torch.cuda.get_device_name()
    table = Table(
        title=f'{args.backbone}, {args.size} x {args.size} px, {args.device} ({threads}), {args.repeats} turns'
    )
    headings = ['', 'parameters', 'GFLOP']
    headings += [f'{task} {part}' for task in tasks for part in ('s', 'ratio')]
    headings += [f'peak GiB, {task}' for task in tasks if memory]
    for heading in headings:
        table.add_column(heading, justify='right' if heading else 'left')
    for name, model in models.items():
        parameters = sum(p.numel() for p in model.parameters()) / 1e6
        row = [name, f'{parameters:.1f} M', f'{gflop(model, args):.0f}']
        for task in tasks:
            own = seconds[task][name]
            row += [f'{statistics.median(own):.3f}', ratio(own, seconds[task].get(PEERS.get(name, '')))]
        table.add_row(*row, *(f'{memory[name][task]:.2f}' for task in tasks if memory))
    Console(width=140).print(table)
    if args.parts:
        print_parts(models, args)


def build(name: str, args: argparse.Namespace) -> nn.Module:
    """The detector with random weights, and the score threshold that leaves it ``--candidates`` boxes."""
    import mmrotate

    path = CONFIGS[name]
    if isinstance(path, str):
        cfg = Config.fromfile(Path(mmrotate.__file__).parent / '.mim/configs' / path)
    else:
        # The peers' loss.
        cfg = read_config(path, {'model.roi_head.bbox_head.loss_cls.type': 'mmdet.CrossEntropyLoss'})
    depth, channels = DEPTHS[args.backbone]
    cfg.model.backbone.update(depth=depth, init_cfg=None)
    if channels:
        cfg.model.neck.in_channels = channels
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).to(args.device).eval()
    model.init_weights()
    threshold = model.roi_head.test_cfg
    rcnn, model.roi_head.test_cfg = threshold, None
    _, samples = batch(model, args, training=False)
    with torch.no_grad():
        feats = model.extract_feat(batch(model, args, training=False)[0])
        proposals = model.rpn_head.predict(feats, samples, rescale=False)
        raw = model.roi_head.predict_bbox(feats, [sample.metainfo for sample in samples], proposals, None)
    scores = raw[0].scores[:, :15].flatten()
    rcnn.score_thr = float(scores.sort(descending=True).values[min(args.candidates, len(scores) - 1)])
    model.roi_head.test_cfg = rcnn
    return model


def batch(model: nn.Module, args: argparse.Namespace, training: bool) -> tuple[torch.Tensor, list[DetDataSample]]:
    """One image of blurred noise with 40 ships, through the detector's own preprocessing."""
    generator = np.random.default_rng(0)
    coarse = torch.from_numpy(generator.integers(0, 255, (1, 3, args.size // 8, args.size // 8))).float()
    image = nn.functional.interpolate(coarse, size=(args.size, args.size), mode='bilinear')[0].byte()
    span = args.size / 1000
    low, high = np.array([50, 50, 40, 8, -1.5]), np.array([950, 950, 200, 30, 1.5])
    boxes = torch.from_numpy(generator.uniform(low, high, (40, 5))).float() * torch.tensor([span, span, span, span, 1])
    shape = (args.size, args.size)
    sample = DetDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0), img_id=0))
    sample.gt_instances = InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.arange(40) % 15)
    sample.ignored_instances = InstanceData(bboxes=RotatedBoxes(boxes[:0]), labels=torch.zeros(0).long())
    data = model.data_preprocessor(dict(inputs=[image], data_samples=[sample]), training)
    return data['inputs'], data['data_samples']


def infer(model: nn.Module, args: argparse.Namespace) -> float:
    """Seconds of one image from pixels to boxes."""
    inputs, samples = batch(model, args, training=False)
    model.eval()
    with timed(args.device) as elapsed, torch.no_grad():
        model(inputs, samples, mode='predict')
    return elapsed()


def train_step(model: nn.Module, args: argparse.Namespace) -> float:
    """Seconds of losses and gradients of one image."""
    inputs, samples = batch(model, args, training=True)
    model.train()
    model.zero_grad()
    torch.manual_seed(0)
    with timed(args.device) as elapsed:
        loss, _ = model.parse_losses(model(inputs, samples, mode='loss'))
        loss.backward()
    model.zero_grad()
    return elapsed()


@contextmanager
def timed(device: str) -> Iterator[Callable[[], float]]:
    """Time of the block, waiting for the GPU at both ends."""
    wait = torch.cuda.synchronize if device.startswith('cuda') else lambda: None
    wait()
    start, end = time.perf_counter(), []
    yield lambda: end[0] - start
    wait()
    end.append(time.perf_counter())


def take_turns(models: dict[str, nn.Module], task: Callable, args: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each detector and turn; one turn before does not count."""
    seconds = defaultdict(list)
    for turn in range(args.repeats + 1):
        for name, model in models.items():
            elapsed = task(model, args)
            if turn:
                seconds[name].append(elapsed)
    return seconds


def ratio(own: list[float], peer: list[float] | None) -> str:
    """Median of the ratios of the turns, empty for a peer."""
    if peer is None:
        return ''
    return f'{statistics.median(mine / theirs for mine, theirs in zip(own, peer, strict=True)):.2f}'


def gflop(model: nn.Module, args: argparse.Namespace) -> float:
    """1e9 multiplications and additions of convolutions and matrix products of one inference."""
    with FlopCounterMode(display=False) as counter:
        infer(model, args)
    return counter.get_total_flops() / 1e9


def memory_of(name: str, model: nn.Module, args: argparse.Namespace) -> dict[str, float]:
    """Peak GiB of each task: of the GPU, or of a process of its own."""
    if args.device.startswith('cuda'):
        peaks = {}
        for task, run_task in dict(inference=infer, training=train_step).items():
            torch.cuda.reset_peak_memory_stats()
            run_task(model, args)
            peaks[task] = torch.cuda.max_memory_allocated() / 2**30
        return peaks
    command = [
        sys.executable,
        __file__,
        '--peak-memory-of',
        name,
        '--backbone',
        args.backbone,
        '--size',
        str(args.size),
    ]
    command += ['--device', args.device, *(['--no-train'] if args.no_train else [])]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return json.loads(result.stdout.splitlines()[-1])


def peak_memory(args: argparse.Namespace) -> dict[str, float]:
    """Peak resident GiB of this process after inference, and after a training step on top (Linux)."""
    model = build(args.peak_memory_of, args)
    peaks = {}
    for task, run_task in dict(inference=infer, training=train_step).items():
        if task == 'inference' or not args.no_train:
            run_task(model, args)
            status = Path('/proc/self/status').read_text()
            peaks[task] = int(status.partition('VmHWM:')[2].split()[0]) / 2**20
    return peaks


def print_parts(models: dict[str, nn.Module], args: argparse.Namespace) -> None:
    """Seconds of one inference by part."""
    parts = ['backbone', 'pyramid', 'proposals', 'RoI pooling', 'head', 'boxes and NMS']
    table = Table(title='seconds of one inference, median over the turns')
    for heading in ('', *parts):
        table.add_column(heading, justify='right' if heading else 'left')
    for name, model in models.items():
        clock = Clock(args.device)
        roi = model.roi_head
        as_list = lambda part: list(part) if isinstance(part, nn.ModuleList) else [part]  # noqa: E731
        clock.watch(model.backbone, 'forward', 'backbone')
        clock.watch(model.neck, 'forward', 'pyramid')
        clock.watch(model.rpn_head, 'predict', 'proposals')
        clock.watch(roi, 'predict', 'boxes and NMS')
        for extractor in as_list(roi.bbox_roi_extractor):
            clock.watch(extractor, 'forward', 'RoI pooling')
        for head in as_list(roi.bbox_head):
            clock.watch(head, 'forward', 'head')
        turns = defaultdict(list)
        for _ in range(args.repeats):
            clock.seconds.clear()
            infer(model, args)
            for part in parts:
                turns[part].append(clock.seconds[part])
        table.add_row(name, *(f'{statistics.median(turns[part]):.3f}' for part in parts))
    Console(width=140).print(table)


class Clock:
    """Adds up the time inside chosen methods, without that of the chosen methods they call."""

    def __init__(self, device: str) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self._inner = [0.0]

    def watch(self, owner: nn.Module, method: str, part: str) -> None:
        """Count ``owner.method`` as ``part``."""
        original = getattr(owner, method)

        @functools.wraps(original)
        def watched(*args, **kwargs):
            self._inner.append(0.0)
            with timed(self._device) as elapsed:
                result = original(*args, **kwargs)
            self.seconds[part] += elapsed() - self._inner.pop()
            self._inner[-1] += elapsed()
            return result

        setattr(owner, method, watched)


if __name__ == '__main__':
    run(main)
