import json
import logging
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('mmrotate')

from mmdet.structures import DetDataSample  # noqa: E402
from mmengine.logging import MMLogger  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from mmrotate.registry import METRICS  # noqa: E402
from mmrotate.structures.bbox import QuadriBoxes, RotatedBoxes  # noqa: E402

from ship_det.evaluation import VOCRotatedMetric, evaluate, read_predictions  # noqa: E402
from ship_det.evaluation.instances import gather_detections, gather_ground_truths  # noqa: E402
from ship_det.evaluation.matching import best_overlaps  # noqa: E402
from ship_det.geometry import aligned_iou, quad_to_rbox, rbox_to_quad  # noqa: E402

CLASSES = ('tanker', 'submarine', 'others')


def data_sample(prediction, truth, **meta):
    """What the test loop hands to a metric, from records of ``evaluate``."""
    difficult = truth['difficult']
    sample = DetDataSample(metainfo={'img_path': f'/somewhere/images/{truth["file"]}', **meta})
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(prediction['boxes'], dtype=torch.float32),
        scores=torch.tensor(prediction['scores'], dtype=torch.float32),
        labels=torch.tensor(prediction['labels']),
    )
    for key, rows in (('gt_instances', ~difficult), ('ignored_instances', difficult)):
        boxes = RotatedBoxes(torch.tensor(truth['boxes'][rows], dtype=torch.float32).reshape(-1, 5))
        sample.set_field(InstanceData(bboxes=boxes, labels=torch.tensor(truth['labels'][rows])), key)
    return sample.to_dict()


def as_float32(record):
    floats = {key: np.float32(record[key]) for key in ('boxes', 'scores') if key in record}
    return {**record, **floats}


def run(metric, samples):
    metric.dataset_meta = {'classes': CLASSES}
    for sample in samples:
        metric.process(None, [sample])
    return metric.evaluate(len(samples))


@pytest.fixture
def case(random_case):
    predictions, truths = random_case(7, num_images=5)
    truths[2]['difficult'][:] = True
    return [as_float32(record) for record in predictions], [as_float32(record) for record in truths]


def expected_result(case, **options):
    """Ignored instances come behind the others, which matters for the first of equal overlaps."""
    predictions, truths = case
    ordered = []
    for record in truths:
        order = np.argsort(record['difficult'], kind='stable')
        ordered.append({**record, **{key: record[key][order] for key in ('boxes', 'labels', 'difficult')}})
    return evaluate(predictions, ordered, CLASSES, **options)


def test_is_evaluate(case):
    metric = METRICS.build({'type': 'VOCRotatedMetric', 'iou_threshold': 0.5, 'ap_mode': 'area', 'min_iou': '>='})
    metrics = run(metric, map_samples(case))
    result = expected_result(case, iou_threshold=0.5, ap_mode='area', min_iou='>=')
    assert metrics.pop('voc/mAP') == result.mean_ap > 0
    counted = {name: one.ap for name, one in result.classes.items() if one.num_ground_truths}
    assert metrics == {f'voc/AP/{name}': ap for name, ap in counted.items()}


def test_an_ignored_instance_without_a_class_is_an_ignore_region(case):
    predictions, truths = case
    region = np.float32([[300, 300, 90, 90, 0.2]])  # where each image has strays
    samples = map_samples(case)
    for sample in samples:
        ignored = sample['ignored_instances']
        boxes = torch.cat([ignored['bboxes'].tensor, torch.from_numpy(region)])
        ignored.update(bboxes=RotatedBoxes(boxes), labels=torch.cat([ignored['labels'], torch.tensor([-1])]))
    metrics = run(VOCRotatedMetric(ap_mode='area'), samples)
    truths = [{**record, 'ignore_regions': region} for record in truths]
    result = expected_result((predictions, truths), ap_mode='area')
    assert result.num_ignored > expected_result(case, ap_mode='area').num_ignored
    assert metrics['voc/mAP'] == result.mean_ap > expected_result(case, ap_mode='area').mean_ap


