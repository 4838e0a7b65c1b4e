import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import settings
from shapely.geometry import Polygon
from shapely.ops import unary_union

# A busy machine makes an example slow, which says nothing about the code.
settings.register_profile('no deadline', deadline=None)
settings.load_profile('no deadline')


def polygon(box):
    x, y, w, h, theta = map(float, box)
    cos, sin = math.cos(theta), math.sin(theta)
    signs = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    return Polygon([(x + i * w * cos - j * h * sin, y + i * w * sin + j * h * cos) for i, j in signs])


def overlap(a, b):
    """IoU through GEOS, without the last digits, in which it is not exact."""
    a, b = polygon(a), polygon(b)
    shared = a.intersection(b).area
    return round(shared / (a.area + b.area - shared), 9) if shared else 0.0


def lies_in_regions(box, regions):
    """Whether more than 0.7 of a box lies in the union of regions, through GEOS."""
    box = polygon(box)
    return round(box.intersection(unary_union([polygon(region) for region in regions])).area / box.area, 9) > 0.7


def plain_outcomes(predictions, ground_truths, label, threshold, inclusive):
    """The VOC devkit's loop over detections of one class: (score, outcome) and the number of objects to be found.

    In ignore regions what would be wrong is ignored.
    """
    entries = [
        (float(score), image, list(box))
        for image, record in enumerate(predictions)
        for box, score, found in zip(record['boxes'], record['scores'], record['labels'], strict=True)
        if found == label
    ]
    truths = [
        [
            {'box': list(box), 'difficult': bool(difficult), 'taken': False}
            for box, of, difficult in zip(record['boxes'], record['labels'], record['difficult'], strict=True)
            if of == label
        ]
        for record in ground_truths
    ]
    outcomes = []
    for score, image, box in sorted(entries, key=lambda entry: -entry[0]):
        best, match = 0.0, None
        for truth in truths[image]:
            iou = overlap(box, truth['box'])
            if iou > best:
                best, match = iou, truth
        wrong = 'ignored' if lies_in_regions(box, ground_truths[image].get('ignore_regions', ())) else 'wrong'
        if match is None or not (best >= threshold if inclusive else best > threshold):
            outcomes.append((score, wrong))
        elif match['difficult']:
            outcomes.append((score, 'ignored'))
        elif match['taken']:
            outcomes.append((score, wrong))
        else:
            match['taken'] = True
            outcomes.append((score, 'right'))
    return outcomes, sum(not truth['difficult'] for image in truths for truth in image)


def plain_ap(outcomes, total, mode):
    """AP from the definition, in fractions; None without ground truth."""
    if total == 0:
        return None
    right, points = 0, []
    for count, kind in enumerate([kind for _, kind in outcomes if kind != 'ignored'], start=1):
        right += kind == 'right'
        points.append((Fraction(right, total), Fraction(right, count)))
    if mode == '11points':
        return sum(max([p for r, p in points if r >= Fraction(k, 10)], default=0) for k in range(11)) / Fraction(11)
    area, previous = Fraction(0), Fraction(0)
    for recall in sorted({r for r, _ in points}):
        area += (recall - previous) * max(p for r, p in points if r >= recall)
        previous = recall
    return area


@pytest.fixture(scope='session')
def plain_voc():
    """AP of each class by the definition: a plain loop over detections, GEOS for overlaps, fractions for figures."""

    def voc(predictions, ground_truths, num_classes, threshold, mode='11points', inclusive=False):
        aps = []
        for label in range(num_classes):
            outcomes, total = plain_outcomes(predictions, ground_truths, label, threshold, inclusive)
            aps.append(plain_ap(outcomes, total, mode))
        return aps

    return voc


@pytest.fixture(scope='session')
def random_case():
    """Predictions and ground truths of some images, with everything that is awkward: crowds, duplicates of boxes,
    tied scores, difficult objects, pairs exactly at IoU 0.6, images without either."""

    def make(seed, num_images=4, num_classes=3):
        rng = np.random.default_rng(seed)
        predictions, ground_truths = [], []
        for index in range(num_images):
            count = int(rng.choice([0, 1, 3, 8]))
            boxes = np.column_stack(
                [
                    rng.uniform(0, 120, (count, 2)),
                    rng.uniform(30, 60, count),
                    rng.uniform(5, 25, count),
                    rng.uniform(-np.pi / 2, np.pi / 2, count),
                ]
            )
            if count > 2 and rng.random() < 0.3:
                boxes[1] = boxes[0]
            labels = rng.integers(0, num_classes, count)
            difficult = rng.random(count) < 0.25
            ground_truths.append({'file': f'{index}.png', 'boxes': boxes, 'labels': labels, 'difficult': difficult})

            source = rng.integers(0, count, int(rng.integers(0, 16))) if count else np.zeros(0, int)
            found = boxes[source] + rng.normal(size=(len(source), 5)) * [2, 2, 2, 1, 0.05]
            # Moved by a quarter of its length a box has IoU 0.75 / 1.25 = 0.6 with where it was.
            at_threshold = rng.random(len(source)) < 0.15
            direction = np.column_stack([np.cos(boxes[source, 4]), np.sin(boxes[source, 4])])
            moved = boxes[source].copy()
            moved[:, :2] += direction * boxes[source, 2:3] / 4
            found[at_threshold] = moved[at_threshold]
            exact = rng.random(len(source)) < 0.2
            found[exact] = boxes[source][exact]
            stray = np.array([[300.0, 300.0, 40.0, 20.0, 0.1]] * int(rng.integers(0, 3))).reshape(-1, 5)
            found = np.vstack([found, stray])
            same = rng.random(len(found)) < 0.8
            classes = rng.integers(0, num_classes, len(found))
            classes[: len(source)] = np.where(same[: len(source)], labels[source], classes[: len(source)])
            scores = np.round(rng.random(len(found)), 1)
            predictions.append({'file': f'{index}.png', 'boxes': found, 'scores': scores, 'labels': classes})
        return predictions, ground_truths

    return make
