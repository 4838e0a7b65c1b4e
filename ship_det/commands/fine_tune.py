"""From scenes and labelled ships of your own to a detector of them, starting from a detector of the zoo.

SCENES is a folder of images. LABELS is a folder of DOTA label files, one for each scene, or a layer of polygons drawn
in a GIS (.gpkg, .geojson, .shp, .parquet) with the class in an attribute. OUT gets the chips and their lists, what was
found in checking them, the config, the checkpoints with a least score for each class, and a page about the test.
Stopped and started again, it goes on where it was.
"""

import argparse
import json
import math
import os
import shlex
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ship_det.cli import quiet_imports, text_option
from ship_det.commands.steps import newest, step
from ship_det.files import digest, parse_json, read_text, write_text
from ship_det.progress import count_noun

CONFIG = 'configs/quickstart/r2cnn_r18w32_fpn64_ci_own.py'
#: Length of a ship that the zoo has seen many of, px, and by how much the median may differ before pixels are zoomed.
KNOWN_LENGTH = 72
KNOWN_RANGE = 1.6
#: Side of a chip, px, and how many fit along a scene that is split by area, at least.
CHIP, BLOCKS = 640, 6
#: Least and largest zoom; more shows nothing new and costs time.
ZOOMS = 0.25, 3.0
#: Scales of the crops around the zoom.
CROP_SCALES = 0.7, 1.4
#: Scenes whose m/px differ by more are not of one kind.
GSD_RANGE = 1.2
#: From so many scenes on whole scenes go to the parts.
MIN_SCENES = 3
PARTS = 'train', 'val', 'test'
GIS_SUFFIXES = ('.gpkg', '.geojson', '.json', '.shp', '.parquet')


