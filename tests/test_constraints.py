"""constraints.txt pins the whole environment: it is installed with --no-deps, so what it lacks is never installed."""

from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
# cv2 comes from opencv-python-headless alone.
STAND_INS = {'opencv-python'}


def read_lines() -> list[Requirement]:
    lines = (ROOT / 'constraints.txt').read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def holds(line: Requirement, **environment: str) -> bool:
    return line.marker is None or line.marker.evaluate(environment or None)


@pytest.fixture(scope='module')
def pins() -> dict[str, str]:
    lines = filter(holds, read_lines())
    return {canonicalize_name(line.name): str(line.specifier).removeprefix('==') for line in lines}


@pytest.fixture(scope='module')
def asked_for() -> list[Requirement]:
    """Every requirement in setup.cfg, extras included."""
    config = ConfigParser()
    config.read(ROOT / 'setup.cfg')
    texts = [config['options']['install_requires'], *config['options.extras_require'].values()]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def test_each_line_pins_one_version_and_names_no_address():
    for line in read_lines():
        assert line.url is None
        assert [specifier.operator for specifier in line.specifier] == ['=='], str(line)
        assert '*' not in str(line.specifier)


@pytest.mark.parametrize('python_version', ['3.10', '3.11', '3.12'])
def test_a_package_has_one_version_on_each_python(python_version):
    names = [canonicalize_name(line.name) for line in read_lines() if holds(line, python_version=python_version)]
    assert len(names) == len(set(names))


def test_no_cv2_that_needs_a_screen(pins):
    assert {name for name in pins if name.startswith('opencv')} == {'opencv-python-headless'}


def test_pins_are_within_the_bounds_of_setup_cfg(pins, asked_for):
    for requirement in asked_for:
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), str(requirement)


def test_all_that_is_required_is_pinned(pins, asked_for):
    seen, waiting, missing = set(), list(asked_for), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {''}
        if name in STAND_INS or (name, frozenset(extras)) in seen:
            continue
        seen.add((name, frozenset(extras)))
        if name not in pins:
            missing.add(name)
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if need.marker is None or any(need.marker.evaluate({'extra': extra}) for extra in extras):
                waiting.append(need)
    assert missing == set()
