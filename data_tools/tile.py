"""Cut scenes into labelled chips."""

from ship_det.cli import run
from ship_det.commands.tile import main

if __name__ == '__main__':
    run(main)
