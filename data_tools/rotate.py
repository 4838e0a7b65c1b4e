"""Turn every image of a data set and its labels by an angle: does a detector find the same ships at another heading?"""

import argparse
from pathlib import Path

from ship_det.cli import run


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Turn the images of a data set and their labels.')
    parser.add_argument('source', type=Path, help='data set folder with images/ and labelTxt/')
    parser.add_argument('out', type=Path, help='folder to make, with images as PNG')
    parser.add_argument('--degrees', type=float, default=30.0, help='clockwise on screen (%(default)s)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from rich.progress import track

    from ship_det.annotations import LabeledObject, read_dota, write_dota
    from ship_det.annotations.folders import dota_label_path, list_images
    from ship_det.tiling.rotation import rotate_image

    if args.out.exists() and any(args.out.iterdir()):
        raise ValueError(f'{args.out}: expected a new or empty folder')
    images = list_images(args.source / 'images')
    for folder in ('images', 'labelTxt'):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    for path in track(images, 'turning images', transient=True):
        rotation = rotate_image(path, args.out / 'images' / f'{path.stem}.png', args.degrees)
        objects = [
            LabeledObject(rotation(labeled.quad), labeled.name, labeled.difficult)
            for labeled in read_dota(dota_label_path(args.source, path))
        ]
        write_dota(dota_label_path(args.out, path), objects)
    print(f'{len(images)} images turned by {args.degrees:g} degrees in {args.out}')


if __name__ == '__main__':
    run(main)
