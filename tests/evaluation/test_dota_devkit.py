"""The evaluator beside DOTA's own evaluation, on real labels and on quads that are far from rectangles.

``voc_eval`` does what ``dota_evaluation_task1.py`` of CAPTAIN-WHU/DOTA_devkit does, line by line, from the lines of its
label and result files on; its polyiou is GEOS. Only the recall points may be chosen: the devkit's are
``np.arange(0, 1.1, .1)``, in which the fourth, seventh and eighth are the next number above .3, .6 and .7. So there it
asks for more than the recall that a curve has with 3 of 10 objects, and takes the precision of a later detection.
"""

import numpy as np
import pytest
import shapely

from ship_det.annotations import read_dota
from ship_det.evaluation import evaluate, evaluate_thresholds
from ship_det.evaluation.instances import ground_truth_record
from ship_det.geometry import quad_to_rbox, rbox_to_quad

DEVKIT_POINTS = np.arange(0, 1.1, 0.1)
TENTHS = np.array([k / 10 for k in range(11)])
THRESHOLDS = (0.5, 0.6, 0.7)


def polyiou(first, second):
    first, second = (shapely.Polygon(np.reshape(corners, (4, 2))) for corners in (first, second))
    shared = first.intersection(second).area
    return shared / (first.area + second.area - shared)


def voc_ap(recall, precision, points):
    ap = 0.0
    for point in points:
        reached = recall >= point
        ap += (np.max(precision[reached]) if np.sum(reached) else 0.0) / 11
    return ap


def voc_eval(result_lines, label_lines, class_name, threshold):
    """Recall and precision of one class.

    Args:
        result_lines: lines of a result file, ``image score x1 y1 ... x4 y4``.
        label_lines: by image, lines of a label file, ``x1 y1 ... x4 y4 class difficult``.
    """
    class_recs, npos = {}, 0
    for image, lines in label_lines.items():
        rows = [line.split() for line in lines]
        rows = [row for row in rows if row[8] == class_name]
        corners = np.array([[float(value) for value in row[:8]] for row in rows]).reshape(-1, 8)
        difficult = np.array([int(row[9]) for row in rows]).astype(bool)
        npos += np.sum(~difficult)
        class_recs[image] = {'bbox': corners, 'difficult': difficult, 'det': [False] * len(rows)}

    rows = [line.split() for line in result_lines]
    confidence = np.array([float(row[1]) for row in rows])
    corners = np.array([[float(value) for value in row[2:]] for row in rows]).reshape(-1, 8)
    order = np.argsort(-confidence)
    corners, images = corners[order], [rows[k][0] for k in order]
    tp, fp = np.zeros(len(images)), np.zeros(len(images))
    for d, image in enumerate(images):
        recs, bb = class_recs[image], corners[d]
        ovmax, jmax, gts = -np.inf, -1, recs['bbox']
        if gts.size:
            # Only those whose horizontal bounds meet, in whole pixels.
            xmin, ymin = gts[:, 0::2].min(axis=1), gts[:, 1::2].min(axis=1)
            xmax, ymax = gts[:, 0::2].max(axis=1), gts[:, 1::2].max(axis=1)
            iw = np.minimum(xmax, bb[0::2].max()) - np.maximum(xmin, bb[0::2].min()) + 1
            ih = np.minimum(ymax, bb[1::2].max()) - np.maximum(ymin, bb[1::2].min()) + 1
            keep = np.flatnonzero(np.maximum(iw, 0) * np.maximum(ih, 0) > 0)
            if len(keep):
                overlaps = [polyiou(gts[j], bb) for j in keep]
                ovmax, jmax = np.max(overlaps), keep[np.argmax(overlaps)]
        if ovmax > threshold:
            if not recs['difficult'][jmax]:
                if not recs['det'][jmax]:
                    tp[d] = 1
                    recs['det'][jmax] = True
                else:
                    fp[d] = 1
        else:
            fp[d] = 1
    fp, tp = np.cumsum(fp), np.cumsum(tp)
    return tp / float(npos), tp / np.maximum(tp + fp, np.finfo(np.float64).eps)


