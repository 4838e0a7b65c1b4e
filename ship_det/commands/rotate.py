"""Turn every image of a data set and its labels by an angle: does a detector find the same ships at another heading?"""

import argparse
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Turn the images of a data set and their labels.')
    parser.add_argument('source', type=Path, help='data set folder with images/ and labelTxt/')
    parser.add_argument('out', type=Path, help='folder to make, with images as PNG')
    parser.add_argument('--degrees', type=float, default=30.0, help='clockwise on screen (%(default)s)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from rich.progress import track

    from ship_det.annotations import DotaFolder, LabeledObject, write_dota
    from ship_det.tiling.rotation import rotate_image

    if args.out.exists() and any(args.out.iterdir()):
        raise ValueError(f'{args.out}: expected a new or empty folder')
    source, out = DotaFolder(args.source), DotaFolder(args.out)
    images = source.select()
    out.make()
    for path in track(images, 'turning images', transient=True):
        rotation = rotate_image(path, out.image_dir / f'{path.stem}.png', args.degrees)
        objects = [
            LabeledObject(rotation(labeled.quad), labeled.name, labeled.difficult)
            for labeled in source.read_objects(path)[0]
        ]
        write_dota(out.label_dir / f'{path.stem}.txt', objects)
    print(f'{len(images)} images turned by {args.degrees:g} degrees in {args.out}')
