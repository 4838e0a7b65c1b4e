"""Wrong and hostile inputs of every command line: exit code 2, one line that says why, nothing left behind."""

import io
import json
import pickle
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'


def png(width: int, height: int) -> bytes:
    """A PNG of noise."""
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, 'PNG')
    return file.getvalue()


def predictions(*lines: str, classes: object = ('tanker', 'submarine')) -> str:
    """A predictions file of these lines below its header."""
    header = {'format': 'ship-det-predictions', 'version': 1, 'classes': classes}
    return ''.join(f'{line}\n' for line in (json.dumps(header), *lines))


def found(
    file: str = 'a.png', boxes: str = '[[30, 20, 40, 10, 0.1]]', scores: str = '[0.9]', labels: str = '[0]'
) -> str:
    """A line of a predictions file, of one detection."""
    return f'{{"file": "{file}", "boxes": {boxes}, "scores": {scores}, "labels": {labels}}}'


def chip(**changes: object) -> str:
    """A line of chips.jsonl."""
    fields = {'file': 'a.png', 'scene': 's.png', 'window': [0, 0, 64, 64], 'counts': {'tanker': 1}}
    return json.dumps(fields | changes) + '\n'


SQUARE = '10 10 50 10 50 30 10 30'
NOTHING = found('b.png', '[]', '[]', '[]')
#: A mapping that is nine levels deep in seventy bytes a level, and 9 ** 9 names long.
BOMB = 'a0: &a0 [x]\n' + ''.join(f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 10))
LAUGHS = ''.join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
DEEP = '[' * 100_000

FILES: dict[str, str | bytes] = {
    'set/images/a.png': png(64, 64),
    'set/images/b.png': png(64, 64),
    'set/labelTxt/a.txt': f'{SQUARE} tanker 0\n',
    'set/labelTxt/b.txt': '',
    'set/train.txt': 'a.png\n',
    'set/test.txt': 'a.png\nb.png\n',
    'set/chips.jsonl': chip() + chip(file='b.png', window=[64, 0, 64, 64], counts={}),
    'scenes/images/s.png': png(128, 64),
    'scenes/labelTxt/s.txt': f'{SQUARE} tanker 0\n',
    'p.jsonl': predictions(found(), NOTHING),
    'c.py': f"""_base_ = '{CONFIG}'
classes = ('tanker', 'submarine')
data_root = 'set'
train_dataloader = dict(batch_size=1, num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = test_dataloader
train_cfg = dict(max_iters=1)
""",
    'yolo/images/a.png': png(64, 64),
    'yolo/labels/a.txt': '0 0.1 0.1 0.5 0.1 0.5 0.3 0.1 0.3\n',
    'yolo/data.yaml': 'names: [tanker]\n',
    'voc/images/a.png': png(64, 64),
    'voc/annotations/a.xml': '<annotation/>',
    'coco/images/a.png': png(64, 64),
    'coco/a.json': '{"images": [], "annotations": [], "categories": []}',
    'kinds/train/x/0.png': png(28, 28),
    'kinds/train/y/0.png': png(28, 28),
    'kinds/test/x/0.png': png(28, 28),
    'kinds/test/y/0.png': png(28, 28),
    'r.py': """data = dict(type='class_folders', root='kinds')
network = 'lenet'
training = dict(epochs=1, batch_size=2, lr=0.05)
settings = dict(full=dict(type='full'))
losses = dict(ce=dict(type='ce'))
trials = 1
""",
    'few/train/x/0.png': png(28, 28),
    'few/train/y/0.png': png(28, 28),
    'few/test/v/0.png': png(28, 28),
    'few/test/w/0.png': png(28, 28),
    'f.py': """data_root = 'few'
image_size = 16
filters = 2
splits = [[1, 2]]
iterations = 1
inner_steps = 1
query_factor = 1
test_tasks = 1
test_steps = 1
test_query = 1
""",
}


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Case(NamedTuple):
    """A command line and what is wrong with its input.

    Attributes:
        command: script and arguments; paths are relative to the folder that the files lie in.
        message: regular expression of what the error line has to say.
        files: that are other than usual: text or bytes, a link, None for no such file.
    """

    command: str
    message: str
    files: dict[str, str | bytes | Link | None] = {}  # noqa: RUF012


def with_settings(config: str, **settings: str) -> str:
    """A config with other values of some settings, as Python text."""
    return FILES[config] + ''.join(f'{key} = {value}\n' for key, value in settings.items())


COCO = {
    'images': [{'id': 1, 'file_name': 'a.png', 'width': 64, 'height': 64}],
    'annotations': [{'image_id': 1, 'category_id': 1, 'bbox': [30, 30, 20, 10, 5]}],
    'categories': [{'id': 1, 'name': 'tanker'}],
}


def coco(**annotation: object) -> dict[str, str]:
    """The COCO file with an annotation that is other than usual."""
    return {'coco/a.json': json.dumps({**COCO, 'annotations': [COCO['annotations'][0] | annotation]})}


def xml(corner: str, before: str = '') -> dict[str, str]:
    """The VOC file with a box whose right border is ``corner``."""
    box = f'<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>{corner}</xmax><ymax>9</ymax></bndbox>'
    return {'voc/annotations/a.xml': f'{before}<annotation><object><name>x</name>{box}</object></annotation>'}


