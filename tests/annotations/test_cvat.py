"""CVAT for images 1.1."""

import numpy as np
import pytest

from ship_det.annotations.conversion import convert
from ship_det.annotations.cvat import Cvat

BOX = '<box label="tug boat" occluded="1" xtl="5" ytl="6" xbr="25" ybr="14" rotation="90"/>'
POLYGON = '<polygon label="ship" points="1.5,2;20,4;19,9;1,7"><attribute name="difficult">true</attribute></polygon>'


def write(root, *images, head=''):
    root.mkdir(parents=True, exist_ok=True)
    entries = ''.join(
        f'<image id="{index}" name="{name}" {attributes} width="40" height="20">{shapes}</image>'
        for index, (name, attributes, shapes) in enumerate(images)
    )
    (root / 'annotations.xml').write_text(f'<?xml version="1.0"?>\n<annotations>{head}\n{entries}</annotations>\n')


def test_boxes_turn_clockwise_about_their_centre(tmp_path, image):
    image(tmp_path / 'images/a.png')
    write(tmp_path, ('a.png', '', BOX + BOX.replace('90', '30')))
    quarter, third = (found.quad for found in Cvat().read(tmp_path).images[0].objects)
    # 20 x 8 px about (15, 10), upright now; its upper left corner is the upper right one.
    np.testing.assert_allclose(quarter, [[19, 0], [19, 20], [11, 20], [11, 0]], atol=1e-9)
    # Of the other, half the long side runs 30 degrees down to the right: (8.66, 5); half the short one (-2, 3.464).
    np.testing.assert_allclose(third[2], [15 + 8.66025 - 2, 10 + 5 + 3.4641], atol=1e-4)


def test_polygons_and_what_is_no_outline(tmp_path, image):
    image(tmp_path / 'images/a.png')
    tip = '<polygon label="ship" points="0,0;10,0;12,2;10,4;0,4"/>'
    write(tmp_path, ('a.png', '', POLYGON + tip + '<points label="bow" points="1,1"/><tag label="port"/>'))
    found = Cvat().read(tmp_path)
    quad, five = found.images[0].objects
    assert (quad.name, quad.difficult, five.difficult) == ('ship', True, False)
    np.testing.assert_array_equal(quad.quad, [[1.5, 2], [20, 4], [19, 9], [1, 7]])
    assert sorted(map(tuple, np.round(five.quad, 9).tolist())) == [(0, 0), (0, 4), (12, 0), (12, 4)]
    assert (found.outlines, found.skipped) == (1, {'<points>': 1, '<tag>': 1})


def test_subsets_are_parts_and_may_repeat_names(tmp_path, image):
    for part in ('Train', 'Validation'):
        image(tmp_path / f'in/images/{part}/1.png')
    write(tmp_path / 'in', ('1.png', 'subset="Train"', BOX), ('1.png', 'subset="Validation"', ''))
    summary = convert('cvat', 'dota', tmp_path / 'in', tmp_path / 'out')
    assert (summary.parts, summary.objects) == ({'train': 1, 'val': 1}, {'tug boat': 1})
    assert sorted(path.name for path in (tmp_path / 'out/labelTxt').iterdir()) == ['train_1.txt', 'val_1.txt']


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ('<box label="a" xtl="9" ytl="6" xbr="5" ybr="14"/>', 'shape 0 <box>: .*expected xtl < xbr'),
        ('<box label="a" xtl="9" ytl="6" ybr="14"/>', 'shape 0 <box>: xtl, ytl, xbr, ybr is .*expected finite'),
        ('<box label=" " xtl="1" ytl="6" xbr="5" ybr="14"/>', 'no label'),
        ('<polygon label="a" points="1,2;3"/>', 'expected "x,y;x,y'),
        ('<polygon label="a" points="1,2;3,4"/>', 'a polygon of 2 points'),
        ('<polygon label="a" points="1,1;3,3;5,5;7,7"/>', "'a' has no area"),
    ],
)
def test_bad_shapes_are_named(tmp_path, image, shape, message):
    image(tmp_path / 'images/a.png')
    write(tmp_path, ('a.png', '', shape))
    with pytest.raises(ValueError, match=rf'annotations\.xml:3: a\.png: .*{message}'):
        Cvat().read(tmp_path)


def test_other_images_and_videos_are_refused(tmp_path, image):
    image(tmp_path / 'images/a.png', width=80, height=40)
    write(tmp_path, ('a.png', '', BOX))
    with pytest.raises(ValueError, match=r'labels of an image of 40 x 20 px, but it has 80 x 40 px'):
        Cvat().read(tmp_path)
    write(tmp_path, ('a.png', '', ''), ('sub/a.png', '', ''))
    image(tmp_path / 'images/a.png')
    with pytest.raises(ValueError, match=r'a second entry of a\.png'):
        Cvat().read(tmp_path)
    write(tmp_path, head='<track id="0" label="ship"/>')
    with pytest.raises(ValueError, match='tracks of a video, expected an export as "CVAT for images'):
        Cvat().read(tmp_path)


def test_images_without_entry_and_entries_without_image(tmp_path, image):
    image(tmp_path / 'images/a.png')
    write(tmp_path, ('b.png', '', BOX))
    found = Cvat().read(tmp_path)
    assert [path.name for path in found.without_labels] == ['a.png']
    assert str(found.without_image[0]).endswith('annotations.xml:3: b.png')
