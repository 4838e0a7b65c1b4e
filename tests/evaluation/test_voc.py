import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ship_det.evaluation import evaluate, evaluate_thresholds
from ship_det.geometry import pairwise_iou

CLASSES = ('tanker', 'submarine', 'others')


def with_regions(truths, seed, most=3):
    """The same ground truths with up to ``most`` ignore regions an image, some over another, some on the strays."""
    rng = np.random.default_rng(seed)
    result = []
    for record in truths:
        count = int(rng.integers(0, most + 1))
        centers = np.where(rng.random((count, 1)) < 0.3, 300, rng.uniform(0, 120, (count, 2)))
        sides = rng.uniform(20, 90, (count, 2))
        regions = np.column_stack([centers, sides, rng.uniform(-np.pi / 2, np.pi / 2, count)])
        result.append({**record, 'ignore_regions': regions})
    return result


@pytest.mark.parametrize('part', range(10))
def test_equals_a_plain_implementation(part, random_case, plain_voc):
    for seed in range(20 * part, 20 * part + 20):
        predictions, truths = random_case(seed)
        if seed % 3:
            truths = with_regions(truths, seed)
        mode = ('11points', 'area')[seed % 2]
        inclusive = seed % 4 < 2
        threshold = (0.6, 0.5, 0.75)[seed % 3]
        expected = plain_voc(predictions, truths, len(CLASSES), threshold, mode, inclusive)
        result = evaluate(predictions, truths, CLASSES, threshold, mode, min_iou='>=' if inclusive else '>')
        for name, ap in zip(CLASSES, expected, strict=True):
            np.testing.assert_allclose(
                result.classes[name].ap, math.nan if ap is None else float(ap), rtol=0, atol=1e-12
            )
        counted = [ap for ap in expected if ap is not None]
        mean = float(sum(counted) / len(counted)) if counted else math.nan
        np.testing.assert_allclose(result.mean_ap, mean, rtol=0, atol=1e-12)


@pytest.mark.parametrize('mode', ['11points', 'area'])
def test_ground_truth_as_predictions_is_perfect(random_case, mode):
    for seed in range(30):
        _, truths = random_case(seed)
        # One object twice in one image is no object more to be found twice.
        truths = [
            {'boxes': boxes, 'labels': record['labels'][first], 'difficult': record['difficult'][first]}
            for record in truths
            for boxes, first in [np.unique(record['boxes'], axis=0, return_index=True)]
        ]
        predictions = [{**record, 'scores': np.ones(len(record['boxes']))} for record in truths]
        result = evaluate(predictions, truths, CLASSES, 0.999999, mode)
        for one in result.classes.values():
            if one.num_ground_truths:
                assert (one.ap, one.precision, one.recall, one.f1, one.gmean) == (1, 1, 1, 1, 1)
        assert result.mean_ap == 1 or not any(one.num_ground_truths for one in result.classes.values())


def test_three_found_of_ten_reach_recall_three_tenths():
    boxes = np.column_stack([100.0 * np.arange(10), np.zeros(10), np.full((10, 2), [20, 5]), np.zeros(10)])
    truths = [{'boxes': boxes, 'labels': np.zeros(10, int)}]
    predictions = [{'boxes': boxes[:3], 'scores': [0.9, 0.8, 0.7], 'labels': [0, 0, 0]}]
    assert evaluate(predictions, truths, ['ship']).mean_ap == pytest.approx(4 / 11, abs=1e-15)


def test_figures_by_hand():
    bar = np.array([[0.0, 0.0, 4.0, 1.0, 0.0]])
    moved = np.array([[1.0, 0.0, 4.0, 1.0, 0.0]])
    hard = np.array([[20.0, 0.0, 4.0, 1.0, 0.0]])
    truths = [
        {'boxes': np.vstack([bar, hard]), 'labels': [0, 0], 'difficult': [False, True]},
        {'boxes': bar, 'labels': [0]},
        {'boxes': bar, 'labels': [0]},
    ]
    predictions = [
        # Right, and one on the difficult object.
        {'boxes': np.vstack([bar, hard]), 'scores': [0.9, 0.95], 'labels': [0, 0]},
        # IoU 3 / 5 is not larger than 0.6; and the right box, of another class.
        {'boxes': np.vstack([moved, bar]), 'scores': [0.8, 0.85], 'labels': [0, 1]},
        {'boxes': bar, 'scores': [0.3], 'labels': [0]},
    ]
    result = evaluate(predictions, truths, CLASSES, score_threshold=0.5)
    tanker = result.classes['tanker']
    assert (tanker.num_ground_truths, tanker.num_difficult, tanker.num_detections) == (3, 1, 4)
    # Right, wrong, right of 3: precision 1 up to recall 1/3, then 2/3 up to 2/3.
    assert tanker.ap == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)
    assert (tanker.at_score.true_positives, tanker.at_score.false_positives) == (1, 1)
    assert (tanker.precision, tanker.recall) == (0.5, pytest.approx(1 / 3))
    assert tanker.f1 == pytest.approx(0.4)
    assert tanker.gmean == pytest.approx(math.sqrt(1 / 6))
    # At 0.9 F1 is 2 / 4, at 0.3 it is 4 / 6.
    assert tanker.best_f1.score == 0.3
    assert tanker.best_f1.f1 == pytest.approx(2 / 3)
    # A class without ground truth is out of the mean, its false alarm is not forgotten.
    submarine = result.classes['submarine']
    assert math.isnan(submarine.ap)
    assert submarine.at_score.false_positives == 1
    assert result.mean_ap == tanker.ap
    # Where an IoU of 0.6 is enough: right three times.
    assert evaluate(predictions, truths, CLASSES, min_iou='>=').classes['tanker'].ap == 1


