"""Evaluate saved predictions without a model: average precision per class and mean."""

from ship_det.cli import run
from ship_det.commands.evaluate import main

if __name__ == '__main__':
    run(main)
