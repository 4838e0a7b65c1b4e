import numpy as np
import pytest
import shapely
from hypothesis import settings

# A busy machine makes an example slow, which says nothing about the code.
settings.register_profile('no deadline', deadline=None)
settings.load_profile('no deadline')

# Corners of a rectangle in units of its sides, written apart from the package.
UNIT = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def shapely_quads(boxes, origin):
    """Polygons of boxes relative to ``origin`` (N, 2), so that small boxes far away keep their digits."""
    boxes = np.asarray(boxes, dtype=float)
    corners = UNIT * boxes[:, None, 2:4]
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    turn = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
    return shapely.polygons(corners @ turn + (boxes[:, :2] - origin)[:, None])


def shared_areas(a, b):
    """Areas of the intersections of aligned pairs through GEOS."""
    first, second = shapely_quads(a, a[:, :2]), shapely_quads(b, a[:, :2])
    return shapely.area(shapely.intersection(first, second))


@pytest.fixture(scope='session')
def shapely_iou():
    """IoU of aligned pairs of boxes through GEOS."""

    def iou(a, b):
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        shared = shared_areas(a, b)
        union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
        return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)

    return iou


@pytest.fixture(scope='session')
def shapely_iof():
    """Share of the first box of aligned pairs inside the second, through GEOS."""

    def iof(a, b):
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        area = a[:, 2] * a[:, 3]
        return np.divide(shared_areas(a, b), area, out=np.zeros_like(area), where=area > 0)

    return iof
