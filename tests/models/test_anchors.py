"""The nearest anchors beside all anchors of the grid; which ships no anchor of a config fits."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.models.task_modules.prior_generators import AnchorGenerator, anchor_inside_flags
from mmdet.structures.bbox import bbox_overlaps
from mmdet.utils import register_all_modules as register_mmdet
from mmrotate.registry import TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

from ship_det.annotations import DotaFolder
from ship_det.annotations.conversion import convert
from ship_det.geometry import quad_to_rbox
from ship_det.launch import read_config
from ship_det.models.anchors import nearest_anchors
from ship_det.simulation.fleet import class_counts, draw_fleet

WIDTH, HEIGHT = 150, 110
GENERATOR = AnchorGenerator(strides=[8, 16, 32], ratios=[0.2, 1.0, 4.0], scales=[2, 3])


def all_anchors(border: int) -> torch.Tensor:
    sizes = [(math.ceil(HEIGHT / s), math.ceil(WIDTH / s)) for s in (8, 16, 32)]
    anchors = torch.cat(GENERATOR.grid_priors(sizes, device='cpu'))
    inside = anchor_inside_flags(anchors, torch.ones(len(anchors), dtype=torch.bool), (HEIGHT, WIDTH), border)
    return anchors[inside].double()


@given(
    center=st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)),
    size=st.tuples(st.floats(3, 160), st.floats(3, 160)),
    border=st.sampled_from([-1, 0, 5]),
)
@settings(max_examples=200, deadline=None)
def test_the_best_of_the_nearest_is_the_best_of_all(center, size, border):
    (x, y), (w, h) = center, size
    bounds = torch.tensor([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]], dtype=torch.float64)
    anchors, ious = nearest_anchors(GENERATOR, bounds, torch.tensor([[WIDTH, HEIGHT]]), border)
    assert anchors.shape == (1, 18, 4)
    assert ious.shape == (1, 18)
    expected = bbox_overlaps(bounds, all_anchors(border)).max()
    assert float(ious.max()) == pytest.approx(float(expected), abs=1e-6)


def test_where_no_anchor_fits_into_the_image_there_is_none():
    generator = AnchorGenerator(strides=[32], ratios=[0.1], scales=[8])
    bounds, sizes = torch.tensor([[10.0, 10.0, 90.0, 30.0]]), torch.tensor([[100.0, 100.0]])
    assert nearest_anchors(generator, bounds, sizes, 0)[1].tolist() == [[0.0]]
    # 100 x 20 px of the 809 x 81 px anchor at x = 64 lie in the image; the ship is 80 x 20 px.
    shared = 80 * 20
    expected = shared / (2 * 404.7715 * 2 * 40.4772 + 80 * 20 - shared)
    assert nearest_anchors(generator, bounds, sizes, -1)[1].item() == pytest.approx(expected, rel=1e-4)


CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
#: Configs for the simulated fleet, with the m/px of their images.
RESOLUTIONS = {
    **{path: 0.6 for path in sorted(CONFIGS.glob('*/*_aosr15.py'))},
    **{path: 2.0 for path in sorted(CONFIGS.glob('quickstart/*_demo.py'))},
    CONFIGS / 'zoo/r2cnn_aosr15.py': 1.1,
    CONFIGS / 'zoo/r2cnn_ships.py': 1.4,
    CONFIGS / 'quickstart/r2cnn_r18w32_fpn64_ci_finetune.py': 1.5,
    **{path: 1.5 for path in sorted(CONFIGS.glob('compare_losses/*_aosr15_sim_s*.py'))},
    CONFIGS / 'compare_losses/r2cnn_aosr15_sim_m.py': 0.8,
    CONFIGS / 'compare_losses/r2cnn_aosr15_sim_l.py': 0.6,
}


def fleet(number: int) -> torch.Tensor:
    """Ships of the simulator's classes in their shares, at any place and heading: cx, cy, length, beam, m and rad."""
    rng = np.random.default_rng(0)
    ships = draw_fleet(class_counts(number, 45.0, 0, 0.5), rng)
    places, headings = rng.uniform(1000, 1500, (len(ships), 2)), rng.uniform(-math.pi / 2, math.pi / 2, len(ships))
    boxes = [
        (*place, ship.length, ship.beam, heading) for ship, place, heading in zip(ships, places, headings, strict=True)
    ]
    return torch.tensor(boxes, dtype=torch.float64)


def unfitting(path: Path, boxes: torch.Tensor) -> float:
    """Share of boxes in px whose best anchor has an IoU under 0.5."""
    model = read_config(path).model
    generator = TASK_UTILS.build(model.rpn_head.anchor_generator)
    bounds = RotatedBoxes(boxes, clone=False).convert_to('hbox').tensor
    sizes = torch.full((len(boxes), 2), 4000.0)
    _, ious = nearest_anchors(generator, bounds, sizes, model.train_cfg.rpn.allowed_border)
    return float((ious.amax(dim=1) < 0.5).double().mean())


@pytest.fixture
def mmrotate_scope() -> None:
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)


@pytest.mark.usefixtures('mmrotate_scope')
@pytest.mark.parametrize('path', RESOLUTIONS, ids=lambda path: path.stem)
def test_one_ship_in_a_hundred_at_most_has_no_anchor(path):
    boxes = fleet(3000)
    boxes[:, :4] /= RESOLUTIONS[path]
    assert unfitting(path, boxes) <= 0.01


@pytest.mark.usefixtures('mmrotate_scope')
@pytest.mark.parametrize('data', ['harbor', 'hituav', 'aerial'])
def test_few_objects_of_real_data_have_no_anchor(data, data_root, tmp_path):
    if data == 'harbor':
        folder, classes, scale = data_root / 'dota_harbor', ('ship',), 2.0
    elif data == 'hituav':
        folder, classes, scale = tmp_path / 'dota', ('Person', 'Car', 'Bicycle', 'OtherVehicle'), 1.0
        convert('rolabelimg', 'dota', data_root / 'hit_uav_mini/train', tmp_path / 'dota')
    else:
        folder, classes, scale = tmp_path / 'dota', ('lift', 'dock', 'jetski', 'boat', 'car'), 1.0
        convert('voc', 'dota', data_root / 'aerial_maritime/train', tmp_path / 'dota')
    files = DotaFolder(folder).select()
    quads = [
        labeled.quad
        for image in files
        for labeled in DotaFolder(folder).read_objects(image, classes, 'background')[0]
        if not labeled.difficult
    ]
    boxes = torch.from_numpy(quad_to_rbox(np.array(quads)))
    boxes[:, :4] *= scale
    found = {
        'harbor': sorted(CONFIGS.glob('quickstart/*_harbor.py')),
        'hituav': [*CONFIGS.glob('quickstart/*_hituav.py'), CONFIGS / 'compare_losses/r2cnn_hit_uav.py'],
        'aerial': [CONFIGS / 'compare_losses/r2cnn_aerial_maritime.py'],
    }
    # A dock may be ten times as long as wide.
    limit = 0.05 if data == 'aerial' else 0.01
    for path in found[data]:
        assert unfitting(path, boxes) <= limit
