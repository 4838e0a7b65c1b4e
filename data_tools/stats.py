"""Counts, imbalance and sizes of the objects in a folder of DOTA labels."""

from ship_det.cli import run
from ship_det.commands.stats import main

if __name__ == '__main__':
    run(main)
