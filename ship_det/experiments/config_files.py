"""Config files of experiments: Python assignments, read by MMEngine, and checks of what they say."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any


def read_assignments(path: str | os.PathLike, examples: str) -> dict[str, Any]:
    """What a config assigns; names with an underscore are its own and left out.

    ``examples`` is the folder of configs to look at that messages name.

    Raises:
        ValueError: naming the file, where it is none, or its program fails or ends.
    """
    # Late: it loads torch.
    from mmengine.config import Config

    path = Path(path)
    if path.suffix != '.py':
        raise ValueError(f'{path}: found a name ending in {path.suffix!r}, expected a config in Python')
    if not path.is_file():
        raise ValueError(f'{path}: no such config file; expected one such as those in {examples}')
    try:
        content = Config.fromfile(path).to_dict()
    except (Exception, SystemExit) as error:
        # It is a program, which may fail or end in any way.
        raise ValueError(f'{path}: found no readable config ({error}), expected a config in Python') from error
    return {key: value for key, value in content.items() if not key.startswith('_')}


def check_choice(place: str, found: object, choices: Collection[str]) -> None:
    """Raise a ValueError that names the place unless what was found there is one of the choices."""
    if not isinstance(found, str) or found not in choices:
        raise ValueError(f'{place}: found {found!r}, expected one of {", ".join(choices)}')