def detect(rng, quads, labels, num_classes, side, noise=1.0):
    """Boxes as a detector finds them: badly placed ones have low scores, some are missed, some come twice, some of
    another class, and some are nowhere near an object."""
    found = rng.permutation(np.repeat(np.arange(len(quads)), rng.choice([0, 1, 2], len(quads), p=[0.1, 0.75, 0.15])))
    error = rng.normal(size=(len(found), 5)) * noise
    boxes = quad_to_rbox(quads)[found]
    length, width = boxes[:, 2], boxes[:, 3]
    boxes[:, 0] += 0.04 * error[:, 0] * length
    boxes[:, 1] += 0.06 * error[:, 1] * width
    boxes[:, 2] *= np.exp(0.06 * error[:, 2])
    boxes[:, 3] *= np.exp(0.1 * error[:, 3])
    boxes[:, 4] += 0.03 * error[:, 4]
    scores = 1 / (1 + np.exp(np.abs(error).mean(axis=1) * 2 - 3 + rng.normal(size=len(found))))
    classes = np.where(rng.random(len(found)) < 0.95, labels[found], rng.integers(0, num_classes, len(found)))
    alarms = len(quads) // 6
    nowhere = np.column_stack(
        [rng.uniform(0, side, (alarms, 2)), rng.uniform(10, 40, (alarms, 1)), rng.uniform(5, 10, (alarms, 2))]
    )
    return {
        'boxes': np.vstack([boxes, nowhere]),
        'scores': np.concatenate([scores, rng.random(alarms) * 0.7]),
        'labels': np.concatenate([classes, rng.integers(0, num_classes, alarms)]),
    }


def result_lines(predictions, label):
    """What a detector would hand in to DOTA's server, with all digits."""
    lines = []
    for record in predictions:
        of_class = record['labels'] == label
        corners = rbox_to_quad(record['boxes'][of_class]).reshape(-1, 8)
        for score, values in zip(record['scores'][of_class], corners, strict=True):
            lines.append(' '.join([record['file'], repr(float(score)), *(repr(float(value)) for value in values)]))
    return lines


def label_lines(quads, labels, difficult, classes):
    return [
        ' '.join([*(repr(float(value)) for value in quad.ravel()), classes[label], str(int(flag))])
        for quad, label, flag in zip(quads, labels, difficult, strict=True)
    ]


def compare(predictions, truths, lines, classes):
    """Check all APs with the devkit's; gives those with rectangles in place of the quads, less the devkit's, and how
    often its own recall points make a difference."""
    results = evaluate_thresholds(predictions, truths, classes, THRESHOLDS)
    rectangles = evaluate_thresholds(predictions, truths, classes, THRESHOLDS, ground_truth='rectangles')
    differences, rounded = [], 0
    for label, name in enumerate(classes):
        detections = result_lines(predictions, label)
        for threshold, result in results.items():
            recall, precision = voc_eval(detections, lines, name, threshold)
            expected = voc_ap(recall, precision, TENTHS)
            assert result.classes[name].ap == pytest.approx(expected, abs=1e-4)
            np.testing.assert_allclose(result.classes[name].curve.recall[-1], recall[-1], rtol=0, atol=1e-12)
            differences.append(rectangles[threshold].classes[name].ap - expected)
            # With the devkit's points it is the same, except where the curve passes through .3, .6 or .7 itself.
            devkit = voc_ap(recall, precision, DEVKIT_POINTS)
            if np.isin([0.3, 0.6, 0.7], recall).any():
                assert devkit <= expected + 1e-12
                rounded += devkit < expected
            else:
                assert devkit == pytest.approx(expected, abs=1e-12)
    return np.array(differences), rounded


