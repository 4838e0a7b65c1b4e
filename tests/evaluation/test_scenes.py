"""Detections of chips evaluated on the scenes they were cut from."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import Predictions, evaluate, read_predictions
from ship_det.evaluation.scene_chips import SceneData, choose_scenes
from ship_det.evaluation.scenes import merge_scenes
from ship_det.geometry import quad_to_rbox, rbox_to_quad, rotated_nms, sliding_windows
from ship_det.tiling import Chip, write_chip_index

CLASSES = ('tanker', 'submarine')
SIDE, WINDOW, OVERLAP = 1360, 400, 100
# A detection on the water between four ships, in the first chip of a scene.
SPURIOUS = {'boxes': np.array([[340.0, 340, 9, 4, 0]]), 'scores': np.array([0.99]), 'labels': np.array([0])}


def scatter_ships(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and labels of 16 ships in a scene, most longer than the overlap of windows, each with water around."""
    rng = np.random.default_rng(seed)
    centers = np.stack(np.meshgrid(*[np.arange(170, SIDE, 340)] * 2), axis=-1).reshape(-1, 2)
    length = rng.uniform(40, 300, len(centers))
    width = np.minimum(length * rng.uniform(0.15, 0.4, len(centers)), 60)
    theta = rng.uniform(-np.pi / 2, np.pi / 2, len(centers))
    return np.column_stack([centers, length, width, theta]), rng.integers(0, 2, len(centers))


def windows_over(boxes: np.ndarray) -> list[list[int]]:
    """A grid, and a window on each ship that no window of the grid shows whole."""
    windows = sliding_windows(SIDE, SIDE, WINDOW, OVERLAP).tolist()
    for ship in shapely.polygons(rbox_to_quad(boxes)):
        if not any(shapely.box(x, y, x + w, y + h).contains(ship) for x, y, w, h in windows):
            x, y = np.clip(np.array(ship.centroid.coords[0]) - WINDOW / 2, 0, SIDE - WINDOW).astype(int).tolist()
            windows.append([x, y, WINDOW, WINDOW])
    return windows


