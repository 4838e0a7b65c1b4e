"""Train and test MAML on imbalanced few-shot tasks: one run for each split, loss and seed of CONFIG."""

from ship_det.cli import run
from ship_det.commands.few_shot import main

if __name__ == '__main__':
    run(main)
