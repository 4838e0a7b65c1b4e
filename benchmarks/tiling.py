"""Tiling beside MMRotate's img_split.py on the same scenes in one run: time, memory, and what becomes of the ships.

    python data_tools/simulate.py SCENES --scenes 2 --size 12544 --seed 0 --ships 453 --min-per-class 1
    python benchmarks/tiling.py SCENES --scenes 1         # GeoTIFF; the machine should have nothing else to do
    python benchmarks/tiling.py SCENES --scenes 1 --png   # the same scene as PNG
    python benchmarks/tiling.py SCENES --kills 20         # kill -9 at random moments, then compare hashes

Both sides get 2 processes and cut 1000 px with 200 px of overlap; they take turns, and a ratio is the median of those
of each turn. Needs /proc (Linux).
"""

import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import shapely
from rich.console import Console
from rich.table import Table

from ship_det.annotations import read_dota
from ship_det.cli import run
from ship_det.tiling import read_chip_index

CHIP, OVERLAP, WORKERS = 1000, 200, 2
# Both tools keep a ship of which this much is visible.
MIN_VISIBLE = 0.7
SAMPLE_SECONDS = 0.2
TILE = Path(__file__).parents[1] / 'data_tools' / 'tile.py'
SAME_WINDOWS, WITH_SHIPS, DEFAULT, PEER = (
    'tile.py, same windows',
    'tile.py --keep-empty 0',
    'tile.py, default',
    'img_split.py',
)


@dataclass
class Cost:
    """What a command took: seconds of the clock and of all cores."""

    seconds: float
    cpu_seconds: float


@dataclass
class Quality:
    """What a command made of the ships.

    Attributes:
        chips: written.
        whole: ships that lie whole in a chip, of those that fit in one.
        fitting: ships that fit in a chip.
        lost: ships of which no chip shows enough.
        outside: label rows with a coordinate outside their chip.
        rows: label rows.
    """

    chips: int
    whole: int
    fitting: int
    lost: int
    outside: int
    rows: int


def img_split() -> Path:
    """MMRotate's tool, which is installed with it."""
    import mmrotate

    return Path(mmrotate.__file__).parent / '.mim/tools/data/dota/split/img_split.py'


def commands(scenes: Path, out: Path) -> dict[str, list]:
    """The command lines that are compared, each writing to ``out``."""
    ours = [sys.executable, TILE, scenes, out, '--chip', CHIP, '--overlap', OVERLAP, '--workers', WORKERS]
    folders = ['--img-dirs', scenes / 'images', '--ann-dirs', scenes / 'labelTxt']
    sizes = ['--sizes', CHIP, '--gaps', OVERLAP, '--nproc', WORKERS]
    return {
        SAME_WINDOWS: [*ours, '--no-whole'],
        WITH_SHIPS: [*ours, '--keep-empty', 0],
        PEER: [sys.executable, img_split(), *folders, *sizes, '--save-dir', out],
        DEFAULT: ours,
    }


def measure(command: list) -> Cost:
    """Run a command to its end."""
    # What was written before is not to be written to the disk meanwhile.
    os.sync()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with running(command) as process:
        process.wait()
        seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def peak_mib(command: list) -> float:
    """Run a command to its end; the largest memory of its processes, MiB. Looking takes time, so it is not timed."""
    peak = 0.0
    with running(command) as process:
        while process.poll() is None:
            peak = max(peak, tree_mib(process))
            time.sleep(SAMPLE_SECONDS)
    return peak


@contextmanager
def running(command: list) -> Iterator[psutil.Popen]:
    """A command at work; OSError with the end of its output if it fails."""
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen(list(map(str, command)), stdout=log, stderr=log)
        yield process
        code = process.wait()
        if code:
            log.seek(0)
            raise OSError(f'{command[1]} ended with {code}: {log.read().decode()[-2000:]}')


def tree_mib(process: psutil.Process) -> float:
    """Memory of a process and all below it, MiB; pages that they share count once."""
    total = 0
    try:
        members = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for member in members:
        try:
            lines = Path(f'/proc/{member.pid}/smaps_rollup').read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith('Pss:'))
    return total / 1024


