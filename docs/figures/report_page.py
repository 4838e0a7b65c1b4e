"""Two parts of the page of `ship-det report`: the zoo's 15-class detector on two simulated scenes.

python docs/figures/report_page.py WORK     # writes report_classes.png and report_scenes.jpg beside this file

WORK is a folder for scenes, chips and page; what is there is not made again. It needs the full set-up and Chromium.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

from ship_det.zoo import zoo_model

HERE = Path(__file__).parent
CONFIG = 'configs/quickstart/r2cnn_r18w32_fpn64_ci_own.py'
#: What is left out of each picture, and the height of the window, px.
PARTS = {
    'report_classes': ('main > div:not(#overview, #classes), #overview section, #classes img', 900),
    'report_scenes': ('header, nav, main > div:not(#scenes), #scenes section:first-child', 840),
}


def main() -> None:
    work = Path(sys.argv[1])
    page = make_page(work)
    for name, (hidden, height) in PARTS.items():
        shown = page.with_name(f'{name}.html')
        style = f'<style>{hidden} {{ display: none }}</style></head>'
        shown.write_text(page.read_text().replace('</head>', style, 1))
        picture = work / f'{name}.png'
        size = f'--window-size=1400,{height}'
        browser = ('chromium', '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', size)
        subprocess.run([*browser, f'--screenshot={picture}', shown.resolve().as_uri()], check=True)
    image = Image.open(work / 'report_classes.png').convert('RGB')
    image.quantize(64, dither=Image.Dither.NONE).save(HERE / 'report_classes.png', optimize=True)
    Image.open(work / 'report_scenes.png').convert('RGB').save(HERE / 'report_scenes.jpg', quality=72)


def make_page(work: Path) -> Path:
    """The page, with scenes, chips and predictions made as far as they are not there."""
    scenes, chips, predictions, out = (work / name for name in ('scenes', 'chips', 'predictions.jsonl', 'page'))
    ships = ('--ships', 60, '--min-per-class', 3, '--tail', 4)
    ship_det('simulate', scenes, '--scenes', 6, '--size', 1280, '--gsd', 1.1, *ships, '--seed', 3)
    ship_det('tile', scenes, chips, '--chip', 640, '--overlap', 160)
    ship_det('split', chips, '--train', 0.5, '--val', 0.15)
    if not predictions.exists():
        weights = zoo_model('zoo:r2cnn-aosr15').weights
        ship_det('test', CONFIG, weights, '--data-root', chips, '--out', predictions, '--work-dir', work / 'test')
    ship_det('report', predictions, chips, '--merge', scenes, '--out', out)
    return out / 'index.html'


def ship_det(*arguments: object) -> None:
    subprocess.run([sys.executable, '-m', 'ship_det.commands.main', *map(str, arguments)], check=True)


if __name__ == '__main__':
    main()
