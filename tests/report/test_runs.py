"""Evaluated runs, and AP by object size."""

import numpy as np
import pytest

from ship_det.evaluation import write_predictions
from ship_det.evaluation.labeled_set import read_labeled_set
from ship_det.report.runs import (
    ReportOptions,
    RunFiles,
    SizeBin,
    ap_by_size,
    evaluate_run,
    read_all_predictions,
    size_edges,
)


def run_of(sample, list_file=None, iou=0.6):
    files = RunFiles('ci', sample.predictions)
    labeled = read_labeled_set(sample.data, sample.classes, list_file)
    read = read_all_predictions([files])[0]
    return evaluate_run(files, read, labeled, ReportOptions(list_file, iou_threshold=iou))


def test_results_at_both_thresholds(sample):
    run = run_of(sample)
    assert list(run.results) == [0.6, 0.5]
    # The tanker comes first, so 1; two of three submarines are found first, which reaches recall 0 to .6.
    assert run.main.classes['tanker'].ap == 1
    assert run.main.classes['submarine'].ap == pytest.approx(7 / 11)
    assert run.main.mean_ap == pytest.approx((1 + 7 / 11) / 2)
    assert run.left_out == 0


def test_common_threshold_only_once(sample):
    assert list(run_of(sample, iou=0.5).results) == [0.5]


def test_list_leaves_out_other_predictions(sample):
    run = run_of(sample, 'train.txt')
    assert run.main.num_images == 1
    assert run.left_out == 2


def test_ap_by_size(sample):
    run = run_of(sample)
    # Roots of the areas: tanker 26.8 and submarine 22.4 px; submarines 35.8 and 31.3 px.
    # Below 30 px the tanker is found and the submarine is not; above both are.
    assert ap_by_size(run, np.array([0, 30, np.inf])) == [SizeBin(0.5, 2), SizeBin(1.0, 2)]


@pytest.mark.parametrize(
    ('box', 'ap'),
    [
        # Nothing is there, and it has a size of this bin: the better score of the two is wrong.
        ((150, 100, 60, 12, 0, 0), 0.5),
        # A wrong detection of another size is no matter of this bin.
        ((150, 100, 100, 20, 0, 0), 1),
        # On the tanker (IoU 12 / 17) but of another size: it counts, and is right.
        ((50, 50, 60, 17, 0, 0), 1),
    ],
)
def test_size_of_detections(sample, tmp_path, box, ap):
    right = (50, 50, 60, 12, 0, 0)
    found = [box] if box[:2] == right[:2] else [box, right]
    record = {'boxes': [one[:5] for one in found], 'labels': [0] * len(found), 'scores': [0.9, 0.5][: len(found)]}
    write_predictions(tmp_path / 'p.jsonl', sample.classes, [{'file': 'a.png', **record}])
    files = RunFiles('p', tmp_path / 'p.jsonl')
    labeled = read_labeled_set(sample.data, sample.classes, 'train.txt')
    run = evaluate_run(files, read_all_predictions([files])[0], labeled, ReportOptions('train.txt'))
    # The tanker alone is between 25 and 30 px.
    assert ap_by_size(run, np.array([0, 25, 30, np.inf]))[1] == SizeBin(ap, 1)


def test_no_object_of_a_size(sample):
    run = run_of(sample)
    none, every = ap_by_size(run, np.array([0, 5, np.inf]))
    assert np.isnan(none.mean_ap) and (none.count, every.count) == (0, 4)


def test_size_edges_share_the_objects_out(sample):
    assert size_edges(run_of(sample).matches.ground_truths, bins=2).tolist() == [0, 29, np.inf]


def test_images_that_do_not_fit(sample, tmp_path):
    labeled = read_labeled_set(sample.data, sample.classes)
    some = {'boxes': np.zeros((0, 5)), 'scores': [], 'labels': []}
    for files, message in (
        (['a.png', 'b.png'], r'no predictions for 1 of 3 images, first c\.png; --list names'),
        (['a.png', 'b.png', 'c.png', 'd.png'], r'predictions for 1 unknown image, first d\.png'),
    ):
        write_predictions(tmp_path / 'p.jsonl', sample.classes, [{'file': file, **some} for file in files])
        run = RunFiles('p', tmp_path / 'p.jsonl')
        with pytest.raises(ValueError, match=message):
            evaluate_run(run, read_all_predictions([run])[0], labeled, ReportOptions())


def test_runs_that_do_not_fit(sample, tmp_path):
    write_predictions(tmp_path / 'p.jsonl', ['tanker'], [])
    other = RunFiles('other', tmp_path / 'p.jsonl')
    with pytest.raises(ValueError, match=r"p\.jsonl: found classes \['tanker'\], expected those of"):
        read_all_predictions([RunFiles('ci', sample.predictions), other])
    with pytest.raises(ValueError, match='a name occurs twice'):
        read_all_predictions([other, other])
    with pytest.raises(ValueError, match='at least one'):
        read_all_predictions([])


@pytest.mark.parametrize('name', ['', 'a/b', '../up', '.hidden'])
def test_run_name_that_cannot_name_files(name):
    with pytest.raises(ValueError, match='run name'):
        RunFiles(name, 'p.jsonl')
