"""A benchmark that a config declares: simulated scenes, cut into chips, the same bytes wherever they are made.

In the config::

    simulation = dict(
        size=1280, gsd=1.5, ships=180,                  # of every scene: side in px, m/px, number of ships
        chip=640, overlap=160,                          # px
        train=dict(scenes=12, tail=45.0, seed=0),       # tail: submarines to one tanker, 1 for balanced
        val=dict(scenes=3, tail=1.0, seed=1),
        test=dict(scenes=6, tail=1.0, seed=2),
    )

Below ``data_root``::

    scenes/PART/         images/ and labelTxt/ of the scenes
    PART/                images/ and labelTxt/ of their chips, chips.jsonl
    train.txt val.txt test.txt
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ship_det.annotations.dota_folder import PARTS
from ship_det.experiments.results import locked
from ship_det.files import write_text
from ship_det.progress import progress_bar
from ship_det.simulation import SceneSpec, simulate
from ship_det.tiling import TilingOptions, tile_scenes
from ship_det.tiling.chip_index import read_chip_index

_SHARED = {'size', 'gsd', 'ships', 'chip', 'overlap'}
_OF_PART = {'scenes', 'tail', 'seed'}


def make_data(root: Path, settings: Mapping[str, Any], name: str, workers: int = 2) -> None:
    """Draw and cut what is not there yet. Several processes may ask for the same.

    ``root`` is the config's ``data_root``, which is made, ``settings`` its ``simulation``; messages have its ``name``.

    Raises:
        ValueError: a setting is missing or unknown, or the folder holds data of other settings.
    """
    _check_keys(settings, _SHARED | {'train', 'test'}, {'val'}, f'{name}: simulation')
    parts = [part for part in PARTS if part in settings]
    for part in parts:
        _check_keys(settings[part], _OF_PART, set(), f'{name}: simulation.{part}')
    with locked(root / '.lock'):
        for part in parts:
            _make_part(root, part, settings, workers)


def _make_part(root: Path, part: str, settings: Mapping[str, Any], workers: int) -> None:
    own, chips_list = settings[part], root / f'{part}.txt'
    spec = SceneSpec(settings['size'], settings['gsd'], own['seed'], settings['ships'], own['tail'])
    options = TilingOptions(chip=settings['chip'], overlap=settings['overlap'])
    bar = _no_bar if chips_list.exists() else progress_bar
    with bar(f'drawing scenes: {part}', own['scenes'] * spec.size, counts=False) as show:
        simulate(root / 'scenes' / part, spec, own['scenes'], workers, lambda rows: show(advance=rows))
    with bar(f'cutting chips: {part}') as show:
        tile_scenes(root / 'scenes' / part, root / part, options, workers, show)
    # A test looks at the grid; chips that were added on ships are for training.
    chips = [chip.file for chip in read_chip_index(root / part) if part == 'train' or not chip.added]
    write_text(chips_list, ''.join(f'{chip}\n' for chip in chips))


def _no_bar(*args: Any, **kwargs: Any) -> AbstractContextManager[Callable[..., None]]:
    return nullcontext(lambda *done, **more: None)


def _check_keys(found: Any, needed: set[str], optional: set[str], place: str) -> None:
    if not isinstance(found, Mapping):
        raise ValueError(f'{place}: found {found!r}, expected a dict with {", ".join(sorted(needed))}')
    for key in sorted(needed - found.keys()) + sorted(found.keys() - needed - optional):
        problem = f'no {key}' if key in needed else f'{key}'
        raise ValueError(f'{place}: found {problem}, expected {", ".join(sorted(needed | optional))}')
