"""Simulate harbor scenes: georeferenced GeoTIFF images with DOTA labels of 15 ship classes."""

from ship_det.cli import run
from ship_det.commands.simulate import main

if __name__ == '__main__':
    run(main)
