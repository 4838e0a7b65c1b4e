"""What the names in commands of pages stand for: small data sets, a detector, layers; made where a page needs them."""

import contextlib
import io
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import geopandas
import numpy as np
import torch

from ship_det.annotations import AOSR15_CLASSES
from ship_det.commands.main import SUBCOMMANDS
from ship_det.onnx_files import read_weights
from ship_det.zoo import zoo_model

ROOT = Path(__file__).resolve().parents[2]
#: What is a file or folder on every page that names it, in the order in which one is made of another.
NAMES = {
    'SCENES': 'SCENES',
    'NEW': 'NEW',
    'SCENE.tif': 'SCENE.tif',
    'scene.tif': 'scene.tif',
    'LABELS': 'LABELS',
    'ships.gpkg': 'ships.gpkg',
    'labels.gpkg': 'labels.gpkg',
    'CHIPS': 'CHIPS',
    'SPLIT': 'SPLIT',
    'DATA': 'DATA',
    'CONFIG': 'CONFIG.py',
    'CHECKPOINT': 'CHECKPOINT.pth',
    'epoch_36.pth': 'epoch_36.pth',
    'detector.onnx': 'detector.onnx',
    'predictions.jsonl': 'predictions.jsonl',
    'OUT': 'OUT',
}
#: Of pages about data of one's own.
OWN_CLASSES = ('ship', 'boat')
# Arguments of commands, by their names in a parser, that a command writes to.
_WRITTEN = ('out', 'plot', 'report', 'json', 'work_dir')
_WORD = r'(?<![\w./$-]){}(?![\w=.]|-\w)'


def inputs(page: str) -> list[str]:
    """Names that the commands and Python lines of a page read before they write them, in the order of ``NAMES``."""
    written: set[str] = set()
    read: set[str] = set()
    for line in page.replace('\\\n', ' ').splitlines():
        made = outputs(line)
        found = {name for name in NAMES if re.search(_WORD.format(re.escape(name)), line)}
        read |= found - made - written
        written |= made
    return [name for name in NAMES if name in read]


def outputs(line: str) -> set[str]:
    """Files and folders that a line of a block writes."""
    made = set(re.findall(r"save\('([^']+)'\)", line))
    command = re.search(r'(?:ship-det |tools/)([a-z_-]+)(?:\.py)? (.*)', line)
    if command and command[1] in SUBCOMMANDS:
        parser = import_module(f'ship_det.commands.{command[1].replace("-", "_")}').make_parser()
        with contextlib.suppress(SystemExit, ValueError), contextlib.redirect_stderr(io.StringIO()):
            values = vars(parser.parse_args(shlex.split(command[2].split(' && ')[0], comments=True)))
            made |= {str(values[name]).split('/')[0] for name in _WRITTEN if values.get(name)}
    return made


def substitute(text: str) -> str:
    """A block whose names without an ending have that of their files."""
    for name, file in NAMES.items():
        if name != file:
            text = re.sub(_WORD.format(re.escape(name)) + r'(?!\.)', file, text)
    return text


def classes_of(page: str) -> tuple[str, ...]:
    """Classes of the data that a page is about: two of its own, else AOSR15's."""
    return OWN_CLASSES if re.search(r"ship,boat|'ship', 'boat'|fine-tune", page) else AOSR15_CLASSES


