"""Angles of label files, in the unit of their format or in the one that a tool wrote instead."""

import math

#: Units that a label file's angles may be in.
ANGLE_UNITS = ('radians', 'degrees')

# Above a whole turn, with room for rounding, a number of radians is one of degrees.
_WHOLE_TURN = 2 * math.pi + 1e-3


def to_radians(angle: float, unit: str, where: str) -> float:
    """An angle of a label file, in one of ANGLE_UNITS, in radians.

    Raises:
        ValueError: naming ``where``; more than a whole turn in radians, which is what degrees look like.
    """
    if unit not in ANGLE_UNITS:
        raise ValueError(f'angle unit: expected one of {", ".join(ANGLE_UNITS)}, found {unit!r}')
    if unit == 'degrees':
        return math.radians(angle)
    if abs(angle) > _WHOLE_TURN:
        raise ValueError(f'{where}: an angle of {angle:g} rad, expected at most a whole turn (is the unit degrees?)')
    return angle
