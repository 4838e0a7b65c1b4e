"""Convert a labelled data set from one format to another."""

from ship_det.cli import run
from ship_det.commands.convert import main

if __name__ == '__main__':
    run(main)
