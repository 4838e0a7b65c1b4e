"""Many scenes: what one costs, how workers and Ray speed a run up, and what stays flat; docs/results/many_scenes.md.

python benchmarks/many_scenes.py speed       # 12 simulated scenes: 1 and 2 processes, 2 workers of Ray
python benchmarks/many_scenes.py memory      # the driver's memory over 2000 tiny scenes, with each engine
python benchmarks/many_scenes.py names       # 100 000 names listed and resumed
python benchmarks/many_scenes.py simulate    # more workers than cores: stand-ins that wait half a second a window
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import rasterio
import shapely

from ship_det.cli import run
from ship_det.commands.detect import load_detector
from ship_det.scenes import DetectionOptions, write_layers
from ship_det.scenes.detector import Detections
from ship_det.scenes.engines import process_engine
from ship_det.scenes.inputs import find_scenes
from ship_det.scenes.ray_engine import ray_engine
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import FinishedScene, RunFolder, SceneIdentity
from ship_det.scenes.scene import describe_scene

ROOT = Path(__file__).resolve().parents[1]


class Waiting:
    """Finds a ship in each window after as many seconds as a detector takes on a core of its own."""

    classes, gsd = ('ship',), None

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def predict(self, image: np.ndarray, min_score: float | None = None) -> Detections:
        time.sleep(self.seconds)
        return Detections(np.array([[20.0, 20, 16, 6, 0.3]]), np.array([0.9]), np.zeros(1, dtype=np.intp), self.classes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=['speed', 'memory', 'names', 'simulate'])
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/many_scenes'), help='for scenes and results')
    parser.add_argument('--scenes', type=int, default=12)
    parser.add_argument('--size', type=int, default=4000, metavar='PX')
    parser.add_argument('--model', default='zoo:r2cnn-aosr15')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--run', nargs=3, metavar=('ENGINE', 'WORKERS', 'SECONDS'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.run:
        run_once(args)
    else:
        globals()[f'measure_{args.part}'](args)
    return 0


def simulate_scenes(args: argparse.Namespace) -> Path:
    """Simulated harbors, the same for each part."""
    out = args.folder / f'scenes_{args.scenes}_{args.size}'
    if not out.exists():
        command = [sys.executable, ROOT / 'data_tools/simulate.py', out, '--scenes', args.scenes, '--size', args.size]
        subprocess.run([*map(str, command), '--seed', '0'], check=True, stdout=subprocess.DEVNULL)
    return out


def write_tiny_scenes(folder: Path, number: int, side: int = 64) -> Path:
    """As many copies of a small scene."""
    folder.mkdir(parents=True, exist_ok=True)
    first = folder / 't00000.tif'
    place = {'crs': 'EPSG:32633', 'transform': rasterio.Affine(0.6, 0, 5e5, 0, -0.6, 5e6)}
    with rasterio.open(first, 'w', driver='GTiff', width=side, height=side, count=3, dtype='uint8', **place) as scene:
        scene.write(np.random.default_rng(0).integers(1, 255, (3, side, side), dtype=np.uint8))
    for index in range(1, number):
        shutil.copyfile(first, folder / f't{index:05d}.tif')
    return folder


def start(args: argparse.Namespace, engine: str, workers: int, seconds: float = 0) -> dict:
    """A run in a process of its own: what it says."""
    command = [sys.executable, __file__, args.part, '--folder', args.folder, '--scenes', args.scenes]
    command += ['--size', args.size, '--model', args.model, '--run', engine, workers, seconds]
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': f'{ROOT}:{Path(__file__).parent}'}
    output = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, env=environment)
    return json.loads(output.stdout.splitlines()[-1])


def run_once(args: argparse.Namespace) -> None:
    """The run of :func:`start`: seconds in all and from when all workers are at work, and the driver's memory, MB."""
    name, workers, seconds = args.run[0], int(args.run[1]), float(args.run[2])
    out = args.folder / f'out_{args.part}_{name}_{workers}'
    shutil.rmtree(out, ignore_errors=True)
    # Not __main__'s: other processes import it.
    from many_scenes import Waiting as Importable

    is_real = args.part == 'speed'
    load = partial(load_detector, args.model, None, 'cpu', 1) if is_real else partial(Importable, seconds)
    paths = find_scenes([str(args.folder / 'tiny' if args.part == 'memory' else simulate_scenes(args))])
    detector = load()
    options = DetectionOptions(min_score=0.3)
    engine = ray_engine(load, workers) if name == 'ray' else process_engine(load, workers, detector)
    memory, ends = [], []

    def note(done: float, *_: object) -> None:
        ends.append((time.monotonic(), done))
        if len(ends) % 100 == 0:
            memory.append(psutil.Process().memory_info().rss / 2**20)

    before = os.times()
    began = time.monotonic()
    result = detect_scenes(detector, paths, RunFolder(out, {}), engine, options, None, note)
    total = time.monotonic() - began
    write_layers(out, result.found, ['csv'])
    assert not result.failed, result.failed
    first = next(index for index, (_, done) in enumerate(ends) if done > 0)
    (start_time, start_done), (end_time, end_done) = ends[first], ends[-1]
    size = {'read': sum(os.stat(path).st_size for path in paths.values())}
    size |= {'written': sum(path.stat().st_size for path in (out / 'scenes').rglob('*') if path.is_file())}
    tell = {'total': total, 'rate': (end_time - start_time) / (end_done - start_done), 'ships': result.ships}
    tell |= {'driver': sum(os.times()[:2]) - sum(before[:2]), 'memory': memory, **size, 'scenes': len(paths)}
    print(json.dumps({**tell, 'csv': str(out / 'ships.csv')}))


