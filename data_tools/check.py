"""Find what breaks training later: in images, in labels, between the training and the test list."""

from ship_det.cli import run
from ship_det.commands.check import main

if __name__ == '__main__':
    run(main)