def map_samples(case):
    return [data_sample(prediction, truth) for prediction, truth in zip(*case, strict=True)]


def test_several_thresholds(case):
    metrics = run(VOCRotatedMetric(iou_threshold=[0.3, 0.6]), map_samples(case))
    low, high = (expected_result(case, iou_threshold=threshold).mean_ap for threshold in (0.3, 0.6))
    assert (metrics['voc/mAP@0.3'], metrics['voc/mAP@0.6']) == (low, high)
    assert metrics['voc/mAP'] == pytest.approx((low + high) / 2)


def test_files_and_log(case, tmp_path, caplog):
    files = {'predictions_file': tmp_path / 'p.jsonl', 'results_file': tmp_path / 'new' / 'r.json'}
    metric = VOCRotatedMetric(**files, configuration={'seed': 3})
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO):
            metrics = run(metric, map_samples(case)[::-1])
    finally:
        logger.removeHandler(caplog.handler)
    result = expected_result(case)
    assert result.table() in caplog.text
    content = json.loads(files['results_file'].read_text())
    assert content['configuration'] == {'seed': 3}
    assert content['results'] == [json.loads(json.dumps(result.to_dict()))]
    assert content['software']['torch'] == torch.__version__
    read = read_predictions(files['predictions_file'])
    assert [image['file'] for image in read.images] == [f'{index}.png' for index in range(5)]
    again = evaluate(read.images, sorted(case[1], key=lambda record: record['file']), read.classes)
    assert again.mean_ap == metrics['voc/mAP']


def test_corners_of_rectangles_are_the_rectangles(case):
    samples = map_samples(case)
    for sample in samples:
        for key in ('gt_instances', 'ignored_instances'):
            quads = rbox_to_quad(sample[key]['bboxes'].tensor.numpy())
            sample[key]['bboxes'] = QuadriBoxes(torch.tensor(quads.reshape(-1, 8), dtype=torch.float32))
    assert run(VOCRotatedMetric(iou_threshold=0.5), samples)['voc/mAP'] == pytest.approx(
        expected_result(case, iou_threshold=0.5).mean_ap, abs=1e-3
    )


def test_bad_samples_are_named(case):
    metric = VOCRotatedMetric()
    metric.dataset_meta = {'classes': CLASSES}
    box = {'boxes': [[9, 9, 4, 2, 0]], 'scores': [0.5], 'labels': [0]}
    for changes, message in (
        ({'boxes': [[9, 9, float('nan'), 2, 0]]}, r'0\.png: box 0'),
        ({'scores': [1.5]}, r'0\.png: score 0 is 1\.5'),
        ({'labels': [3]}, r'0\.png: label 0 is 3'),
        ({'boxes': [[9, 9, 4]]}, r'0\.png: expected rotated boxes \(N, 5\), quads \(N, 8\) or horizontal'),
    ):
        with pytest.raises(ValueError, match=message):
            metric.process(None, [data_sample({**box, **changes}, case[1][0])])
    sample = map_samples(case)[0]
    with pytest.raises(ValueError, match=r'0\.png: no ground truth in the data sample; .*LoadAnnotations'):
        metric.process(None, [{**sample, 'gt_instances': {}}])
    metric.process(None, [sample, sample])
    with pytest.raises(ValueError, match=r'two records for image 0\.png'):
        metric.evaluate(2)
    with pytest.raises(ValueError, match='results of 2 images, expected 9'):
        metric.evaluate(9)


def test_bad_options_are_told_at_once():
    with pytest.raises(ValueError, match='ap_mode'):
        VOCRotatedMetric(ap_mode='area11')
    with pytest.raises(ValueError, match='min_iou'):
        VOCRotatedMetric(min_iou='>>')
    with pytest.raises(ValueError, match='iou_threshold'):
        VOCRotatedMetric(iou_threshold=50)
    with pytest.raises(ValueError, match='ground_truth'):
        VOCRotatedMetric(ground_truth='rboxes')
    with pytest.raises(ValueError, match='names no classes'):
        VOCRotatedMetric().process(None, [{'img_path': 'a.png', 'pred_instances': {}}])


