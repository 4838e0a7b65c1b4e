"""ship-det export: a file that works, or a message and none."""

from pathlib import Path

import ship_det

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/zoo/r2cnn_ships.py'
ZOO = ROOT / 'ship_det/zoo/r2cnn-ships.onnx'


def test_writes_a_file_that_is_the_zoos(run_tool, tmp_path):
    out = tmp_path / 'detector.onnx'
    code, output = run_tool('export.py', CONFIG, ZOO, out, '--half')
    assert code == 0, output
    assert f'{out}: R2CNN, 1 class, 10.' in output
    assert f'ship-det detect SCENE --model {out} --out OUT' in output
    own, zoo = ship_det.load(out).facts, ship_det.load('r2cnn-ships').facts
    assert (own.classes, own.gsd, own.min_scores) == (zoo.classes, zoo.gsd, zoo.min_scores)


def test_what_is_wrong_is_named_and_nothing_written(run_tool, tmp_path):
    out = tmp_path / 'detector.onnx'
    for arguments, message in (
        ((CONFIG, ZOO, tmp_path / 'detector.pt'), f'OUT: found {tmp_path}/detector.pt, expected a name that ends in'),
        ((CONFIG, ZOO, ZOO), f'OUT: {ZOO} is read, expected another file'),
        ((CONFIG, tmp_path / 'none.pth', out), f'{tmp_path}/none.pth: no such checkpoint'),
        ((ROOT / 'configs/zoo/r2cnn_aosr15.py', ZOO, out), 'does not fit'),
        ((CONFIG, ZOO, tmp_path / 'none/detector.onnx'), f'found no folder {tmp_path}/none'),
        ((CONFIG, ZOO, out, '--int8', tmp_path / '*.png'), 'no such scene'),
    ):
        code, output = run_tool('export.py', *arguments)
        assert code == 2
        assert message in output
        assert 'Traceback' not in output
    assert not list(tmp_path.iterdir())
