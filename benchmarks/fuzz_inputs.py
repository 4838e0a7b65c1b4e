"""Damaged label files and images: no command ends with a traceback, hangs, or is killed.

python benchmarks/fuzz_inputs.py DATA --labels 2000 --images 500

DATA has dota_harbor/ (DOTA), hit_uav_mini/val (roLabelImg) and formats/voc_hbb (VOC). Its labels are written in every
format that can be written, and files of these sets are damaged: cut, bits flipped, bytes swapped, recoded, lines
doubled or lost, numbers and names replaced. `ship-det convert` reads each of them, and `check` and `tile` each damaged
image, in a process of its own. Exit codes 0 and 2, and 1 of `check`, are right. Whatever else comes out is printed.
"""

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from ship_det.annotations.conversion import ConversionOptions, convert, writable_formats
from ship_det.annotations.folders import IMAGE_SUFFIXES
from ship_det.cli import run
from ship_det.commands import check, tile
from ship_det.commands import convert as convert_command
from ship_det.progress import progress_bar

SECONDS = 5
NUMBERS = (b'nan', b'inf', b'-1', b'1e308', b'9' * 400, b'0', b'', b'0x10', b'1,5', '\u0661'.encode())
NAMES = (b'', b'null', b'<b>', b'&bomb;', b'"', b'\\', b'\x00', b'../../x', '\U0001f6a2'.encode(), b'a' * 5000)
ENCODINGS = ('utf-16', 'utf-16-be', 'utf-8-sig', 'utf-32', 'cp037')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, metavar='DATA')
    parser.add_argument('--labels', type=int, default=2000, help='damaged label files (%(default)s)')
    parser.add_argument('--images', type=int, default=500, help='damaged images (%(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', type=int, nargs='+', metavar='N', help='these tries alone')
    return parser.parse_args()


def make_label_sets(data: Path, root: Path) -> dict[str, Path]:
    """A small data set in each format that can be read."""
    map_of_ships = ConversionOptions(class_map={'ship': 'ship', 'harbor': None}, transfer='hardlink')
    small = shrink(data / 'dota_harbor', root / 'small')
    sets = {name: root / name for name in writable_formats()}
    for name, folder in sets.items():
        convert('dota', name, small, folder, map_of_ships)
    hit_uav = root / 'hit_uav'
    for kind in ('images', 'annotations'):
        (hit_uav / kind).mkdir(parents=True)
        for path in sorted((data / 'hit_uav_mini/val' / kind).iterdir())[:3]:
            shutil.copy(path, hit_uav / kind)
    shutil.copytree(data / 'formats/voc_hbb', root / 'voc_hbb')
    return {**sets, 'rolabelimg': hit_uav, 'voc': root / 'voc_hbb'}


def shrink(source: Path, out: Path) -> Path:
    """The first forty objects of a DOTA data set, and its images."""
    shutil.copytree(source / 'images', out / 'images')
    (out / 'labelTxt').mkdir()
    for path in (source / 'labelTxt').iterdir():
        (out / 'labelTxt' / path.name).write_text('\n'.join(path.read_text().splitlines()[:42]) + '\n')
    return out


