"""Turn every image of a data set and its labels by an angle: does a detector find the same ships at another heading?"""

import argparse
import math
from pathlib import Path

from ship_det.progress import count_noun, progress_bar


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description='Turn the images of a data set and their labels.')
    parser.add_argument('source', type=Path, help='data set folder with images/ and labelTxt/')
    parser.add_argument('out', type=Path, help='folder to make, with images as PNG')
    parser.add_argument('--degrees', type=float, default=30.0, help='clockwise on screen (%(default)s)')
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from ship_det.annotations import DotaFolder, LabeledObject, write_dota
    from ship_det.files import staged_folder
    from ship_det.tiling.rotation import rotate_image

    if args.out.exists() and any(args.out.iterdir()):
        raise ValueError(f'{args.out}: expected a new or empty folder')
    if not math.isfinite(args.degrees):
        raise ValueError(f'--degrees: found {args.degrees}, expected a finite number')
    source = DotaFolder(args.source)
    images = source.select()
    with staged_folder(args.out) as stage, progress_bar('turning images', len(images)) as show:
        out = DotaFolder(stage)
        out.make()
        for done, path in enumerate(images, start=1):
            rotation = rotate_image(path, out.image_dir / f'{path.stem}.png', args.degrees)
            objects = [
                LabeledObject(rotation(labeled.quad), labeled.name, labeled.difficult)
                for labeled in source.read_objects(path)[0]
            ]
            write_dota(out.label_dir / f'{path.stem}.txt', objects)
            show(done)
    print(f'{count_noun(len(images), "image")} turned by {args.degrees:g} degrees in {args.out}')
