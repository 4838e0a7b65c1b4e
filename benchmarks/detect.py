"""Detection in whole scenes: memory, what is not the model's time, workers, and MMRotate's patches beside it.

python benchmarks/detect.py memory                                  # scenes of 12544 and 40000 px, without a model
python benchmarks/detect.py speed CONFIG CHECKPOINT SCENE           # the same detector and windows each time
python benchmarks/detect.py workers CONFIG CHECKPOINT SCENE         # one process against two

Each measurement is a process of its own, with one thread a process; those that are compared take turns.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import rasterio
from rasterio import Affine

from ship_det.cli import run
from ship_det.geometry import pairwise_iou
from ship_det.scenes import DetectionOptions, Detections, detect_scene
from ship_det.scenes.engines import process_engine
from ship_det.scenes.run import detect_scenes
from ship_det.scenes.run_folder import RunFolder


class AFewBoxes:
    """A detector that takes no time: five boxes an image, wherever its pixels tell it."""

    classes = ('ship',)
    gsd = None

    def predict(self, image: np.ndarray, min_score: float | None = None) -> Detections:
        """Five boxes in an image."""
        rng = np.random.default_rng(int(image[::97, ::89].sum()))
        sides = np.array(image.shape[1::-1])
        boxes = np.column_stack([rng.uniform(0.1, 0.9, (5, 2)) * sides, [[80, 15]] * 5, rng.uniform(-1.5, 1.5, 5)])
        return Detections(boxes, rng.uniform(0.5, 1, 5), np.zeros(5, dtype=np.intp), self.classes)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['memory', 'speed', 'workers'])
    parser.add_argument('detector', nargs='*', metavar='CONFIG CHECKPOINT SCENE')
    parser.add_argument('--sizes', type=int, nargs='+', default=[12544, 40000], help='of scenes, px')
    parser.add_argument('--window', type=int, default=1000)
    parser.add_argument('--overlap', type=int, default=200)
    parser.add_argument('--min-score', type=float, default=0.3)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--part', help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(part: str) -> dict:
    """Run a part of this script in a process of its own: what it prints, its seconds and its peak memory, MB."""
    start = time.monotonic()
    command = [sys.executable, __file__, *sys.argv[1:], '--part', part]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'}
    )
    found = json.loads(output.stdout.splitlines()[-1])
    return {'seconds': time.monotonic() - start, **found}


def tell(**found: object) -> None:
    """Say what a part has found, with the peak memory of its process."""
    print(json.dumps({**found, 'megabytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def search_sparse_scene(size: int, folder: Path) -> None:
    """A scene of a GeoTIFF in which only the blocks of a coast are stored."""
    path = folder / f'{size}.tif'
    profile = {'width': size, 'height': size, 'count': 3, 'dtype': 'uint8', 'crs': 'EPSG:32633'}
    tiles = {'tiled': True, 'blockxsize': 512, 'blockysize': 512, 'SPARSE_OK': True}
    with rasterio.open(
        path, 'w', driver='GTiff', transform=Affine(0.6, 0, 5e5, 0, -0.6, 5e6), **profile, **tiles
    ) as scene:
        noise = np.random.default_rng(0).integers(0, 255, (3, 512, 512), dtype=np.uint8)
        for left in range(0, size - 512, 512):
            scene.write(noise, window=rasterio.windows.Window(left, left, 512, 512))
    found = detect_scene(AFewBoxes(), path)
    tell(ships=len(found))


def search_scene(args: argparse.Namespace) -> None:
    """The scene of the command line by ``detect_scene``: seconds in all and in the model."""
    import ship_det

    config, checkpoint, scene = args.detector
    detector = ship_det.load(config, checkpoint, device='cpu', threads=1)
    detector.gsd = None
    predict, seconds = detector.predict_batch, []

    def timed(images: list[np.ndarray], min_score: float | None = None) -> list[Detections]:
        start = time.monotonic()
        found = predict(images, min_score)
        seconds.append(time.monotonic() - start)
        return found

    detector.predict_batch = timed
    detector.predict(np.zeros((args.window, args.window, 3), dtype=np.uint8))
    seconds.clear()
    start = time.monotonic()
    found = detect_scene(detector, scene, args.window, args.overlap, min_score=args.min_score)
    total = time.monotonic() - start
    tell(total=total, model=sum(seconds), boxes=np.column_stack([found.boxes, found.labels, found.scores]).tolist())


def search_by_patches(args: argparse.Namespace) -> None:
    """The same by MMRotate's ``inference_detector_by_patches``."""
    import torch
    from mmdet.apis import init_detector
    from mmdet.structures.bbox import get_box_tensor
    from mmengine.config import ConfigDict
    from mmrotate.apis import inference_detector_by_patches
    from mmrotate.utils import register_all_modules

    from ship_det.launch import read_config

    torch.set_num_threads(1)
    register_all_modules(init_default_scope=True)
    config, checkpoint, scene = args.detector
    cfg = read_config(config)
    cfg.model.backbone.init_cfg = None
    model = init_detector(cfg, checkpoint, device='cpu')
    step = args.window - args.overlap
    start = time.monotonic()
    with rasterio.open(scene) as source:
        image = np.ascontiguousarray(source.read([3, 2, 1]).transpose(1, 2, 0))
    nms = ConfigDict(type='nms_rotated', iou_threshold=0.3)
    found = inference_detector_by_patches(model, image, [args.window], [step], [1.0], nms)
    total = time.monotonic() - start
    instances = found.pred_instances
    kept = instances.scores >= args.min_score
    columns = [get_box_tensor(instances.bboxes)[kept], instances.labels[kept, None], instances.scores[kept, None]]
    tell(total=total, boxes=torch.cat([column.double() for column in columns], dim=1).tolist())


