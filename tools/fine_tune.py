"""From scenes and labelled ships of your own to a detector of them, starting from a detector of the zoo."""

from ship_det.cli import run
from ship_det.commands.fine_tune import main

if __name__ == '__main__':
    run(main)