@pytest.mark.parametrize('scale', [0.5, 2.0])
@pytest.mark.parametrize('annotations_last', [True, False])
def test_scale_of_the_pipeline(scale, annotations_last):
    """MMRotate's order of a test pipeline is right; the other one is noticed where boxes leave the image."""
    from mmengine.dataset import Compose
    from mmrotate.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    annotations = [
        {'type': 'mmdet.LoadAnnotations', 'with_bbox': True, 'box_type': 'qbox'},
        {'type': 'mmrotate.ConvertBoxType', 'box_type_mapping': {'gt_bboxes': 'rbox'}},
    ]
    resize = [{'type': 'mmdet.Resize', 'scale_factor': scale}]
    keys = ('img_path', 'ori_shape', 'img_shape', 'scale_factor')
    pack = [{'type': 'mmdet.PackDetInputs', 'meta_keys': keys}]
    pipeline = Compose((resize + annotations if annotations_last else annotations + resize) + pack)

    box = np.array([[160, 100, 60, 20, 0.3]])
    instance = {'bbox': rbox_to_quad(box).ravel().tolist(), 'bbox_label': 0, 'ignore_flag': 0}
    image = {'img': np.zeros((200, 200, 3), np.uint8), 'img_path': 'a.png', 'img_shape': (200, 200)}
    sample = pipeline({**image, 'ori_shape': (200, 200), 'instances': [instance]})['data_samples']
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(box, dtype=torch.float32), scores=torch.ones(1), labels=torch.zeros(1, dtype=torch.int64)
    )
    if not annotations_last and scale > 1:
        with pytest.raises(ValueError, match=r'a\.png: ground truth .* outside .*after Resize'):
            run(VOCRotatedMetric(), [sample.to_dict()])
    else:
        assert run(VOCRotatedMetric(), [sample.to_dict()])['voc/mAP'] == (1 if annotations_last else 0)


@pytest.mark.parametrize(('x', 'y'), [(90, 50), (-24, 50), (124, 50), (50, -24), (50, 124), (126, 50), (50, -26)])
def test_a_ship_cut_off_at_the_border_is_of_the_right_scale(x, y):
    """Of 40 x 10 px: its centre lies outside an image of 100 x 100 px by 25 px at most, half the sum of its sides."""
    box = {'bboxes': torch.tensor([[x, y, 40.0, 10, 0.1]]), 'labels': torch.tensor([0])}
    sample = {'img_path': 'a.png', 'ori_shape': (100, 100), 'scale_factor': (2.0, 2.0), 'gt_instances': box}
    sample['pred_instances'] = {**box, 'scores': torch.ones(1)}
    if max(abs(x - 50), abs(y - 50)) > 75:
        with pytest.raises(ValueError, match='outside the image of 100 x 100 px'):
            run(VOCRotatedMetric(), [sample])
    else:
        assert run(VOCRotatedMetric(), [sample])['voc/mAP'] == 1


RANK = """
    import json, sys
    import numpy as np
    import torch
    from ship_det.evaluation import VOCRotatedMetric

    rank, store, device = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    torch.distributed.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    metric = VOCRotatedMetric(predictions_file='p.jsonl', collect_device=device)
    metric.dataset_meta = {'classes': ['tanker']}
    # Five images on two ranks: the sampler gives the second one image 0 again. Only image 0 is found.
    for index in ([0, 2, 4], [1, 3, 0])[rank]:
        box = torch.tensor([[50.0, 50.0, 40.0, 10.0, 0.1]])
        found = box if index == 0 else box + 500
        label = torch.zeros(1, dtype=torch.int64)
        metric.process(None, [{
            'img_path': f'{index}.png',
            'pred_instances': {'bboxes': found, 'scores': torch.ones(1), 'labels': label},
            'gt_instances': {'bboxes': box, 'labels': label},
            'ignored_instances': {},
        }])
    print(json.dumps(metric.evaluate(5)))
    torch.distributed.destroy_process_group()
"""


