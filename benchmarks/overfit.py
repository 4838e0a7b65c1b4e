"""Can the detectors learn at all? Each is trained on eight simulated chips and must find their ships again.

python benchmarks/overfit.py                        # both detectors, some minutes each on a CPU
python benchmarks/overfit.py skew_cascade --iterations 300

The exit code is 1 where a detector's mAP on the chips it was trained on stays below --expect.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ship_det.cli import run

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = {
    'r2cnn': 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py',
    'skew_cascade': 'configs/quickstart/skew_cascade_r18w32_fpn64_ci_demo.py',
}
CHIPS = 8
LIST = 'overfit.txt'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('detectors', nargs='*', default=list(CONFIGS), help=f'{", ".join(CONFIGS)} (default: all)')
    parser.add_argument('--iterations', type=int, default=500, help='training iterations of two chips (%(default)s)')
    parser.add_argument('--expect', type=float, default=0.95, help='mAP at skew IoU 0.6 to reach (%(default)s)')
    parser.add_argument('--work-dir', type=Path, help='keep chips, logs and checkpoints here')
    args = parser.parse_args()
    for name in args.detectors:
        if name not in CONFIGS:
            raise ValueError(f'detector: found {name!r}, expected one of {", ".join(CONFIGS)}')
    return args


def main() -> int:
    args = parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work_dir or Path(scratch)
        objects = make_chips(work / 'data')
        table = Table(title=f'{args.iterations} iterations on {CHIPS} chips with {objects} ships, tested on the same')
        for heading in ('detector', 'mAP@0.6', 'training'):
            table.add_column(heading, justify='left' if heading == 'detector' else 'right')
        reached = []
        for name in args.detectors:
            start = time.monotonic()
            score = overfit(name, work / 'data' / 'chips', work / name, args.iterations)
            table.add_row(name, f'{score:.4f}', f'{time.monotonic() - start:.0f} s')
            reached.append(score >= args.expect)
        Console().print(table)
    return 0 if all(reached) else 1


def make_chips(folder: Path) -> int:
    """Simulate and tile, list the chips with the most ships in LIST, and return how many ships they show."""
    from ship_det.annotations import DotaFolder

    chips = folder / 'chips'
    call('data_tools/simulate.py', folder / 'scenes', '--scenes', 3, '--size', 704, '--gsd', 1.5, '--ships', 40,
         '--min-per-class', 1)  # fmt: skip
    tiling = ('--chip', 352, '--overlap', 0, '--no-whole', '--min-visible', 0.9)
    call('data_tools/tile.py', folder / 'scenes', chips, *tiling)
    folder = DotaFolder(chips)
    ships = Counter({image.name: folder.count([image]).instances.total() for image in folder.select()})
    chosen = ships.most_common(CHIPS)
    (chips / LIST).write_text(''.join(f'{name}\n' for name, _ in chosen))
    return sum(count for _, count in chosen)


def call(script: str, *arguments: object) -> None:
    """Run one of the project's command lines; raise ValueError if it fails, since it has said why."""
    code = subprocess.run([sys.executable, str(ROOT / script), *map(str, arguments)], check=False).returncode
    if code:
        raise ValueError(f'{script} ended with exit code {code}; its message is above')


def overfit(name: str, chips: Path, work_dir: Path, iterations: int) -> float:
    """Train a detector on all chips, upright and unchanged, and return its mAP on them."""
    from mmengine.config import Config
    from mmengine.runner import Runner

    cfg = Config.fromfile(ROOT / CONFIGS[name])
    cfg.work_dir = str(work_dir)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.update(data_root=str(chips), ann_file=LIST)
    varied = ('RandomAffineCrop', 'mmdet.RandomFlip')
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [step for step in pipeline if step['type'] not in varied]
    cfg.train_cfg.update(max_iters=iterations, val_begin=iterations + 1)
    cfg.param_scheduler[1].update(end=iterations)
    cfg.default_hooks.checkpoint.update(interval=iterations)
    cfg.default_hooks.logger.update(interval=50)
    cfg.log_processor.update(window_size=50)
    cfg.val_evaluator = cfg.test_evaluator = dict(type='VOCRotatedMetric', iou_threshold=0.6)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner.test()['voc/mAP']


if __name__ == '__main__':
    run(main)
