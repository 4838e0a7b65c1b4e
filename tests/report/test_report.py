"""The whole report: its files, its figures, and what it holds in odd cases."""

import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ship_det.annotations import LabeledObject, read_dota, write_dota
from ship_det.drawing.boxes import RIGHT_COLOR, WRONG_COLOR
from ship_det.evaluation import read_predictions, write_predictions
from ship_det.geometry import rbox_to_quad
from ship_det.report import ReportOptions, RunFiles, write_report


@pytest.fixture(scope='module')
def written(sample, tmp_path_factory):
    out = tmp_path_factory.mktemp('report')
    options = ReportOptions(train_list='train.txt', title='Ships & <harbors>', chips=2)
    runs = write_report([RunFiles('ci', sample.predictions, sample.log)], sample.data, out, options)
    return out, runs[0], (out / 'index.html').read_text()


def test_files(written):
    out, _, _ = written
    charts = ['ap_by_count', 'ap_by_size', 'class_histogram', 'confusion', 'curves', 'pr_curves', 'scores']
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(f'{name}.png' for name in charts), 'chips', 'index.html']
    )
    assert sorted(path.name for path in (out / 'chips').iterdir()) == ['a.png', 'b.png']
    for name in charts:
        assert Image.open(out / f'{name}.png').width > 300


def test_drawn_chips_show_detections_in_their_colors(written):
    out, _, _ = written
    chip = np.asarray(Image.open(out / 'chips' / 'a.png'))
    # The right detection on the lower edge of the tanker, y = 56; the confusion on its upper edge, centre (141, 50).
    assert (chip[55, 50] == RIGHT_COLOR).all()
    along, across = np.array([np.cos(0.5), np.sin(0.5)]), np.array([-np.sin(0.5), np.cos(0.5)])
    x, y = np.round(np.array([141, 50]) + 15 * along - 5 * across).astype(int)
    assert np.abs(chip[y, x].astype(int) - WRONG_COLOR).max() < 90