def detect_in(window: list[int], boxes: np.ndarray, labels: np.ndarray, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """What a perfect detector sees: the minimum-area rectangle of the visible part of each ship, in px of the chip."""
    x, y, w, h = window
    found, names = [], []
    for ship, label in zip(shapely.polygons(rbox_to_quad(boxes)), labels, strict=True):
        part = shapely.intersection(ship, shapely.box(x, y, x + w, y + h))
        if part.area > 20:
            corners = shapely.get_coordinates(shapely.oriented_envelope(part))[:4]
            found.append((corners - [x, y]) * zoom)
            names.append(label)
    return quad_to_rbox(np.array(found)), np.array(names, dtype=int)


@pytest.fixture(scope='module')
def harbors(tmp_path_factory) -> tuple[SceneData, Predictions]:
    """Three scenes, their chips (every other one resampled to half), and perfect detections of random score."""
    root, rng = tmp_path_factory.mktemp('harbors'), np.random.default_rng(0)
    for folder in ('scenes/images', 'scenes/labelTxt', 'chips'):
        (root / folder).mkdir(parents=True)
    lines, records = [], []
    for seed in range(3):
        name = f'harbor_{seed}'
        boxes, labels = scatter_ships(seed)
        Image.new('1', (SIDE, SIDE)).save(root / 'scenes/images' / f'{name}.png')
        objects = [LabeledObject(quad, CLASSES[label]) for quad, label in zip(rbox_to_quad(boxes), labels, strict=True)]
        write_dota(root / 'scenes/labelTxt' / f'{name}.txt', objects)
        for number, window in enumerate(windows_over(boxes)):
            zoom = 0.5 if number % 2 else 1
            found, names = detect_in(window, boxes, labels, zoom)
            chip = {'file': f'{name}_{number}.png', 'scene': f'{name}.png', 'window': window, 'counts': {}}
            if zoom != 1:
                chip['size'] = [round(zoom * WINDOW)] * 2
            lines.append(json.dumps(chip))
            scores = rng.uniform(0.2, 1, len(names))
            records.append({'file': chip['file'], 'boxes': found, 'scores': scores, 'labels': names})
    (root / 'chips/chips.jsonl').write_text('\n'.join(lines) + '\n')
    return SceneData(root / 'chips', root / 'scenes'), Predictions(CLASSES, tuple(records))


def test_perfect_detections_in_chips_are_perfect_in_scenes(harbors):
    data, predictions = harbors
    merged = merge_scenes(predictions, data)
    result = merged.evaluate([0.6], score_threshold=0.2)[0.6]
    assert [record['file'] for record in merged.predictions.images] == [f'harbor_{seed}.png' for seed in range(3)]
    assert sum(one.num_ground_truths for one in result.classes.values()) == 48
    assert merged.num_detections > 2 * 48
    for one in result.classes.values():
        assert (one.ap, one.precision, one.recall) == (1, 1, 1)


def test_labels_of_other_classes_are_ignore_regions_of_scenes(harbors):
    """Detected as tankers, the submarines are neither right nor wrong."""
    data, predictions = harbors
    records = tuple({**record, 'labels': 0 * record['labels']} for record in predictions.images)
    only = Predictions(('tanker',), records)
    merged = merge_scenes(only, replace(data, other_classes='ignore'))
    submarines = sum(len(record['ignore_regions']) for record in merged.ground_truths)
    (result,) = merged.evaluate([0.6], score_threshold=0.2).values()
    assert result.num_ignore_regions == submarines > 10
    # Each of them is found once, and so is each tanker.
    assert result.num_ignored == submarines
    assert (result.mean_ap, result.classes['tanker'].precision) == (1, 1)
    left_out = merge_scenes(only, replace(data, other_classes='background')).evaluate([0.6])[0.6]
    assert left_out.mean_ap < 0.8


def test_plain_suppression_leaves_pieces(harbors):
    """What the rule for pieces is good for: NMS alone, at any threshold, on the same detections."""
    data, predictions = harbors
    chips = [json.loads(line) for line in (data.chips / 'chips.jsonl').read_text().splitlines()]
    truths = merge_scenes(predictions, data).ground_truths
    for threshold in (0.05, 0.1, 0.3, 0.5):
        records = []
        for truth in truths:
            boxes, scores, labels = [], [], []
            for chip, found in zip(chips, predictions.images, strict=True):
                if chip['scene'] == truth['file']:
                    zoom = chip['window'][2] / chip.get('size', chip['window'][2:])[0]
                    boxes.append(found['boxes'] * [zoom, zoom, zoom, zoom, 1] + [*chip['window'][:2], 0, 0, 0])
                    scores.append(found['scores'])
                    labels.append(found['labels'])
            boxes, scores, labels = map(np.concatenate, (boxes, scores, labels))
            kept = rotated_nms(boxes, scores, threshold, labels)
            records.append({'boxes': boxes[kept], 'scores': scores[kept], 'labels': labels[kept]})
        assert evaluate(records, truths, CLASSES).mean_ap < 0.8


def test_saved_scenes_read_back(harbors, tmp_path):
    data, predictions = harbors
    merged = merge_scenes(predictions, data)
    merged.write(tmp_path / 'scenes.jsonl')
    again = read_predictions(tmp_path / 'scenes.jsonl')
    assert evaluate(again.images, merged.ground_truths, again.classes).mean_ap == 1


def some_of(predictions: Predictions, *starts: str) -> Predictions:
    chosen = [record for record in predictions.images if record['file'].startswith(starts)]
    return Predictions(predictions.classes, tuple(chosen))


def test_only_scenes_whose_chips_are_all_there(harbors):
    data, predictions = harbors
    merged = merge_scenes(some_of(predictions, 'harbor_1', 'harbor_2_1.png'), data)
    chips = [json.loads(line)['scene'] for line in (data.chips / 'chips.jsonl').read_text().splitlines()]
    assert [record['file'] for record in merged.predictions.images] == ['harbor_1.png']
    assert [truth['file'] for truth in merged.ground_truths] == ['harbor_1.png']
    assert len(merged.chosen.whole['harbor_1.png']) == chips.count('harbor_1.png')
    assert merged.chosen.partial == {'harbor_2.png': (1, chips.count('harbor_2.png'))}
    assert merged.chosen.absent == 1
    notes = ' '.join(merged.notes())
    assert f'first harbor_2.png: 1 of {chips.count("harbor_2.png")}.' in notes
    assert 'Left out 1 scene none of whose chips was tested' in notes
    assert 'cover 100 % of the scenes' in notes
    assert '1 scene\n' in merged.table(merged.evaluate([0.5]).values())


def test_share_covered_when_chips_without_ships_were_not_cut(harbors, tmp_path):
    data, predictions = harbors
    index = (data.chips / 'chips.jsonl').read_text().splitlines()
    first = json.loads(index[0])
    (tmp_path / 'chips.jsonl').write_text(index[0])
    only = Predictions(CLASSES, predictions.images[:1])
    merged = merge_scenes(only, SceneData(tmp_path, data.scenes))
    assert first['window'] == [0, 0, WINDOW, WINDOW]
    assert merged.covered == pytest.approx((WINDOW / SIDE) ** 2)
    assert 'cover 8.65 % of the scenes' in merged.notes()[1]
    assert merged.searched.megapixels == pytest.approx(WINDOW**2 / 1e6)


@pytest.fixture
def marked(harbors, tmp_path) -> tuple[SceneData, Predictions]:
    """The harbors with an index that says which chips were added: one a scene, with a detection on nothing."""
    data, predictions = harbors
    chips = [json.loads(line) for line in (data.chips / 'chips.jsonl').read_text().splitlines()]
    scenes = sorted({chip['scene'] for chip in chips})
    added = [
        {'file': f'{scene}_added.png', 'scene': scene, 'window': [7, 9, WINDOW, WINDOW], 'counts': {}, 'added': True}
        for scene in scenes
    ]
    lines = [{**chip, 'added': False} for chip in chips] + added
    (tmp_path / 'chips.jsonl').write_text(''.join(json.dumps(chip) + '\n' for chip in lines))
    records = tuple({'file': chip['file'], **SPURIOUS} for chip in added)
    return SceneData(tmp_path, data.scenes), Predictions(CLASSES, predictions.images + records)


def test_only_the_grid_counts(harbors, marked):
    """With or without predictions of the added chips, scenes are whole, and what was found there does not count."""
    for predictions, number in ((marked[1], 3), (harbors[1], 0)):
        merged = merge_scenes(predictions, marked[0])
        assert (len(merged.predictions.images), merged.chosen.num_added) == (3, number)
        assert sum(map(len, merged.chosen.whole.values())) == len(harbors[1].images)
        (result,) = merged.evaluate([0.6], score_threshold=0.2).values()
        assert (result.mean_ap, result.num_false_alarms) == (1, 0)
        left_out = 'Left out 3 chips added on ships: only the grid counts.'
        assert (left_out in merged.notes()) == (number > 0)
    unmarked = merge_scenes(harbors[1], harbors[0])
    assert unmarked.chosen.num_added is None
    assert 'does not say which chips were added on ships' in ' '.join(unmarked.notes())


def test_added_chips_of_other_scenes_are_not_left_out_of_these(marked):
    data, predictions = marked
    merged = merge_scenes(some_of(predictions, 'harbor_0', 'harbor_1.png_added'), data)
    assert (len(merged.predictions.images), merged.chosen.num_added) == (1, 1)
    assert 'Left out 1 chip added on ships: only the grid counts.' in merged.notes()


def test_false_alarms_by_area(marked):
    data, predictions = marked
    first = predictions.images[0]
    # One more that is on no ship, and one of too low a score.
    more = {key: np.concatenate([first[key], value, value]) for key, value in SPURIOUS.items()}
    more['scores'][-1] = 0.1
    more['boxes'][-1, :2] += 20
    predictions = Predictions(CLASSES, ({**first, **more}, *predictions.images[1:]))
    merged = merge_scenes(predictions, data)
    (result,) = merged.evaluate([0.5], score_threshold=0.2).values()
    assert result.num_false_alarms == 1
    assert result.searched.km2 is None
    assert result.searched.megapixels == pytest.approx(3 * SIDE**2 / 1e6)
    assert merged.without_gsd == tuple(f'harbor_{seed}.png' for seed in range(3))
    note = 'counted on 5.55 Mpx, as 3 of 3 scenes have no georeference, first harbor_0.png (--gsd gives metres a pixel)'
    assert note in ' '.join(merged.notes())

    merged = merge_scenes(predictions, replace(data, gsd=2.0))
    (result,) = merged.evaluate([0.5], score_threshold=0.2).values()
    assert result.searched.km2 == pytest.approx(3 * (2 * SIDE / 1000) ** 2)
    assert result.to_dict()['false_alarms_per_km2'] == pytest.approx(1 / result.searched.km2)
    assert 'counted on 22.2 km2' in ' '.join(merged.notes())


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
def test_area_of_georeferenced_scenes(tmp_path):
    """Two scenes of 0.5 and 1 m/px; of the second a half is in no chip."""
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    lines = []
    for number, (gsd, width) in enumerate([(0.5, 200), (1.0, 400)]):
        transform = rasterio.Affine(gsd, 0, 500_000, 0, -gsd, 5_000_000)
        profile = {'driver': 'GTiff', 'count': 1, 'width': width, 'height': 100, 'dtype': 'uint8'}
        with rasterio.open(
            tmp_path / f'images/{number}.tif', 'w', crs='EPSG:32633', transform=transform, **profile
        ) as scene:
            scene.write(np.ones((1, 100, width), dtype=np.uint8))
        (tmp_path / f'labelTxt/{number}.txt').write_text('')
        lines.append(Chip(f'{number}.png', f'{number}.tif', (0, 0, 200, 100), {}))
    write_chip_index(tmp_path, lines)
    nothing = {'boxes': [], 'scores': [], 'labels': []}
    found = Predictions(CLASSES, tuple({'file': f'{number}.png', **nothing} for number in range(2)))
    merged = merge_scenes(found, SceneData(tmp_path, tmp_path))
    assert merged.covered == pytest.approx(40_000 / 60_000)
    assert merged.searched.km2 == pytest.approx((0.25 + 1) * 20_000 / 0.9996**2 / 1e6, rel=1e-4)
    # With one that is nowhere on Earth the area is not known.
    with rasterio.open(tmp_path / 'images/1.tif', 'w', **profile) as scene:
        scene.write(np.ones((1, 100, 400), dtype=np.uint8))
    merged = merge_scenes(found, SceneData(tmp_path, tmp_path))
    assert (merged.searched.km2, merged.without_gsd) == (None, ('1.tif',))


@pytest.mark.parametrize('gsd', [0, -1, float('nan'), float('inf')])
def test_no_ground_sampling_distance(gsd):
    with pytest.raises(ValueError, match=f'gsd: expected metres a pixel, more than 0, found {gsd}'):
        SceneData('chips', 'scenes', gsd=gsd)


def copy_scenes(data: SceneData, root: Path, labeled: list[str]) -> SceneData:
    """The same data, where only some scenes have labels."""
    shutil.copytree(Path(data.chips).parent, root)
    for path in (root / 'scenes/labelTxt').iterdir():
        if path.stem not in labeled:
            path.unlink()
    return replace(data, chips=root / 'chips', scenes=root / 'scenes')


def test_scenes_without_labels_are_merged_and_have_no_figures(harbors, tmp_path):
    data, predictions = harbors
    some = copy_scenes(data, tmp_path / 'some', ['harbor_1'])
    merged = merge_scenes(predictions, replace(some, unlabeled=True))
    whole = merge_scenes(predictions, data)
    for found, expected in zip(merged.predictions.images, whole.predictions.images, strict=True):
        np.testing.assert_array_equal(found['boxes'], expected['boxes'])
    assert merged.chosen.unlabeled == ('harbor_0.png', 'harbor_2.png')
    assert [truth['file'] for truth in merged.ground_truths] == ['harbor_1.png']
    assert merged.searched.megapixels == SIDE**2 / 1e6
    (result,) = merged.evaluate([0.6], score_threshold=0.2).values()
    # What is found in the other two is no false alarm.
    assert (result.num_images, result.num_false_alarms, result.mean_ap) == (1, 0, 1)
    assert sum(one.num_detections for one in result.classes.values()) == 16
    assert any(note.startswith('No figures of 2 scenes without labels, first harbor_0.png;') for note in merged.notes())


@pytest.mark.parametrize('keep_folder', [True, False])
def test_no_scene_has_labels(harbors, tmp_path, keep_folder):
    data, predictions = harbors
    none = copy_scenes(data, tmp_path / 'none', [])
    if not keep_folder:
        (tmp_path / 'none/scenes/labelTxt').rmdir()
    merged = merge_scenes(predictions, none)
    assert merged.evaluate([0.5, 0.6]) == {}
    assert len(merged.predictions.images) == len(merged.chosen.unlabeled) == 3
    assert 'False alarms' not in merged.table([]) and 'cover' not in merged.table([])
    with pytest.raises(ValueError, match=r'labelTxt: no labels of a scene, expected those .* 3 scenes; try this'):
        choose_scenes({record['file'] for record in predictions.images}, none).require_labels(none.scenes, '; try this')


def without_scene(data, predictions):
    (Path(data.scenes) / 'images/harbor_0.png').unlink()
    return data, predictions, r'harbor_0\.png: no such file, expected a scene that'


def without_labels(data, predictions):
    (Path(data.scenes) / 'labelTxt/harbor_0.txt').unlink()
    return data, predictions, r'harbor_0\.txt: no such file, .* labels of harbor_0\.png .*--unlabeled.*; 1 of 3 scenes'


def without_index(data, predictions):
    (Path(data.chips) / 'chips.jsonl').unlink()
    return data, predictions, r'chips\.jsonl: no such file'


def unknown_chip(data, predictions):
    records = ({**predictions.images[0], 'file': 'x.png'}, *predictions.images[1:])
    message = r'chips\.jsonl: no line for 1 of the images with predictions, first x\.png'
    return data, Predictions(CLASSES, records), message


def no_whole_scene(data, predictions):
    return data, some_of(predictions, 'harbor_1_1.png'), r'no scene .* all its chips; harbor_1\.png has 1 of \d+;'


def window_elsewhere(data, predictions):
    path = Path(data.chips) / 'chips.jsonl'
    path.write_text(path.read_text().replace('[0, 0, 400, 400]', '[2000, 0, 400, 400]'))
    return data, predictions, r'chips\.jsonl: harbor_0_0\.png: window \[2000, 0, 400, 400\], expected one in .* 1360 x'


def other_class(data, predictions):
    only = Predictions(('tanker',), tuple({**record, 'labels': record['labels'] * 0} for record in predictions.images))
    return data, only, "unknown class 'submarine'"


@pytest.mark.parametrize(
    'damage',
    [without_scene, without_labels, without_index, unknown_chip, no_whole_scene, window_elsewhere, other_class],
)
def test_bad_input_is_named(harbors, tmp_path, damage):
    data, predictions = harbors
    shutil.copytree(Path(data.chips).parent, tmp_path / 'harbors')
    copy = SceneData(tmp_path / 'harbors/chips', tmp_path / 'harbors/scenes')
    copy, predictions, message = damage(copy, predictions)
    with pytest.raises(ValueError, match=message):
        merge_scenes(predictions, copy)
