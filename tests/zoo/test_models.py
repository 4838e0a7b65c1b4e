"""The zoo: every model is whole, loads and knows its classes; names and damage are told."""

import json
import shutil

import numpy as np
import pytest

import ship_det
from ship_det.annotations import AOSR15_CLASSES
from ship_det.zoo import find_config, models, names_zoo_model, zoo_model, zoo_models

CLASSES = {'r2cnn-ships': ('ship',), 'r2cnn-aosr15': AOSR15_CLASSES}


@pytest.mark.parametrize('name', zoo_models())
def test_a_model_is_whole_and_finds_ships(name):
    model = zoo_model(f'zoo:{name}')
    assert find_config(model.config).is_file()
    assert model.weights.stat().st_size < 12e6
    detector = ship_det.load(name, device='cpu')
    assert detector.classes == CLASSES[name]
    assert 1.0 <= detector.gsd <= 2.0
    assert set(detector.min_scores) <= set(np.clip(detector.min_scores, 0.01, 0.99))


def test_names():
    assert names_zoo_model('r2cnn-ships')
    assert names_zoo_model('zoo:anything')
    assert not names_zoo_model('configs/zoo/r2cnn_ships.py')
    with pytest.raises(ValueError, match='r2d2: no such model in the zoo; expected one of r2cnn-'):
        zoo_model('r2d2')


def test_damaged_and_missing_weights(tmp_path, monkeypatch):
    for file in models.FOLDER.glob('*.*'):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(models, 'FOLDER', tmp_path)
    models.zoo_models.cache_clear()
    try:
        weights = zoo_model('r2cnn-ships').weights
        assert weights.parent == tmp_path
        content = bytearray(weights.read_bytes())
        content[len(content) // 2] ^= 1
        weights.write_bytes(content)
        with pytest.raises(ValueError, match=r'r2cnn-ships\.onnx: damaged: found SHA-256 \w{64}, expected'):
            zoo_model('r2cnn-ships')
        weights.unlink()
        with pytest.raises(ValueError, match=r'r2cnn-ships\.onnx: no such file'):
            zoo_model('r2cnn-ships')
    finally:
        models.zoo_models.cache_clear()


def test_the_list_says_what_each_finds():
    entries = json.loads((models.FOLDER / 'models.json').read_text())
    assert {path.stem for path in models.FOLDER.glob('*.onnx')} == set(entries) == set(CLASSES)
    assert all(entry['finds'] and entry['iterations'] > 0 for entry in entries.values())
