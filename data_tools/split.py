"""Split a data set into training, validation and test lists."""

from ship_det.cli import run
from ship_det.commands.split import main

if __name__ == '__main__':
    run(main)