def test_a_dont_care_box_forgives_every_class():
    """The ship is found, and in the DontCare box beside it something is detected, of either class."""
    ship, dont_care = [20.0, 20.0, 30.0, 8.0, 0.3], [80.0, 80.0, 40.0, 40.0, 0.0]
    inside = [75.0, 85.0, 20.0, 6.0, 1.0]
    for label in (0, 1):
        truths = [{'boxes': [ship], 'labels': [label], 'ignore_regions': [dont_care]}]
        predictions = [{'boxes': [inside, ship], 'scores': [0.9, 0.8], 'labels': [label, label]}]
        result = evaluate(predictions, truths, ['tanker', 'submarine'])
        one = list(result.classes.values())[label]
        assert (one.ap, one.at_score.false_positives, one.num_ignored, one.num_difficult) == (1, 0, 1, 0)
        assert (result.num_ignore_regions, result.num_ignored) == (1, 1)
        assert '1 ignore region without a class.\n1 detection there, neither right nor wrong.' in result.table()
        # Without the box it is a false alarm of the highest score.
        assert evaluate(predictions, [{'boxes': [ship], 'labels': [label]}], ['tanker', 'submarine']).mean_ap == 0.5


@given(st.integers(0, 10_000), st.sampled_from(['11points', 'area']))
def test_more_ignore_regions_never_lower_ap(random_case, seed, mode):
    """They take wrong detections out and leave right ones and missed objects as they are."""
    predictions, truths = random_case(seed % 500)
    some = with_regions(truths, seed, most=2)
    more = [
        {**record, 'ignore_regions': np.vstack([record['ignore_regions'], other['ignore_regions']])}
        for record, other in zip(some, with_regions(truths, seed + 1), strict=True)
    ]
    everywhere = [{**record, 'ignore_regions': [[0, 0, 2000, 2000, 0]]} for record in truths]
    results = [evaluate(predictions, case, CLASSES, ap_mode=mode) for case in (truths, some, more, everywhere)]
    for name in CLASSES:
        classes = [result.classes[name] for result in results]
        if classes[0].num_ground_truths:
            assert [one.ap for one in classes] == sorted(one.ap for one in classes)
        assert len({int(one.curve.true_positives[-1:].sum()) for one in classes}) == 1
        assert len({one.num_ground_truths for one in classes}) == 1
        assert [one.num_ignored for one in classes] == sorted(one.num_ignored for one in classes)
        assert (classes[-1].curve.precision == 1).all()


def test_several_thresholds_in_one_pass(random_case):
    predictions, truths = random_case(8)
    results = evaluate_thresholds(predictions, truths, CLASSES, [0.3, 0.6, 0.9], 'area')
    assert list(results) == [0.3, 0.6, 0.9]
    for threshold, result in results.items():
        assert result.to_dict() == evaluate(predictions, truths, CLASSES, threshold, 'area').to_dict()
    assert results[0.3].mean_ap > results[0.9].mean_ap


def test_order_of_images_only_matters_for_ties(random_case):
    predictions, truths = random_case(5)
    rng = np.random.default_rng(0)
    for record in predictions:
        record['scores'] = rng.random(len(record['boxes']))
    forth = evaluate(predictions, truths, CLASSES)
    back = evaluate(predictions[::-1], truths[::-1], CLASSES)
    assert forth.to_dict() == back.to_dict()


def test_no_images_and_no_objects():
    assert math.isnan(evaluate([], [], CLASSES).mean_ap)
    nothing = {'boxes': [], 'labels': [], 'scores': []}
    assert math.isnan(evaluate([nothing], [nothing], CLASSES).mean_ap)