def test_scenes_are_drawn_smaller(sample, tmp_path, monkeypatch):
    """At half the size, boxes too."""
    side = max(Image.open(sample.data / 'images/a.png').size)
    monkeypatch.setattr('ship_det.report.gallery.DRAWN_SIDE', side // 2)
    write_report([RunFiles('ci', sample.predictions, sample.log)], sample.data, tmp_path, ReportOptions(chips=2))
    chip = np.asarray(Image.open(tmp_path / 'chips/a.png'))
    assert chip.shape[1] == Image.open(sample.data / 'images/a.png').width // 2
    # The right detection on the lower edge of the tanker, y = 56 in the image.
    assert (chip[27:29, 25] == RIGHT_COLOR).all(axis=1).any()


def test_headline_figures(written):
    _, run, page = written
    assert '<dt>ground truth</dt><dd>quads as labelled</dd>' in page
    assert run.main.mean_ap == pytest.approx((1 + 7 / 11) / 2)
    assert '<b>0.818</b><span>mAP@0.6</span>' in page
    assert '<b>3</b><span>test images</span>' in page
    assert '<b>4</b><span>ships to find</span>' in page
    assert 'Ships &amp; &lt;harbors&gt;' in page
    assert 'imbalance ratio 2' in page


def test_page_refers_to_nothing_outside(written):
    _, _, page = written
    without_data = re.sub(r'data:[^"]*', '', page)
    assert not re.search(r'(?:src|href)="(?!#)[^"]', without_data)
    # Namespaces in the script are names, not addresses to fetch.
    assert set(re.findall(r'https?://[^"\s\']*', without_data)) == {'http://www.w3.org/2000/svg'}
    assert len(page) < 10_000_000


def test_same_input_same_bytes(sample, written, tmp_path):
    out, _, page = written
    options = ReportOptions(train_list='train.txt', title='Ships & <harbors>', chips=2)
    write_report([RunFiles('ci', sample.predictions, sample.log)], sample.data, tmp_path, options)
    assert (tmp_path / 'index.html').read_text() == page
    assert (tmp_path / 'chips' / 'a.png').read_bytes() == (out / 'chips' / 'a.png').read_bytes()


def test_no_detections_and_no_extras(sample, tmp_path):
    none = {'boxes': np.zeros((0, 5)), 'scores': [], 'labels': []}
    files = ['a.png', 'b.png', 'c.png']
    write_predictions(tmp_path / 'p.jsonl', sample.classes, [{'file': file, **none} for file in files])
    options = ReportOptions(chips=0, examples=0)
    run = write_report([RunFiles('none', tmp_path / 'p.jsonl')], sample.data, tmp_path / 'out', options)[0]
    assert run.main.mean_ap == 0
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert '<figure class="card' not in page
    assert not (tmp_path / 'out' / 'curves.png').exists() and not (tmp_path / 'out' / 'chips').exists()


def test_whole_scenes(sample, tmp_path):
    """The images side by side in a scene: only the tanker's second box is merged, so AP is the same."""
    corners = {'a.png': (0, 0), 'b.png': (200, 0), 'c.png': (0, 200)}
    for folder in ('set', 'scenes/images', 'scenes/labelTxt'):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ('images', 'labelTxt'):
        (tmp_path / 'set' / folder).symlink_to(sample.data / folder)
    Image.new('1', (400, 400)).save(tmp_path / 'scenes/images/s.png')
    objects, lines = [], []
    for file, corner in corners.items():
        lines.append(json.dumps({'file': file, 'scene': 's.png', 'window': [*corner, 200, 200], 'counts': {}}))
        for one in read_dota(sample.data / 'labelTxt' / file.replace('png', 'txt')):
            objects.append(LabeledObject(one.quad + corner, one.name, one.difficult))
    write_dota(tmp_path / 'scenes/labelTxt/s.txt', objects)
    (tmp_path / 'set/chips.jsonl').write_text('\n'.join(lines))
    options = ReportOptions(chips=0, examples=0, scenes=tmp_path / 'scenes')
    (run,) = write_report([RunFiles('ci', sample.predictions)], tmp_path / 'set', tmp_path / 'out', options)
    merged, results = run.scenes.merged, run.scenes.results
    assert results[0.6].mean_ap == run.main.mean_ap == pytest.approx((1 + 7 / 11) / 2)
    assert (merged.num_detections, len(merged.predictions.images[0]['scores'])) == (7, 6)
    page = (tmp_path / 'out/index.html').read_text()
    assert '<h2>Whole scenes</h2>' in page
    assert '<b>0.818</b><span>mAP@0.6 on whole scenes</span>' in page
    assert 'Merged 7 detections on 3 chips into 6 on 1 scene' in page
    assert 'The chips cover 75 % of the scenes' in page
    assert '<span>false alarms/Mpx on whole scenes at score 0.5</span>' in page
    # Merged, the tanker is found once; the submarines of a.png are missed at this score.
    assert '2 right, 2 missed, 2 wrong' in page and page.count('class="card scene"') == 1

    options = replace(options, gsd=10)
    (run,) = write_report([RunFiles('ci', sample.predictions)], tmp_path / 'set', tmp_path / 'again', options)
    # Three quarters of 400 x 400 px of 10 m.
    rate = run.scenes.results[0.6].num_false_alarms / 12
    page = (tmp_path / 'again/index.html').read_text()
    assert f'<b>{rate:.3g}</b><span>false alarms/km2 on whole scenes at score 0.5</span>' in page
    assert page.count('<th scope="col" data-sort="number">false alarms/km2</th>') == 1
    assert 'False alarms are counted on 12 km2' in page
    options = replace(options, ground_truth='rectangles')
    added = np.array([[150, 150], [170, 150], [170, 158], [150, 158]])
    write_dota(tmp_path / 'scenes/labelTxt/s.txt', [*objects, LabeledObject(added, 'tanker', False)])
    (run,) = write_report([RunFiles('ci', sample.predictions)], tmp_path / 'set', tmp_path / 'other', options)
    page = (tmp_path / 'other/index.html').read_text()
    assert '<b>4</b><span>ships to find on chips</span>' in page
    assert '<b>5</b><span>ships to find on whole scenes</span>' in page
    assert {result.ground_truth for result in [*run.results.values(), *run.scenes.results.values()]} == {'rectangles'}


def test_ignore_regions(sample, tmp_path):
    """Of a detector that knows tankers only: what it finds on the submarines is not wrong, and the page says so."""
    records = [
        {**record, **{key: record[key][record['labels'] == 0] for key in ('boxes', 'scores', 'labels')}}
        for record in read_predictions(sample.predictions).images
    ]
    write_predictions(tmp_path / 'p.jsonl', ['tanker'], records)
    pages, runs = {}, {}
    for other_classes in ('background', 'ignore'):
        options = ReportOptions(other_classes=other_classes, examples=9)
        out = tmp_path / other_classes
        (runs[other_classes],) = write_report([RunFiles('one', tmp_path / 'p.jsonl')], sample.data, out, options)
        pages[other_classes] = (out / 'index.html').read_text()
    tanker = runs['ignore'].main.classes['tanker']
    # Found twice; on a submarine; on the difficult tanker.
    assert (tanker.num_detections, tanker.num_ignored, tanker.at_score.false_positives) == (4, 2, 1)
    assert runs['background'].main.classes['tanker'].at_score.false_positives == 2
    fact = '<dt>ignore regions</dt><dd>3, no class: a detection with more than 0.7 of its area inside is not wrong</dd>'
    assert fact in pages['ignore'] and '<dt>ignore regions</dt>' not in pages['background']
    assert '<dt>ignored detections</dt><dd>2 of 4, neither right nor wrong</dd>' in pages['ignore']
    assert 'difficult label or ignore region, not counted' in pages['ignore']
    assert [pages[key].count('class="card mistake"') for key in ('background', 'ignore')] == [2, 1]


def test_one_class_without_ground_truth(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'labelTxt').mkdir()
    Image.new('RGB', (64, 48)).save(tmp_path / 'images' / 'e.png')
    (tmp_path / 'labelTxt' / 'e.txt').write_text('')
    found = {'boxes': [[30, 20, 20, 8, 0]], 'scores': [0.9], 'labels': [0]}
    write_predictions(tmp_path / 'p.jsonl', ['ship $x_1$'], [{'file': 'e.png', **found}])
    run = write_report([RunFiles('one', tmp_path / 'p.jsonl')], tmp_path, tmp_path / 'out')[0]
    assert np.isnan(run.main.mean_ap)
    assert 'No ground truth, so no AP and not in the mean: ship $x_1$' in (tmp_path / 'out' / 'index.html').read_text()


STRANGE = ('CntShip(_|.--.--|_]=', '<b>&"x"', 'US$1 $x^2$', 'a/b', '_渔船', 'a' * 120)


@pytest.mark.parametrize('count', [0, len(STRANGE)], ids=['nothing detected', 'all classes'])
def test_class_names_of_any_kind(tmp_path, count):
    """AP is 1 for each class that is detected, 0 for one that is not, and none for one without objects."""
    (tmp_path / 'images').mkdir()
    (tmp_path / 'labelTxt').mkdir()
    Image.new('RGB', (500, 60)).save(tmp_path / 'images/e.png')
    boxes = np.array([[40 + 80 * place, 30, 50, 20, 0] for place in range(len(STRANGE))], dtype=np.float64)
    objects = [LabeledObject(quad, name) for quad, name in zip(rbox_to_quad(boxes), STRANGE, strict=True)]
    # The last class has no object.
    write_dota(tmp_path / 'labelTxt/e.txt', objects[:-1])
    found = {'boxes': boxes[:count], 'scores': np.full(count, 0.9), 'labels': np.arange(count)}
    write_predictions(tmp_path / 'p.jsonl', STRANGE, [{'file': 'e.png', **found}])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        (run,) = write_report([RunFiles('one', tmp_path / 'p.jsonl')], tmp_path, tmp_path / 'out')
    aps = [one.ap for one in run.main.classes.values()]
    np.testing.assert_array_equal(aps, [float(count > 0)] * (len(STRANGE) - 1) + [np.nan])
    assert run.main.mean_ap == float(count > 0)
    page = (tmp_path / 'out/index.html').read_text()
    # Names are text, and none of them is a folder.
    assert '<b>&"x"' not in page and '&lt;b&gt;&amp;' in page
    assert 'US$1 $x^2$' in page and '_渔船' in page
    assert not [path for path in (tmp_path / 'out').iterdir() if path.is_dir() and path.name != 'chips']


def test_bad_options(sample, tmp_path):
    with pytest.raises(ValueError, match='found -1 chips'):
        write_report([RunFiles('ci', sample.predictions)], sample.data, tmp_path, ReportOptions(chips=-1))
    with pytest.raises(ValueError, match='iou_threshold: expected a value in'):
        write_report([RunFiles('ci', sample.predictions)], sample.data, tmp_path, ReportOptions(iou_threshold=2))
    assert not list(tmp_path.iterdir())


def test_imports_no_torch():
    code = "import sys, json, ship_det.report; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    loaded = json.loads(subprocess.run([sys.executable, '-c', code], capture_output=True, check=True).stdout)
    assert not {'torch', 'mmcv', 'mmdet', 'mmengine', 'mmrotate'} & set(loaded)
