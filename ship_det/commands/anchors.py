"""How well a config's anchors fit the ships of a data set, by class, and what its box head would have to learn.

A ship whose best anchor has an IoU under 0.5 with the ship's axis-aligned bounds is seldom proposed. The moments below
the table are those of the head's first box code over all anchors with an IoU of 0.5 or more: with means near 0 and
standard deviations near 1 no number of the code outweighs the others, nor the classes.
"""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ship_det.cli import quiet_imports
from ship_det.commands.config_arguments import add_config_arguments, load_config
from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from mmdet.models.detectors import TwoStageDetector
    from mmengine.config import Config
    from rich.table import Table
    from torch import Tensor

#: From this IoU on an anchor is a proposal that the box head learns from.
FIT = 0.5


@dataclass(frozen=True)
class Ships:
    """N ships of a data set, difficult ones left out, in px of the image that the model sees.

    Attributes:
        boxes: (N, 5) rotated boxes.
        labels: (N,) class indices.
        image_sizes: (N, 2) width and height of each ship's image.
    """

    boxes: 'Tensor'
    labels: 'Tensor'
    image_sizes: 'Tensor'


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('labels', metavar='LABELS', help='data set folder with images/ and labelTxt/')
    parser.add_argument('--list', metavar='FILE', default='', help='names of the images, one a line; default: all')
    parser.add_argument('--scale', type=float, help="px of the model's image in one of the file; default: its Resize")
    add_config_arguments(parser)
    return parser


def main() -> None:
    args = make_parser().parse_args()
    from rich.console import Console

    with quiet_imports():
        from ship_det.settings import check_parts

        cfg = load_config(args, loaders=('test_dataloader',))
        check_parts(cfg, 'test')
        check_proposals(cfg, args.config)
        scale = resize_factor(cfg, args.config) if args.scale is None else args.scale
        if not 0 < scale < float('inf'):
            raise ValueError(f'--scale: found {scale}, expected a number above 0')
        model = build_model(cfg, args.config)
        ships, classes = read_ships(cfg, args.labels, args.list, scale)
    anchors, ious = fit_anchors(cfg, model, ships)
    best = ious.amax(dim=1)
    # A class may be called [red] or :ship:.
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 100
    console.print(table(best, ships.labels, classes))
    under = int((best < FIT).sum())
    ships_under = f'{under} of {count_noun(len(best), "ship")} ({100 * under / len(best):.2f} %)'
    print(f'best anchor IoU under {FIT}: {ships_under}')
    for line in describe_codes(model, anchors, ious >= FIT, ships):
        print(line)


def resize_factor(cfg: 'Config', path: str) -> float:
    """How many times as large as the file's the model's image is, by the test pipeline."""
    scale = 1.0
    for step in cfg.test_dataloader.dataset.get('pipeline', ()):
        if step['type'].rpartition('.')[2] != 'Resize':
            continue
        factor = step.get('scale_factor')
        if not isinstance(factor, int | float):
            raise ValueError(
                f'{path}: the test pipeline resizes to {step.get("scale", factor)}, expected a scale_factor; --scale '
                'says how many times as large the image becomes'
            )
        scale *= factor
    return scale


def check_proposals(cfg: 'Config', path: str) -> None:
    """Refuse a model without anchors that are trained to propose."""
    if not cfg.model.get('rpn_head') or not (cfg.model.get('train_cfg') or {}).get('rpn'):
        kind = cfg.model.get('type')
        raise ValueError(f'{path}: the model {kind} has no rpn_head with train_cfg.rpn, expected a two-stage detector')


def build_model(cfg: 'Config', path: str) -> 'TwoStageDetector':
    """The config's model with random weights."""
    from mmengine.registry import init_default_scope
    from mmrotate.registry import MODELS

    from ship_det.launch import config_errors

    init_default_scope(cfg.get('default_scope', 'mmrotate'))
    with config_errors(path):
        return MODELS.build(cfg.model)


