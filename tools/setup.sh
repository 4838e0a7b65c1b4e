#!/usr/bin/env bash
# Makes the virtual environment: `make setup`. Environment variables:
#   PYTHON          the Python to use: 3.10, 3.11 or 3.12 (default: the one of .venv where that is there, else python3)
#   PIP_FIND_LINKS  folders with wheels, as pip understands it
#   OPS             cpu or cuda: which compiled ops onedl-mmcv must have (default: cuda where a GPU and nvcc are)
#   MAX_JOBS        compiler processes at a time (default: as many as cores and memory allow)
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
pins=constraints.txt
python=${PYTHON:-python3}
if [ -z "${PYTHON:-}" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then python=$venv/bin/python; fi
# Not $venv/bin/pip: its first line breaks where the path of the checkout is long.
pip=("$venv/bin/python" -m pip)
# One compiler process takes up to 1.5 GB; the CPU ops took 6 core minutes with the header, a CUDA file 40 s.
gigabytes_per_job=2
core_minutes_cpu=6
core_minutes_cuda=60

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }
pin() { sed -n "s/^$1==\([^ ]*\).*/\1/p" "$pins"; }

check_python() {
    command -v "$python" >/dev/null || fail "no such Python: $python. Name one: make setup PYTHON=/path/to/python3.11"
    local version
    version=$(version_of "$python") || fail "$python does not run"
    case $version in
        3.10 | 3.11 | 3.12) ;;
        *) fail "$python is Python $version; needed is 3.10, 3.11 or 3.12. Name one: make setup PYTHON=python3.11" ;;
    esac
    # A compile needs these; better to know before the downloads than after.
    if has_wheel; then return; fi
    command -v "${CXX:-g++}" >/dev/null || fail 'no C++ compiler: onedl-mmcv has to be compiled. Debian: apt install g++'
    "$python" -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_paths()["include"], "Python.h"))' 2>/dev/null ||
        fail "no Python.h for $python: onedl-mmcv has to be compiled. Debian: apt install python3-dev"
}

make_venv() {
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "Virtual environment in $venv ($("$python" --version))"
        # Debian keeps ensurepip in python3-venv; without it, the pip of $python installs one.
        "$python" -m venv --clear "$venv" >/dev/null 2>&1 ||
            { "$python" -m venv --clear --without-pip "$venv" && "$python" -m pip -q --python "$venv/bin/python" install pip; } ||
            fail 'the virtual environment could not be made. Debian: apt install python3-venv'
    fi
    local have want
    have=$(version_of "$venv/bin/python")
    want=$(version_of "$python")
    [ "$have" = "$want" ] || fail "$venv has Python $have, $python is $want. Remove it first: make clean-venv"
}

install_pins() {
    say 'Pinned packages (torch and its CUDA libraries: 2.5 GB to download, 6 GB on disk)'
    local requirements=$venv/requirements.txt
    # Packages without wheels are built with the setuptools and wheel that are pinned, so those come first.
    "${pip[@]}" install --no-deps $(grep -E '^(pip|setuptools|wheel|ninja)==' "$pins")
    sed '/^# --- extra \[cluster\]/,$d; /^onedl-mmcv==/d' "$pins" >"$requirements"
    # Python compiles what it imports, once; all modules of torch together take longer than their download. Where it may
    # not keep that, as in many containers, every start would take seven seconds more.
    local compile=(--no-compile)
    [ -z "${PYTHONDONTWRITEBYTECODE:-}" ] || compile=(--compile)
    "${pip[@]}" install --no-deps --no-build-isolation "${compile[@]}" -r "$requirements"
}

# pip's own cache of built wheels does not know which torch a wheel was compiled against, nor whether it has CUDA ops;
# this one does, and a second checkout on the same machine need not compile again.
wheel_cache() {
    printf '%s/ship-det/onedl-mmcv-%s-torch-%s' "${XDG_CACHE_HOME:-$HOME/.cache}" "$(pin onedl-mmcv)" "$(pin torch)"
}

installed_mmcv() { "${pip[@]}" show onedl-mmcv 2>/dev/null | sed -n 's/^Version: //p' || true; }

has_wheel() {
    compgen -G "$(wheel_cache)-*/*-cp$(version_of "$python" | tr -d .)-*.whl" >/dev/null && return
    [ "$(installed_mmcv)" = "$(pin onedl-mmcv)" ] && return
    local empty
    empty=$(mktemp -d)
    "$python" -m pip download -q --no-deps --only-binary :all: -d "$empty" "onedl-mmcv==$(pin onedl-mmcv)" >/dev/null 2>&1
    local found=$?
    rm -rf "$empty"
    return $found
}

