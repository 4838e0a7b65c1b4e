"""The zoo's models: how their weights get into the package, and what they find on scenes they have never seen.

python benchmarks/zoo.py publish r2cnn-ships configs/zoo/r2cnn_ships.py work_dirs/r2cnn_ships/iter_40000.pth \
    --finds 'ships of any class, 1 to 2 m/px'
python benchmarks/zoo.py test r2cnn-aosr15        # AP of each class on 20 simulated scenes, seeds 0 to 19

The scenes are simulated below --data the first time: 2000 px, as many ships of each class.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from ship_det.annotations import read_dota, write_dota
from ship_det.checkpoints import load_checkpoint
from ship_det.cli import quiet_imports, run
from ship_det.files import digest, parse_json, read_text, write_text
from ship_det.processes import run_command
from ship_det.zoo import zoo_model

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / 'ship_det/zoo'
SCENES = 20


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    publish_parser = commands.add_parser('publish', help='put weights into the package')
    publish_parser.add_argument('name')
    publish_parser.add_argument('config', type=Path)
    publish_parser.add_argument('checkpoint', type=Path)
    publish_parser.add_argument('--finds', required=True, help='what it finds, a few words')
    test_parser = commands.add_parser('test', help='find ships in scenes never seen')
    test_parser.add_argument('name')
    test_parser.add_argument('--data', type=Path, default=Path('data/zoo'))
    return parser.parse_args()


def publish(args: argparse.Namespace) -> None:
    """Write the ONNX file with float16 weights, and name it in models.json."""
    from ship_det.inference.onnx_export import export_onnx

    meta = load_checkpoint(args.checkpoint)['meta']
    file = FOLDER / f'{args.name}.onnx'
    export_onnx(args.config, args.checkpoint, file, 'float16')
    config = args.config.resolve().relative_to(ROOT)
    path = FOLDER / 'models.json'
    entries = parse_json(read_text(path)) if path.exists() else {}
    entries[args.name] = {
        'config': str(config),
        'sha256': digest(file),
        'finds': args.finds,
        'iterations': meta['iter'],
    }
    write_text(path, json.dumps(entries, indent=2) + '\n')
    print(f'{file}: {file.stat().st_size / 1e6:.1f} MB')


def ship_det(*arguments: object) -> None:
    command = [sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)]
    if run_command(command):
        raise ValueError(f'ship-det {" ".join(map(str, arguments))}: failed, its message is above')


def test(args: argparse.Namespace) -> None:
    """Find ships in the fixed scenes as a user would, and compare with the labels."""
    model = zoo_model(args.name)
    with quiet_imports():
        import ship_det as package

        detector = package.load(args.name, device='cpu')
    gsd = detector.gsd
    scenes = args.data / f'scenes_{gsd:g}m'
    if not (scenes / 'done').exists():
        shape = ('--size', 2000, '--gsd', gsd, '--ships', 60, '--tail', 1)
        ship_det('simulate', scenes, '--scenes', SCENES, *shape, '--seed', 0, '--workers', 2)
        (scenes / 'done').touch()
    out, labelled = args.data / model.name, scenes
    if detector.classes == ('ship',):
        labelled = args.data / f'ships_{gsd:g}m'
        (labelled / 'labelTxt').mkdir(parents=True, exist_ok=True)
        for path in sorted((scenes / 'labelTxt').glob('*.txt')):
            write_dota(labelled / 'labelTxt' / path.name, [replace(one, name='ship') for one in read_dota(path)])
        if not (labelled / 'images').exists():
            (labelled / 'images').symlink_to((scenes / 'images').resolve())
    ship_det('detect', scenes / 'images', '--model', model.name, '--out', out, '--min-score', 0.05, '--no-map')
    ship_det('evaluate', out, labelled, '--iou', 0.5, 0.6)


def main() -> None:
    args = parse_args()
    {'publish': publish, 'test': test}[args.command](args)


if __name__ == '__main__':
    run(main)
