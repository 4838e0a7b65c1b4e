"""The least score of each class: chosen in validation, saved with the weights, taken by the detector."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import ship_det
from ship_det.hooks import MinScoresHook


def test_scores_of_best_f1_are_in_the_checkpoint_of_the_validation(chips, run_tool, tmp_path):
    config = chips / 'config.py'
    every = ('train_cfg.val_begin=1', 'train_cfg.val_interval=1')
    code, output = run_tool(
        'train.py', config, '--work-dir', tmp_path, '--seed', 0, '--cfg-options', f'data_root={chips}', *every
    )
    assert code == 0, output[-3000:]
    saved = torch.load(tmp_path / 'iter_2.pth', weights_only=False)['meta']['min_scores']
    assert list(saved) == ['tanker', 'submarine']
    # The same images: what the validation saw last.
    results = tmp_path / 'results.json'
    options = ('--cfg-options', f'data_root={chips}', f'test_evaluator.results_file={results}')
    code, output = run_tool('test.py', config, tmp_path / 'iter_2.pth', '--work-dir', tmp_path, *options)
    assert code == 0, output[-3000:]
    classes = json.loads(results.read_text())['results'][0]['classes']
    for name, score in saved.items():
        best = classes[name]['best_f1']['score']
        assert score == (0.5 if best is None else best)

    detector = ship_det.load(config, tmp_path / 'iter_2.pth', device='cpu')
    np.testing.assert_array_equal(detector.min_scores, list(saved.values()))
    image = np.array(Image.open(chips / 'images/a.png'))
    everything, chosen = detector.predict(image, 0.0), detector.predict(image)
    assert len(chosen) == (everything.scores >= detector.min_scores[everything.labels]).sum()
    assert len(detector.predict(image, 0.99999)) <= len(chosen)


@pytest.mark.parametrize('resumes', [True, False])
def test_only_a_resumed_training_keeps_the_scores_of_its_checkpoint(resumes):
    hook, saved = MinScoresHook(), {'meta': {}}
    hook.after_load_checkpoint(SimpleNamespace(_resume=resumes), {'meta': {'min_scores': {'tanker': 0.4}}})
    hook.before_save_checkpoint(None, saved)
    assert saved['meta'] == ({'min_scores': {'tanker': 0.4}} if resumes else {})
