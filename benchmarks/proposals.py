"""Proposal recall: the share of ships that a trained region proposal network proposes, axis-aligned.

python benchmarks/proposals.py CONFIG CHECKPOINT... --cfg-options data_root=ROOT

A ship is proposed at 0.5 (0.7) if one of its image's proposals has that IoU with its axis-aligned bounds. The test set,
the number of proposals and the NMS before it are the config's; difficult ships do not count.
"""

import argparse
import json
from pathlib import Path

import torch
from mmdet.structures.bbox import bbox_overlaps, get_box_tensor
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmrotate.registry import MODELS
from rich.console import Console
from rich.table import Table

import ship_det.plugin  # noqa: F401
from ship_det.checkpoints import load_checkpoint
from ship_det.cli import run
from ship_det.commands.config_arguments import add_config_arguments, load_config
from ship_det.files import write_text
from ship_det.progress import progress_bar

IOUS = (0.5, 0.7)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoints', nargs='+', metavar='CHECKPOINT', help='its weights, one or several')
    parser.add_argument('--json', metavar='FILE', help='write the figures as JSON')
    add_config_arguments(parser)
    return parser.parse_args()


@torch.no_grad()
def best_ious(model: torch.nn.Module, loader: torch.utils.data.DataLoader) -> tuple[torch.Tensor, float]:
    """IoU of each ship of a test set with its nearest proposal, (N,), and proposals an image."""
    found, proposals = [], 0
    with progress_bar('proposing', len(loader)) as show:
        for done, batch in enumerate(loader, start=1):
            batch = model.data_preprocessor(batch, training=False)
            features = model.extract_feat(batch['inputs'])
            for boxes, sample in zip(
                model.rpn_head.predict(features, batch['data_samples'], rescale=True),
                batch['data_samples'],
                strict=True,
            ):
                own = get_box_tensor(boxes.bboxes)
                bounds = sample.gt_instances.bboxes.convert_to('hbox').tensor
                proposals += len(own)
                if len(bounds):
                    ious = bbox_overlaps(bounds, own.to(bounds.device))
                    found.append(ious.amax(dim=1) if len(own) else ious.new_zeros(len(bounds)))
            show(done)
    return torch.cat(found), proposals / len(loader.dataset)


def main() -> None:
    args = parse_args()
    cfg = load_config(args, loaders=('test_dataloader',))
    init_default_scope(cfg.get('default_scope', 'mmrotate'))
    loader = Runner.build_dataloader(dict(cfg.test_dataloader, num_workers=0, persistent_workers=False))
    table = Table('checkpoint', 'ships', 'proposals an image', *(f'recall at {iou}' for iou in IOUS), box=None)
    figures = []
    for checkpoint in args.checkpoints:
        model = MODELS.build(cfg.model).eval()
        model.load_state_dict(load_checkpoint(Path(checkpoint))['state_dict'])
        ious, proposals = best_ious(model, loader)
        recall = {str(iou): float((ious >= iou).double().mean()) for iou in IOUS}
        figures.append(dict(checkpoint=checkpoint, ships=len(ious), proposals=proposals, recall=recall))
        table.add_row(checkpoint, str(len(ious)), f'{proposals:.0f}', *(f'{value:.3f}' for value in recall.values()))
    if args.json:
        write_text(args.json, json.dumps(figures) + '\n')
    Console(width=120).print(table)


if __name__ == '__main__':
    run(main)
