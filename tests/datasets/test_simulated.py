"""Crops of simulated harbors as a data set: what an index gives, and how many ships of each class there are."""

import numpy as np
import pytest
from mmrotate.utils import register_all_modules

from ship_det.annotations import AOSR15_CLASSES
from ship_det.datasets import SimulatedHarbors
from ship_det.imbalance import count_instances
from ship_det.simulation import crop

PIPELINE = [
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='IgnoreDegenerateBoxes', min_size=2.0),
    dict(type='mmdet.PackDetInputs'),
]
SMALL = dict(pipeline=PIPELINE, size=256, ships=8)


@pytest.fixture(autouse=True)
def registered() -> None:
    register_all_modules(init_default_scope=True)


def test_an_index_is_the_crop_of_its_seed():
    data = SimulatedHarbors(**SMALL, crops=3, first_seed=7)
    assert len(data) == 3
    image, ships = crop(8, 256, (1.0, 1.2), 8, 45.0)
    info = data.get_data_info(1)
    np.testing.assert_array_equal(info['img'][..., ::-1], image)
    assert [AOSR15_CLASSES[ship['bbox_label']] for ship in info['instances']] == [ship.name for ship in ships]
    sample = data[1]
    assert sample['inputs'].shape == (3, 256, 256)
    assert len(sample['data_samples'].gt_instances) == len(ships) > 0
    assert not np.array_equal(data.get_data_info(0)['img'], info['img'])


def test_each_crop_is_drawn_once_and_given_out_as_often_as_asked(monkeypatch):
    drawn = []

    def draw(seed: int, **settings: object) -> tuple[np.ndarray, list]:
        drawn.append(seed)
        return np.full((4, 4, 3), seed, np.uint8), []

    monkeypatch.setattr('ship_det.datasets.simulated.crop', draw)
    data = SimulatedHarbors(**SMALL, crops=128, first_seed=7, repeats=3)
    given = [int(data.get_data_info(index)['img'][0, 0, 0]) for index in range(len(data))]
    assert drawn == list(range(7, 135))
    assert np.unique_counts(given).counts.tolist() == [3] * 128
    # The crops of a batch differ, and so do those of the batches around it.
    assert all(len(set(given[i : i + 64])) == 64 for i in range(0, len(given), 64))
    with pytest.raises(ValueError, match='found 100, expected a multiple of 64'):
        SimulatedHarbors(**SMALL, crops=100, repeats=3)


def test_one_class_is_every_ship():
    data = SimulatedHarbors(**SMALL, crops=4, metainfo=dict(classes=('ship',)))
    assert {ship['bbox_label'] for ship in data.get_data_info(1)['instances']} == {0}
    assert count_instances(data).tolist() == [32]
    with pytest.raises(ValueError, match='found ship, boat'):
        SimulatedHarbors(**SMALL, metainfo=dict(classes=('ship', 'boat')))
    with pytest.raises(ValueError, match="found the text 'x', expected a list of names"):
        SimulatedHarbors(**SMALL, metainfo=dict(classes='x'))


def test_counts_follow_from_the_tail():
    counts = count_instances(SimulatedHarbors(**SMALL, crops=10**6, tail=45.0))
    by_name = dict(zip(AOSR15_CLASSES, counts, strict=True))
    assert by_name['submarine'] == counts.max() == pytest.approx(45 * by_name['tanker'], rel=1e-5)
    assert counts.sum() == pytest.approx(8e6, rel=1e-6)
    even = count_instances(SimulatedHarbors(**SMALL, crops=10**6, tail=1.0))
    assert even.min() == even.max()
