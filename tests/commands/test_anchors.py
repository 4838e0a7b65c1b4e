"""``ship-det anchors``: how well anchors fit labelled ships."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
SQUARES = ('model.rpn_head.anchor_generator.ratios=[1.0]', 'model.rpn_head.anchor_generator.scales=[4]')


@pytest.fixture
def anchors(run_tool):
    """Run ``ship-det anchors ARGUMENT...``; the exit code and what it printed."""
    return lambda *arguments, **kwargs: run_tool('../ship_det/commands/main.py', 'anchors', *arguments, **kwargs)


def test_share_of_ships_that_no_anchor_fits(anchors, noise_chips):
    """Squares of 16, 32, 64, ... px: 32 px share 32 x 20 px with a ship of 70 x 20 px, IoU 640 / 1784 = 0.359.

    The submarine's bounds of 40 x 40 px hold a square of 32 px: IoU 0.64.
    """
    code, output = anchors(CONFIG, noise_chips, '--cfg-options', *SQUARES)
    assert code == 0, output
    rows = [line.split() for line in output.splitlines()]
    assert ['tanker', '3', '100.0', '100.0', '0.359'] in rows
    assert ['submarine', '3', '0.0', '100.0', '0.640'] in rows
    assert ['all', '6', '50.0', '100.0', '0.499'] in rows
    assert 'best anchor IoU under 0.5: 3 of 6 ships (50.00 %)' in output
    # A model that sees them in half the size: 35 x 10 px of 16 x 16 px, and 20 x 20 px of 16 x 16 px.
    code, output = anchors(CONFIG, noise_chips, '--scale', 0.5, '--list', 'ships.txt', '--cfg-options', *SQUARES)
    assert ['tanker', '3', '100.0', '100.0', '0.359'] in [line.split() for line in output.splitlines()]


def test_moments_of_the_first_stage(anchors, noise_chips):
    config = ROOT / 'configs/quickstart/skew_cascade_r18w32_fpn64_ci_demo.py'
    code, output = anchors(config, noise_chips)
    assert code == 0, output
    assert 'SkewBoxCoder of' in output
    assert len(output.splitlines()[-1].split()) == 1 + 5
    code, output = anchors(CONFIG, noise_chips)
    assert 'R2CNNCoder of' in output
    assert len(output.splitlines()[-1].split()) == 1 + 9


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('--scale', 0), '--scale: found 0.0, expected a number above 0'),
        (('--list', 'none.txt'), 'none.txt: no such file'),
        (
            ('--cfg-options', 'test_dataloader.dataset.pipeline.1.scale_factor=None'),
            'expected a scale_factor; --scale says how many times as large the image becomes',
        ),
    ],
)
def test_what_is_wrong_is_said(anchors, noise_chips, arguments, message):
    code, output = anchors(CONFIG, noise_chips, *arguments)
    assert (code, 'Traceback' in output) == (2, False), output
    assert message in output


def test_a_model_without_proposals_is_refused(anchors, noise_chips, tmp_path):
    config = tmp_path / 'one_stage.py'
    config.write_text(f"_base_ = '{CONFIG}'\nmodel = dict(rpn_head=None)\n")
    code, output = anchors(config, noise_chips)
    assert (code, 'Traceback' in output) == (2, False), output
    assert 'one_stage.py: the model mmdet.FasterRCNN has no rpn_head with train_cfg.rpn' in output


def test_a_config_of_no_detector_is_refused(anchors, noise_chips):
    code, output = anchors(ROOT / 'configs/recognition/mnist_lenet.py', noise_chips)
    assert (code, 'Traceback' in output) == (2, False), output
    assert 'mnist_lenet.py' in output


def test_no_ship_is_refused(anchors, noise_chips, tmp_path):
    for folder in ('images', 'labelTxt'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'images/0.png').write_bytes((noise_chips / 'images/0.png').read_bytes())
    (tmp_path / 'labelTxt/0.txt').write_text('20 20 90 20 90 40 20 40 tanker 1\n')
    code, output = anchors(CONFIG, tmp_path)
    assert code == 2, output
    assert 'no ship in 1 image,' in output
