"""The job script for Slurm, with a stand-in for Slurm that starts two machines' processes on this one."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRUN = """#!/usr/bin/env bash
# Each machine runs the command.
"$@" & first=$!
"$@" & second=$!
wait $first && wait $second
"""


@pytest.fixture
def slurm(tmp_path) -> dict[str, str]:
    """The environment of a job of two machines without GPUs."""
    commands = tmp_path / 'slurm'
    commands.mkdir()
    for name, text in (('srun', SRUN), ('scontrol', '#!/bin/sh\necho localhost\necho other\n')):
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    job = {'SLURM_JOB_ID': str(port - 20000), 'SLURM_JOB_NODELIST': 'localhost,other', 'SLURM_NNODES': '2'}
    return {**os.environ, **job, 'PATH': f'{commands}:{os.environ["PATH"]}', 'OMP_NUM_THREADS': '1'}


@pytest.mark.slow
def test_two_machines_train_together(slurm, chips, tmp_path):
    work_dir = tmp_path / 'work'
    command = [ROOT / 'tools/train_slurm.sh', chips / 'config.py', '--work-dir', work_dir]
    options = ['--cfg-options', f'data_root={chips}', 'train_cfg.max_iters=2', 'train_dataloader.batch_size=1']
    result = subprocess.run(
        [*map(str, command), *options], cwd=ROOT, env=slurm, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert (work_dir / 'iter_2.pth').is_file()
    (log,) = work_dir.rglob('*.log')
    text = log.read_text()
    assert 'Distributed training: True' in text
    assert 'GPU number: 2' in text


def test_a_job_without_a_config(slurm):
    command = [str(ROOT / 'tools/train_slurm.sh')]
    result = subprocess.run(command, cwd=ROOT, env=slurm, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith('train_slurm.sh: found no CONFIG, expected')
