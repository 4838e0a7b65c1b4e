"""Turn every image of a data set and its labels by an angle: does a detector find the same ships at another heading?"""

import argparse
import math
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
    import cv2
    import numpy as np
    from PIL import Image

    from ship_det.annotations import LabeledObject, read_dota, write_dota
    from ship_det.annotations.folders import dota_label_path, list_images

    if args.out.exists() and any(args.out.iterdir()):
        raise ValueError(f'{args.out}: expected a new or empty folder')
    (args.out / 'images').mkdir(parents=True, exist_ok=True)
    angle = math.radians(args.degrees)
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    images = list_images(args.source / 'images')
    for path in images:
        with Image.open(path) as file:
            pixels = np.asarray(file.convert('RGB'))
        height, width = pixels.shape[:2]
        # The new image is as large as the turned one needs.
        size = np.abs(matrix) @ (width, height)
        new_width, new_height = (math.ceil(side - 1e-6) for side in size)
        shift = np.array([new_width, new_height]) / 2 - matrix @ (width / 2, height / 2)
        # Labels count from the corner of the first pixel, warpAffine from its centre.
        warp = np.column_stack([matrix, shift + matrix @ (0.5, 0.5) - 0.5])
        turned = cv2.warpAffine(pixels, warp, (new_width, new_height), flags=cv2.INTER_CUBIC)
        Image.fromarray(turned).save(args.out / 'images' / f'{path.stem}.png')
        objects = [
            LabeledObject(obj.quad @ matrix.T + shift, obj.name, obj.difficult)
            for obj in read_dota(dota_label_path(args.source, path))
        ]
        target = dota_label_path(args.out, path)
        target.parent.mkdir(exist_ok=True)
        write_dota(target, objects)
    print(f'{len(images)} images turned by {args.degrees:g} degrees in {args.out}')


if __name__ == '__main__':
    run(main)
