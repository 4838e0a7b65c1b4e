"""Whether the alpha band of a scene looks like one: many files call an infrared band alpha, or leave it at 0."""

import math
from dataclasses import dataclass

import numpy as np

from ship_det.raster.scene_reader import SceneReader

# The band is looked at thinned out to at most this many px a side.
_SIDE = 1024
# An alpha band has values between nothing and full along the borders of a mosaic at most, a picture nearly everywhere.
_BETWEEN = 0.1


@dataclass(frozen=True, slots=True)
class AlphaSurvey:
    """What an alpha band says.

    Attributes:
        hidden: share of the scene that it leaves out, its value being 0.
        between: share of its pixels that are neither 0 nor as full as the fullest.
    """

    hidden: float
    between: float

    @property
    def is_picture(self) -> bool:
        """Whether it has values as a picture has."""
        return self.between > _BETWEEN


def survey_alpha(reader: SceneReader) -> AlphaSurvey | None:
    """What the alpha band of an open scene says, by pixels thinned out; None where there is none that counts."""
    if reader.alpha_band is None:
        return None
    scene = reader.scene
    step = math.ceil(max(scene.width, scene.height) / _SIDE)
    shape = math.ceil(scene.height / step), math.ceil(scene.width / step)
    values = scene.read(reader.alpha_band, out_shape=shape)
    between = (values != 0) & (values != values.max())
    return AlphaSurvey(float(np.mean(values == 0)), float(np.mean(between)))
