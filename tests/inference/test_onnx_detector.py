"""An exported detector finds in ONNX Runtime what PyTorch finds."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import onnx
import pytest
import rasterio
import torch
from PIL import Image

import ship_det
from ship_det.checkpoints import load_checkpoint
from ship_det.geometry import pairwise_iou
from ship_det.inference import onnx_int8, torch_detector
from ship_det.inference.onnx_detector import OnnxDetector
from ship_det.inference.onnx_export import check_same, export_onnx, trace
from ship_det.onnx_files import OnnxFacts, read_onnx, seal

# Even sides: half of an odd one is rounded, and MMRotate turns a box with its short side, not its long one, then.
SHAPES = (96, 128), (34, 250), (200, 64)


@pytest.fixture(scope='module')
def exported(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp('exported') / 'detector.onnx'
    export_onnx(*trained, path)
    return path


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Noise with a bright bar."""
    pixels = np.random.default_rng(seed).integers(0, 120, (*shape, 3), dtype=np.uint8)
    pixels[shape[0] // 3 : shape[0] // 3 + 9, shape[1] // 5 : shape[1] // 2] = 230
    return pixels


def assert_same(found: ship_det.Detections, expected: ship_det.Detections) -> None:
    """The same ships, in any order where scores are as good as the same."""
    assert len(found) == len(expected)
    assert found.classes == expected.classes
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-3)
    same = (np.abs(found.boxes[:, None, :4] - expected.boxes[None, :, :4]) < 0.5).all(axis=2)
    same &= np.abs(found.scores[:, None] - expected.scores) < 1e-3
    same &= found.labels[:, None] == expected.labels
    same &= pairwise_iou(found.boxes, expected.boxes) > 0.99
    assert same.any(axis=0).all()
    assert same.any(axis=1).all()


@pytest.mark.parametrize('name', ['r2cnn', 'cascade', 'resized'])
def test_finds_what_pytorch_finds(name, small_configs, make_checkpoint, tmp_path):
    config, path = tmp_path / 'config.py', tmp_path / 'detector.onnx'
    config.write_text(small_configs[name] + 'gsd = 0.6\nlongest_ship = 340.0\n')
    checkpoint = make_checkpoint(config)
    facts = export_onnx(config, checkpoint, path)
    expected, found = ship_det.load(config, checkpoint, device='cpu'), ship_det.load(path, device='cpu', threads=1)
    assert isinstance(found, OnnxDetector)
    assert facts.method == ('SkewCascade' if name == 'cascade' else 'R2CNN')
    for fact in ('classes', 'gsd', 'longest_ship', 'min_scores', 'batch_size', 'size_divisor'):
        assert getattr(found, fact) == getattr(expected, fact), fact
    ships = [expected.predict(noise(*shape), 0.0) for shape in SHAPES]
    assert sum(map(len, ships)) > 5
    for shape, own in zip(SHAPES, ships, strict=True):
        assert_same(found.predict(noise(*shape), 0.0), own)


def test_any_batch_and_any_size_give_the_same_boxes(exported):
    detector = OnnxDetector(exported, threads=1)
    shapes = (64, 64), (65, 130), (96, 32), (200, 180)
    images = [noise(*shape, seed=seed) for shape in shapes for seed in range(3)]
    alone = [detector.predict(image, 0.0) for image in images]
    assert sum(map(len, alone)) > 10
    for batch in (3, 8):
        for start in range(0, len(images), batch):
            together = detector.predict_batch(images[start : start + batch], 0.0)
            for found, expected in zip(together, alone[start:], strict=False):
                assert_same(found, expected)


def test_standard_operators_and_the_weights_by_name(trained, exported, tmp_path):
    model = read_onnx(exported)
    assert {node.domain for node in model.graph.node} == {''}
    assert [entry.version for entry in model.opset_import if entry.domain == ''] == [17]
    kinds = Counter(node.op_type for node in model.graph.node)
    # Not folded into the convolutions: who trains on needs them.
    assert kinds['BatchNormalization'] > 20
    weights = torch.load(trained[1])['state_dict']
    read = load_checkpoint(exported)
    counters = {name for name in weights if name.endswith(('num_batches_tracked', 'class_counts'))}
    assert read['state_dict'].keys() == weights.keys() - counters
    assert all(torch.equal(value, weights[name]) for name, value in read['state_dict'].items())
    assert read['meta']['dataset_meta']['classes'] == ('tanker', 'submarine')
    # A detector of PyTorch has them too.
    config = trained[0]
    image = noise(96, 128)
    by_torch, by_onnx = ship_det.load(config, exported, device='cpu'), ship_det.load(config, trained[1], device='cpu')
    np.testing.assert_array_equal(by_torch.predict(image, 0.0).scores, by_onnx.predict(image, 0.0).scores)


