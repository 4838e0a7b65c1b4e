"""Write a detector as one ONNX file."""

from ship_det.cli import run
from ship_det.commands.export import main

if __name__ == '__main__':
    run(main)
