"""The doctor names what is broken and what to do, whatever is missing."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / 'tools' / 'doctor.py'


@pytest.fixture
def doctor():
    spec = importlib.util.spec_from_file_location('doctor_under_test', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_command(path: Path, output: str) -> None:
    """An executable that prints ``output`` whatever its arguments are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)


def facts_of(gpus=(), **others) -> dict:
    facts = {'torch': {'version': '2.11.0+cu130', 'cuda': '13.0', 'gpus': list(gpus)}, 'toolkit': None}
    return facts | {'cv2': '4.12.0', 'ops_cuda_version': '13.0', 'ops_cpu': [0, 2]} | others


def test_pins_leave_out_markers_and_the_cluster_part(doctor, tmp_path):
    pins = tmp_path / 'constraints.txt'
    pins.write_text(
        '# comment == not a pin\ntorch==2.11.0\ntomli==2.5.0 ; python_version < "3.11"\n'
        'opencv-python-headless==4.12.0.88\n\n# --- extra [cluster]: not installed ---\nray==2.60.0\n'
    )
    assert doctor.read_pins(pins) == {'torch': '2.11.0', 'opencv-python-headless': '4.12.0.88'}


def test_bare_python_gets_a_report_and_exit_code_1(tmp_path):
    venv = tmp_path / 'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(venv)], check=True)
    result = subprocess.run([str(venv / 'bin/python'), str(SCRIPT)], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == ''
    assert 'torch                missing' in result.stdout
    assert "does not import: ModuleNotFoundError: No module named 'torch'" in result.stdout
    assert '-> make -B setup' in result.stdout


def test_compiled_ops_run_here():
    result = subprocess.run([sys.executable, str(SCRIPT), '--ops', 'cpu'], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'nms_rotated runs' in result.stdout


def test_crash_keeps_the_facts_before_it(doctor, monkeypatch):
    crash = (
        'import json, os, signal\nprint(json.dumps({"torch": 1}), flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)\n'
    )
    monkeypatch.setattr(doctor, 'PROBE', crash)
    facts = doctor.probe()
    assert facts == {'torch': 1, 'crash': 'the process ended with code -11'}
    assert doctor.ops_problem(facts, 'cpu') == 'the process ended with code -11'


@pytest.mark.parametrize(
    ('gpus', 'release', 'ops', 'reason'),
    [
        ([], '13.0', 'cpu', 'no GPU'),
        (['H200'], None, 'cpu', 'no nvcc'),
        (['H200'], '12.8', 'cpu', 'nvcc is of CUDA 12.8, torch of CUDA 13.0'),
        (['H200'], '13.0', 'cuda', ''),
        # CUDA extensions may differ from torch in the minor version.
        (['H200'], '13.2', 'cuda', ''),
    ],
)
def test_ops_to_compile(doctor, tmp_path, gpus, release, ops, reason):
    if release:
        make_command(tmp_path / 'bin/nvcc', f'Cuda compilation tools, release {release}, V{release}.88')
    facts = facts_of(gpus, toolkit=str(tmp_path))
    assert doctor.wanted_ops(facts)[0] == ops
    assert reason in doctor.wanted_ops(facts)[1]


def test_no_torch_means_cpu_ops(doctor):
    assert doctor.wanted_ops({'torch_error': 'ImportError: no'})[0] == 'cpu'


@pytest.mark.parametrize(
    ('facts', 'device', 'problem'),
    [
        (facts_of(), 'cpu', ''),
        # Of three boxes the second lies on the first (IoU over 0.9), the third elsewhere.
        (facts_of(ops_cpu=[0, 1, 2]), 'cpu', 'keeps [0, 1, 2]'),
        (facts_of(ops_cpu=None, ops_cpu_error='ImportError: undefined symbol'), 'cpu', 'undefined symbol'),
        (facts_of(['H200'], ops_cuda=[0, 2]), 'cuda', ''),
        (facts_of(['H200'], ops_cuda_error='RuntimeError: no kernel image'), 'cuda', 'no kernel image'),
        (facts_of(['H200'], ops_cuda_version='not available'), 'cuda', 'compiled without CUDA'),
        # Ops for a GPU may be compiled where none is: then the CPU ones are what can be tried.
        (facts_of(), 'cuda', ''),
    ],
)
def test_ops_problem(doctor, facts, device, problem):
    found = doctor.ops_problem(facts, device)
    assert (found == '') == (problem == '')
    assert problem in found


@pytest.mark.parametrize(
    ('there', 'advice'),
    [
        (['opencv-python-headless'], ''),
        (['opencv-python', 'opencv-python-headless'], 'uninstall -y opencv-python opencv-python-headless;'),
        (['opencv-python'], 'install --no-deps opencv-python-headless=='),
        ([], 'install --no-deps opencv-python-headless=='),
    ],
)
def test_exactly_one_cv2(doctor, monkeypatch, there, advice):
    monkeypatch.setattr(doctor, 'installed_version', lambda name: '4.12.0.88' if name in there else None)
    (finding,) = doctor.check_cv2(facts_of())
    assert (finding.advice == '') == (advice == '')
    assert advice in finding.advice


def test_cv2_that_does_not_import(doctor, monkeypatch):
    monkeypatch.setattr(doctor, 'installed_version', lambda name: '4.12' if name == doctor.HEADLESS else None)
    facts = {'cv2_error': 'ImportError: libGL.so.1: cannot open shared object file'}
    (finding,) = doctor.check_cv2(facts)
    assert 'libGL.so.1' in finding.text
    assert '--force-reinstall opencv-python-headless==4.12' in finding.advice


def test_other_version_than_the_pin(doctor, monkeypatch):
    versions = {'torch': '2.11.0+cpu', 'numpy': '1.26.4', 'rich': '14.0.0', 'ship-det': '0.1.0'}
    monkeypatch.setattr(doctor, 'installed_version', versions.get)
    pins = {'torch': '2.11.0', 'numpy': '2.2.6', 'rich': '15.0.0', 'scipy': '1.15.3'}
    findings = {finding.subject: finding for finding in doctor.check_pins(pins)}
    assert findings['torch'].advice == ''
    assert 'the pin is 2.2.6' in findings['numpy'].advice
    assert findings['other versions'].text == 'rich 14.0.0 (pin 15.0.0)'
    assert findings['missing'].text == 'scipy'


def test_missing_opencv_python_is_as_it_should_be(doctor, monkeypatch):
    output = (
        'onedl-mmcv 2.3.6 requires opencv-python, which is not installed.\n'
        'imaug 0.4.3 requires opencv-python<4.13, which is not installed.\n'
        'imaug 0.4.3 requires opencv-python-headless, which is not installed.\n'
        'geopandas 1.1.4 requires pandas, which is not installed.\n'
    )
    monkeypatch.setattr(doctor.subprocess, 'run', lambda *args, **kwargs: subprocess.CompletedProcess(args, 1, output))
    assert [finding.text.split()[0] for finding in doctor.check_dependencies()] == ['imaug', 'geopandas']


def test_gpu_that_torch_cannot_use(doctor, monkeypatch, tmp_path):
    make_command(tmp_path / 'nvidia-smi', 'NVIDIA H200, 550.54, 143771 MiB')
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    findings = list(doctor.check_gpu(facts_of()))
    assert 'NVIDIA H200, 550.54' in findings[0].text
    assert [f.advice for f in findings if f.advice] == [
        'update the NVIDIA driver to one that supports CUDA 13.0 (see nvidia-smi)'
    ]
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    assert not any(finding.advice for finding in doctor.check_gpu(facts_of()))


def test_cpu_ops_on_a_machine_with_a_gpu_are_a_problem(doctor):
    findings = list(doctor.check_ops(facts_of(['H200'], ops_cuda_version='not available')))
    assert [bool(finding.advice) for finding in findings] == [False, True]
    assert 'CUDA toolkit 13.0' in findings[1].advice