@dataclass(frozen=True)
class Ships:
    """What there is to learn.

    Attributes:
        classes: names, that of the most ships first.
        count: ships that are not difficult.
        scenes: scenes with at least one.
        length: median length, px.
        longest: px.
        side: shorter side of the smallest of these scenes, px.
        gsd: m/px where all scenes are georeferenced and of one kind, else None.
    """

    classes: list[str]
    count: int
    scenes: int
    length: float
    longest: float
    side: int
    gsd: float | None


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('scenes', metavar='SCENES', type=Path, help='folder of images')
    parser.add_argument('labels', metavar='LABELS', type=Path, help='folder of DOTA labels, or a layer of polygons')
    parser.add_argument(
        '--from',
        dest='start',
        default='zoo:r2cnn-aosr15',
        metavar='WEIGHTS',
        help='zoo:NAME or a checkpoint (%(default)s)',
    )
    parser.add_argument('--out', required=True, type=Path, metavar='DIR', help='folder for all that comes out')
    parser.add_argument('--class-field', metavar='NAME', help='column of the classes of a layer; default: class')
    parser.add_argument(
        '--by',
        choices=['scene', 'area'],
        help=f'what goes to a part as a whole (default: scene from {MIN_SCENES} on, else area)',
    )
    parser.add_argument('--train', type=float, default=0.6, help='share of the training part')
    parser.add_argument(
        '--val', type=float, default=0.2, help='share that least scores are chosen on; the rest is the test'
    )
    parser.add_argument('--unlabeled', action='store_true', help='a scene without a label file has no ships')
    parser.add_argument('--chip', type=int, help='side of a chip, px (default: 640, by area less for a small scene)')
    parser.add_argument(
        '--gap', type=int, metavar='PX', help='by area: px between parts (default: the length of the longest ship)'
    )
    parser.add_argument(
        '--zoom',
        type=float,
        help='pixels shown to the detector for one of the scene (default: by the length of the ships)',
    )
    parser.add_argument('--iterations', type=int, default=600, help='of two crops (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of split and training')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    check_arguments(args)
    start = time.monotonic()
    data, chips, training = args.out / 'scenes', args.out / 'chips', args.out / 'train'
    check_label_names(args)
    with removed_if_refused(args.out):
        remember(args)
        gather(args, data)
        ships = describe(data, args.labels)
    zoom = args.zoom or choose_zoom(ships.length)
    scenes = count_noun(ships.scenes, 'scene')
    print(f'{count_noun(ships.count, "ship")} of {count_noun(len(ships.classes), "class")} in {scenes}')
    print(f'half of them are over {ships.length:.0f} px long; zoom {zoom:g}')
    unlabeled = ('--unlabeled',) if args.unlabeled else ()
    by = args.by or ('scene' if ships.scenes >= MIN_SCENES else 'area')
    chip = args.chip or choose_chip(ships, by)
    overlap = min(math.ceil(1.1 * ships.longest), chip // 2)
    # A ship's length apart, no ship is in two parts.
    gap = ('--gap', math.ceil(ships.longest) if args.gap is None else args.gap) if by == 'area' else ()
    step('Cut the scenes into chips', 'tile', data, chips, '--chip', chip, '--overlap', overlap, *unlabeled)
    step('Split', 'split', chips, '--by', by, '--train', args.train, '--val', args.val, '--seed', args.seed, *gap)
    require_ships(chips, ships.classes, by)
    # Exit code 1: errors, such as an odd box, that a training can live with; the table says which.
    step('Check', 'check', chips, '--out', args.out / 'check', allowed=(0, 1))
    config, trained = args.out / 'config.py', ('--load', args.start, '--amp', '--resume', '--seed', args.seed)
    write_config(config, chips, ships, zoom, args.iterations)
    step('Train', 'train', config, *trained, '--work-dir', training)
    checkpoint = training / f'iter_{args.iterations}.pth'
    predictions, results = args.out / 'predictions.jsonl', args.out / 'results.json'
    saved = ('--out', predictions, '--cfg-options', text_option('test_evaluator.results_file', results))
    step('Test', 'test', config, checkpoint, '--work-dir', training, *saved)
    lists = ('--list', chips / 'test.txt', '--train-list', chips / 'train.txt')
    log = newest(training, '*/vis_data/scalars.json')
    step('Write the page', 'report', predictions, chips, *lists, '--score', 0.3, '--log', log, '--out', args.out)
    conclude(args.out, config, checkpoint, results, (time.monotonic() - start) / 60)


def check_arguments(args: argparse.Namespace) -> None:
    """Refuse what no step would."""
    if not args.scenes.is_dir():
        raise ValueError(f'{args.scenes}: no such folder, expected the images of the scenes in it')
    if not args.labels.exists():
        raise ValueError(
            f'{args.labels}: no such file or folder, expected a folder of DOTA labels or a layer of polygons'
        )
    is_layer = args.labels.suffix.lower() in GIS_SUFFIXES
    if args.labels.is_file() and not is_layer:
        raise ValueError(f'{args.labels}: expected a folder of DOTA labels, or a layer: {", ".join(GIS_SUFFIXES)}')
    if is_layer:
        args.class_field = args.class_field or 'class'
    elif args.class_field is not None:
        raise ValueError(f'--class-field: found {args.class_field}; {args.labels} is no layer')
    if not (0 < args.train < 1 and 0 < args.val < 1 and args.train + args.val < 1):
        raise ValueError(
            f'--train, --val: found {args.train} and {args.val}, expected shares that leave some for the test'
        )
    if args.iterations < 10:
        raise ValueError(f'--iterations: found {args.iterations}, expected 10 or more')
    if args.zoom is not None and not 0.05 <= args.zoom <= 20:
        raise ValueError(f'--zoom: found {args.zoom}, expected 0.05 to 20')


def check_label_names(args: argparse.Namespace) -> None:
    """Raise a ValueError where a folder of labels has none of a scene."""
    if args.labels.is_file():
        return
    from ship_det.annotations import DotaFolder

    images, labels = find_folders(args)
    folder = DotaFolder(args.scenes, images, labels)
    if not folder.images:
        raise ValueError(f'{images}: found no image, expected those of the scenes')
    if any(folder.find_labels(image) for image in folder.images):
        return
    names = sorted(path.name for path in labels.iterdir())
    found = ', '.join(names[:3]) + (', ...' if len(names) > 3 else '') or 'nothing'
    raise ValueError(
        f'{labels}: no .txt of the name of a scene, such as {folder.images[0].stem}.txt; found {found}; expected DOTA '
        'label files (ship-det convert makes them of other formats)'
    )


def find_folders(args: argparse.Namespace) -> tuple[Path, Path]:
    """The folders of the images and, unless those are a layer, of the labels."""
    images, labels = args.scenes / 'images', args.labels / 'labelTxt'
    return images if images.is_dir() else args.scenes, labels if labels.is_dir() else args.labels


@contextmanager
def removed_if_refused(out: Path) -> Iterator[None]:
    """Leave no folder behind that was not there, where what it is to be made of is refused."""
    is_new = not out.exists()
    try:
        yield
    except (ValueError, SystemExit):
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise


def remember(args: argparse.Namespace) -> None:
    """Write down what OUT is made from; raise a ValueError where it was made from something else."""
    made = {name: str(value) for name, value in sorted(vars(args).items()) if name != 'out' and value is not None}
    for name in ('scenes', 'labels'):
        made[name] = os.path.realpath(made[name])
    if args.labels.is_file():
        made['labels_sha256'] = digest(args.labels)
    record = args.out / 'fine_tune.json'
    if record.exists():
        before = parse_json(read_text(record))
        if before != made:
            names = sorted(name for name in before.keys() | made.keys() if before.get(name) != made.get(name))
            found = ', '.join(f'{name} {before.get(name)}, now {made.get(name)}' for name in names)
            raise ValueError(f'{args.out}: was made with {found}; expected the same, or another --out')
        return
    args.out.mkdir(parents=True, exist_ok=True)
    write_text(record, json.dumps(made, indent=2) + '\n')


def gather(args: argparse.Namespace, data: Path) -> None:
    """Make a data set of the scenes and the labels, where they lie."""
    images, labels = find_folders(args)
    if args.labels.is_file():
        # The folder appears as a whole.
        if data.exists():
            return
        options = ('--from', 'gis', '--scenes', images, '--class-field', args.class_field, '--transfer', 'symlink')
        step('Read the layer', 'convert', args.labels, data, *options)
        return
    data.mkdir(parents=True, exist_ok=True)
    for name, folder in (('images', images), ('labelTxt', labels)):
        link = data / name
        if not link.is_symlink():
            link.symlink_to(folder.resolve(), target_is_directory=True)


def describe(data: Path, labels_given: Path) -> Ships:
    """Look at the labels and the scenes' georeference.

    Args:
        data: the scenes with their labels.
        labels_given: where the labels come from, for messages.
    """
    import numpy as np

    from ship_det.annotations import DotaFolder, read_dota
    from ship_det.geometry import quad_to_rbox
    from ship_det.scenes.scene import Scene, describe_scene

    folder = DotaFolder(data)
    lengths: list[float] = []
    counts: Counter[str] = Counter()
    found_scenes: list[Scene] = []
    for image in folder.images:
        labels = folder.find_labels(image)
        objects = [] if labels is None else [found for found in read_dota(labels) if not found.difficult]
        counts.update(found.name for found in objects)
        if objects:
            lengths += quad_to_rbox(np.array([found.quad for found in objects]))[:, 2].tolist()
            found_scenes.append(describe_scene(image, image.stem))
    if not lengths:
        raise ValueError(f'{labels_given}: no labelled ship that is not difficult, expected at least one')
    known = [scene.gsd for scene in found_scenes if scene.gsd is not None]
    side = min(min(scene.size) for scene in found_scenes)
    one_kind = len(known) == len(found_scenes) and max(known) <= GSD_RANGE * min(known)
    classes = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    gsd = statistics.median(known) if one_kind else None
    return Ships(classes, len(lengths), len(found_scenes), statistics.median(lengths), max(lengths), side, gsd)


def choose_chip(ships: Ships, by: str) -> int:
    """Side of a chip, px: by area such that the smallest scene has blocks for three parts and gaps between them."""
    if by == 'scene':
        return CHIP
    return min(CHIP, max(ships.side // BLOCKS, math.ceil(2 * ships.longest)))


def choose_zoom(length: float) -> float:
    """Pixels of the detector for one of the scene: 1 where ships are about as long, px, as those that the zoo knows."""
    zoom = KNOWN_LENGTH / length
    if 1 / KNOWN_RANGE <= zoom <= KNOWN_RANGE:
        return 1.0
    return round(min(max(zoom, ZOOMS[0]), ZOOMS[1]), 2)


def require_ships(chips: Path, classes: list[str], by: str) -> None:
    """Show how many ships of each class the parts have; raise a ValueError for a part that has none."""
    from ship_det.annotations import DotaFolder, read_dota

    folder = DotaFolder(chips)
    counts: dict[str, Counter[str]] = {}
    for part in PARTS:
        labels = [folder.find_labels(image) for image in folder.read_list(folder.list_path(part))]
        objects = (found for path in labels if path is not None for found in read_dota(path))
        counts[part] = Counter(found.name for found in objects if not found.difficult)
    # A ship in the overlap of two chips is counted in both.
    print(f'\n{"ships on the chips":24}' + ''.join(f'{part:>8}' for part in PARTS))
    for name in classes:
        print(f'{name:24}' + ''.join(f'{counts[part][name]:8}' for part in PARTS))
    empty = [part for part in PARTS if not counts[part]]
    if empty:
        other = 'scene' if by == 'area' else 'area'
        raise ValueError(
            f'{chips}: found no ship in {" and ".join(f"{part}.txt" for part in empty)}, expected some in each of '
            f'{", ".join(PARTS)}; another --seed, other shares (--train, --val), --by {other} or more labels help '
            '(with another --out)'
        )
    unseen = [name for name in classes if not counts['train'][name]]
    if unseen:
        print(f'no ship to learn from: {", ".join(unseen)}; another --seed splits otherwise')


def write_config(path: Path, chips: Path, ships: Ships, zoom: float, iterations: int) -> None:
    """Write a config for these ships, with all its settings in it."""
    with quiet_imports():
        from ship_det.launch import read_config

    warm_up = iterations // 10
    options = {
        'data_root': str(chips.resolve()),
        'classes': ships.classes,
        'train_dataloader.dataset.pipeline.3.scale': [round(scale * zoom, 3) for scale in CROP_SCALES],
        'val_dataloader.dataset.pipeline.1.scale_factor': zoom,
        'test_dataloader.dataset.pipeline.1.scale_factor': zoom,
        'train_cfg.max_iters': iterations,
        'train_cfg.val_interval': iterations,
        'param_scheduler.0.end': warm_up,
        'param_scheduler.1.begin': warm_up,
        'param_scheduler.1.end': iterations,
    }
    cfg = read_config(CONFIG, options)
    if ships.gsd is not None:
        cfg.gsd, cfg.longest_ship = round(ships.gsd, 4), round(1.1 * ships.longest * ships.gsd, 1)
    write_text(path, cfg.pretty_text)
    print(f'\n== Write the config\n{path}: {CONFIG} with these classes, zoom {zoom:g}, {iterations} iterations')


def conclude(out: Path, config: Path, checkpoint: Path, results: Path, minutes: float) -> None:
    """Say what came out and how ships are found with it."""
    found = parse_json(read_text(results))['results']
    ships = sum(entry['num_ground_truths'] for entry in found[0]['classes'].values())
    precision = ', '.join(f'{entry["mean_ap"]:.3f} at IoU {entry["iou_threshold"]:g}' for entry in found)
    labels = count_noun(ships, 'label')
    print(f'\nDone in {minutes:.1f} minutes. mAP on the test chips with {labels}: {precision}.')
    print(f'  {out / "index.html"}: the page about the test')
    print(f'  {out / "check" / "contact_sheet.jpg"}: the labels on the chips')
    print('Ships of other scenes:')
    files = f'--config {shlex.quote(str(config))} --checkpoint {shlex.quote(str(checkpoint))}'
    print(f'  ship-det detect SCENE... {files} --out SHIPS')