def measure_speed(args: argparse.Namespace) -> None:
    simulate_scenes(args)
    kinds = ('processes', 1), ('processes', 2), ('ray', 2)
    runs: dict[tuple, list[dict]] = {kind: [] for kind in kinds}
    for _ in range(args.repeats):
        for kind in kinds:
            runs[kind].append(start(args, *kind))
            told = {key: round(value, 2) for key, value in runs[kind][-1].items() if isinstance(value, (int, float))}
            print(kind, told, flush=True)
    texts = {Path(found['csv']).read_bytes() for all_runs in runs.values() for found in all_runs}
    print(f'CSV: {"the same, byte for byte" if len(texts) == 1 else "DIFFER"}')
    for what in ('total', 'rate'):
        one, two, ray = (median(found[what] for found in runs[kind]) for kind in kinds)
        print(f'{what}: {one:.1f}, {two:.1f}, {ray:.1f} s: 2 workers {one / two:.2f} times as fast as 1, ', end='')
        print(f'Ray {100 * (ray / two - 1):+.1f} % of the time of processes')
    found = runs[kinds[0]][0]
    number = found['scenes']
    print(f'a scene: {found["total"] / number:.2f} s on one core, {found["read"] / number / 1e6:.1f} MB read, ', end='')
    print(f'{found["written"] / number / 1e3:.1f} kB written, {found["ships"] / number:.0f} ships')


def measure_memory(args: argparse.Namespace) -> None:
    write_tiny_scenes(args.folder / 'tiny', 2000)
    for kind in (('processes', 1), ('processes', 2), ('ray', 2)):
        found = start(args, *kind)
        memory = found['memory']
        growth = max(memory) - memory[0]
        cost, driver = (1e3 * found[what] / found['scenes'] for what in ('total', 'driver'))
        print(f'{kind}: {memory[0]:.0f} MB after 100 results, at most {max(memory):.0f} MB: growth {growth:.0f} MB')
        print(f'    {cost:.1f} ms a scene, {driver:.1f} ms of the driver', flush=True)


def measure_names(args: argparse.Namespace, number: int = 100_000) -> None:
    """Scenes that are links to one file, all finished: what a run needs until it begins, or ends with nothing to do."""
    folder, out = args.folder / 'names', args.folder / 'out_names'
    if not folder.exists():
        # A file has at most 65 000 links on ext4.
        write_tiny_scenes(folder, -(-number // 50_000))
        for index in range(number):
            os.link(folder / f't{index // 50_000:05d}.tif', folder / f'n{index:06d}.tif')
    (args.folder / 'names.txt').write_text(''.join(f'{folder.resolve()}/n{index:06d}.tif\n' for index in range(number)))
    detector = Waiting(0)
    paths = find_scenes([str(args.folder / 'names.txt')])
    found = Detections(
        np.array([[20.0, 20, 16, 6, 0.3]]), np.array([0.9]), np.zeros(1, dtype=np.intp), detector.classes
    )
    if not out.exists():
        noted = RunFolder(out, {})
        # All are copies of one file: what is known of the first one is known of each.
        name, path = next(iter(paths.items()))
        scene = describe_scene(path, name)
        for name, path in paths.items():
            status = os.stat(path)
            own = SceneIdentity([path, *scene.size, [status.st_size, status.st_mtime_ns]], [path])
            finished = FinishedScene(
                replace(found, scene=replace(scene, name=name, path=path)), shapely.box(0, 0, 64, 64)
            )
            noted.note(noted.notes.finish(finished, own))
        noted.close(list(paths))
        print(f'{number} scenes finished', flush=True)
    engine = process_engine(partial(Waiting, 0), 1, detector)
    for _ in range(args.repeats):
        began, worked = time.monotonic(), time.process_time()
        paths = find_scenes([str(args.folder / 'names.txt')])
        listed = time.monotonic()
        result = detect_scenes(detector, paths, RunFolder(out, {}), engine, DetectionOptions())
        ended = time.monotonic()
        print(f'{len(paths)} names listed in {listed - began:.1f} s, resumed in {ended - listed:.1f} s, ', end='')
        print(f'{time.process_time() - worked:.1f} s of a core in all, ', end='')
        print(f'{result.resumed} finished before, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB')
    began = time.monotonic()
    written = write_layers(out, result.found, ['parts'])
    print(f'layers in parts: {written["parts"].count} ships in {time.monotonic() - began:.1f} s, ', end='')
    print(f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB')


def measure_simulate(args: argparse.Namespace, seconds: float = 0.5) -> None:
    simulate_scenes(args)
    one = None
    for kind in (('processes', 1), ('processes', 2), ('ray', 2), ('processes', 4), ('processes', 8), ('ray', 8)):
        found = start(args, *kind, seconds)
        one = one or found['rate']
        print(f'{kind}: {found["rate"]:.2f} s a scene, {one / found["rate"]:.2f} times one; ', end='')
        print(f'{1e3 * found["driver"] / found["scenes"]:.0f} ms of the driver a scene', flush=True)


if __name__ == '__main__':
    run(main)