def written_windows(out: Path) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """For each scene the (label file, window) of its chips, from the index or from img_split.py's file names."""
    windows: dict[str, list] = {}
    if (out / 'chips.jsonl').exists():
        for chip in read_chip_index(out):
            labels = out / 'labelTxt' / f'{Path(chip.file).stem}.txt'
            windows.setdefault(Path(chip.scene).stem, []).append((labels, chip.window))
        return windows
    for labels in sorted((out / 'annfiles').iterdir()):
        scene, side, corner = labels.stem.split('__', 2)
        x, y = corner.split('___')
        windows.setdefault(scene, []).append((labels, (int(x), int(y), int(side), int(side))))
    return windows


def judge(scenes: Path, out: Path) -> Quality:
    """What became of the ships, from the chips that were written, whatever their labels say of wholeness."""
    quality = Quality(0, 0, 0, 0, 0, 0)
    for scene, chips in written_windows(out).items():
        ships = np.array([labeled.quad for labeled in read_dota(scenes / 'labelTxt' / f'{scene}.txt')])
        windows = np.array([window for _, window in chips])
        x, y, w, h = windows.T
        boxes = shapely.box(x, y, x + w, y + h)
        low, high = ships.min(axis=1), ships.max(axis=1)
        inside = (low[:, None] >= windows[:, :2]) & (high[:, None] <= windows[:, :2] + windows[:, 2:])
        fits = (np.ceil(high) - np.floor(low) <= CHIP).all(axis=1)
        polygons = shapely.polygons(ships)
        visible = shapely.area(shapely.intersection(polygons[:, None], boxes)) / shapely.area(polygons)[:, None]
        quality.chips += len(chips)
        quality.fitting += int(fits.sum())
        quality.whole += int(inside.all(axis=2).any(axis=1)[fits].sum())
        quality.lost += int((visible.max(axis=1) < MIN_VISIBLE).sum())
        for labels, (_, _, width, height) in chips:
            rows = [list(map(float, line.split()[:8])) for line in labels.read_text().splitlines()]
            corners = np.array(rows).reshape(-1, 4, 2)
            quality.rows += len(corners)
            quality.outside += int(((corners < 0) | (corners > [width, height])).any(axis=(1, 2)).sum())
    return quality


def compare(scenes: Path, work: Path, repeats: int) -> None:
    """Measure all commands in turns and print two tables."""
    costs: dict[str, list[Cost]] = {}
    peaks, qualities = {}, {}
    out = work / 'out'
    for name, command in commands(scenes, out).items():
        peaks[name] = peak_mib(command)
        shutil.rmtree(out)
    for _ in range(repeats):
        for name, command in commands(scenes, out).items():
            costs.setdefault(name, []).append(measure(command))
            qualities[name] = judge(scenes, out)
            shutil.rmtree(out)
    show_costs(costs, peaks)
    show_qualities(qualities)


def show_costs(costs: dict[str, list[Cost]], peaks: dict[str, float]) -> None:
    table = Table(title='2 processes each, median (smallest to largest)')
    for header in ('', 'seconds', 'seconds of all cores', 'peak MiB', 'times faster', 'times less CPU'):
        table.add_column(header, justify='right' if header else 'left')
    for name, runs in costs.items():
        cells = [
            f'{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})'
            for values in ([cost.seconds for cost in runs], [cost.cpu_seconds for cost in runs])
        ]
        pairs = list(zip(costs[PEER], runs, strict=True))
        ratios = [
            statistics.median(peer.seconds / ours.seconds for peer, ours in pairs),
            statistics.median(peer.cpu_seconds / ours.cpu_seconds for peer, ours in pairs),
        ]
        table.add_row(name, *cells, f'{peaks[name]:.0f}', *(f'{ratio:.2f}' for ratio in ratios))
    Console(width=130).print(table)