def make_images(folder: Path, seed: int) -> list[Path]:
    """Images of many kinds, of smooth noise."""
    folder.mkdir()
    noise = np.random.default_rng(seed)
    pixels = noise.integers(0, 255, (24, 30, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    picture = Image.fromarray(pixels)
    for suffix in ('.png', '.jpg', '.bmp', '.webp', '.gif', '.jp2', '.tif', '.ppm'):
        picture.save(folder / f'plain{suffix}')
    picture.convert('P').save(folder / 'palette.png')
    picture.convert('RGBA').save(folder / 'alpha.png')
    picture.convert('CMYK').save(folder / 'inks.jpg')
    picture.save(folder / 'progressive.jpg', progressive=True)
    height, width = pixels.shape[:2]
    kinds = {'deflate': ('uint8', 3), 'lzw': ('uint16', 4), 'zstd': ('float32', 1), 'jpeg': ('uint8', 3)}
    for compress, (dtype, count) in kinds.items():
        profile = {'driver': 'GTiff', 'width': width, 'height': height, 'count': count, 'dtype': dtype}
        values = pixels.transpose(2, 0, 1)[[0, 1, 2, 0][:count]].astype(dtype)
        with rasterio.open(
            folder / f'{compress}.tif', 'w', compress=compress, tiled=True, blockxsize=64, blockysize=64, **profile
        ) as file:
            file.write(values)
    return sorted(path for path in folder.iterdir() if path.suffix in IMAGE_SUFFIXES)


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Cut, flip, blank, swap, repeat or add bytes; half of it happens near the beginning."""
    size = len(content)
    reach = size if rng.random() < 0.5 else min(size, 400)
    start = rng.randrange(max(reach, 1))
    length = rng.randrange(1, 200)
    kind = rng.choice(['cut', 'cut', 'flip', 'flip', 'flip', 'blank', 'swap', 'repeat', 'add', 'empty'])
    if kind == 'cut':
        return content[:start]
    if kind == 'flip':
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 1, 3, 30])):
            damaged[rng.randrange(max(reach, 1))] ^= 1 << rng.randrange(8)
        return bytes(damaged)
    if kind == 'blank':
        return content[:start] + bytes(length) + content[start + length :]
    if kind == 'swap':
        return content[start:] + content[:start]
    if kind == 'repeat':
        return content[:start] + content[start : start + length] * 3 + content[start + length :]
    if kind == 'add':
        return content[:start] + rng.randbytes(length) + content[start:]
    return b''


def damage_text(content: bytes, rng: random.Random) -> bytes:
    """As ``damage_bytes``, or recode, or lose or double a line, or replace a number or a name."""
    kind = rng.choice(['bytes', 'bytes', 'recode', 'lose', 'double', 'number', 'number', 'name'])
    if kind == 'recode':
        return content.decode('utf-8').encode(rng.choice(ENCODINGS))
    if kind in ('number', 'name'):
        pattern = rb'-?[0-9]+(\.[0-9]+)?' if kind == 'number' else rb'[A-Za-z_]{2,}'
        found = list(re.finditer(pattern, content))
        if not found:
            return content + rng.choice(NAMES)
        place = rng.choice(found)
        return content[: place.start()] + rng.choice(NUMBERS if kind == 'number' else NAMES) + content[place.end() :]
    if kind in ('lose', 'double'):
        lines = content.splitlines(keepends=True) or [b'']
        index = rng.randrange(len(lines))
        return b''.join(lines[:index] + lines[index : index + 1] * (2 if kind == 'double' else 0) + lines[index + 1 :])
    return damage_bytes(content, rng)


def run_apart(main: Callable[[], int | None], arguments: Sequence[object], log: Path) -> tuple[int | None, str]:
    """Exit code of a command in a process of its own, None where it took too long, and what it printed."""
    process = os.fork()
    if process == 0:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.argv = ['ship-det', *map(str, arguments)]
        code = 1
        try:
            run(main)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
            code = 70
        finally:
            sys.stdout.flush()
            os._exit(code)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), log.read_text(errors='replace')
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None, log.read_text(errors='replace')


def try_label(sets: dict[str, Path], root: Path, rng: random.Random) -> tuple[str, int | None, str]:
    """Damage a file of a data set and convert the set."""
    name = rng.choice(sorted(sets))
    copy = root / 'damaged'
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sets[name], copy, copy_function=os.link)
    files = sorted(path for path in copy.rglob('*') if path.is_file() and path.suffix.lower() not in IMAGE_SUFFIXES)
    path = rng.choice(files)
    content = damage_text(path.read_bytes(), rng)
    # A new file: the old one is a link to the sound data set.
    path.unlink()
    path.write_bytes(content)
    shutil.rmtree(root / 'out', ignore_errors=True)
    options = ('--no-verify', '--transfer', 'hardlink')
    code, text = run_apart(convert_command.main, (copy, root / 'out', '--from', name, *options), root / 'log')
    return f'convert --from {name}, {path.name}', code, text


def try_image(images: Sequence[Path], root: Path, rng: random.Random) -> list[tuple[str, int | None, str]]:
    """Damage an image, check it and cut it into chips."""
    image = rng.choice(images)
    copy = root / 'damaged'
    shutil.rmtree(copy, ignore_errors=True)
    for kind in ('images', 'labelTxt'):
        (copy / kind).mkdir(parents=True)
    (copy / 'images' / image.name).write_bytes(damage_bytes(image.read_bytes(), rng))
    (copy / 'labelTxt' / f'{image.stem}.txt').write_text('20 20 80 20 80 40 20 40 ship 0\n')
    shutil.rmtree(root / 'out', ignore_errors=True)
    found = []
    for command, arguments in (
        (check.main, (copy, '--out', root / 'out', '--workers', 1)),
        (tile.main, (copy, root / 'out/chips', '--chip', 100, '--overlap', 20, '--workers', 1)),
    ):
        name = command.__module__.rpartition('.')[2]
        code, text = run_apart(command, arguments, root / 'log')
        # Errors of a data set are the exit code 1 of `check`.
        code = 0 if name == 'check' and code == 1 and 'Traceback' not in text else code
        found.append((f'{name}, {image.name}', code, text))
    return found


def main() -> int:
    args = parse_args()
    # Loaded once, before the processes of the tries are forked.
    import ship_det.dataset_checks
    import ship_det.tiling.run  # noqa: F401

    counts: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as folder, progress_bar('damaged files') as show:
        root = Path(folder)
        sets = make_label_sets(args.data, root / 'sets')
        images = make_images(root / 'pictures', args.seed)
        for index in args.only or range(args.labels + args.images):
            # Each try can be repeated alone.
            rng = random.Random(f'{args.seed} {index}')
            show(index + 1, args.labels + args.images)
            is_label = index < args.labels
            tries = [try_label(sets, root, rng)] if is_label else try_image(images, root, rng)
            for what, code, text in tries:
                kind = 'labels' if is_label else what.partition(',')[0]
                right = code in (0, 2) and 'Traceback' not in text and 'Warning' not in text
                counts[f'{kind}: {"exit code " + str(code) if right else "WRONG"}'] += 1
                if not right:
                    failures.append((index, what, code, text))
    for index, what, code, text in failures:
        reason = 'took too long' if code is None else f'exit code {code}'
        print(f'\nWRONG, try {index}: {what}: {reason}\n{text[-1500:]}')
    for kind, count in sorted(counts.items()):
        print(f'{kind}: {count}')
    return int(bool(failures))


if __name__ == '__main__':
    run(main)
