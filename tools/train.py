"""Train a detector."""

from ship_det.cli import run
from ship_det.commands.train import main

if __name__ == '__main__':
    run(main)