# More numbers than any file of labels has in them, in one line.
LONG_LINE = '1 ' * 1_000_000
HUGE = '1e308 1e308 -1e308 1e308 -1e308 -1e308 1e308 -1e308 tanker 0\n'
MNIST = FILES['r.py'].replace("'class_folders'", "'mnist'")
CONVERT_COCO = 'convert.py coco out --from coco-rotated'
CONVERT_YOLO = 'convert.py yolo out --from yolo-obb'
CONVERT_VOC = 'convert.py voc out --from voc'
SITUATION = 'split.py set --by chip --train 0.5 --out o --situation s.yaml'
SPLIT = 'split.py set --by chip --train 0.5 --out o'
REPORT = 'report.py p.jsonl set --out o'
RECOGNITION, FEW_SHOT = 'recognition.py r.py --out o', 'few_shot.py f.py --work-dir w --device cpu'
TRAIN = 'train.py c.py --work-dir w'

CASES = {
    # Simulation.
    'simulate, no pixels': Case('simulate.py out --size 0', r'size: expected at least 64 px, found 0'),
    'simulate, too many pixels': Case('simulate.py out --size 1000000000', r'size: expected at most \d+, found'),
    'simulate, gsd 0': Case('simulate.py out --size 64 --gsd 0', r'gsd: expected 0.05 to 10 metres a pixel, found 0'),
    'simulate, gsd nan': Case('simulate.py out --size 64 --gsd nan', r'gsd: expected .*, found nan'),
    'simulate, endless tail': Case('simulate.py out --size 64 --tail inf', r'tail: expected a finite .*, found inf'),
    'simulate, seed below 0': Case('simulate.py out --size 64 --seed -1', r'seed: expected .* at least 0, found -1'),
    'simulate, ships without end': Case(f'simulate.py out --size 64 --ships {10**12}', r'ships: expected at most'),
    'simulate, no processes': Case(
        'simulate.py out --size 64 --workers 0', r'workers: expected .* at least 1, found 0'
    ),
    'simulate, into a file': Case('simulate.py p.jsonl --size 64', r'p\.jsonl/images: a file is in the way'),
    'simulate, into a loop': Case('simulate.py l --size 64', r'l/images: Too many levels', {'l': Link('l')}),
    'simulate, into another set': Case('simulate.py set --size 64', r'set: holds images but no simulation\.json'),
    'simulate, deep parameters': Case(
        'simulate.py m --size 64', r'm/simulation\.json: .* nested too deeply', {'m/simulation.json': DEEP}
    ),
    # Conversion.
    'convert, no such folder': Case('convert.py nope out --from dota', r'nope: no such folder, expected a data set'),
    'convert, a file': Case('convert.py p.jsonl out --from dota', r'p\.jsonl: no such folder, expected a data set'),
    'convert, into a file': Case('convert.py set p.jsonl --from dota', r'p\.jsonl: already there, expected a new'),
    'convert, into itself': Case('convert.py set set --from dota', r'set: already there, expected a new or empty'),
    'convert, out begins with a dash': Case('convert.py set -out --from dota', r'arguments are required: OUT'),
    'convert, read only': Case(
        'convert.py set out --from dota --to voc', r"argument --to: invalid choice: 'voc' \(choose from .*dota"
    ),
    'convert, classes twice': Case(f'{CONVERT_YOLO} --classes a,a', r"--classes: found 'a' twice, expected different"),
    'convert, no class': Case(f'{CONVERT_YOLO} --classes ,', r'--classes: found no name between commas'),
    'convert, seven numbers': Case(
        'convert.py set out --from dota', r'a\.txt:1: column 8 is .*expected', {'set/labelTxt/a.txt': '1 ' * 7 + 'x 0'}
    ),
    'convert, infinite': Case(
        'convert.py set out --from dota', r"a\.txt:1: column 1 is '1e400'", {'set/labelTxt/a.txt': '1e400 ' * 8 + 'x 0'}
    ),
    'convert, huge': Case(
        'convert.py set out --from dota', r'a\.txt:1: .* 1e308, expected at most', {'set/labelTxt/a.txt': HUGE}
    ),
    'convert, one long line': Case(
        'convert.py set out --from dota', r'a\.txt:1: .*expected', {'set/labelTxt/a.txt': LONG_LINE}
    ),
    'convert, GBK': Case(
        'convert.py set out --from dota',
        r'a\.txt: byte \d+ is not UTF-8, expected a text file',
        {'set/labelTxt/a.txt': f'{SQUARE} 油轮 0\n'.encode('gbk')},
    ),
    'convert, UTF-16 cut off': Case(
        'convert.py set out --from dota',
        r'a\.txt: byte \d+ is not UTF-16-LE, expected a text file',
        {'set/labelTxt/a.txt': f'{SQUARE} tanker 0\n'.encode('utf-16')[:-1]},
    ),
    'convert, zero bytes': Case(
        'convert.py set out --from dota', r'a\.txt: holds zero bytes', {'set/labelTxt/a.txt': f'{SQUARE} tan\0ker 0\n'}
    ),
    'convert, HTML as an image': Case(
        'convert.py set out --from dota', r'a\.png: not an image', {'set/images/a.png': '<html></html>'}
    ),
    'convert, half an image': Case(
        'convert.py set out --from dota', r'a\.png: not an image or a trunc', {'set/images/a.png': png(64, 64)[:3000]}
    ),
    'convert, YAML bomb': Case(
        CONVERT_YOLO,
        r'data\.yaml: not YAML of plain texts \(found a reference',
        {'yolo/data.yaml': BOMB + 'names: [*a9]\n'},
    ),
    'convert, YAML that runs a command': Case(
        CONVERT_YOLO,
        r'data\.yaml: not YAML of plain texts \(found a tag',
        {'yolo/data.yaml': 'names: !!python/object/apply:os.system ["touch escaped"]\n'},
    ),
    'convert, deep YAML': Case(
        CONVERT_YOLO, r'data\.yaml: nested too deeply, expected names', {'yolo/data.yaml': f'names: {DEEP}'}
    ),
    'convert, names as a text': Case(
        CONVERT_YOLO, r'data\.yaml: no list of class names, expected', {'yolo/data.yaml': 'names: tanker'}
    ),
    'convert, names twice': Case(
        CONVERT_YOLO, r"data\.yaml: the class name 'a' twice", {'yolo/data.yaml': 'names: [a, a]'}
    ),
    'convert, names of nothing': Case(
        CONVERT_YOLO, r'data\.yaml: no list of class names, expected', {'yolo/data.yaml': 'names: [null]'}
    ),
    'convert, names in lists': Case(
        CONVERT_YOLO, r'data\.yaml: no list of class names, expected', {'yolo/data.yaml': 'names: [[a, b]]'}
    ),
    'convert, a name of two lines': Case(
        CONVERT_YOLO, r"a\.txt: the class name 'a\\nb', expected words", {'yolo/data.yaml': 'names: ["a\\nb"]'}
    ),
    'convert, huge YOLO': Case(
        CONVERT_YOLO, r'a\.txt:1: found .*expected', {'yolo/labels/a.txt': '0 1e308 1e308 0 0 1 0 -1e308 1\n'}
    ),
    'convert, class map bomb': Case(
        'convert.py set out --from dota --class-map m.yaml', r'm\.yaml: not YAML of plain texts', {'m.yaml': BOMB}
    ),
    'convert, class map names twice': Case(
        'convert.py set out --from dota --class-map m.yaml',
        r'm\.yaml: not YAML of plain texts \(found tanker twice.*expected lines like',
        {'m.yaml': 'tanker: a\ntanker: b\n'},
    ),
    'convert, class map is a list': Case(
        'convert.py set out --from dota --class-map m.yaml', r"m\.yaml: found \['a', 'b'\], exp", {'m.yaml': '[a, b]'}
    ),
    'convert, billion laughs': Case(
        CONVERT_VOC, r'a\.xml:1: defines an XML entity', xml('9', f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>')
    ),
    'convert, external entity': Case(
        CONVERT_VOC,
        r'a\.xml:1: defines an XML entity',
        xml('&e;', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'),
    ),
    'convert, huge XML': Case(CONVERT_VOC, r'a\.xml:1: <bndbox/xmax> is .1e308., expected a finite', xml('1e308')),
    'convert, deep and cut off XML': Case(
        CONVERT_VOC, r'a\.xml:1: not XML', {'voc/annotations/a.xml': '<annotation>' + '<a>' * 100_000}
    ),
    'convert, deep COCO': Case(CONVERT_COCO, r'a\.json: not a COCO file .*nested too deeply', {'coco/a.json': DEEP}),
    'convert, cut off COCO': Case(CONVERT_COCO, r'a\.json: not a COCO file', {'coco/a.json': '{"images": [{"id": 1,'}),
    'convert, COCO of texts': Case(
        CONVERT_COCO,
        r'a\.json: annotation number 0 is no object, expected',
        {'coco/a.json': json.dumps({**COCO, 'annotations': ['x']})},
    ),
    'convert, COCO with an id twice': Case(
        CONVERT_COCO,
        r'a\.json: not a COCO file .*an id twice',
        {'coco/a.json': json.dumps({**COCO, 'images': COCO['images'] * 2})},
    ),
    'convert, COCO with an endless image': Case(
        CONVERT_COCO,
        r'a\.json: not a COCO file',
        {'coco/a.json': json.dumps({**COCO, 'images': [COCO['images'][0] | {'width': float('inf')}]})},
    ),
    'convert, COCO with half a character': Case(
        CONVERT_COCO,
        r'a\.json: not a COCO file .*surrogates',
        {'coco/a.json': json.dumps({**COCO, 'categories': [{'id': 1, 'name': '\ud800'}]})},
    ),
    'convert, COCO with an image as a list': Case(CONVERT_COCO, r'image_id is \[1\], expected', coco(image_id=[1])),
    'convert, COCO with long numbers': Case(CONVERT_COCO, r'a\.json: .* bbox is .*expected', coco(bbox=[10**400] * 5)),
    'convert, COCO with nested numbers': Case(CONVERT_COCO, r'bbox is .*expected finite', coco(bbox=[[1, 2]] * 5)),
    'convert, COCO with a huge box': Case(CONVERT_COCO, r'bbox is .*expected finite', coco(bbox=[1e308] * 5)),
    'convert, COCO with a cut mask': Case(
        CONVERT_COCO,
        r'annotation number 0: a mask of 1024 px, expected 64 x 64 in all',
        coco(segmentation={'size': [64, 64], 'counts': [1000, 24]}),
    ),
    'convert, COCO with an empty box': Case(
        CONVERT_COCO, r'annotation number 0: bbox \[\], segmentation \[\], expected', coco(bbox=[], segmentation=[])
    ),
    'convert, COCO with an angle that would be lost': Case(
        CONVERT_COCO, r'a horizontal bbox and angle 30, which would be lost', coco(bbox=[30, 30, 20, 10], angle=30)
    ),
    'convert, a class that DOTA has no place for': Case(
        CONVERT_COCO,
        r"a\.txt: object 0: expected a class name .* got '1\.0' \(--class-map of convert renames it\)",
        {'coco/a.json': json.dumps({**COCO, 'categories': [{'id': 1, 'name': '1.0'}]})},
    ),
    'convert, px in YOLO': Case(
        CONVERT_YOLO, r'a\.txt:1: a box around 35, 20, .*are they px', {'yolo/labels/a.txt': '0 9 9 61 9 61 31 9 31\n'}
    ),
    'convert, VOC with a turned box': Case(
        CONVERT_VOC,
        r'a\.xml:1: a <bndbox> and rotated_box .* which would be lost',
        {
            key: text.replace('</object>', '<rotated_box><rot>1</rot></rotated_box></object>')
            for key, text in xml('9').items()
        },
    ),
    'convert, XML of an unknown encoding': Case(
        CONVERT_VOC, r"a\.xml: declares the encoding 'klingon'", xml('9', '<?xml version="1.0" encoding="klingon"?>')
    ),
    # Tiling.
    'tile, no such folder': Case('tile.py nope out', r'nope/images: no such folder'),
    'tile, no pixels': Case('tile.py scenes out --chip 0', r'chip: expected 1 to \d+ px, found 0'),
    'tile, too many pixels': Case(f'tile.py scenes out --chip {10**21}', r'chip: expected 1 to \d+ px, found 1000'),
    'tile, overlap': Case('tile.py scenes out --chip 32 --overlap 32', r'overlap: expected 0 <= overlap < chip'),
    'tile, scale 0': Case('tile.py scenes out --scales 0', r'scales: expected numbers above 0, found 0'),
    'tile, tiny scale': Case('tile.py scenes out --scales 5e-324', r'scales: expected 0\.0001 to 1000'),
    'tile, huge scale': Case('tile.py scenes out --scales 1e300', r'scales: expected 0\.0001 to 1000'),
    'tile, band 0': Case('tile.py scenes out --bands 0', r'bands: expected 1 or 3 numbers from 1 on, found 0'),
    'tile, no such band': Case('tile.py scenes out --workers 1 --bands 9', r's\.png: has 3 bands, expected a band 9'),
    'tile, stretch': Case('tile.py scenes out --stretch 98 2', r'stretch: expected .*, found 98 2'),
    'tile, empty chips nan': Case('tile.py scenes out --keep-empty nan', r'keep_empty: expected .*found nan'),
    'tile, no processes': Case('tile.py scenes out --workers 0', r'workers: expected at least 1, found 0'),
    'tile, too many processes': Case('tile.py scenes out --workers 100000', r'workers: expected at most \d+, found'),
    'tile, into a file': Case('tile.py scenes p.jsonl --workers 1', r'p\.jsonl/\.tiling/images: a file is in the way'),
    'tile, into itself': Case('tile.py scenes scenes --workers 1', r'scenes/images: already there, expected'),
    'tile, half a scene': Case(
        'tile.py scenes out --workers 1', r's\.png: .*truncated', {'scenes/images/s.png': png(128, 64)[:9000]}
    ),
    'tile, a name of two lines': Case(
        'tile.py scenes out --workers 1',
        r"the file name 's\\nt\.png': expected one without .*control characters",
        {'scenes/images/s\nt.png': png(64, 64), 'scenes/labelTxt/s\nt.txt': f'{SQUARE} tanker 0\n'},
    ),
    'tile, deep record': Case(
        'tile.py scenes out --workers 1',
        r'out/tiling\.json: not the record of a tiling run .*nested too deeply',
        {'out/chips.jsonl': '', 'out/tiling.json': DEEP},
    ),
    # Splitting.
    'split, share': Case(f'{SPLIT} --train 1.5', r'train: expected a share .*, found 1\.5'),
    'split, share of empty chips': Case(f'{SPLIT} --empty nan', r'empty: expected a share .*, found nan'),
    'split, share nan': Case(f'{SPLIT} --train nan', r'train: expected a share .*, found nan'),
    'split, seed below 0': Case(f'{SPLIT} --seed -1', r'seed: expected a whole number from 0, found -1'),
    'split, unknown scene': Case(f'{SPLIT} --test-scenes z', r"no scene 'z', expected one of: s\.png"),
    'split, a folder in the way': Case(SPLIT, r'o/val\.txt: a folder is in the way, expected', {'o/val.txt/x': ''}),
    'split, a list of bombs': Case(
        SITUATION, r's\.yaml: not YAML of plain texts', {'s.yaml': '- ' + BOMB.replace('\n', '\n  ')}
    ),
    'split, deep situation': Case(SITUATION, r's\.yaml: nested too deeply, expected lines like', {'s.yaml': DEEP}),
    'split, huge situation': Case(
        SITUATION, r's\.yaml: tanker: found .*expected a whole number', {'s.yaml': f'tanker: 1{"0" * 5000}'}
    ),
    'split, deep index': Case(SPLIT, r'chips\.jsonl:1: not a chip .*nested too deeply', {'set/chips.jsonl': DEEP}),
    'split, endless window': Case(
        SPLIT, r'chips\.jsonl:1: not a chip', {'set/chips.jsonl': chip(window=[0, 0, float('inf'), 1])}
    ),
    'split, window of no size': Case(
        SPLIT, r'chips\.jsonl:1: not a chip .*expected', {'set/chips.jsonl': chip(window=[0, 0, 0, 1])}
    ),
    'split, counts below 0': Case(
        SPLIT, r'chips\.jsonl:1: not a chip .*number -5', {'set/chips.jsonl': chip(counts={'tanker': -5})}
    ),
    'split, huge counts': Case(
        SPLIT, r'chips\.jsonl:1: not a chip', {'set/chips.jsonl': chip(counts={'tanker': 10**30})}
    ),
    'split, a chip twice': Case(SPLIT, r'chips\.jsonl:2: a\.png is on line 1 already', {'set/chips.jsonl': chip() * 2}),
    'split, a chip elsewhere': Case(
        SPLIT, r'chips\.jsonl:1: .*without folders', {'set/chips.jsonl': chip(file='../../escape.png')}
    ),
    'split, a chip of two lines': Case(
        SPLIT, r'chips\.jsonl:1: .*control characters', {'set/chips.jsonl': chip(file='a.png\nb.png')}
    ),
    'split, half a character': Case(SPLIT, r'chips\.jsonl:1: not a chip', {'set/chips.jsonl': chip(file='\ud800.png')}),
    # Checks.
    'check, no such folder': Case('check.py nope --out o', r'nope/images: no such folder, expected a data set'),
    'check, into a file': Case('check.py set --out p.jsonl --workers 1', r'p\.jsonl: a file is in the way'),
    'check, shortest side nan': Case('check.py set --out o --min-side nan', r'min_side: expected .*found nan'),
    'check, aspect 0': Case('check.py set --out o --max-aspect 0', r'max_aspect: expected .*found 0'),
    'check, no processes': Case('check.py set --out o --workers 0', r'workers: expected at least 1, found 0'),
    'check, deep index': Case(
        'check.py set --out o --workers 1', r'chips\.jsonl:1: not a chip', {'set/chips.jsonl': DEEP}
    ),
    # Turning.
    'rotate, into a file': Case('rotate.py set p.jsonl', r'p\.jsonl: a file is in the way, expected a folder'),
    'rotate, into itself': Case('rotate.py set set', r'set: expected a new or empty folder'),
    'rotate, no angle': Case('rotate.py set out --degrees x', r"--degrees: invalid float value: 'x'"),
    # Statistics.
    'stats, no such folder': Case('stats.py nope', r'nope: no such folder, expected a folder of DOTA labels'),
    'stats, no object': Case('stats.py set', r'found 0 objects.*expected an instance', {'set/labelTxt/a.txt': ''}),
    'stats, huge': Case('stats.py set', r'a\.txt:1: .* 1e308, expected at most', {'set/labelTxt/a.txt': HUGE}),
    'stats, classes twice': Case('stats.py set --classes tanker,tanker', r"--classes: found 'tanker' twice, expected"),
    'stats, unknown class': Case('stats.py set --classes boat', r"a\.txt:1: unknown class 'tanker', expected one of"),
    'stats, no such suffix': Case('stats.py set --plot x.exe', r'--plot: found x\.exe, expected a name ending in'),
    'stats, a folder as the plot': Case('stats.py set --plot d.png', r'd\.png: a folder is in the', {'d.png/x': ''}),
    'stats, a folder as the figures': Case('stats.py set --json set', r'set: a folder is in the way, expected a file'),
    # Evaluation.
    'evaluate, no such file': Case('evaluate.py nope set', r'nope: no such file or folder'),
    'evaluate, a folder': Case(
        'evaluate.py set set', r'set: expected the output folder of a finished .ship-det detect.'
    ),
    'evaluate, an empty file': Case('evaluate.py e set', r'e:1: expected a header', {'e': ''}),
    'evaluate, garbage': Case('evaluate.py e set', r'e: not UTF-8 .*expected a predictions file', {'e': b'\xff\xfe\0'}),
    'evaluate, a pickle': Case('evaluate.py e set', r'e: not UTF-8', {'e': pickle.dumps([1, 2])}),
    'evaluate, cut off': Case('evaluate.py e set', r'e:2: not JSON', {'e': predictions(found()[:30])}),
    'evaluate, deep': Case('evaluate.py e set', r'e:2: not JSON: nested too deeply', {'e': predictions(DEEP)}),
    'evaluate, no classes': Case(
        'evaluate.py e set', r'e:1: expected "classes" as a list of names', {'e': predictions(NOTHING, classes=[])}
    ),
    'evaluate, a class of two lines': Case(
        'evaluate.py e set', r'e:1: expected "classes" as a list of names', {'e': predictions(classes=['a\nb'])}
    ),
    'evaluate, half a character': Case('evaluate.py e set', r'e:1: not JSON', {'e': predictions(classes=['\ud800'])}),
    'evaluate, nan': Case(
        'evaluate.py e set', r'a\.png: box 0 .*expected', {'e': predictions(found(boxes='[[NaN, 1, 1, 1, 1]]'))}
    ),
    'evaluate, a side below 0': Case(
        'evaluate.py e set', r'a\.png: box 0 .*expected', {'e': predictions(found(boxes='[[1, 1, -1, 1, 1]]'))}
    ),
    'evaluate, long numbers': Case(
        'evaluate.py e set', r'e:2: boxes: expected', {'e': predictions(found(boxes=f'[[1{"0" * 400}, 1, 1, 1, 1]]'))}
    ),
    'evaluate, a long label': Case(
        'evaluate.py e set', r'e:2: labels: expected', {'e': predictions(found(labels=f'[1{"0" * 40}]'))}
    ),
    'evaluate, scores as text': Case(
        'evaluate.py e set', r'e:2: scores: expected a number', {'e': predictions(found(scores='["0.5"]'))}
    ),
    'evaluate, an image twice': Case(
        'evaluate.py e set', r'e: predictions: two records for image a\.png', {'e': predictions(found(), found())}
    ),
    'evaluate, an image elsewhere': Case(
        'evaluate.py e set',
        r'e: predictions for 1 unknown image, first \.\./\.\./a\.png',
        {'e': predictions(found(), NOTHING, found('../../a.png'))},
    ),
    'evaluate, no images': Case('evaluate.py e set', r'e: no predictions for 2 of 2 images', {'e': predictions()}),
    'evaluate, another set': Case('evaluate.py p.jsonl scenes', r'p\.jsonl: no predictions for 1 of 1 image'),
    'evaluate, IoU nan': Case('evaluate.py p.jsonl set --iou nan', r'iou_threshold: expected .*found nan'),
    'evaluate, score': Case('evaluate.py p.jsonl set --score 7', r'score_threshold: expected .*found 7'),
    'evaluate, score nan': Case('evaluate.py p.jsonl set --score nan', r'score_threshold: expected .*found nan'),
    'evaluate, over its input': Case(
        'evaluate.py p.jsonl set --json ./p.jsonl', r'--json: \./p\.jsonl is read, expected another file'
    ),
    'evaluate, a chip of no size': Case(
        'evaluate.py p.jsonl set --merge scenes',
        r'chips\.jsonl:1: not a chip',
        {'set/chips.jsonl': chip(size=[10**30, 1])},
    ),
    'evaluate, a scene elsewhere': Case(
        'evaluate.py p.jsonl set --merge scenes',
        r'chips\.jsonl:1: .*without folders',
        {'set/chips.jsonl': chip(scene='../../p.jsonl')},
    ),
    'evaluate, a folder as the predictions': Case(
        'evaluate.py p.jsonl set --merge scenes --merged-out set', r' set: a folder is in the way, expected a file'
    ),
    # The report.
    'report, swapped': Case('report.py set p.jsonl --out o', r'set: a folder is in the way, expected a file'),
    'report, metres a pixel without scenes': Case(f'{REPORT} --gsd 2', r'--gsd: expected --merge SCENES beside it'),
    'report, no metres a pixel': Case(f'{REPORT} --merge scenes --gsd nan', r'gsd: expected metres .*, found nan'),
    'report, into a file': Case('report.py p.jsonl set --out p.jsonl', r'p\.jsonl: a file is in the way, expected'),
    'report, a name that leads out': Case('report.py ../x=p.jsonl set --out o', r"run name '\.\./x': expected letters"),
    'report, a name that is a program': Case("report.py '<script>=p.jsonl' set --out o", r"run name '<script>': expec"),
    'report, chips below 0': Case(f'{REPORT} --chips -1', r'expected counts of 0 or more, found -1 chips'),
    'report, score nan': Case(f'{REPORT} --score nan', r'score_threshold: expected .*found nan'),
    'report, no such log': Case(f'{REPORT} --log nope', r'nope: no such training log, expected vis_data'),
    'report, deep log': Case(f'{REPORT} --log l', r'l:1: not JSON', {'l': DEEP}),
    'report, a log of texts': Case(f'{REPORT} --log l', r'l:1: loss: found x, exp', {'l': '{"loss": "x", "step": 1}'}),
    'report, a log of long steps': Case(
        f'{REPORT} --log l', r'l:1: step: found 1000.*expected', {'l': f'{{"loss": 1, "step": 1{"0" * 400}}}'}
    ),
    'report, a log without steps': Case(f'{REPORT} --log l', r'l:1: found a loss without a', {'l': '{"loss": 1}'}),
    'report, HTML as an image': Case(REPORT, r'a\.png: not an image', {'set/images/a.png': '<html>'}),
    'report, half an image': Case(
        REPORT, r'b\.png: not an image or a truncated one', {'set/images/b.png': png(64, 64)[:3000]}
    ),
    'report, a folder as a chart': Case(REPORT, r'o/pr_curves\.png: a folder is in', {'o/pr_curves.png/x': ''}),
    'report, a file as the chips': Case(REPORT, r'o/chips: a file is in the way, expected a folder', {'o/chips': ''}),
    # Recognition.
    'recognition, no such file': Case('recognition.py nope.py --out o', r'nope\.py: no such config file; expected'),
    'recognition, no Python': Case('recognition.py p.jsonl --out o', r"p\.jsonl: found a name ending in '\.jsonl'"),
    'recognition, an error of two lines': Case(
        RECOGNITION, r'r\.py: found no readable config \(two lines\)', {'r.py': 'raise RuntimeError("two\\nlines")'}
    ),
    'recognition, a config that ends': Case(
        RECOGNITION, r'r\.py: found no readable config', {'r.py': 'raise SystemExit(0)'}
    ),
    'recognition, unknown loss': Case(
        RECOGNITION,
        r"r\.py: losses, ce: type: found 'zz'",
        {'r.py': with_settings('r.py', losses="{'ce': {'type': 'zz'}}")},
    ),
    'recognition, a loss without a type': Case(
        RECOGNITION, r'r\.py: losses, ce: found 7, expected', {'r.py': with_settings('r.py', losses="{'ce': 7}")}
    ),
    'recognition, a setting without a type': Case(
        RECOGNITION, r'r\.py: settings, x: found 7, expected', {'r.py': with_settings('r.py', settings="{'x': 7}")}
    ),
    'recognition, endless steps': Case(
        RECOGNITION,
        r'r\.py: lr: found inf, expected',
        {'r.py': with_settings('r.py', training="dict(epochs=1, batch_size=2, lr=float('inf'))")},
    ),
    'recognition, seeds without end': Case(f'{RECOGNITION} --first-seed {2**70}', r'--first-seed: found .*expected'),
    'recognition, trials without end': Case(f'{RECOGNITION} --trials {10**30}', r'--trials: found .*expected'),
    'recognition, no such device': Case(f'{RECOGNITION} --device abacus', r'--device: found abacus, .*expected cpu'),
    'recognition, a device without values': Case(f'{RECOGNITION} --device meta', r'--device: found meta'),
    'recognition, one class': Case(
        RECOGNITION,
        r'one: found the class x only, expected two',
        {
            'r.py': FILES['r.py'].replace("'kinds'", "'one'"),
            'one/train/x/0.png': png(28, 28),
            'one/test/x/0.png': png(28, 28),
        },
    ),
    'recognition, deep trials': Case(
        f'{RECOGNITION} --table', r'trials\.jsonl, line 1: found', {'o/trials.jsonl': f'{DEEP}\n'}
    ),
    'recognition, corrupt gzip': Case(
        RECOGNITION,
        r'train-images-idx3-ubyte\.gz: found damaged gzip data',
        {
            'r.py': MNIST,
            'kinds/train-images-idx3-ubyte.gz': b'\x1f\x8b\x08\0garbage',
            **dict.fromkeys([f'kinds/{n}' for n in ('train-labels-idx1-ubyte', 't10k-images-idx3-ubyte')], b''),
            'kinds/t10k-labels-idx1-ubyte': b'',
        },
    ),
    'recognition, a pickle': Case(
        RECOGNITION,
        r'train-images-idx3-ubyte: found a start of 80 04',
        {
            'r.py': MNIST,
            'kinds/train-images-idx3-ubyte': pickle.dumps([1, 2]),
            'kinds/train-labels-idx1-ubyte': b'',
        },
    ),
    # Few shots.
    'few shots, one image': Case(FEW_SHOT, r'few/train/x: found 1 image, expected at least 4 for the split 1,2'),
    'few shots, a config that ends': Case(FEW_SHOT, r'f\.py: found .*expected', {'f.py': 'raise SystemExit(0)'}),
    'few shots, YAML': Case('few_shot.py f.yaml', r"found a name ending in '\.yaml'", {'f.yaml': 'data_root: few'}),
    'few shots, no such device': Case('few_shot.py f.py --work-dir w --device abacus', r'--device: found abacus'),
    'few shots, seeds without end': Case(f'{FEW_SHOT} --seeds {2**70}', r'f\.py: seeds: found .*expected'),
    'few shots, split': Case(f'{FEW_SHOT} --splits 1,x', r"f\.py: split: found '1,x', expected"),
    'few shots, a long split': Case(f'{FEW_SHOT} --splits 1,{"9" * 5000}', r"f\.py: split: found '1,9"),
    'few shots, too many pixels': Case(
        FEW_SHOT, r'f\.py: image_size: found 1000000000, exp', {'f.py': with_settings('f.py', image_size='10 ** 9')}
    ),
    'few shots, gamma nan': Case(
        FEW_SHOT, r'f\.py: focal_gamma: found nan, exp', {'f.py': with_settings('f.py', focal_gamma="float('nan')")}
    ),
    'few shots, results of nothing': Case(
        f'{FEW_SHOT} --table',
        r'results\.jsonl:1: split: found None, expected',
        {
            'w/results.jsonl': json.dumps(
                dict.fromkeys(
                    ('split', 'imbalance_degree', 'loss', 'seed', 'iterations', 'correct', 'query', 'settings')
                )
            )
            + '\n'
        },
    ),
    # Training.
    'train, no such file': Case('train.py nope.py --work-dir w', r'nope\.py: no such config file; expected'),
    'train, YAML that runs a command': Case(
        'train.py c.yaml --work-dir w',
        r'c\.yaml: expected a config whose name ends in \.py or \.json',
        {'c.yaml': 'a: !!python/object/apply:os.system ["touch escaped"]'},
    ),
    'train, HTML': Case(TRAIN, r'c\.py: cannot be built: invalid syntax', {'c.py': '<html><body>404</body></html>'}),
    'train, garbage': Case(TRAIN, r'c\.py: cannot be built: .*utf-8', {'c.py': b'\xff\xfe\0'}),
    'train, an error of two lines': Case(
        TRAIN, r'c\.py: cannot be built: two lines$', {'c.py': 'raise RuntimeError("two\\nlines")'}
    ),
    'train, a config that ends': Case(TRAIN, r'c\.py: cannot be built', {'c.py': 'raise SystemExit(0)'}),
    'train, a config without end': Case(TRAIN, r'c\.py: cannot be built: .*recursion', {'c.py': 'def f(): f()\nf()'}),
    'train, a config on itself': Case(TRAIN, r'c\.py: .*c\.py is a _base_ of itself', {'c.py': "_base_ = 'c.py'"}),
    'train, a base on itself': Case(
        TRAIN,
        r'c\.py: .*d\.py is a _base_ of itself',
        {'c.py': "_base_ = 'd.py'", 'd.py': "_base_ = ['e.py', 'd.py']", 'e.py': ''},
    ),
    'train, no such base': Case(TRAIN, r'c\.py: needs .*nope\.py: no such file', {'c.py': "_base_ = 'nope.py'"}),
    'train, nothing': Case(TRAIN, r'c\.py: model: found None, expected a dict of settings', {'c.py': ''}),
    'train, no data': Case(
        TRAIN, r'train_dataloader: found None', {'c.py': with_settings('c.py', train_dataloader='None')}
    ),
    'train, no steps': Case(
        TRAIN, r'train_cfg\.max_iters: found 0, expected', {'c.py': FILES['c.py'].replace('max_iters=1', 'max_iters=0')}
    ),
    'train, batches of nothing': Case(
        f'{TRAIN} --cfg-options train_dataloader.batch_size=0', r'train_dataloader\.batch_size: found 0, expected'
    ),
    'train, brackets': Case(f'{TRAIN} --cfg-options train_cfg.max_iters=[1,(2', r'--cfg-options: .*brackets that mat'),
    'train, seed below 0': Case(f'{TRAIN} --seed -1', r'--seed: found -1, expected a whole number from 0'),
    'train, no such data': Case(f'{TRAIN} --data-root nope', r'nope/images: no such folder, expected .*--data-root'),
    'train, no classes': Case(f"{TRAIN} --classes ''", r'classes: found .*expected different names'),
    'train, into a file': Case('train.py c.py --work-dir p.jsonl', r'p\.jsonl: a file is in the way'),
    'train, a pickle to go on from': Case(
        f'{TRAIN} --resume x.pth', r'x\.pth: cannot be read as a checkpoint', {'x.pth': pickle.dumps({'a': 1})}
    ),
    'train, garbage to go on from': Case(
        f'{TRAIN} --resume', r'w/last_checkpoint: byte 0 is not UTF-8', {'w/last_checkpoint': b'\xff\x00'}
    ),
    'train, no ships': Case(TRAIN, r'none of 1 image has an object', {'set/labelTxt/a.txt': ''}),
    'train, a huge ship': Case(TRAIN, r'a\.txt:1: .* 1e308, expected at most', {'set/labelTxt/a.txt': HUGE}),
    'train, from no such weights': Case(f'{TRAIN} --load nope.pth', r'nope\.pth: no such checkpoint; expected a file'),
    'train, from no such model': Case(
        f'{TRAIN} --load zoo:nope', r'zoo:nope: no such model in the zoo; expected one of'
    ),
    # Detection.
    'detect, no such model': Case(
        'detect.py scenes/images/s.png --out y --model nope',
        r'--model: found nope, expected one of the zoo, r2cnn-.*, or an \.onnx file',
    ),
    'detect, two detectors': Case(
        'detect.py scenes/images/s.png --out y --model r2cnn-ships --config c.py --checkpoint x.pth',
        r'expected one detector: --model NAME, or .*; found --model and --config and --checkpoint',
    ),
    'detect, half a detector': Case(
        'detect.py scenes/images/s.png --out y --config c.py', r'expected one detector: .*; found --config$'
    ),
    # Testing.
    'test, no such checkpoint': Case('test.py c.py nope.pth --work-dir w', r'nope\.pth: no such checkpoint; expected'),
    'test, a folder as the checkpoint': Case('test.py c.py set --work-dir w', r'set: no such checkpoint; expected'),
    'test, an empty checkpoint': Case(
        'test.py c.py x.pth --work-dir w', r'x\.pth: cannot be read as a checkpoint', {'x.pth': b''}
    ),
    'test, no data': Case(
        'test.py c.py p.jsonl --work-dir w',
        r'test_dataloader: found None, expected',
        {'c.py': with_settings('c.py', test_dataloader='None')},
    ),
    'test, merged into a file without scenes': Case(
        'test.py c.py p.jsonl --merged-out y --work-dir w', r'--merged-out: expected --merge SCENES beside it'
    ),
    'test, metres a pixel without scenes': Case(
        'test.py c.py p.jsonl --gsd 2 --work-dir w', r'--gsd: expected --merge SCENES beside it'
    ),
    # The demonstration and the doctor.
    'demo, one scene': Case('demo.py --scenes 1 --data d --work-dir w', r'--scenes: found 1, expected 2 or more'),
    'demo, seed below 0': Case('demo.py --seed -1 --data d --work-dir w', r'seed: expected a number of at least 0'),
    'demo, into a file': Case('demo.py --data p.jsonl --work-dir w', r'p\.jsonl/scenes/images: a file is in the way'),
    'doctor, no such ops': Case('doctor.py --ops abacus', r"--ops: invalid choice: 'abacus' \(choose from"),
    'doctor, a file': Case('doctor.py p.jsonl', r'unrecognized arguments: p\.jsonl'),
}


def write_files(folder: Path, files: dict[str, str | bytes | Link | None]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def snapshot(folder: Path) -> dict[str, tuple]:
    """Files and folders below a folder, with what changes when a file is written."""
    entries = {}
    for path in folder.rglob('*'):
        status = path.lstat()
        written = None if path.is_dir() else (status.st_ino, status.st_size, status.st_mtime_ns)
        entries[str(path.relative_to(folder))] = (status.st_mode, written)
    return entries


def script(name: str) -> str:
    """Path of a command line as ``run_tool`` takes it."""
    return name if (ROOT / 'tools' / name).is_file() else f'../data_tools/{name}'


@pytest.mark.parametrize('case', CASES.values(), ids=CASES.keys())
def test_ends_with_one_message_and_leaves_nothing(case, run_tool, tmp_path):
    folder = tmp_path / 'here'
    write_files(folder, FILES | case.files)
    before = snapshot(tmp_path)
    name, *arguments = shlex.split(case.command)
    code, text = run_tool(script(name), *arguments, PWD=folder)
    errors = [line for line in text.splitlines() if re.match(r'(\w+\.py: )?error: ', line)]
    assert code == 2, text[-2000:]
    assert 'Traceback' not in text and 'Warning' not in text
    assert len(errors) == 1 and re.search(case.message, errors[0]), text[-2000:]
    assert snapshot(tmp_path) == before


def test_names_are_no_programs_and_no_markup(run_tool, tmp_path):
    """Class and file names are shown as they are: in tables, charts and the page, which runs none of them."""
    name, image = '[/red]<script>alert(1)</script>', '<img src=x onerror=alert(2)>.png'
    files = {
        f'set/images/{image}': png(64, 64),
        f'set/labelTxt/{Path(image).stem}.txt': f'{SQUARE} {name} 0\n',
        'e': predictions(found(image), classes=[name]),
    }
    write_files(tmp_path, files)
    for command in ('evaluate.py e set', 'stats.py set', "report.py e set --out o --title '<script>alert(3)</script>'"):
        tool, *arguments = shlex.split(command)
        code, text = run_tool(script(tool), *arguments, PWD=tmp_path)
        assert code == 0, text
        assert tool == 'report.py' or name in text
    page = (tmp_path / 'o/index.html').read_text()
    assert '<script>alert' not in page and '<img src=x' not in page
    assert '&lt;script&gt;alert(1)' in page
    tiled = {'set/chips.jsonl': chip(counts={name: 1}) + chip(file='b.png', counts={name: 1})}
    for stem in 'ab':
        tiled |= {f'set/images/{stem}.png': png(64, 64), f'set/labelTxt/{stem}.txt': f'{SQUARE} {name} 0\n'}
    write_files(tmp_path / 'tiled', tiled)
    code, text = run_tool(script('split.py'), *SPLIT.split()[1:], PWD=tmp_path / 'tiled')
    assert code == 0 and name in text, text