class PageData:
    """Makes the files of pages; what takes long is made once.

    Args:
        folder: for what pages share.
        run: runs ``ship-det`` with arguments in a folder.
    """

    def __init__(self, folder: Path, run: Callable[..., None]) -> None:
        self.folder, self.run = folder, run

    def provide(self, names: Iterable[str], page: Path, classes: tuple[str, ...]) -> None:
        """Put what names stand for into the folder of a page."""
        for name in ('SCENES', *names):
            target = page / NAMES[name]
            if not target.exists():
                getattr(self, '_' + re.sub(r'\W', '_', name).lower())(target, classes)

    def _scenes(self, target: Path, classes: tuple[str, ...]) -> None:
        shared = self.folder / 'scenes'
        if not shared.exists():
            size = ('--scenes', 3, '--size', 512, '--gsd', 1.4, '--ships', 14, '--tail', 1, '--workers', 1)
            self.run(self.folder, 'simulate', shared, *size)
        shutil.copytree(shared, target)
        if classes != AOSR15_CLASSES:
            for path in (target / 'labelTxt').glob('*.txt'):
                path.write_text(rename(path.read_text(), classes))

    def _chips(self, target: Path, classes: tuple[str, ...]) -> None:
        self.run(target.parent, 'tile', 'SCENES', target, '--chip', 256, '--overlap', 64, '--workers', 1)
        self.run(target.parent, 'split', target, '--train', 0.4, '--val', 0.3, '--by', 'scene')

    def _split(self, target: Path, classes: tuple[str, ...]) -> None:
        """Chips as MMRotate's img_split.py leaves them."""
        part = target / 'trainval'
        shutil.copytree(target.parent / 'SCENES/images', part / 'images')
        shutil.copytree(target.parent / 'SCENES/labelTxt', part / 'annfiles')

    def _new(self, target: Path, classes: tuple[str, ...]) -> None:
        shutil.copytree(self.folder / 'scenes', target)

    _data = _new

    def _labels(self, target: Path, classes: tuple[str, ...]) -> None:
        shutil.copytree(target.parent / 'SCENES/labelTxt', target)

    def _scene_tif(self, target: Path, classes: tuple[str, ...]) -> None:
        shutil.copy(sorted((target.parent / 'SCENES/images').glob('*.tif'))[0], target)

    def _ships_gpkg(self, target: Path, classes: tuple[str, ...]) -> None:
        """The scenes' labels as polygons, with the class in the columns ``class`` and ``type``."""
        self.run(target.parent, 'convert', 'SCENES', target, '--from', 'dota', '--to', 'gis')
        layer = geopandas.read_file(target)
        target.unlink()
        layer.assign(type=layer['class']).to_file(target, layer='ships')

    _labels_gpkg = _ships_gpkg

    def _config(self, target: Path, classes: tuple[str, ...]) -> None:
        base = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_own.py'
        target.write_text(f'_base_ = {str(base)!r}\nclasses = {classes}\ndata_root = {"CHIPS"!r}\ngsd = 1.4\n')

    def _checkpoint(self, target: Path, classes: tuple[str, ...]) -> None:
        """The zoo's weights, as training saves them; of the class layer as many rows as there are classes."""
        weights, _ = read_weights(zoo_model('r2cnn-aosr15').weights)
        rows = [*range(len(classes)), len(AOSR15_CLASSES)]
        state = {
            name: torch.from_numpy(np.array(values[rows] if 'fc_cls' in name else values, dtype=np.float32))
            for name, values in weights.items()
        }
        meta = {'dataset_meta': {'classes': classes}, 'min_scores': dict.fromkeys(classes, 0.3)}
        torch.save({'state_dict': state, 'meta': meta}, target)

    _epoch_36_pth = _checkpoint

    def _detector_onnx(self, target: Path, classes: tuple[str, ...]) -> None:
        shutil.copy(zoo_model('r2cnn-aosr15').weights, target)

    def _predictions_jsonl(self, target: Path, classes: tuple[str, ...]) -> None:
        """Predictions on the test list that have one ship right."""
        if not (target.parent / 'CHIPS').exists():
            self._chips(target.parent / 'CHIPS', classes)
        lines = [{'format': 'ship-det-predictions', 'version': 1, 'classes': list(classes)}]
        for name in (target.parent / 'CHIPS/test.txt').read_text().split():
            box = {'boxes': [[100.0, 100.0, 60.0, 12.0, 0.3]], 'scores': [0.9], 'labels': [0]}
            lines.append({'file': name, **box})
        target.write_text(''.join(json.dumps(line) + '\n' for line in lines))

    def _out(self, target: Path, classes: tuple[str, ...]) -> None:
        shared = self.folder / 'out'
        if not shared.exists():
            self.run(target.parent, 'detect', 'SCENES/images', '--out', shared, '--no-map')
        shutil.copytree(shared, target)


def rename(labels: str, classes: tuple[str, ...]) -> str:
    """DOTA labels with classes in turn."""
    rows = [line.split() for line in labels.splitlines() if len(line.split()) == 10]
    for number, row in enumerate(rows):
        row[8] = classes[number % len(classes)]
    return ''.join(' '.join(row) + '\n' for row in rows)
