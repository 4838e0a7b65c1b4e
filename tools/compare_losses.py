"""Train a detector with several losses and compare them."""

from ship_det.cli import run
from ship_det.commands.compare_losses import main

if __name__ == '__main__':
    run(main)
