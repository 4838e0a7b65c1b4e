"""Write a report of detections: one page with figures, curves, test chips and the worst mistakes."""

from ship_det.cli import run
from ship_det.commands.report import main

if __name__ == '__main__':
    run(main)
