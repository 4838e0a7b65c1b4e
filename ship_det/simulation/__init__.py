"""Procedural harbor scenes with labelled ships of 15 classes; never imports torch."""

from ship_det.simulation.crop import crop
from ship_det.simulation.harbor import SceneSpec
from ship_det.simulation.scene import SceneReport, simulate

__all__ = ['SceneReport', 'SceneSpec', 'crop', 'simulate']
