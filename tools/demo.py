"""The main job, end to end, on simulated harbors: scenes, chips, split, training, test, report."""

from ship_det.cli import run
from ship_det.commands.demo import main

if __name__ == '__main__':
    run(main)