def test_least_scores_of_each_class(trained, tmp_path):
    content = torch.load(trained[1])
    content['meta']['min_scores'] = {'tanker': 0.25, 'submarine': 0.75}
    checkpoint, path, again = tmp_path / 'a.pth', tmp_path / 'a.onnx', tmp_path / 'again.onnx'
    torch.save(content, checkpoint)
    export_onnx(trained[0], checkpoint, path)
    # What is exported from the weights of the file is the same file.
    export_onnx(trained[0], path, again)
    assert path.read_bytes() == again.read_bytes()
    for detector in (ship_det.load(path), ship_det.load(trained[0], path, device='cpu')):
        assert detector.min_scores.tolist() == [0.25, 0.75]
        assert set(detector.predict(noise(96, 128)).scores >= 0.25) <= {True}


def test_half_the_size(trained, exported, tmp_path):
    path = tmp_path / 'half.onnx'
    facts = export_onnx(*trained, path, 'float16')
    assert facts.precision == 'float16'
    assert path.stat().st_size < 0.52 * exported.stat().st_size
    rounded = tmp_path / 'rounded.pth'
    content = torch.load(trained[1])
    content['state_dict'] = {
        name: value.half().float() if value.is_floating_point() else value
        for name, value in content['state_dict'].items()
    }
    torch.save(content, rounded)
    image = noise(96, 128)
    expected = ship_det.load(trained[0], rounded, device='cpu').predict(image, 0.0)
    assert_same(OnnxDetector(path, threads=1).predict(image, 0.0), expected)


def test_an_exported_graph_that_finds_something_else_is_refused(trained):
    model = torch_detector.load_trained_model(*trained).model
    content = trace(model, 2).SerializeToString()
    check_same(model, content)
    with torch.no_grad():
        model.roi_head.bbox_head.fc_cls.bias[0] += 1
    with pytest.raises(ValueError, match=r'of the candidates are those of PyTorch, expected 95%'):
        check_same(model, content)


