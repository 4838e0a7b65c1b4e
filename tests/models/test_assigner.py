"""What lies in an ignore region is no background, at every place of both detectors where priors are assigned."""

from pathlib import Path

import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS, TASK_UTILS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

from ship_det.evaluation.matching import IGNORE_IOF

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DETECTORS = ['r2cnn_r18w32_fpn64_ci_demo', 'skew_cascade_r18w32_fpn64_ci_demo']
# A ship, and a DontCare box of 40 x 40 px.
SHIP, REGION = [20.0, 20.0, 30.0, 10.0, 0.0], [80.0, 80.0, 40.0, 40.0, 0.0]
# On the ship; in the region wholly, by 3 / 4 and by 1 / 2; on water.
PRIORS = torch.tensor([SHIP, [80, 80, 20, 10, 0], [65, 80, 20, 10, 0], [60, 80, 20, 10, 0], [20, 120, 20, 10, 0]])
ON_SHIP, NEITHER, BACKGROUND = 1, -1, 0


def assigners(name: str) -> dict[str, torch.nn.Module]:
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)
    model = MODELS.build(Config.fromfile(CONFIGS / 'quickstart' / f'{name}.py').model)
    found = model.roi_head.bbox_assigner
    stages = found if isinstance(found, list) else [found]
    return {'rpn': model.rpn_head.assigner, **{f'stage {i}': stage for i, stage in enumerate(stages)}}


@pytest.fixture(scope='module', params=DETECTORS)
def places(request) -> dict[str, torch.nn.Module]:
    return assigners(request.param)


def instances(boxes: list, label: int) -> InstanceData:
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 5)
    return InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.full((len(boxes),), label))


def priors_of(place: str, boxes: torch.Tensor) -> InstanceData:
    """Horizontal priors, but for the further stages of the Cascade."""
    rotated = RotatedBoxes(boxes)
    if place in ('stage 1', 'stage 2'):
        return InstanceData(priors=rotated)
    return InstanceData(priors=HorizontalBoxes(rotated.convert_to('hbox').tensor))


def assign(place, assigner, ships, ignored, boxes=PRIORS, label=-1) -> list[int]:
    result = assigner.assign(priors_of(place, boxes), instances(ships, 0), instances(ignored, label))
    return result.gt_inds.tolist()


@pytest.mark.parametrize('label', [-1, 0, 3])
def test_what_lies_in_a_region_is_no_background(places, label):
    for place, assigner in places.items():
        found = assign(place, assigner, [SHIP], [REGION], label=label)
        assert found == [ON_SHIP, NEITHER, NEITHER, BACKGROUND, BACKGROUND], place
        assert assign(place, assigner, [SHIP], []) == [ON_SHIP, *[BACKGROUND] * 4], place


def test_a_region_in_an_image_without_ships(places):
    for place, assigner in places.items():
        assert assign(place, assigner, [], [REGION]) == [BACKGROUND, NEITHER, NEITHER, BACKGROUND, BACKGROUND], place


def test_a_ship_in_a_region_is_learnt(places):
    """So is one beside a large difficult ship, whose bounds hold it."""
    large = [60.0, 60.0, 150.0, 20.0, 0.785398]
    beside = [30.0, 90.0, 30.0, 10.0, 0.0]
    for place, assigner in places.items():
        assert assign(place, assigner, [SHIP], [[20.0, 20.0, 60.0, 60.0, 0.0]])[0] == ON_SHIP, place
        assert assign(place, assigner, [beside], [large], torch.tensor([beside]), label=0) == [ON_SHIP], place


def test_no_priors(places):
    for place, assigner in places.items():
        assert assign(place, assigner, [SHIP], [REGION], PRIORS[:0]) == [], place


def test_training_and_evaluation_ask_the_same_share(places):
    assert {assigner.ignore_iof_thr for assigner in places.values()} == {IGNORE_IOF}


def test_priors_nearly_as_good_as_the_best_are_positive():
    # A ship of 100 x 20 px; priors of its place and height, shorter: IoU is the share of the length.
    ship = torch.tensor([[0.0, 0.0, 100.0, 20.0]])
    priors = torch.tensor([[0.0, 0.0, length, 20.0] for length in (60, 55, 50, 40, 20)])
    settings = dict(pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3, iou_calculator=dict(type='BoundsOverlaps2D'))
    assigned = {}
    for share in (1.0, 0.85, 0.5, 0.1):
        assigner = TASK_UTILS.build(dict(type='IgnoreRegionAssigner', nearly_best=share, **settings))
        ground_truth = InstanceData(bboxes=ship, labels=torch.tensor([3]))
        result = assigner.assign(InstanceData(priors=priors), ground_truth)
        assigned[share] = result.gt_inds.tolist()
        assert result.labels.tolist() == [3 if row > 0 else -1 for row in assigned[share]]
    assert assigned[1.0] == [1, -1, -1, -1, 0]
    assert assigned[0.85] == [1, 1, -1, -1, 0]  # from 0.51
    assert assigned[0.5] == [1, 1, 1, 1, 0]  # from 0.3
    assert assigned[0.1] == [1, 1, 1, 1, 0]  # min_pos_iou
    with pytest.raises(ValueError, match='found 0'):
        TASK_UTILS.build(dict(type='IgnoreRegionAssigner', nearly_best=0, **settings))
