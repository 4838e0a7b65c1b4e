"""Procedural harbor scenes with labelled ships of 15 classes; never imports torch."""

from .harbor import SceneSpec
from .scene import SceneReport, simulate

__all__ = ['SceneReport', 'SceneSpec', 'simulate']
