"""Two pictures of the contact sheet of `ship-det check`: a simulated set with one label made wrong.

python docs/figures/contact_sheet.py WORK     # writes contact_sheet.jpg beside this file

WORK is a folder for scenes, chips and the sheet.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

#: Of the sheet: its first two pictures and their captions, px.
PART = (0, 0, 1268, 630)


def main() -> None:
    work = Path(sys.argv[1])
    scenes, chips, sheet = work / 'scenes', work / 'chips', work / 'check'
    ship_det('simulate', scenes, '--scenes', 2, '--size', 1800, '--gsd', 1.0, '--ships', 30, '--seed', 3)
    ship_det('tile', scenes, chips, '--chip', 600, '--overlap', 120)
    labels = max((chips / 'labelTxt').iterdir(), key=lambda path: len(path.read_text().splitlines()))
    # The first object that counts a second time, as another class.
    rows = [line.split() for line in labels.read_text().splitlines()]
    *corners, name, difficult = next(row for row in rows if row[-1] == '0')
    other = 'tanker' if name != 'tanker' else 'submarine'
    with labels.open('a') as file:
        file.write(' '.join([*corners, other, difficult]) + '\n')
    ship_det('check', chips, '--out', sheet, good=(0, 1))
    picture = Image.open(sheet / 'contact_sheet.jpg').crop(PART)
    picture.save(Path(__file__).with_suffix('.jpg'), quality=80)


def ship_det(*arguments: object, good: tuple[int, ...] = (0,)) -> None:
    result = subprocess.run([sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)])
    assert result.returncode in good, result


if __name__ == '__main__':
    main()
