"""Commands of pages with the sizes of a test: a training step, small chips, small scenes, one process."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Commands that take a config, and train or test with it.
_RUNS = ('train', 'test', 'compare-losses')
# Options, and the largest number that is used of each.
_LARGEST = {
    '--scenes': 3,
    '--size': 512,
    '--workers': 1,
    '--iterations': 10,
    '--chip': 256,
    '--overlap': 64,
    '--window': 512,
}
# Options that a command gets where it does not have them.
_ADDED = {
    'simulate': {'--scenes': '2', '--size': '512', '--workers': '1'},
    'check': {'--workers': '1'},
    'tile': {'--chip': '256', '--overlap': '64', '--workers': '1'},
    'fine-tune': {'--iterations': '10', '--chip': '320'},
}
_LOADERS = [
    f'{part}_dataloader.{setting}'
    for part in ('train', 'val', 'test')
    for setting in ('num_workers=0', 'persistent_workers=False')
]
# What random weights find is little to look at.
_FEW = ['model.test_cfg.rcnn.score_thr=0.3', 'model.test_cfg.rcnn.max_per_img=20']
_ONE_STEP = ['train_cfg.max_iters=1', 'train_cfg.val_interval=1', 'default_hooks.checkpoint.interval=1']
_SMALL_RESNET = ['model.backbone.depth=18', 'model.neck.in_channels=[64,128,256,512]', 'model.backbone.init_cfg=None']
_SMALL_SIMULATION = ['simulation.train.scenes=1', 'simulation.test.scenes=1', 'simulation.size=700']
_ONE_EPOCH = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1']


def shorten(arguments: list[str], folder: Path, classes: Sequence[str]) -> list[str]:
    """Arguments of ``ship-det`` for a test.

    Args:
        arguments: the command's name and what follows.
        folder: where it runs.
        classes: of the page's data.
    """
    name, *words = arguments
    words = [least(words, index) for index in range(len(words))]
    for option, value in _ADDED.get(name, {}).items():
        if option not in words:
            words = [option, value, *words]
    words = [found_checkpoint(word, folder) for word in words]
    if words and words[0].endswith('.py'):
        if name in (*_RUNS, 'anchors') and '--classes' not in words and is_of_the_project(folder / words[0], classes):
            words += ['--classes', ','.join(classes)]
        if name in _RUNS:
            words = run_options(name, words, folder)
    return [name, *words]


def is_of_the_project(config: Path, classes: Sequence[str]) -> bool:
    """Whether a config has AOSR15's classes, and the page's data others."""
    return len(classes) == 2 and ROOT in config.resolve().parents


def least(words: list[str], index: int) -> str:
    """A word, or a smaller number for the value of an option."""
    option = words[index - 1] if index else ''
    if option in _LARGEST and words[index].isdigit():
        return str(min(int(words[index]), _LARGEST[option]))
    return words[index]


def found_checkpoint(word: str, folder: Path) -> str:
    """A checkpoint that only a long training writes is the last one of the short one."""
    path = folder / word
    if path.suffix == '.pth' and '=' not in word and not path.exists() and path.parent.is_dir():
        return str(max(path.parent.glob('*.pth'), key=lambda each: each.stat().st_mtime, default=path))
    return word


def run_options(name: str, words: list[str], folder: Path) -> list[str]:
    """A config with the smallest backbone, and options that make its training one step."""
    config = folder / words[0]
    own = [
        word for word in words if not re.search(r'init_cfg|max_epochs|milestones|param_scheduler|val_interval', word)
    ]
    own[0] = str(small(config, folder))
    of_mmrotate = config.exists() and "= 'mmrotate::" in config.read_text()
    epochs = of_mmrotate or '_1x_' in config.name or '_3x_' in config.name
    options = [*_LOADERS, *_FEW, *(_ONE_EPOCH if epochs else _ONE_STEP), *(_SMALL_RESNET if of_mmrotate else ())]
    if 'aosr15_sim' in config.name:
        options += _SMALL_SIMULATION
    if name == 'compare-losses':
        own = first_values(first_values(own, '--losses', 2), '--seeds', 1)
    if '--cfg-options' in own:
        # After the page's own: the last of two values counts.
        start = own.index('--cfg-options') + 1
        end = next((i for i in range(start, len(own)) if own[i].startswith('--')), len(own))
        return [*own[:end], *options, *own[end:]]
    return [*own, '--cfg-options', *options]


def first_values(words: list[str], option: str, count: int) -> list[str]:
    """Words with the first values of an option alone."""
    if option not in words:
        return words
    start = words.index(option) + 1
    end = next((i for i in range(start, len(words)) if words[i].startswith('--')), len(words))
    return [*words[: min(start + count, end)], *words[end:]]


def small(config: Path, folder: Path) -> Path:
    """A config of the paper's detectors on the smallest backbone; others are what they are."""
    if not re.search(r'_(r18|r50|r101|mobilenetv2)_fpn', config.name) or not config.exists():
        return config
    bases = next(
        ast.literal_eval(node.value)
        for node in ast.parse(config.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_'
    )
    method = 'skew_cascade' if config.name.startswith('skew') else 'r2cnn'
    model = ROOT / f'configs/_base_/models/{method}_r18w32_fpn64.py'
    paths = [str(model), *(str((config.parent / base).resolve()) for base in bases if '/models/' not in base)]
    path = folder / f'.small/{config.name}'
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'_base_ = {paths}\n')
    return path