def search_with_workers(args: argparse.Namespace, workers: int, folder: Path) -> None:
    """The same by a number of processes; the seconds of a scene from the first windows on, when all are at work."""
    from ship_det.commands.detect import load_detector

    config, checkpoint, scene = args.detector
    load = partial(load_detector, config, checkpoint, 'cpu', 1)
    detector = load()
    detector.gsd = None
    ends: list[tuple[float, float]] = []
    options = DetectionOptions(window=args.window, overlap=args.overlap, min_score=args.min_score)
    engine = process_engine(load, workers, detector)
    run_folder, paths = RunFolder(folder, {}), {'scene': scene}

    def note(done: float, *_: object) -> None:
        ends.append((time.monotonic(), done))

    detect_scenes(detector, paths, run_folder, engine, options, None, note)
    # The first windows of each worker pay for loading, and the last ones are not shared evenly.
    within = [(end, done) for end, done in ends if 0 < done < 1]
    (start, before), (end, after) = within[workers - 1], within[-1]
    tell(total=(end - start) / (after - before))


def compare_speed(args: argparse.Namespace) -> None:
    """Print how the two compare, in turns."""
    turns = [(measure('ours'), measure('patches')) for _ in range(args.repeats)]
    for name, place in (('detect_scene', 0), ('inference_detector_by_patches', 1)):
        seconds = median(turn[place]['total'] for turn in turns)
        print(f'{name}: {seconds:.1f} s, {turns[0][place]["megabytes"]:.0f} MB')
    rest = median(1 - ours['model'] / ours['total'] for ours, _ in turns)
    print(f'not the model: {100 * rest:.1f} % of the time of detect_scene')
    print(f'ratio of time: {median(ours["total"] / theirs["total"] for ours, theirs in turns):.2f}')
    ours, theirs = (np.array(found['boxes']).reshape(-1, 7) for found in turns[0])
    same = (pairwise_iou(ours[:, :5], theirs[:, :5]) > 0.7) & (ours[:, None, 5] == theirs[None, :, 5])
    print(f'ships: {len(ours)}, of them in the other {same.any(axis=1).sum()}')
    print(f'by patches: {len(theirs)}, of them in the other {same.any(axis=0).sum()}')


def main() -> None:
    args = parse_args()
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.part == 'ours':
            search_scene(args)
        elif args.part == 'patches':
            search_by_patches(args)
        elif args.part and args.what == 'workers':
            search_with_workers(args, int(args.part), folder)
        elif args.part:
            search_sparse_scene(int(args.part), folder)
        elif args.what == 'memory':
            for size in args.sizes:
                found = measure(str(size))
                print(f'{size} px: {found["megabytes"]:.0f} MB, {found["seconds"]:.0f} s, {found["ships"]} boxes')
        elif args.what == 'speed':
            compare_speed(args)
        else:
            turns = [(measure('1')['total'], measure('2')['total']) for _ in range(args.repeats)]
            print(f'two workers are {median(single / double for single, double in turns):.2f} times as fast as one')


if __name__ == '__main__':
    run(main)
