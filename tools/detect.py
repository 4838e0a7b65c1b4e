"""Find the ships in whole scenes."""

from ship_det.cli import run
from ship_det.commands.detect import main

if __name__ == '__main__':
    run(main)
