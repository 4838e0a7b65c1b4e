"""Rotated-box ship detection on long-tailed classes: a plugin for MMRotate and the tools around it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ship_det.inference import load
    from ship_det.scenes import Detections

__version__ = '0.1.0'
__all__ = ['Detections', '__version__', 'load']

# Imported when it is asked for, so that the package itself is there at once.
_LATE = {'Detections': 'ship_det.scenes', 'load': 'ship_det.inference'}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
