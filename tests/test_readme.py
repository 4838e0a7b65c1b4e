"""What README shows first: its command and its Python lines run as they stand, but for the names of files."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import rasterio
from rasterio import Affine

ROOT = Path(__file__).resolve().parents[1]


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL)


def test_the_first_lines_of_python_and_the_command(chips, trained, tmp_path):
    image = np.full((3, 200, 260), 40, dtype=np.uint8)
    image[:, 60:72, 40:110] = 200
    profile = {'driver': 'GTiff', 'crs': 'EPSG:32633', 'transform': Affine(0.6, 0, 5e5, 0, -0.6, 5e6)}
    with rasterio.open(tmp_path / 'SCENE.tif', 'w', width=260, height=200, count=3, dtype='uint8', **profile) as scene:
        scene.write(image)
    names = {'CONFIG.py': str(chips / 'config.py'), 'CHECKPOINT.pth': str(trained)}

    def with_names(text: str) -> str:
        for name, path in names.items():
            assert name in text
            text = text.replace(name, path)
        return text

    (line,) = [
        line for block in blocks('bash') for line in block.splitlines() if line.startswith('ship-det detect SCENE')
    ]
    # Its weights are random: a score that they reach.
    command = [*shlex.split(with_names(line), comments=True)[1:], '--min-score', '0']
    subprocess.run([sys.executable, '-m', 'ship_det.commands.main', *command], cwd=tmp_path, check=True)
    assert (tmp_path / 'ships/index.html').exists()
    assert len(geopandas.read_file(tmp_path / 'ships/ships.gpkg', layer='ships')) > 0

    code = with_names(blocks('python')[0]).replace("predict('SCENE.tif')", "predict('SCENE.tif', 0)")
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, check=True)
    assert len(geopandas.read_file(tmp_path / 'ships.gpkg', layer='ships')) > 0
