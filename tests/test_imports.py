"""The floors of the package: a room imports only rooms below it, and the light rooms work without torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'ship_det'

# Top first. Rooms on one line know nothing of each other.
FLOORS = (
    ('commands',),
    ('experiments',),
    ('report',),
    ('inference',),
    ('launch',),
    ('plugin',),
    ('hooks',),
    ('models', 'datasets'),
    ('checkpoints', 'devices'),
    ('initial_weights',),
    ('settings',),
    ('losses',),
    ('evaluation',),
    ('scenes',),
    ('dataset_checks',),
    ('simulation',),
    ('tiling',),
    ('imbalance',),
    ('drawing',),
    ('annotations',),
    ('raster',),
    ('geometry',),
    ('cli',),
    ('processes', 'progress', 'zoo'),
    ('memory', 'onnx_files'),
    ('files', 'checkout'),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Rooms within a room, bottom last.
ROOMS_WITHIN = {'experiments': ('detection', 'few_shot', 'recognition')}
LIGHT = FLOORS[FLOORS.index(('evaluation',)) :]
LIGHT_ROOMS = {room for rooms in LIGHT for room in rooms} | {'report'}
# The metric's module alone knows MMEngine; it is imported when it is asked for.
HEAVY_MODULES = {'ship_det.evaluation.voc_metric'}
HEAVY = {'torch', 'torchvision', 'mmengine', 'mmcv', 'mmdet', 'mmrotate'}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
        if parts[1] != 'configs':
            yield '.'.join(parts[:-1] if parts[-1] == '__init__' else parts), ast.parse(path.read_text())


def is_for_types(node: ast.stmt) -> bool:
    """Whether a statement runs for type checkers only."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == 'TYPE_CHECKING'


def imported(module: str, tree: ast.Module) -> Iterator[str]:
    """Full names of what a module imports, at its top or when a function runs."""
    for node in [inner for outer in tree.body if not is_for_types(outer) for inner in ast.walk(outer)]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{module}: relative import in line {node.lineno}'
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def test_every_room_has_a_floor():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == '.py' or (path / '__init__.py').is_file()}
    assert rooms - {'__init__'} <= FLOOR_OF.keys()


def test_no_import_upwards_or_across():
    wrong = []
    for module, tree in modules():
        room = module.partition('.')[2].partition('.')[0]
        for name in imported(module, tree):
            parts = name.split('.')
            if parts[0] != 'ship_det' or len(parts) < 2 or not room:
                continue
            other = parts[1]
            if other != room and other in FLOOR_OF and FLOOR_OF[other] <= FLOOR_OF[room]:
                wrong.append(f'{module} imports {name}')
    assert not wrong, '\n'.join(wrong)


def test_experiments_share_a_floor_that_knows_none_of_them():
    wrong = []
    for module, tree in modules():
        parts = module.split('.')
        if parts[1:2] != ['experiments']:
            continue
        own = parts[2] if len(parts) > 2 and parts[2] in ROOMS_WITHIN['experiments'] else None
        for name in imported(module, tree):
            inner = name.split('.')[2:3] if name.startswith('ship_det.experiments.') else []
            if inner and inner[0] in ROOMS_WITHIN['experiments'] and inner[0] != own:
                wrong.append(f'{module} imports {name}')
    assert not wrong, '\n'.join(wrong)


def test_no_circle():
    """Modules can be put in an order in which each imports only those before it."""
    trees = dict(modules())
    needs = {}
    for module, tree in trees.items():
        found = set()
        for name in imported(module, tree):
            # A name of a package is the package's, a module's name the module.
            found |= {name if name in trees else name.rpartition('.')[0]} & trees.keys()
        needs[module] = found - {module}
    while ready := {module for module, found in needs.items() if not found & needs.keys()}:
        needs = {module: found for module, found in needs.items() if module not in ready}
    assert not needs, f'in circles or above one: {sorted(needs)}'


def test_light_rooms_do_not_import_torch():
    wrong = [
        f'{module} imports {name}'
        for module, tree in modules()
        if module.split('.')[1:2] and module.split('.')[1] in LIGHT_ROOMS and module not in HEAVY_MODULES
        for name in imported(module, tree)
        if name.split('.')[0] in HEAVY
    ]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('room', sorted(LIGHT_ROOMS & {path.stem for path in PACKAGE.iterdir()}))
def test_light_rooms_load_without_torch(room):
    code = f'import sys\nsys.modules.update(dict.fromkeys({sorted(HEAVY)}))\nimport ship_det.{room}'
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
