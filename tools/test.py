"""Test a detector."""

from ship_det.cli import run
from ship_det.commands.test import main

if __name__ == '__main__':
    run(main)
