"""Run the trials of an imbalanced classification experiment, and show what came out."""

from ship_det.cli import run
from ship_det.commands.recognition import main

if __name__ == '__main__':
    run(main)
