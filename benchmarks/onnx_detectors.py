"""An exported detector beside PyTorch's: the same ships, the same average precision, and how fast.

python benchmarks/onnx_detectors.py same CONFIG CHECKPOINT --images CHIPS HIT_UAV/images HARBOR/images --labels CHIPS
python benchmarks/onnx_detectors.py raw CONFIG ...     # random weights: the candidates before NMS
python benchmarks/onnx_detectors.py speed      # 1024 x 1024 px, one thread, beside YOLO26n-obb of pip's ultralytics

`same` looks at 50 images, spread over the folders, and at all images of the labelled data set.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import ship_det
from ship_det.annotations import DotaFolder
from ship_det.cli import quiet_imports, run
from ship_det.evaluation import evaluate
from ship_det.raster import read_rgb
from ship_det.scenes.inputs import find_scenes

MIN_SCORE = 0.05


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    same = commands.add_parser('same', help='compare boxes, scores and mAP')
    same.add_argument('config')
    same.add_argument('checkpoint')
    same.add_argument('--images', nargs='+', required=True, help='folders of images')
    same.add_argument('--count', type=int, default=50, help='images in all')
    same.add_argument('--labels', type=Path, help='data set with labels, for mAP')
    same.add_argument('--calibrate', help='folder of images for int8 (default: without it)')
    raw = commands.add_parser('raw', help='compare the candidates of random weights')
    raw.add_argument('configs', nargs='+')
    speed = commands.add_parser('speed', help='time of one image')
    speed.add_argument('--repeats', type=int, default=15)
    speed.add_argument('--calibrate', help='folder of images for int8 (default: without it)')
    return parser.parse_args()


def compare(expected: ship_det.Detections, found: ship_det.Detections) -> dict[str, Any]:
    """Number of ships of each, and the differences of those that both have: px of a corner and score."""
    distance = np.linalg.norm(expected.quads[:, None].mean(axis=2) - found.quads[None].mean(axis=2), axis=-1)
    distance[expected.labels[:, None] != found.labels] = np.inf
    pixels, scores, alone = [], [], 0
    taken: set[int] = set()
    for row in range(len(expected)):
        for nearest in np.argsort(distance[row], kind='stable')[:3]:
            if int(nearest) not in taken and distance[row, nearest] < 0.5:
                break
        else:
            alone += 1
            continue
        taken.add(int(nearest))
        turned = [np.roll(found.quads[nearest], turn, axis=0) for turn in range(4)]
        pixels.append(min(np.abs(expected.quads[row] - quad).max() for quad in turned))
        scores.append(abs(float(expected.scores[row] - found.scores[nearest])))
    return {
        'expected': len(expected),
        'found': len(found),
        'alone': alone + len(found) - len(taken),
        'pixels': max(pixels, default=0.0),
        'scores': max(scores, default=0.0),
    }


def same(args: argparse.Namespace) -> None:
    """Print the differences of each kind of file to PyTorch."""
    with quiet_imports():
        from ship_det.inference.onnx_export import export_onnx
    lists = [list(find_scenes([folder]).values()) for folder in args.images]
    paths: list[str] = []
    for left, own in zip(range(len(lists), 0, -1), sorted(lists, key=len), strict=True):
        share = min(len(own), -(-(args.count - len(paths)) // left))
        paths += [own[index] for index in np.linspace(0, len(own) - 1, share).round().astype(int)]
    with TemporaryDirectory() as folder, quiet_imports():
        detectors: dict[str, Any] = {'PyTorch': ship_det.load(args.config, args.checkpoint, device='cpu', threads=1)}
        kinds = ('float32', 'float16', 'int8') if args.calibrate else ('float32', 'float16')
        images = list(find_scenes([args.calibrate]).values()) if args.calibrate else []
        for kind in kinds:
            file = Path(folder) / f'{kind}.onnx'
            export_onnx(args.config, args.checkpoint, file, kind, images)
            detectors[kind] = ship_det.load(file, device='cpu', threads=1)
    found = {name: [of.predict(read_rgb(path), MIN_SCORE) for path in paths] for name, of in detectors.items()}
    print('| | ships, PyTorch | ships | alone | px | score | mAP@0.6 | difference |\n|---|--:|--:|--:|--:|--:|--:|--:|')
    reference = average_precision(detectors['PyTorch'], args.labels) if args.labels else float('nan')
    for name in detectors:
        if name == 'PyTorch':
            continue
        rows = [compare(*pair) for pair in zip(found['PyTorch'], found[name], strict=True)]
        total = {key: sum(row[key] for row in rows) for key in ('expected', 'found', 'alone')}
        ap = average_precision(detectors[name], args.labels) if args.labels else float('nan')
        print(
            f'| {name} | {total["expected"]} | {total["found"]} | {total["alone"]} | '
            f'{max(row["pixels"] for row in rows):.2g} | {max(row["scores"] for row in rows):.2g} | {ap:.4f} | '
            f'{ap - reference:+.4f} |'
        )
        for path, row in zip(paths, rows, strict=True):
            if row['alone'] and name == 'float32':
                print(f'{name}: {path}: {row}', file=sys.stderr)
    print(f'{len(paths)} images; mAP of PyTorch {reference:.4f}')


def raw(args: argparse.Namespace) -> None:
    """Print the largest difference of any number of a candidate to the one most like it in PyTorch."""
    import onnxruntime
    import torch
    from mmengine.registry import init_default_scope
    from mmrotate.registry import MODELS

    from ship_det.inference.onnx_export import trace
    from ship_det.initial_weights import without_initial_weights
    from ship_det.launch import read_config
    from ship_det.models.onnx_graph import DetectorGraph
    from ship_det.onnx_files import INPUT

    for config in args.configs:
        cfg = read_config(config)
        init_default_scope('mmrotate')
        torch.manual_seed(0)
        model = MODELS.build(without_initial_weights(cfg.model)).eval()
        session = onnxruntime.InferenceSession(trace(model, cfg.num_classes).SerializeToString())
        images = torch.rand(1, 3, 256, 320) * 255
        with torch.no_grad():
            expected = DetectorGraph(model)(images).numpy()[0].T
        found = session.run(None, {INPUT: images.numpy()})[0][0].T
        expected = expected[expected[:, 4:-1].any(axis=1)]
        # Of boxes and scores; an angle of pi is one of 0.
        difference = np.abs(expected[:, None, :-1] - found[None, :, :-1]).max(axis=2).min(axis=1)
        print(f'{config}: {len(expected)} candidates, largest difference {difference.max():.2g}')


def average_precision(detector: Any, root: Path) -> float:
    """mAP at IoU 0.6 on all images of a data set."""
    folder = DotaFolder(root)
    predictions, truths = [], []
    for path in folder.select():
        objects = folder.read_objects(path)[0]
        known = [found for found in objects if found.name in detector.classes]
        truths.append(
            {
                'quads': np.array([found.quad for found in known]).reshape(-1, 4, 2),
                'labels': np.array([detector.classes.index(found.name) for found in known], dtype=int),
                'difficult': np.array([found.difficult for found in known], dtype=bool),
            }
        )
        found = detector.predict(read_rgb(path), 0.0)
        predictions.append({'boxes': found.boxes, 'scores': found.scores, 'labels': found.labels})
    return evaluate(predictions, truths, detector.classes, 0.6).mean_ap


def speed(args: argparse.Namespace) -> None:
    """Median time of each detector, in turns, and the median ratio to YOLO26n-obb's in the same turn."""
    import onnxruntime
    import torch

    from ship_det.zoo import zoo_model

    with quiet_imports():
        from ultralytics.nn.tasks import OBBModel
    torch.set_num_threads(1)
    image = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    model = zoo_model('r2cnn-aosr15')
    finders: dict[str, Callable[[], object]] = {}
    with TemporaryDirectory() as folder, quiet_imports():
        by_torch = ship_det.load(model.config, model.weights, device='cpu', threads=1)
        finders['r2cnn-aosr15, PyTorch'] = partial(by_torch.predict, image)
        finders['r2cnn-aosr15, ONNX Runtime'] = partial(ship_det.load(model.name, threads=1).predict, image)
        if args.calibrate:
            from ship_det.inference.onnx_export import export_onnx

            file = str(Path(folder) / 'int8.onnx')
            export_onnx(model.config, model.weights, file, 'int8', list(find_scenes([args.calibrate]).values()))
            finders['r2cnn-aosr15, int8'] = partial(ship_det.load(file, threads=1).predict, image)
        yolo = OBBModel('yolo26n-obb.yaml', nc=15, verbose=False).eval()
        for part in yolo.modules():
            if hasattr(part, 'export'):
                part.export, part.format = True, 'onnx'
        yolo.fuse(verbose=False)
        file = str(Path(folder) / 'yolo.onnx')
        tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            torch.onnx.export(yolo, (tensor,), file, input_names=['images'], opset_version=17, dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])

    def find_by_yolo() -> object:
        given = image.transpose(2, 0, 1)[None].astype(np.float32) / 255
        return session.run(None, {'images': given})

    finders['YOLO26n-obb, ONNX Runtime'] = find_by_yolo
    seconds = defaultdict(list)
    for find in finders.values():
        find()
    for _ in range(args.repeats):
        for name, find in finders.items():
            start = time.perf_counter()
            find()
            seconds[name].append(time.perf_counter() - start)
    for name, own in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, seconds['YOLO26n-obb, ONNX Runtime'], strict=True))
        print(f'{name}: {statistics.median(own):.3f} s, {ratio:.2f} times YOLO26n-obb')


def main() -> None:
    args = parse_args()
    {'same': same, 'raw': raw, 'speed': speed}[args.command](args)


if __name__ == '__main__':
    run(main)
