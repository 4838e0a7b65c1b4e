"""Write a detector as one ONNX file, which finds the same ships without torch.

CONFIG is one of R2CNN or of the skew-box Cascade, CHECKPOINT its weights. The file has standard operators alone, takes
images of any size and any number of them, and knows its classes, metres a pixel and thresholds. It is tried before it
is left: ONNX Runtime has to find in it what PyTorch finds.
"""

import argparse
import shlex
from pathlib import Path

from ship_det.cli import check_outputs, quiet_imports
from ship_det.onnx_files import SUFFIX, is_onnx
from ship_det.progress import Console, count_noun
from ship_det.zoo import find_config, weights_file


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='its weights, such as work_dirs/NAME/iter_1200.pth, or zoo:NAME')
    parser.add_argument('out', metavar='OUT.onnx', help='file to write')
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument('--half', action='store_true', help='store the weights as float16: half the size')
    kinds.add_argument(
        '--int8',
        nargs='+',
        metavar='IMAGE',
        help='compute convolutions in int8, calibrated on images like those to be searched: files, folders or globs',
    )
    return parser


def main() -> None:
    args = make_parser().parse_args()
    if not is_onnx(args.out):
        raise ValueError(f'OUT: found {args.out}, expected a name that ends in {SUFFIX}')
    check_outputs({'OUT': args.out}, [args.config, args.checkpoint])
    if not (folder := Path(args.out).parent).is_dir():
        raise ValueError(f'OUT: {args.out}: found no folder {folder}, expected one that is there')
    config, checkpoint = find_config(args.config), weights_file(args.checkpoint)
    with Console() as console:
        from ship_det.scenes.inputs import find_scenes

        images = list(find_scenes(args.int8).values()) if args.int8 else []
        console.begin('exporting')
        with quiet_imports():
            from ship_det.inference.onnx_export import export_onnx

            precision = 'int8' if args.int8 else 'float16' if args.half else 'float32'
            facts = export_onnx(config, checkpoint, args.out, precision, images)
        megabytes = Path(args.out).stat().st_size / 1e6
        console.say(f'{args.out}: {facts.method}, {count_noun(len(facts.classes), "class", "es")}, {megabytes:.1f} MB')
        console.say(f'find ships with it: ship-det detect SCENE --model {shlex.quote(str(args.out))} --out OUT')