def show_qualities(qualities: dict[str, Quality]) -> None:
    table = Table(title='ships')
    for header in ('', 'chips', 'whole in a chip', 'lost', 'rows outside their chip'):
        table.add_column(header, justify='right' if header else 'left')
    for name, found in qualities.items():
        whole = f'{found.whole} of {found.fitting} ({found.whole / found.fitting:.1%})'
        outside = f'{found.outside} of {found.rows} ({found.outside / max(found.rows, 1):.1%})'
        table.add_row(name, str(found.chips), whole, str(found.lost), outside)
    Console(width=130).print(table)


def kill_at_random(scenes: Path, work: Path, kills: int) -> None:
    """Kill runs (all of their processes, the first one alone, or one worker) and compare what they end with."""
    chooser = random.Random(0)
    out = work / 'killed'
    cost = measure(commands(scenes, work / 'whole')[DEFAULT])
    expected = digest(work / 'whole')
    done = finished = 0
    quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
    while done < kills:
        start = time.perf_counter()
        run = psutil.Popen(list(map(str, commands(scenes, out)[DEFAULT])), **quiet, start_new_session=True)
        moment = chooser.uniform(0.2, max(0.4, cost.seconds / 3))
        while run.poll() is None and time.perf_counter() - start < moment:
            time.sleep(0.005)
        if run.poll() is None:
            kill(run, chooser)
            done += 1
        elif done < kills:
            finished += 1
            compare_digests(out, expected)
            shutil.rmtree(out)
        run.wait()
    measure(commands(scenes, out)[DEFAULT])
    compare_digests(out, expected)
    print(f'{done} kills, {finished + 1} runs finished, each with the {len(expected)} files of an uninterrupted run')


def kill(run: psutil.Popen, chooser: random.Random) -> None:
    """kill -9: the whole session, the first process alone or one of its children."""
    children = [child for child in run.children() if 'spawn_main' in ' '.join(child.cmdline())]
    victim = chooser.choice(['session', 'first', 'worker'])
    if victim == 'session':
        os.killpg(run.pid, signal.SIGKILL)
    elif victim == 'worker' and children:
        chooser.choice(children).kill()
    else:
        run.kill()


def compare_digests(out: Path, expected: dict[str, str]) -> None:
    found = digest(out)
    different = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    if different:
        raise ValueError(f'{len(different)} files differ from those of an uninterrupted run, such as {different[0]}')


def digest(root: Path) -> dict[str, str]:
    """SHA-256 of each file."""
    files = sorted(path for path in root.rglob('*') if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def chosen_scenes(source: Path, work: Path, count: int | None, png: bool) -> Path:
    """A data set folder of the first scenes, linked or converted."""
    images = sorted((source / 'images').glob('*.tif'))[:count]
    if not images:
        raise ValueError(f'{source}/images: holds no .tif, expected scenes made by data_tools/simulate.py')
    for folder in ('images', 'labelTxt'):
        (work / 'scenes' / folder).mkdir(parents=True)
    for image in images:
        labels = f'{image.stem}.txt'
        (work / 'scenes/labelTxt' / labels).symlink_to((source / 'labelTxt' / labels).resolve())
        if png:
            import rasterio.shutil

            rasterio.shutil.copy(image, work / f'scenes/images/{image.stem}.png', driver='PNG', ZLEVEL=1)
        else:
            (work / 'scenes/images' / image.name).symlink_to(image.resolve())
    return work / 'scenes'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, metavar='SCENES', help='data set folder made by data_tools/simulate.py')
    parser.add_argument('--scenes', type=int, help='take the first so many (default: all)')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--png', action='store_true', help='convert the scenes to PNG first')
    parser.add_argument('--kills', type=int, help='instead: kill runs so many times and compare their output')
    parser.add_argument('--work', type=Path, help='folder for temporary files (default: of the system)')
    args = parser.parse_args()
    # OpenCV refuses images of more than 2^30 px unless told otherwise.
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(1 << 40))
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        work = Path(folder)
        scenes = chosen_scenes(args.source, work, args.scenes, args.png)
        if args.kills:
            kill_at_random(scenes, work, args.kills)
        else:
            compare(scenes, work, args.repeats)


if __name__ == '__main__':
    run(main)
