"""Says what the environment is and what to do about each thing that is broken: ``make doctor``.

Uses the standard library alone and looks at torch and MMCV in a process of their own, so that it also works where they
are missing or crash.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / 'constraints.txt'
PYTHONS = ((3, 10), (3, 13))
SHOWN = (
    'torch',
    'torchvision',
    'onedl-mmengine',
    'onedl-mmcv',
    'onedl-mmdetection',
    'onedl-mmrotate',
    'numpy',
    'shapely',
    'rasterio',
)
CV2_DISTRIBUTIONS = [f'opencv-{kind}python{build}' for kind in ('', 'contrib-') for build in ('', '-headless')]
HEADLESS = 'opencv-python-headless'
# Wheels of torch with its CUDA libraries, unpacked, and the files of one compile.
SETUP_GIGABYTES = 8
SPARE_GIGABYTES = 2

REPAIR = 'make -B setup'

# Each step is reported alone: torch may import where MMCV's compiled ops do not.
PROBE = """
import json, sys
from importlib import import_module
facts = {}
def step(name, function):
    try:
        facts[name] = function()
    except BaseException as error:
        facts[name + '_error'] = f'{type(error).__name__}: {error}'.strip().splitlines()[0]
    print(json.dumps(facts), flush=True)
def torch_facts():
    import torch
    cuda = torch.cuda.is_available()
    return {
        'version': torch.__version__,
        'cuda': torch.version.cuda,
        'gpus': [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else [],
    }
def kept(device):
    import torch
    from mmcv.ops import nms_rotated
    boxes = torch.tensor([[50, 50, 40, 10, 0.3], [50, 50, 40, 10, 0.31], [90, 90, 40, 10, 0]], dtype=torch.float32)
    scores = torch.tensor([0.9, 0.8, 0.7])
    return nms_rotated(boxes.to(device), scores.to(device), 0.5)[1].tolist()
step('torch', torch_facts)
step('toolkit', lambda: import_module('torch.utils.cpp_extension').CUDA_HOME)
step('cv2', lambda: import_module('cv2').__version__)
step('ops_cuda_version', lambda: import_module('mmcv.ops').get_compiling_cuda_version())
step('ops_cpu', lambda: kept('cpu'))
if facts.get('torch', {}).get('gpus'):
    step('ops_cuda', lambda: kept('cuda'))
"""
KEPT_BOXES = [0, 2]


@dataclass
class Finding:
    """One line of the report; ``advice`` is there exactly where something is broken."""

    subject: str
    text: str
    advice: str = ''


def read_pins(path: Path) -> dict[str, str]:
    """Pinned versions that every environment has: without the lines that carry a marker and without extra [cluster]."""
    installed_part = path.read_text().split('\n# --- extra [cluster]')[0]
    return dict(re.findall(r'^([A-Za-z0-9_.-]+)==(\S+)[ \t]*$', installed_part, flags=re.MULTILINE))


def installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def output_of(*command: str) -> str | None:
    """What ``command`` prints, or None where it does not exist or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def probe() -> dict:
    """Facts about torch, cv2 and the compiled ops; ``NAME_error`` instead of ``NAME`` where a step failed.

    A step that takes the process down (a library of another build does that) leaves the facts before it and ``crash``.
    """
    result = subprocess.run([sys.executable, '-c', PROBE], capture_output=True, text=True, cwd=ROOT)
    lines = [line for line in result.stdout.splitlines() if line.startswith('{')]
    facts = json.loads(lines[-1]) if lines else {}
    if result.returncode != 0:
        facts['crash'] = f'the process ended with code {result.returncode}'
    return facts


def nvcc_release(toolkit: str | None) -> str | None:
    """Release of the CUDA compiler, '13.0', in ``toolkit``; of the one on the path where no toolkit is known."""
    text = output_of(str(Path(toolkit) / 'bin' / 'nvcc') if toolkit else 'nvcc', '--version') or ''
    match = re.search(r'release (\d+\.\d+)', text)
    return match[1] if match else None


def wanted_ops(facts: dict) -> tuple[str, str]:
    """Which ops onedl-mmcv can be compiled with here, 'cuda' or 'cpu', and why."""
    torch = facts.get('torch')
    if not torch:
        return 'cpu', 'torch does not import'
    if not torch['gpus']:
        return 'cpu', 'torch sees no GPU'
    release = nvcc_release(facts.get('toolkit'))
    if not facts.get('toolkit') or not release:
        return 'cpu', 'a GPU is there, but no nvcc'
    # Extensions may differ from torch in the minor version of CUDA, not in the major one.
    if release.split('.')[0] != torch['cuda'].split('.')[0]:
        return 'cpu', f'nvcc is of CUDA {release}, torch of CUDA {torch["cuda"]}'
    return 'cuda', f'a GPU and nvcc {release} are there'


def ops_problem(facts: dict, device: str) -> str:
    """What is wrong with the compiled ops on ``device`` ('cpu' or 'cuda'), or ''."""
    if device == 'cuda' and facts.get('ops_cuda_version') == 'not available':
        return 'compiled without CUDA'
    if device == 'cuda' and not facts.get('torch', {}).get('gpus'):
        return ops_problem(facts, 'cpu')
    kept = facts.get(f'ops_{device}')
    if kept is None:
        return facts.get(f'ops_{device}_error') or facts.get('crash') or 'no answer'
    return '' if kept == KEPT_BOXES else f'nms_rotated keeps {kept} of three boxes, expected {KEPT_BOXES}'


def check_python() -> Iterator[Finding]:
    here = sys.version_info[:2]
    good = PYTHONS[0] <= here < PYTHONS[1]
    advice = '' if good else 'needed is 3.10, 3.11 or 3.12: make clean-venv setup PYTHON=python3.11'
    yield Finding('Python', f'{platform.python_version()} ({sys.executable})', advice)
    yield Finding('platform', f'{platform.platform()}, {os.cpu_count()} cores')


def check_pins(pins: dict[str, str]) -> Iterator[Finding]:
    """The packages a user asks about one by one, of the others only those that differ from their pin."""
    missing, different = [], []
    for name, pin in pins.items():
        version = installed_version(name)
        # torch says 2.11.0+cpu or 2.11.0+cu130, the pin is 2.11.0.
        same = version is not None and (version == pin or version.split('+')[0] == pin)
        if name in SHOWN:
            yield Finding(name, version or 'missing', '' if same else f'the pin is {pin}: {REPAIR}')
        elif version is None:
            missing.append(name)
        elif not same:
            different.append(f'{name} {version} (pin {pin})')
    if missing:
        yield Finding('missing', ', '.join(missing), REPAIR)
    if different:
        yield Finding('other versions', ', '.join(different), REPAIR)
    if not missing and not different:
        yield Finding('other pins', f'{len(pins)} pinned packages are as in {PINS.name}')
    if installed_version('ship-det') is None:
        yield Finding('ship-det', 'not installed', REPAIR)


def check_dependencies() -> Iterator[Finding]:
    """Unmet requirements, apart from opencv-python, for which the headless build stands in."""
    result = subprocess.run([sys.executable, '-m', 'pip', 'check'], capture_output=True, text=True)
    wanted = rf'requires opencv-python(?!{HEADLESS.removeprefix("opencv-python")})'
    unmet = [line for line in result.stdout.splitlines() if not re.search(wanted, line) and ' requires ' in line]
    for line in unmet:
        yield Finding('dependency', line, REPAIR)


def check_cv2(facts: dict) -> Iterator[Finding]:
    there = {name: version for name in CV2_DISTRIBUTIONS if (version := installed_version(name))}
    text = ', '.join(f'{name} {version}' for name, version in there.items()) or 'no distribution'
    advice = ''
    if list(there) != [HEADLESS]:
        # They share the folder cv2: removing one breaks the other, so all go and the right one comes back.
        pin = read_pins(PINS)[HEADLESS]
        advice = (
            f'exactly {HEADLESS} must be there: {sys.executable} -m pip uninstall -y {" ".join(there) or HEADLESS}; '
            f'{sys.executable} -m pip install --no-deps {HEADLESS}=={pin}'
        )
    elif 'cv2' not in facts:
        text += f', which does not import: {facts.get("cv2_error", "no answer")}'
        advice = f'{sys.executable} -m pip install --no-deps --force-reinstall {HEADLESS}=={there[HEADLESS]}'
    yield Finding('cv2', text, advice)


def check_torch(facts: dict) -> Iterator[Finding]:
    if 'torch' not in facts:
        yield Finding('torch', f'does not import: {facts.get("torch_error") or facts.get("crash")}', REPAIR)


def check_ops(facts: dict) -> Iterator[Finding]:
    problem = ops_problem(facts, 'cpu')
    advice = f'{REPAIR} (compiles onedl-mmcv again where it does not fit torch)' if problem else ''
    yield Finding('ops on CPU', problem or 'nms_rotated runs', advice)
    if not facts.get('torch', {}).get('gpus'):
        return
    problem = ops_problem(facts, 'cuda')
    ops, reason = wanted_ops(facts)
    if problem and ops == 'cuda':
        advice = f'{REPAIR} (compiles onedl-mmcv with CUDA: {reason})'
    elif problem:
        advice = (
            f'{reason}: install the CUDA toolkit {facts["torch"]["cuda"]} and set CUDA_HOME, then {REPAIR}; '
            'or hide the GPU: export CUDA_VISIBLE_DEVICES='
        )
    yield Finding('ops on GPU', problem or 'nms_rotated runs', advice if problem else '')


def check_gpu(facts: dict) -> Iterator[Finding]:
    cards = output_of('nvidia-smi', '--query-gpu=name,driver_version,memory.total', '--format=csv,noheader')
    torch = facts.get('torch') or {}
    cuda = torch.get('cuda')
    for card in (cards or '').splitlines():
        yield Finding('GPU', f'{card} (name, driver, memory)')
    hidden = os.environ.get('CUDA_VISIBLE_DEVICES') in ('', '-1')
    if cards and torch and not torch['gpus'] and not hidden:
        yield Finding(
            'GPU', 'torch cannot use it', f'update the NVIDIA driver to one that supports CUDA {cuda} (see nvidia-smi)'
        )
    if not cards:
        yield Finding('GPU', ', '.join(torch.get('gpus', [])) or 'none seen; everything runs on the CPU')
    release = nvcc_release(facts.get('toolkit'))
    against = f'torch is of CUDA {cuda}' if cuda else 'torch has no CUDA'
    yield Finding('nvcc', f'{release}, {against}' if release else f'none (only for compiling the GPU ops); {against}')


def check_disk() -> Iterator[Finding]:
    free = shutil.disk_usage(ROOT).free / 2**30
    needed = SPARE_GIGABYTES if installed_version('torch') else SETUP_GIGABYTES
    advice = '' if free >= needed else f'at least {needed} GB are needed here'
    yield Finding('disk', f'{free:.0f} GB free at {ROOT}', advice)


def examine() -> Iterator[Finding]:
    """All findings, in the order of the report."""
    yield from check_python()
    yield from check_pins(read_pins(PINS))
    yield from check_dependencies()
    facts = probe()
    yield from check_torch(facts)
    yield from check_cv2(facts)
    yield from check_ops(facts)
    yield from check_gpu(facts)
    yield from check_disk()


def report() -> int:
    """Prints every finding as it is made; 1 where something is broken, else 0."""
    broken = 0
    for finding in examine():
        print(f'{"!!" if finding.advice else "ok"}  {finding.subject:<20} {finding.text}', flush=True)
        if finding.advice:
            broken += 1
            print(f'    {"":<20} -> {finding.advice}')
    print(f'\n{broken} problem(s), each with what to do (->) below it.' if broken else '\nNothing is broken.')
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--wanted-ops', action='store_true', help='print the ops to compile here: cpu or cuda')
    parser.add_argument('--ops', choices=('cpu', 'cuda'), help='only check that these compiled ops run')
    args = parser.parse_args()
    if args.wanted_ops:
        ops, reason = wanted_ops(probe())
        print(f'{ops} ops: {reason}', file=sys.stderr)
        print(ops)
        return 0
    if args.ops:
        problem = ops_problem(probe(), args.ops)
        print(f'onedl-mmcv: {args.ops} ops: {problem or "nms_rotated runs"}')
        return 1 if problem else 0
    return report()


if __name__ == '__main__':
    sys.exit(main())