def test_two_ranks_and_an_odd_number_of_images(tmp_path):
    script = tmp_path / 'rank.py'
    script.write_text(textwrap.dedent(RANK))
    arguments = [str(tmp_path / 'store'), 'cpu']
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    ranks = [
        subprocess.Popen(
            [sys.executable, str(script), str(rank), *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate()[0] for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0]
    # One right of five with one object each: precision 1 up to recall .2, so 3 points of 11. With image 0 counted
    # twice it would be 2 of 6 and 4 points.
    for output in outputs:
        assert json.loads(output.splitlines()[-1]) == {'voc/mAP': 3 / 11, 'voc/AP/tanker': 3 / 11}
    assert [image['file'] for image in read_predictions(tmp_path / 'p.jsonl').images] == [f'{k}.png' for k in range(5)]


# Labels that are no rectangles, of numbers that float32 has not, and a region without a class.
LABELED = {
    'quads': np.array(
        [[[10.1, 10.1], [50.3, 12.7], [48.9, 25.3], [9.7, 20.2]], [[60, 60.7], [90, 61], [75, 90], [75, 70]]]
    ),
    'labels': np.array([0, 1]),
    'difficult': np.array([False, True]),
    'ignore_regions': np.array([[[100.1, 100], [150, 100], [150, 150], [100, 120]]]),
}


def instances_of(record):
    """Ground truth as a data set holds it."""
    quads = [*record['quads'], *record['ignore_regions']]
    labels = [*record['labels'].tolist(), *[-1] * len(record['ignore_regions'])]
    ignored = [*record['difficult'].tolist(), *[True] * len(record['ignore_regions'])]
    return [
        {'bbox': quad.ravel().tolist(), 'bbox_label': label, 'ignore_flag': int(flag)}
        for quad, label, flag in zip(quads, labels, ignored, strict=True)
    ]


@pytest.fixture
def found():
    """A detection a little beside the rectangle of the first object, so that its IoU tells quads from rectangles."""
    box = quad_to_rbox(LABELED['quads'])[0] + [1, 0, 0, 0, 0]
    return {
        'file': 'a.png',
        'boxes': np.float64(np.float32(box[None])),
        'scores': np.ones(1),
        'labels': np.zeros(1, int),
    }


def sample_of(found, **fields):
    sample = {
        'img_path': '/images/a.png',
        'pred_instances': InstanceData(
            bboxes=torch.tensor(found['boxes']),
            scores=torch.tensor(found['scores']),
            labels=torch.tensor(found['labels']),
        ).to_dict(),
    }
    return {**sample, **fields}


def overlaps_of(metric):
    """IoU of each detection with its object, as the metric compared them."""
    predictions, truths = zip(*metric.results, strict=True)
    truths = gather_ground_truths(truths, CLASSES, metric.options['ground_truth'])
    return best_overlaps(gather_detections(predictions, CLASSES), truths).iou


@pytest.mark.parametrize('form', ['quads', 'rectangles'])
def test_labels_of_the_data_set_come_first(found, form):
    """Whatever the pipeline made of them, which here is nothing like them."""
    metric = VOCRotatedMetric(ground_truth=form)
    metric.dataset_meta = {'classes': CLASSES}
    other = {'bboxes': torch.full((1, 5), 7.0), 'labels': torch.tensor([2])}
    metric.process(None, [sample_of(found, instances=instances_of(LABELED), gt_instances=other)])
    expected = evaluate([found], [LABELED], CLASSES, 0.6, ground_truth=form)
    shapes = LABELED['quads'] if form == 'quads' else quad_to_rbox(LABELED['quads'])
    np.testing.assert_allclose(overlaps_of(metric), aligned_iou(found['boxes'], shapes[:1]), rtol=0, atol=1e-12)
    ((_, truth),) = metric.results
    for key, values in LABELED.items():
        np.testing.assert_array_equal(truth[key], values)
    assert metric.evaluate(1)['voc/mAP'] == expected.mean_ap == 1
    assert expected.ground_truth == form
    assert expected.num_ignore_regions == 1


def test_quads_of_the_pipeline_are_compared_as_quads(found):
    quads = torch.tensor(LABELED['quads'].reshape(-1, 8), dtype=torch.float32)
    labels = torch.tensor(LABELED['labels'])
    sample = sample_of(
        found,
        gt_instances={'bboxes': QuadriBoxes(quads[:1]), 'labels': labels[:1]},
        ignored_instances={'bboxes': QuadriBoxes(quads[1:]), 'labels': labels[1:]},
    )
    metric = VOCRotatedMetric()
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, [sample])
    expected = aligned_iou(found['boxes'], LABELED['quads'][:1])
    np.testing.assert_allclose(overlaps_of(metric), expected, rtol=0, atol=1e-6)


def test_rectangles_of_a_pipeline_are_said(case, found, tmp_path, caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    said = []
    try:
        for number, samples in enumerate((map_samples(case), [sample_of(found, instances=instances_of(LABELED))])):
            results = tmp_path / f'{number}.json'
            run(VOCRotatedMetric(results_file=results), samples)
            said.append((json.loads(results.read_text())['results'][0]['ground_truth'], caplog.text))
            caplog.clear()
    finally:
        logger.removeHandler(caplog.handler)
    (first, text), (second, other_text) = said
    assert (first, second) == ('rectangles', 'quads')
    assert 'Ground truth: rectangles.' in text
    assert "PackDetInputs with meta_keys=(..., 'instances')" in text
    assert 'Ground truth: quads as labelled.' in other_text
    assert 'PackDetInputs' not in other_text


def test_instances_of_rotated_boxes_and_of_anything_else(found):
    metric = VOCRotatedMetric()
    metric.dataset_meta = {'classes': CLASSES}
    instance = {'bbox': found['boxes'][0].tolist(), 'bbox_label': 0, 'ignore_flag': 0}
    metric.process(None, [sample_of(found, instances=[instance])])
    assert overlaps_of(metric).tolist() == [1]
    for bboxes, lengths in (([[1, 2, 3]], r'\[3\]'), ([[0] * 5, [0] * 8], r'\[5, 8\]')):
        wrong = [{**instance, 'bbox': bbox} for bbox in bboxes]
        with pytest.raises(ValueError, match=rf'a\.png: instances: expected each bbox as 8, 5 or 4 .*{lengths}'):
            metric.process(None, [sample_of(found, instances=wrong)])
    with pytest.raises(ValueError, match=r'a\.png: label 0 is 9'):
        metric.process(None, [sample_of(found, instances=[{**instance, 'bbox_label': 9}])])


def test_horizontal_boxes_are_quads_along_the_axes():
    """As a detector of MMDetection finds them, (left, top, right, bottom), and its data sets have them."""
    metric = VOCRotatedMetric()
    metric.dataset_meta = {'classes': CLASSES}
    found = {'boxes': [[10.0, 20.0, 50.0, 40.0]], 'scores': [0.9], 'labels': [0]}
    instance = {'bbox': [10, 20, 50, 50], 'bbox_label': 0, 'ignore_flag': 0}
    metric.process(None, [sample_of(found, instances=[instance])])
    assert metric.results[0][0]['boxes'].tolist() == [[30, 30, 40, 20, 0]]
    assert overlaps_of(metric) == pytest.approx([2 / 3])


def test_an_image_without_an_object(found):
    metric = VOCRotatedMetric()
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, [sample_of(found, instances=[])])
    assert metric.results[0][1]['quads'].shape == (0, 4, 2)
