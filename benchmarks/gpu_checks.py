"""What a GPU computes beside what the CPU does: rotated NMS, pooling, losses, a training step, mixed precision.

python benchmarks/gpu_checks.py                 # exit code 1 where a check fails
python benchmarks/gpu_checks.py --device cpu    # the checks themselves, without a GPU
"""

import argparse
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from mmcv.ops import nms_rotated
from mmdet.structures import DetDataSample
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

from ship_det.cli import run
from ship_det.launch import read_config
from ship_det.losses import ci_loss, pf_loss, softmax_focal_loss
from ship_det.models.overlaps import SkewOverlaps2D
from ship_det.models.roi_pooling import pool_rois

QUICKSTART = Path(__file__).resolve().parents[1] / 'configs/quickstart'
COUNTS = torch.tensor([2306, 900, 350, 120, 50])


def random_boxes(number: int, seed: int) -> torch.Tensor:
    """(N, 5) boxes in an image of 1000 px."""
    rng = np.random.default_rng(seed)
    low, high = [100, 100, 20, 6, -1.5], [900, 900, 200, 40, 1.5]
    return torch.from_numpy(rng.uniform(low, high, (number, 5))).float()


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest difference, as share of the largest value."""
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def check_nms(device: str) -> tuple[float, float]:
    """Share of boxes that rotated NMS keeps on one device alone."""
    boxes, scores = random_boxes(2000, 0), torch.rand(2000, generator=torch.Generator().manual_seed(0))
    kept = [set(nms_rotated(boxes.to(where), scores.to(where), 0.3)[1].tolist()) for where in ('cpu', device)]
    return len(kept[0] ^ kept[1]) / len(kept[0]), 0.01


def check_overlaps(device: str) -> tuple[float, float]:
    """The kernel's IoU beside the exact one."""
    first, second = random_boxes(300, 1), random_boxes(300, 2)
    overlaps = SkewOverlaps2D()
    return float((overlaps(first.to(device), second.to(device)).cpu() - overlaps(first, second)).abs().max()), 1e-3


def check_pooling(device: str) -> tuple[float, float]:
    """Pooled features of rotated RoIs, and the gradient of the maps."""
    generator = torch.Generator().manual_seed(3)
    maps = [torch.randn(1, 16, 250 // 2**k, 250 // 2**k, generator=generator) for k in range(4)]
    rois = torch.cat([torch.zeros(200, 1), random_boxes(200, 4)], dim=1)
    errors, results = [], []
    for where in ('cpu', device):
        feats = [level.detach().to(where).requires_grad_() for level in maps]
        pooled = pool_rois(feats, rois.to(where), [(7, 7)], (4, 8, 16, 32))[0]
        pooled.square().sum().backward()
        results.append([pooled, feats[0].grad])
    errors = [relative_error(found, expected) for expected, found in zip(*results, strict=True)]
    return max(errors), 1e-3


def check_losses(device: str) -> tuple[float, float]:
    """The losses and their gradients."""
    generator = torch.Generator().manual_seed(5)
    logits, target = 3 * torch.randn(512, 6, generator=generator), torch.randint(0, 6, (512,), generator=generator)
    losses: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = [
        lambda x, y: ci_loss(x, y, COUNTS.to(x.device)),
        lambda x, y: pf_loss(x, y),
        lambda x, y: softmax_focal_loss(x, y),
    ]
    errors = []
    for loss in losses:
        results = []
        for where in ('cpu', device):
            x = logits.detach().to(where).requires_grad_()
            value = loss(x, target.to(where)).sum()
            value.backward()
            results.append([value, x.grad])
        errors += [relative_error(found, expected) for expected, found in zip(*results, strict=True)]
    return max(errors), 1e-4


def training_losses(name: str, device: str, mixed: bool) -> dict[str, float]:
    """The losses of one step of a small detector from the same weights and batch."""
    cfg = read_config(QUICKSTART / name)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    for module in model.modules():
        if hasattr(module, 'set_class_counts'):
            module.set_class_counts(np.arange(15, 0, -1) * 100)
    model.to(device).train()
    boxes = random_boxes(20, 6) * torch.tensor([0.35, 0.35, 0.35, 0.35, 1.0])
    sample = DetDataSample(gt_instances=InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.arange(20) % 15))
    sample.ignored_instances = InstanceData(bboxes=RotatedBoxes(torch.zeros(0, 5)), labels=torch.zeros(0).long())
    sample.set_metainfo({'img_shape': (352, 352), 'ori_shape': (352, 352), 'pad_shape': (352, 352)})
    image = (255 * torch.rand(3, 352, 352, generator=torch.Generator().manual_seed(7))).byte()
    data = model.data_preprocessor({'inputs': [image], 'data_samples': [sample]}, True)
    kind = torch.float16 if device.startswith('cuda') else torch.bfloat16
    with torch.autocast(device.split(':')[0], kind, enabled=mixed):
        losses = model(**data, mode='loss')
    total, values = model.parse_losses(losses)
    total.backward()
    if not all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None):
        raise ValueError(f'{name}: a gradient is not finite')
    return {key: float(value) for key, value in values.items() if 'rpn' in key}


def check_step(device: str, mixed: bool) -> tuple[float, float]:
    """The proposal losses of a step: what comes later depends on which proposals are drawn."""
    errors = []
    for name in ('r2cnn_r18w32_fpn64_ci_demo.py', 'skew_cascade_r18w32_fpn64_ci_demo.py'):
        expected, found = training_losses(name, 'cpu', False), training_losses(name, device, mixed)
        errors += [abs(found[key] - expected[key]) / abs(expected[key]) for key in expected]
    # Which anchors are drawn for the loss of proposals differs between devices too.
    return max(errors), 0.3


def checks(device: str) -> Iterator[tuple[str, float, float]]:
    """Name, error and bound of each check."""
    yield 'rotated NMS, boxes kept by one alone', *check_nms(device)
    yield 'rotated IoU', *check_overlaps(device)
    yield 'rotated RoI pooling and its gradient', *check_pooling(device)
    yield 'CI, PF and focal loss and their gradients', *check_losses(device)
    yield 'training step of both detectors', *check_step(device, mixed=False)
    yield 'the same in mixed precision', *check_step(device, mixed=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cuda')
    args = parser.parse_args()
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        raise ValueError('--device cuda: found no GPU; --device cpu runs the checks without one')
    warnings.simplefilter('ignore')
    MMLogger.get_current_instance().setLevel('WARNING')
    register_all_modules(init_default_scope=True)
    name = torch.cuda.get_device_name() if args.device.startswith('cuda') else 'CPU'
    print(f'{name}, torch {torch.__version__}\n\n| check | error | at most | |\n|---|--:|--:|---|')
    failed = 0
    for title, error, bound in checks(args.device):
        ok = error <= bound
        failed += not ok
        print(f'| {title} | {error:.2g} | {bound:g} | {"" if ok else "FAILED"} |', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    run(main)