def test_no_torch_is_imported(exported):
    code = (
        f'import sys, numpy, ship_det; detector = ship_det.load({str(exported)!r})\n'
        'detector.predict(numpy.zeros((64, 64, 3), numpy.uint8), 0.0)\n'
        "print([name for name in ('torch', 'mmcv', 'mmengine', 'onnx') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == '[]'


def test_deepness_reads_it(exported):
    """The plugin of QGIS divides by 255, standardises, and takes (1, 4 + classes + 1, N) as Ultralytics writes it."""
    import onnxruntime

    session = onnxruntime.InferenceSession(exported)
    facts = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    assert facts['model_type'] == 'Detector'
    assert facts['det_type'] == 'YOLO_Ultralytics_obb'
    assert facts['class_names'] == {'0': 'tanker', '1': 'submarine'}
    assert facts['resolution'] == pytest.approx(60)
    (image,) = session.get_inputs()
    (output,) = session.get_outputs()
    assert image.shape[1] == 3
    assert output.shape[1] == 4 + len(facts['class_names']) + 1
    pixels = noise(96, 128)
    given = (np.float32(pixels / 255.0) - facts['standardization_mean']) / facts['standardization_std']
    ((candidates,),) = session.run(None, {image.name: given.astype(np.float32).transpose(2, 0, 1)[None]})
    best = candidates[4:-1].max(axis=0).argmax()
    found = ship_det.load(exported).predict(pixels, 0.0)
    assert candidates[4:-1, best].max() == pytest.approx(found.scores[0], abs=1e-4)
    np.testing.assert_allclose(np.sort(candidates[:4, best]), np.sort(found.boxes[0, :4]), atol=0.05)


@pytest.mark.parametrize('name', ['r2cnn', 'cascade'])
def test_int8(name, small_configs, make_checkpoint, tmp_path):
    config, path, chips = tmp_path / 'config.py', tmp_path / 'int8.onnx', tmp_path / 'chips'
    config.write_text(small_configs[name])
    checkpoint = make_checkpoint(config)
    chips.mkdir()
    for seed in range(3):
        Image.fromarray(noise(96, 128, seed=seed)).save(chips / f'{seed}.png')
    assert export_onnx(config, checkpoint, path, 'int8', sorted(chips.iterdir())).precision == 'int8'
    model = onnx.load(path)
    assert {node.domain for node in model.graph.node} == {''}
    assert [entry.domain for entry in model.opset_import] == ['']
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds['QuantizeLinear'] > 20
    # The scores that proposals are ranked by are near those of float32: all of them are found in noise like the chips.
    expected = ship_det.load(config, checkpoint, device='cpu')
    found = ship_det.load(path, threads=1)
    image = noise(96, 128, seed=5)
    best = [detector.predict(image, 0.0).scores[:1] for detector in (expected, found)]
    np.testing.assert_allclose(*best, atol=0.15)
    with pytest.raises(ValueError, match=r'int8\.onnx: found int8 weights, expected float32 or float16'):
        load_checkpoint(path)
    black = tmp_path / 'black.png'
    Image.fromarray(np.zeros((96, 128, 3), np.uint8)).save(black)
    for images, message in (([], 'int8: found no images to calibrate on'), ([black], r'black\.png: found 128 x 96 px')):
        with pytest.raises(ValueError, match=message):
            export_onnx(config, checkpoint, tmp_path / 'none.onnx', 'int8', images)
    assert not (tmp_path / 'none.onnx').exists()


def test_int8_sees_images_as_detection_shows_them(tmp_path):
    path = tmp_path / 'scene.tif'
    Image.fromarray(noise(160, 200)).save(path)
    with rasterio.open(path, 'r+') as scene:
        scene.crs, scene.transform = 'EPSG:32633', rasterio.transform.from_origin(500000, 6e6, 0.3, 0.3)
    assert onnx_int8._read(path, 0.6, 1.0)['images'].shape == (1, 3, 80, 100)
    assert onnx_int8._read(path, 0.6, 2.0)['images'].shape == (1, 3, 160, 200)
    assert onnx_int8._read(path, None, 1.0)['images'].shape == (1, 3, 160, 200)


def test_a_device_that_cannot_be_had_is_not_the_cpu_in_silence(exported, monkeypatch):
    import onnxruntime

    there = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: there)
    for device in ('cuda', 'cuda:9'):
        with pytest.raises(ValueError, match=rf'device {device}: cannot be used with '):
            OnnxDetector(exported, device)
    assert OnnxDetector(exported, 'auto').batch_size == 1
    # It is there, but slower than ONNX Runtime's own on a CPU: only who asks gets it.
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['OpenVINOExecutionProvider', there[1]])
    assert OnnxDetector(exported, 'auto')
    with pytest.raises(ValueError, match=r'device openvino: cannot be used with '):
        OnnxDetector(exported, 'openvino')


def test_scores_out_of_range(exported):
    with pytest.raises(ValueError, match='min_score: expected 0 to 1, found 7'):
        OnnxDetector(exported).predict(noise(64, 64), 7)


def test_devices(exported):
    assert OnnxDetector(exported, 'cpu').predict(noise(64, 64), 0.0)
    for options, message in (
        ({'threads': 0}, 'threads: found 0, expected a whole number from 1'),
        ({'threads': 2.5}, r'threads: found 2\.5'),
        ({'device': None}, 'device: found None, expected a name'),
    ):
        with pytest.raises(ValueError, match=message):
            ship_det.load(exported, **options)
    for device in ('cuda:1', 'warp', '', 'cpu:x', 'c', 'cpu:1'):
        with pytest.raises(ValueError, match=rf'device {device}: cannot be used with .*: expected one .*: auto, cpu'):
            OnnxDetector(exported, device)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda content: b'', 'cannot be read as ONNX'),
        (lambda content: b'no model', 'cannot be read as ONNX'),
        (lambda content: content[: len(content) // 2], 'cannot be read as ONNX'),
        (lambda content: content[:-100], 'cannot be read as ONNX|expected the key ship_det|damaged'),
        (lambda content: content[: 10**6] + bytes(1000) + content[10**6 + 1000 :], 'damaged: found SHA-256'),
        (lambda content: content[5000:], 'cannot be read as ONNX'),
    ],
    ids=['empty', 'text', 'half', 'cut', 'zeros in the weights', 'without its start'],
)
def test_damaged_files(exported, change, message, tmp_path):
    path = tmp_path / 'damaged.onnx'
    path.write_bytes(change(exported.read_bytes()))
    with pytest.raises(ValueError, match=rf'damaged\.onnx: ({message})'):
        ship_det.load(path)
    with pytest.raises(ValueError, match=rf'damaged\.onnx: ({message})'):
        load_checkpoint(path)


