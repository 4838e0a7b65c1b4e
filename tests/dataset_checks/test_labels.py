"""Labels of one image: outside, odd in size, twice there."""

import pytest

from ship_det.annotations import LabeledObject
from ship_det.dataset_checks import CheckOptions
from ship_det.dataset_checks.labels import ImageLabels, check_labels
from ship_det.geometry import rbox_to_quad


def check(*boxes, names=None, difficult=False, **options):
    names = names or ['ship'] * len(boxes)
    objects = [
        LabeledObject(quad, name, difficult) for quad, name in zip(rbox_to_quad(list(boxes)), names, strict=True)
    ]
    labels = ImageLabels('a.png', 'labelTxt/a.txt', range(3, 3 + len(boxes)), objects)
    return check_labels(labels, (200, 100), CheckOptions(**options))


@pytest.mark.parametrize(
    ('box', 'kind', 'message'),
    [
        ((100, 50, 40, 10, 0.3), None, None),
        ((20.5, 50, 40, 10, 0), None, None),  # half a pixel over the border
        ((10, 50, 40, 10, 0), 'partly outside the image', 'ship: 10.0 px beyond the border, 75% of it in the image'),
        ((300, 50, 40, 10, 0), 'outside the image', 'ship: no part of it lies in the image of 200 x 100 px'),
        # Its bounds meet the image's corner, the box itself does not.
        ((-12, -12, 40, 5, -0.785398), 'outside the image', None),
        ((100, 50, 20, 3, 0), 'tiny box', 'ship: 20.0 x 3.0 px, short side below 4 px'),
        ((100, 50, 110, 5, 0), 'extreme aspect ratio', 'ship: 110.0 x 5.0 px, 22.0 times as long as wide'),
    ],
)
def test_one_box(box, kind, message):
    found = check(box)
    assert [finding.check for finding in found] == ([kind] if kind else [])
    if message:
        assert found[0].message == message
        assert (found[0].where, found[0].image, found[0].line) == ('labelTxt/a.txt:3', 'a.png', 3)


def test_box_larger_than_the_image():
    # The diagonal of 200 x 100 px is 223.6 px long.
    assert 'larger than the image' not in {finding.check for finding in check((100, 50, 220, 20, 0.4636))}
    assert 'larger than the image' in {finding.check for finding in check((100, 50, 230, 20, 0.4636))}
    assert 'larger than the image' in {finding.check for finding in check((100, 50, 210, 105, 0))}


def test_duplicates_name_the_line_of_the_other():
    # Shifted by 1 px along 40: IoU 39 / 41 = 0.951; by 3 px: 37 / 43 = 0.860.
    near, apart = (101, 50, 40, 10, 0), (103, 50, 40, 10, 0)
    (found,) = check((100, 50, 40, 10, 0), near)
    assert (found.check, found.severity) == ('duplicate object', 'warning')
    assert (found.where, found.message) == ('labelTxt/a.txt:4', 'ship: IoU 0.951 with the ship of line 3')
    (found,) = check((100, 50, 40, 10, 0), near, names=['ship', 'tug'])
    assert (found.check, found.severity) == ('one object, two classes', 'error')
    assert check((100, 50, 40, 10, 0), apart) == []
    assert len(check((100, 50, 40, 10, 0), apart, duplicate_iou=0.8)) == 1


def test_ignore_regions_may_be_small_and_overlap():
    assert check((100, 50, 40, 1, 0), (100, 50, 40, 1, 0), difficult=True) == []


def test_no_objects():
    assert check_labels(ImageLabels('a.png', 'labelTxt/a.txt', [], []), (9, 9), CheckOptions()) == []
