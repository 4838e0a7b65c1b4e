"""Which images a contact sheet shows, and how it is laid out."""

import os

import numpy as np
from PIL import Image

from ship_det.dataset_checks import check_dataset
from ship_det.dataset_checks.contact_sheet import arrange, choose_images, write_sheet


def test_images_with_findings_come_first_then_rare_classes(harbor):
    with (harbor / 'labelTxt/d.txt').open('a') as labels:
        labels.write('900 900 940 900 940 910 900 910 ship 0\n')
    path = harbor / 'labelTxt/c.txt'
    path.write_text(path.read_text().replace('tug', 'tanker', 1))
    report = check_dataset(harbor)
    assert [report.images[number].stem for number in choose_images(report, 2)] == ['d', 'c']
    assert len(set(choose_images(report, 9))) == 4


def test_layout(tmp_path):
    pictures = [np.full((h, 40, 3), value, dtype=np.uint8) for h, value in ((30, 100), (20, 150), (10, 250))]
    sheet = arrange(pictures, ['a', 'a very long caption indeed', 'c'], 40, 2)
    assert sheet[6 + 15, 6 + 20, 0] == 100
    assert sheet[6 + 10, 6 + 40 + 6 + 20, 0] == 150
    # The second row starts below the tallest picture of the first, its caption and a gap.
    assert sheet[6 + 30 + 18 + 6 + 5, 6 + 20, 0] == 250
    assert sheet.shape[1] == 2 * 46 + 6
    write_sheet(tmp_path / 'sheet.png', sheet)
    assert os.listdir(tmp_path) == ['sheet.png']
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'sheet.png')), sheet)