def test_points_of_the_devkit():
    assert np.flatnonzero(DEVKIT_POINTS > TENTHS).tolist() == [3, 6, 7]
    np.testing.assert_array_equal(np.delete(DEVKIT_POINTS, [3, 6, 7]), np.delete(TENTHS, [3, 6, 7]))
    # Three of ten objects found at once, then the fourth after a wrong one.
    recall, precision = np.array([0.1, 0.2, 0.3, 0.3, 0.4]), np.array([1, 1, 1, 3 / 4, 4 / 5])
    assert voc_ap(recall, precision, TENTHS) == pytest.approx((4 + 4 / 5) / 11)
    assert voc_ap(recall, precision, DEVKIT_POINTS) == pytest.approx((3 + 2 * 4 / 5) / 11)


def test_real_harbor(data_root):
    """Most labels are no rectangles, and rectangles in their place change AP by points."""
    path, classes = data_root / 'dota_harbor/labelTxt/P0706_west.txt', ('ship', 'harbor')
    objects = read_dota(path, classes)
    truth = ground_truth_record(objects, classes)
    lines = {'P0706_west': path.read_text().splitlines()}
    differences = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        found = detect(rng, truth['quads'], truth['labels'], len(classes), 660)
        changed, _ = compare([{'file': 'P0706_west', **found}], [truth], lines, classes)
        differences.append(changed)
    differences = np.abs(differences)
    assert differences.max() > 5e-3
    assert (differences[:, :3] > 1e-3).mean() > 0.5


def labeled_quads(rng, count, side):
    """Trapezia, quads of any four corners on an ellipse, and quads with a dent."""
    angles = np.linspace(0.25, 2.25, 5)[:4] * np.pi + rng.uniform(-0.5, 0.5, (count, 4))
    radii = rng.uniform(0.6, 1.1, (count, 4))
    # A dent is a corner behind the line between its neighbours.
    radii[rng.random(count) < 0.25, 0] = -0.2
    corners = (radii[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)) * rng.uniform(
        8, 30, (count, 1, 2)
    )
    turn = rng.uniform(-np.pi, np.pi, count)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x, y = corners[..., 0], corners[..., 1]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1) + rng.uniform(30, side - 30, (count, 1, 2))


def test_fifty_sets_of_quads_that_are_no_rectangles():
    classes, differences, rounded, dented = ('ship', 'pier'), [], 0, 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        predictions, truths, lines = [], [], {}
        for file in ('first', 'second', 'empty'):
            count = 0 if file == 'empty' else int(rng.choice([10, 15, 20]))
            quads = labeled_quads(rng, count, 300)
            assert shapely.is_valid(shapely.polygons(quads)).all()
            hulls = shapely.convex_hull(shapely.polygons(quads))
            dented += np.count_nonzero(shapely.area(hulls) > 1.01 * shapely.area(shapely.polygons(quads)))
            # Annotators go either way round.
            quads[::2] = quads[::2, ::-1]
            labels, difficult = rng.integers(0, 2, count), rng.random(count) < 0.15
            truths.append({'file': file, 'quads': quads, 'labels': labels, 'difficult': difficult})
            predictions.append({'file': file, **detect(rng, quads, labels, 2, 300, noise=0.5)})
            lines[file] = label_lines(quads, labels, difficult, classes)
        changed, times = compare(predictions, truths, lines, classes)
        differences.append(changed)
        rounded += times
    assert dented > 200
    # Rectangles flatter a detector of rectangles, and the devkit's points take something off now and then.
    assert np.mean(differences) > 0.02
    assert rounded > 0


def test_a_crossed_label_is_the_simple_quad_over_its_corners():
    """As label files are read. To GEOS it is no polygon, and in polyiou its halves have areas of opposite signs."""
    ship = np.array([[[10.0, 10], [40, 10], [42, 18], [9, 17]]])
    found = {'boxes': quad_to_rbox(ship), 'scores': [1.0], 'labels': [0]}
    for corners in ([0, 1, 3, 2], [0, 2, 1, 3]):
        crossed = ship[:, corners]
        assert not shapely.Polygon(crossed[0]).is_valid
        result = evaluate([found], [{'quads': crossed, 'labels': [0]}], ['ship'], 0.8)
        assert result.mean_ap == evaluate([found], [{'quads': ship, 'labels': [0]}], ['ship'], 0.8).mean_ap == 1
