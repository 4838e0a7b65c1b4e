"""Time of the losses, forward and backward, beside torch's cross_entropy in the same run.

python benchmarks/losses.py                             # 4096 x 16 logits, one thread
python benchmarks/losses.py --rows 2000000 --columns 16 --repeats 10
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch.nn.functional import cross_entropy

from ship_det.cli import run
from ship_det.losses import CILoss, PFLoss, SoftmaxFocalLoss

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rows', type=int, default=4096)
    parser.add_argument('--columns', type=int, default=16)
    parser.add_argument('--repeats', type=int, default=300)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, nargs='+', default=[1])
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    # The long tail of a class a column but the background: 2306 instances and fewer.
    counts = [max(1, round(2306 * 0.77**index)) for index in range(args.columns - 1)]
    losses: dict[str, Loss] = {'CILoss': CILoss(counts), 'SoftmaxFocalLoss': SoftmaxFocalLoss()}
    losses |= {f'PFLoss {variant}': PFLoss(variant) for variant in ('class_mean', 'balanced_softmax', 'soft_gmean')}
    for loss in losses.values():
        loss.to(args.device)
    torch.manual_seed(0)
    logits = (3 * torch.randn(args.rows, args.columns, device=args.device)).requires_grad_()
    target = torch.randint(0, args.columns, (args.rows,), device=args.device)
    for threads in args.threads:
        torch.set_num_threads(threads)
        title = f'{args.rows} x {args.columns}, {args.device}, {threads} thread(s), torch {torch.__version__}'
        table = Table(title=f'{title}, {platform.machine()}')
        for heading in ('', 'median us', 'cross_entropy us', 'median ratio', 'ratio, 25 % to 75 %'):
            table.add_column(heading, justify='right' if heading else 'left')
        for name, loss in losses.items():
            table.add_row(name, *compare(loss, logits, target, args.repeats))
        Console(width=110).print(table)


def compare(loss: Loss, logits: torch.Tensor, target: torch.Tensor, repeats: int) -> tuple[str, ...]:
    """Median times in turn with cross_entropy, median and quartiles of the ratio of each turn, as text."""
    for _ in range(10):
        seconds(cross_entropy, logits, target)
        seconds(loss, logits, target)
    turns = [(seconds(loss, logits, target), seconds(cross_entropy, logits, target)) for _ in range(repeats)]
    own, peer = (1e6 * statistics.median(column) for column in zip(*turns, strict=True))
    low, middle, high = statistics.quantiles([mine / theirs for mine, theirs in turns], n=4)
    return f'{own:.0f}', f'{peer:.0f}', f'{middle:.2f}', f'{low:.2f} to {high:.2f}'


def seconds(loss: Loss, logits: torch.Tensor, target: torch.Tensor) -> float:
    """Time of the loss and its gradient."""
    logits.grad = None
    if logits.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    loss(logits, target).backward()
    if logits.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == '__main__':
    run(main)
