"""What README shows first: its command and its Python lines run as they stand, but for the names of files."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import geopandas
import pytest
import rasterio
from rasterio import Affine

from ship_det.simulation import crop

ROOT = Path(__file__).resolve().parents[1]


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL)


@pytest.mark.slow
def test_the_first_lines_of_python_and_the_command(tmp_path):
    image, ships = crop(5, size=600, gsd=1.4, ships=20, tail=1.0)
    profile = {'driver': 'GTiff', 'crs': 'EPSG:32633', 'transform': Affine(1.4, 0, 5e5, 0, -1.4, 5e6)}
    with rasterio.open(tmp_path / 'SCENE.tif', 'w', width=600, height=600, count=3, dtype='uint8', **profile) as scene:
        scene.write(image.transpose(2, 0, 1))

    (line,) = [
        line for block in blocks('bash') for line in block.splitlines() if line.startswith('ship-det detect SCENE')
    ]
    command = shlex.split(line, comments=True)[1:]
    subprocess.run([sys.executable, '-m', 'ship_det.commands.main', *command], cwd=tmp_path, check=True)
    assert (tmp_path / 'ships/index.html').exists()
    by_command = geopandas.read_file(tmp_path / 'ships/ships.gpkg', layer='ships')
    assert len(ships) / 2 < len(by_command) < len(ships) * 2

    subprocess.run([sys.executable, '-c', blocks('python')[0]], cwd=tmp_path, check=True)
    assert len(geopandas.read_file(tmp_path / 'ships.gpkg', layer='ships')) == len(by_command)