def test_other_files(exported, tmp_path):
    model = read_onnx(exported)
    path = tmp_path / 'other.onnx'

    def write(**metadata: str) -> None:
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, metadata)
        content = model.SerializeToString()
        path.write_bytes(seal(content) if 'sha256' in metadata else content)

    write(model_type='Detector')
    with pytest.raises(ValueError, match=r'other\.onnx: found model_type, expected the key ship_det'):
        ship_det.load(path)
    facts = OnnxDetector(exported).facts
    for name, value, message in (
        ('classes', ('tanker',), r'found a graph of images, candidates .*for 1 class$'),
        ('classes', (), r'metadata ship_det: classes: found \[\]'),
        ('classes', ('tanker', 'tanker'), r'metadata ship_det: classes: found .* expected different names'),
        ('zoom', 0.0, r'metadata ship_det: zoom: found 0\.0, expected a number above 0'),
        ('zoom', '2', r"metadata ship_det: zoom: found '2', expected a number above 0"),
        ('gsd', True, r'metadata ship_det: gsd: found True, expected a number above 0'),
        ('max_per_img', 3.5, r'metadata ship_det: max_per_img: found 3\.5, expected a whole number from 1'),
        (
            'min_scores',
            {'tanker': 5, 'submarine': 0.1},
            r'metadata ship_det: min_scores of tanker: found 5',
        ),
        ('min_scores', ['tanker'], r'metadata ship_det: min_scores: found .*, expected one of each class'),
        (
            'precision',
            'float8',
            r'metadata ship_det: precision: found .float8., expected one of float32',
        ),
        ('flips', 4, rf'metadata ship_det: found flips of version .*, newer than this one, {ship_det.__version__}'),
        ('nms_iou', 3.0, r'metadata ship_det: nms_iou: found 3\.0, expected 0 to 1'),
    ):
        own = json.loads(facts.to_metadata()['ship_det']) | {name: value}
        write(**facts.to_metadata() | {'ship_det': json.dumps(own)})
        with pytest.raises(ValueError, match=rf'other\.onnx: {message}'):
            ship_det.load(path)
    for text, message in (
        ('{', 'ship_det: '),
        ('[]', 'ship_det: '),
        ('{"classes": ["a"]}', 'ship_det: found no method'),
    ):
        write(ship_det=text)
        with pytest.raises(ValueError, match=rf'other\.onnx: metadata {message}'):
            ship_det.load(path)
    with pytest.raises(ValueError, match=r'none\.onnx: no such file'):
        ship_det.load(tmp_path / 'none.onnx')


def test_facts_come_back():
    facts = OnnxFacts(
        method='R2CNN', classes=('a', 'b'), gsd=None, longest_ship=None, min_scores={'a': 0.25, 'b': 0.5}, zoom=2.0,
        size_divisor=32, mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), score_thr=0.05, nms_iou=0.1, max_per_img=300,
        precision='float16', config='c.py', version='0', commit=None,
    )  # fmt: skip
    metadata = facts.to_metadata()
    assert OnnxFacts.from_metadata('a.onnx', metadata) == facts
    assert metadata['det_conf'] == '0.25'
    assert 'resolution' not in metadata


def test_what_cannot_be_exported(trained, tmp_path, make_checkpoint):
    config = tmp_path / 'config.py'
    text = trained[0].read_text()
    out = tmp_path / 'out.onnx'
    for change, message in (
        ("model = dict(rpn_head=dict(type='mmrotate.OrientedRPNHead'))", 'expected|cannot be built'),
        ("model = dict(test_cfg=dict(rcnn=dict(nms=dict(type='nms'))))", 'nms: found .*, expected type nms_rotated'),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='mmdet.Resize', "
            "scale_factor=2.0, interpolation='nearest'), dict(type='mmdet.PackDetInputs')]))",
            r'test pipeline: found Resize\(scale_factor=2\.0, interpolation=nearest\), expected',
        ),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='mmdet.Resize', "
            "scale=(64, 64)), dict(type='mmdet.PackDetInputs')]))",
            r'test pipeline: found Resize\(scale=\(64, 64\)\), expected',
        ),
    ):
        config.write_text(f'{text}\n{change}\n')
        with pytest.raises(ValueError, match=rf'config\.py: .*({message})'):
            export_onnx(config, trained[1], out)
        assert not out.exists()
