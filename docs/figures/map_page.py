"""The map page of `ship-det detect`: what the zoo's 15-class detector finds in a simulated harbor.

python docs/figures/map_page.py WORK     # writes map_page.jpg beside this file

WORK is a folder for the scene and the page. It needs Chromium.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image


def main() -> None:
    work = Path(sys.argv[1])
    scene = ('--scenes', 1, '--size', 1800, '--gsd', 1.1, '--ships', 60, '--tail', 4, '--seed', 5)
    ship_det('simulate', work / 'scenes', *scene)
    ship_det('detect', work / 'scenes', '--out', work / 'ships')
    page, picture = (work / 'ships/index.html').resolve(), work / 'map_page.png'
    browser = ('chromium', '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars')
    options = ('--virtual-time-budget=8000', '--window-size=1400,900', f'--screenshot={picture}')
    subprocess.run([*browser, *options, page.as_uri()], check=True)
    Image.open(picture).convert('RGB').save(Path(__file__).with_suffix('.jpg'), quality=72)


def ship_det(*arguments: object) -> None:
    subprocess.run([sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)], check=True)


if __name__ == '__main__':
    main()
