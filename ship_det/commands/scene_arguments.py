"""Options of the commands that evaluate predictions, on images and on the scenes that these were cut from."""

import argparse


def add_truth_arguments(parser: argparse.ArgumentParser) -> None:
    """Which images are evaluated, and what their labels count as."""
    parser.add_argument(
        '--list',
        metavar='FILE',
        help='evaluate these images only, one name a line (default: the predicted list of the data set)',
    )
    parser.add_argument(
        '--other-classes',
        choices=['error', 'background', 'ignore'],
        default='error',
        help='what labels of classes that the predictions do not know are',
    )
    parser.add_argument(
        '--ground-truth',
        choices=['quads', 'rectangles'],
        default='quads',
        help='compare detections with the quads as labelled or with rectangles around them',
    )


def add_scene_arguments(parser: argparse.ArgumentParser) -> None:
    """How predictions on chips are merged into whole scenes."""
    parser.add_argument('--merge', metavar='SCENES', help='evaluate the scenes that the images were cut from too')
    parser.add_argument(
        '--merge-iou', type=float, default=0.3, help='overlap from which two detections are one object (%(default)s)'
    )
    parser.add_argument(
        '--gsd', type=float, metavar='M', help='metres a pixel of the scenes (default: what their georeference says)'
    )
    parser.add_argument(
        '--unlabeled', action='store_true', help='merge scenes without labels too, and leave them out of the figures'
    )


def check_scene_arguments(args: argparse.Namespace) -> None:
    """Refuse options of whole scenes where none are evaluated.

    Raises:
        ValueError: naming the option.
    """
    if args.merge:
        return
    for option in ('merged_out', 'gsd', 'unlabeled'):
        value = vars(args).get(option)
        if value is not None and value is not False:
            raise ValueError(f'--{option.replace("_", "-")}: expected --merge SCENES beside it')