def test_images_have_to_be_the_same():
    a, b = ({'file': name, 'boxes': [], 'labels': [], 'scores': []} for name in ('a.png', 'b.png'))
    with pytest.raises(ValueError, match='1 images with predictions but 2 with ground truths'):
        evaluate([a], [a, b], CLASSES)
    with pytest.raises(ValueError, match=r'image 1: predictions are of b\.png, ground truths of a\.png'):
        evaluate([a, b], [a, a], CLASSES)
    with pytest.raises(ValueError, match='ap_mode'):
        evaluate([a], [a], CLASSES, ap_mode='voc')


def test_works_without_torch():
    code = 'import sys, ship_det.evaluation as e; e.evaluate([], [], ["a"]); assert "torch" not in sys.modules'
    subprocess.run([sys.executable, '-c', code], check=True)


def separated_case(seed):
    """Objects far apart, whose number is prime in each class, and detections on or beside them.

    MMRotate's evaluator differs by known defects otherwise: its recall points .3, .6 and .7 are a rounding error too
    high, which shows where a recall is k / 10; it sorts tied scores in any order; images with nothing but difficult
    objects turn their hits into false alarms; its float32 IoU is off for near-identical boxes.
    """
    rng = np.random.default_rng(seed)
    count = int(rng.choice([7, 11, 13]))
    predictions, truths = [], []
    per_image = np.array_split(np.arange(count), 3)
    for rows in per_image:
        n = 3 * len(rows)
        boxes = np.column_stack([200.0 * np.arange(n), rng.uniform(0, 50, n), rng.uniform(40, 80, n)])
        boxes = np.column_stack([boxes, rng.uniform(10, 30, n), rng.uniform(-1.5, 1.5, n)]).astype(np.float32)
        labels = np.tile(np.arange(3), len(rows))
        ignored = boxes[:2] + np.float32([0, 900, 0, 0, 0])
        truths.append(
            {
                'boxes': np.vstack([boxes, ignored]),
                'labels': np.concatenate([labels, [0, 1]]),
                'difficult': np.arange(n + 2) >= n,
            }
        )
        source = rng.integers(0, n + 2, 4 * n)
        shift = rng.normal(size=(4 * n, 5)) * [4, 4, 6, 4, 0.15] + [0.5, 0.5, 1, 1, 0.01]
        found = truths[-1]['boxes'][source] + shift.astype(np.float32)
        found[:, 2:4] = np.abs(found[:, 2:4]) + 2
        classes = np.where(rng.random(4 * n) < 0.9, truths[-1]['labels'][source], rng.integers(0, 3, 4 * n))
        scores = rng.permutation(np.arange(1, 4 * n + 1)).astype(np.float32) / (4 * n + 7 * len(truths))
        predictions.append({'boxes': found, 'labels': classes, 'scores': scores})
    return predictions, truths


@pytest.fixture(scope='module')
def mmrotate_voc():
    """MMRotate's evaluator with the pool of processes it would start for each call replaced by a loop."""
    mean_ap = pytest.importorskip('mmrotate.evaluation.functional.mean_ap')

    class Loop:
        def starmap(self, function, arguments):
            return [function(*one) for one in arguments]

        def close(self):
            pass

    def voc(predictions, truths, threshold, mode):
        found = [
            [
                np.column_stack([record['boxes'], record['scores']])[record['labels'] == label].astype(np.float32)
                for label in range(3)
            ]
            for record in predictions
        ]
        annotations = []
        for record in truths:
            plain, difficult = ~record['difficult'], record['difficult']
            annotations.append(
                {
                    'bboxes': record['boxes'][plain],
                    'labels': record['labels'][plain],
                    'bboxes_ignore': record['boxes'][difficult],
                    'labels_ignore': record['labels'][difficult],
                }
            )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mean_ap, 'get_context', lambda _: SimpleNamespace(Pool=lambda _: Loop()))
            value, classes = mean_ap.eval_rbbox_map(
                found, annotations, iou_thr=threshold, use_07_metric=mode == '11points', logger='silent'
            )
        return value, [one['ap'] for one in classes]

    return voc


@pytest.mark.parametrize('mode', ['11points', 'area'])
def test_equals_mmrotate_on_separated_boxes(mmrotate_voc, mode):
    for seed in range(50):
        threshold = (0.5, 0.6)[seed % 2]
        predictions, truths = separated_case(seed)
        for prediction, truth in zip(predictions, truths, strict=True):
            iou = pairwise_iou(prediction['boxes'], truth['boxes'])
            assert iou.max() < 0.999
            assert np.abs(iou - threshold).min() > 1e-6
        mean, aps = mmrotate_voc(predictions, truths, threshold, mode)
        result = evaluate(predictions, truths, CLASSES, threshold, mode, min_iou='>=')
        assert 0.05 < result.mean_ap < 0.95
        assert result.mean_ap == pytest.approx(mean, abs=1e-6)
        np.testing.assert_allclose([one.ap for one in result.classes.values()], aps, rtol=0, atol=1e-6)
