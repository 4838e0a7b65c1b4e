"""Assignment: what lies in an ignore region is no background, in both detectors; a ship takes its best priors."""

from pathlib import Path

import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import register_all_modules as register_mmdet
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmrotate.registry import MODELS
from mmrotate.structures.bbox import RotatedBoxes
from mmrotate.utils import register_all_modules

from ship_det.evaluation import IGNORE_IOF
from ship_det.models.assigner import IgnoreRegionAssigner

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


class TestBestPriors:
    """Slender ships of 100 x 10 px; boxes that are half, a third and a quarter as wide overlap them by that share."""

    SHIPS = torch.tensor([[0.0, 0.0, 100.0, 10.0], [0.0, 50.0, 100.0, 60.0]])
    # Of the first ship: 0.45, 0.40, 0.35, 0.25; of the second: 0.8, 0.33; of both, more of the second: 0.4.
    PRIORS = torch.tensor(
        [
            [0.0, 0.0, 45.0, 10.0],
            [0.0, 0.0, 40.0, 10.0],
            [0.0, 0.0, 35.0, 10.0],
            [0.0, 0.0, 25.0, 10.0],
            [0.0, 50.0, 80.0, 60.0],
            [0.0, 50.0, 33.0, 60.0],
        ]
    )

    def assign(self, priors=PRIORS, **options) -> list[int]:
        assigner = IgnoreRegionAssigner(
            pos_iou_thr=0.6, neg_iou_thr=0.3, min_pos_iou=0.3, iou_calculator=dict(type='BoundsOverlaps2D'), **options
        )
        labels = torch.tensor([4, 7])[: len(self.SHIPS)]
        ships = InstanceData(bboxes=HorizontalBoxes(self.SHIPS), labels=labels)
        result = assigner.assign(InstanceData(priors=HorizontalBoxes(priors)), ships)
        labels = [-1 if ship < 1 else (4, 7)[ship - 1] for ship in result.gt_inds.tolist()]
        assert result.labels.tolist() == labels
        return result.gt_inds.tolist()

    def test_a_ship_takes_its_best_priors(self):
        # Without them the best one alone; what lies between 0.3 and 0.6 is neither ship nor background.
        assert self.assign() == [1, -1, -1, 0, 2, -1]
        assert self.assign(best_priors=2) == [1, 1, -1, 0, 2, 2]
        # None under min_pos_iou, however many are asked for.
        assert self.assign(best_priors=9) == [1, 1, 1, 0, 2, 2]

    def test_a_prior_of_two_ships_goes_to_the_nearer(self):
        both = torch.tensor([[0.0, 0.0, 100.0, 60.0], [0.0, 0.0, 100.0, 22.0], [0.0, 4.0, 100.0, 60.0]])
        self.SHIPS = torch.tensor([[0.0, 0.0, 100.0, 40.0], [0.0, 30.0, 100.0, 60.0]])
        # IoU with the first and the second: 2 / 3 and 1 / 2; 0.55 and 0; 36 / 60 and 30 / 56.
        assert self.assign(both, best_priors=3) == [1, 1, 1]

    def test_no_ship_no_prior(self):
        assert self.assign(torch.zeros(0, 4), best_priors=3) == []
        self.SHIPS = torch.zeros(0, 4)
        assert self.assign(best_priors=3) == [0] * 6

    def test_less_than_one_is_refused(self):
        with pytest.raises(ValueError, match='best_priors: found 0, expected 1 or more'):
            IgnoreRegionAssigner(0.6, 0.3, best_priors=0, iou_calculator=dict(type='BoundsOverlaps2D'))
