"""Turn every image of a data set and its labels by an angle: does a detector find the same ships at another heading?"""

from ship_det.cli import run
from ship_det.commands.rotate import main

if __name__ == '__main__':
    run(main)