ops_work() { "$venv/bin/python" tools/doctor.py --ops "$1"; }

install_mmcv() {
    local version ops wheels
    version=$(pin onedl-mmcv)
    ops=${OPS:-$("$venv/bin/python" tools/doctor.py --wanted-ops)}
    wheels=$(wheel_cache)-$ops
    say "onedl-mmcv $version with $ops ops"
    if [ "$(installed_mmcv)" = "$version" ] && ops_work "$ops"; then return; fi
    local install=("${pip[@]}" install --no-deps --force-reinstall "onedl-mmcv==$version")
    if "${install[@]}" -q --no-index --find-links "$wheels" 2>/dev/null && ops_work "$ops"; then return; fi
    if "${install[@]}" -q --only-binary onedl-mmcv 2>/dev/null; then
        ops_work "$ops" && return
        echo "The wheel found does not run with this torch, or lacks $ops ops."
    fi
    compile_mmcv "$version" "$ops" "$wheels"
    "${install[@]}" -q --no-index --find-links "$wheels"
    ops_work "$ops" || fail "onedl-mmcv was compiled, but its $ops ops do not run: see make doctor"
}

site_packages() { "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])'; }

jobs_that_fit() {
    local cores memory
    cores=$(nproc)
    memory=$(awk -v each=$gigabytes_per_job '/MemAvailable/ {print int($2 / 1048576 / each)}' /proc/meminfo)
    [ "${memory:-1}" -ge 1 ] || memory=1
    echo $((cores < memory ? cores : memory))
}

compile_mmcv() {
    local version=$1 ops=$2 wheels=$3 log=$venv/compile-onedl-mmcv.log
    local jobs=${MAX_JOBS:-$(jobs_that_fit)} core_minutes=core_minutes_$2
    say "Compiling onedl-mmcv: no fitting wheel exists. About $((${!core_minutes} / jobs + 1)) minutes with $jobs processes, once"
    echo "Log: $log"
    # CFLAGS take the place of Python's own, which have -O3. -g0: debug information doubles the time.
    local flags
    flags=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_config_var("CFLAGS") or "-O3")')
    local settings=(MAX_JOBS="$jobs" CFLAGS="$flags -g0 ${CFLAGS:-}" PATH="$PWD/$venv/bin:$PATH" PYTHONUNBUFFERED=1)
    if [ "$ops" = cuda ]; then
        # The headers of cuBLAS and its like come with torch's packages where the toolkit lacks them.
        settings+=(FORCE_CUDA=1 CPATH="$(site_packages)/nvidia/cu13/include${CPATH:+:$CPATH}")
    else
        # A GPU that is seen makes its build script want nvcc.
        settings+=(FORCE_CUDA=0 CUDA_VISIBLE_DEVICES=)
    fi
    local headers
    headers=$(mktemp -d)
    settings+=(CXX="$PWD/tools/cxx_with_torch_header.sh" REAL_CXX="${CXX:-c++}" TORCH_HEADER="$headers")
    mkdir -p "$wheels"
    # A process group of its own, so that Ctrl-C ends the compilers too.
    setsid env "${settings[@]}" "${pip[@]}" wheel -v --no-cache-dir --no-deps --no-build-isolation --no-binary onedl-mmcv \
        -w "$wheels" "onedl-mmcv==$version" >"$log" 2>&1 &
    local builder=$!
    trap "kill -- -$builder 2>/dev/null || true; rm -rf '$headers'" EXIT
    show_progress $builder "$log"
    trap - EXIT
    local result=0
    wait $builder || result=$?
    rm -rf "$headers"
    [ $result = 0 ] || {
        tail -n 30 "$log" >&2
        fail "the compiler stopped, see $log. OPS=cpu leaves the CUDA ops out, MAX_JOBS=1 needs the least memory"
    }
}

# One line a minute: which of how many files ninja has compiled.
show_progress() {
    local builder=$1 log=$2 start=$SECONDS files
    while kill -0 "$builder" 2>/dev/null; do
        for _ in {1..60}; do kill -0 "$builder" 2>/dev/null && sleep 1; done
        files=$(grep -oE '\[[0-9]+/[0-9]+\]' "$log" 2>/dev/null | tail -n 1 || true)
        echo "  compiled files: ${files:-[0]}, $(((SECONDS - start) / 60)) min"
    done
}

check_python
make_venv
install_pins
install_mmcv
say 'ship-det, editable'
# setuptools warns at length that the installation is editable, so its words are shown only where it failed.
words=$("${pip[@]}" install -q --no-deps --no-build-isolation -e . 2>&1) || fail "$words"
say "Ready after $((SECONDS / 60)) min $((SECONDS % 60)) s. What is there: make doctor"