def read_ships(cfg: 'Config', root: str, list_file: str, scale: float) -> tuple[Ships, tuple[str, ...]]:
    """Read the ships of a data set as the config's test set would, and their classes.

    Raises:
        ValueError: as ``ShipDataset``, or if there is no ship.
    """
    import numpy as np
    import torch

    from ship_det.datasets import ShipDataset
    from ship_det.geometry import quad_to_rbox
    from ship_det.raster import image_size

    own = cfg.test_dataloader.dataset
    options = {key: own[key] for key in ('metainfo', 'other_classes') if key in own}
    data_set = ShipDataset(data_root=root, ann_file=list_file, test_mode=True, pipeline=[], **options)
    quads, labels, sizes = [], [], []
    with progress_bar('reading labels', len(data_set)) as show:
        for index in range(len(data_set)):
            record = data_set.get_data_info(index)
            counted = [instance for instance in record['instances'] if not instance['ignore_flag']]
            quads += [instance['bbox'] for instance in counted]
            labels += [instance['bbox_label'] for instance in counted]
            sizes += [image_size(record['img_path'])] * len(counted) if counted else []
            show(index + 1)
    if not quads:
        raise ValueError(f'{root}: no ship in {count_noun(len(data_set), "image")}, expected one that is not difficult')
    boxes = quad_to_rbox(np.array(quads).reshape(-1, 4, 2))
    boxes[:, :4] *= scale
    image_sizes = torch.tensor(sizes, dtype=torch.float64) * scale
    ships = Ships(torch.from_numpy(boxes), torch.tensor(labels), image_sizes)
    return ships, tuple(data_set.metainfo['classes'])


def fit_anchors(cfg: 'Config', model: 'TwoStageDetector', ships: Ships) -> tuple['Tensor', 'Tensor']:
    """``nearest_anchors`` of the ships' axis-aligned bounds."""
    from mmrotate.structures.bbox import RotatedBoxes

    from ship_det.models.anchors import nearest_anchors

    bounds = RotatedBoxes(ships.boxes, clone=False).convert_to('hbox').tensor
    border = cfg.model.train_cfg.rpn.allowed_border
    return nearest_anchors(model.rpn_head.prior_generator, bounds, ships.image_sizes, border)


def table(best: 'Tensor', labels: 'Tensor', classes: tuple[str, ...]) -> 'Table':
    """Ships of each class and how well their best anchors fit."""
    from rich import box
    from rich.table import Table

    result = Table(box=box.SIMPLE_HEAD)
    result.add_column('class')
    for name in ('ships', f'IoU < {FIT}, %', 'IoU < 0.7, %', 'mean IoU'):
        result.add_column(name, justify='right')
    rows = [(name, best[labels == label]) for label, name in enumerate(classes)]
    for name, ious in [*rows, ('all', best)]:
        if name == 'all':
            result.add_section()
        shares = [f'{100 * float((ious < limit).double().mean()):.1f}' for limit in (FIT, 0.7)]
        result.add_row(name, str(len(ious)), *([*shares, f'{float(ious.mean()):.3f}'] if len(ious) else []))
    return result


def describe_codes(model: 'TwoStageDetector', anchors: 'Tensor', fitting: 'Tensor', ships: Ships) -> list[str]:
    """Mean and standard deviation of each number of the first box code over the anchors that fit."""
    from mmrotate.structures.bbox import RotatedBoxes
    from torch import nn

    from ship_det.models.shared_fc_head import SharedFCBBoxHead

    head = model.roi_head.bbox_head
    head = head[0] if isinstance(head, nn.ModuleList) else head
    ship, _ = fitting.nonzero(as_tuple=True)
    if not isinstance(head, SharedFCBBoxHead) or len(ship) < 2:
        return []
    codes = head.bbox_coder.encode(anchors[fitting].float(), RotatedBoxes(ships.boxes[ship].float()))
    rows = dict(mean=codes.mean(dim=0), deviation=codes.std(dim=0))
    return [f'{type(head.bbox_coder).__name__} of {len(codes)} anchors that fit:'] + [
        f'  {name:9}' + ''.join(f'{value:7.2f}' for value in values.tolist()) for name, values in rows.items()
    ]
