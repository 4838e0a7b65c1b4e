#!/usr/bin/env bash
# What a machine with a GPU is asked, in nine minutes: checks, times beside the peers, and training of the zoo's model.
#
# bash benchmarks/on_gpu.sh OUT                   # results, logs and weights in OUT
# bash benchmarks/on_gpu.sh OUT --wheels FOLDER   # installs onedl-mmcv and what it needs from there, without the net
# bash benchmarks/on_gpu.sh OUT --dry-run         # all of it on the CPU, with three iterations
#
# PYTHON names the Python (default: .venv's where that is, else python3). Each step is given a part of the time; one that
# fails or is cut short does not hold up the next, and the exit code is 1 in the end. The training begins from MODEL's
# weights (default: zoo:r2cnn-ships) and writes its weights every minute; OUT/model.pth is the last one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'on_gpu.sh: %s\n' "$*" >&2; exit 2; }

out= wheels= dry=
while (($#)); do
    case $1 in
        --wheels) wheels=${2:?--wheels: expected a folder}; shift ;;
        --dry-run) dry=yes ;;
        -*) fail "found $1, expected OUT [--wheels FOLDER] [--dry-run]" ;;
        *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || fail 'expected OUT, a folder for results'
mkdir -p "$out" || fail "$out: cannot be made"
python=${PYTHON:-python3}
if [ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ]; then python=.venv/bin/python; fi
config=configs/zoo/r2cnn_aosr15.py
model=${MODEL-zoo:r2cnn-ships}
limit=530
failed=()

# step NAME SECONDS COMMAND...: the command's words go to OUT/NAME.txt too.
step() {
    local name=$1 seconds=$2 start=$SECONDS
    shift 2
    printf '\n##### %s (at %d s, at most %d s)\n' "$name" "$SECONDS" "$seconds"
    timeout --signal=INT --kill-after=20 "$seconds" "$@" 2>&1 | tee "$out/$name.txt" | tail -n 25
    local code=${PIPESTATUS[0]}
    printf '%s: exit code %d after %d s\n' "$name" "$code" $((SECONDS - start)) | tee -a "$out/summary.txt"
    # Training ends when its time is over.
    if [ "$code" != 0 ] && ! { [ "$name" = training ] && [ "$code" = 124 ]; }; then failed+=("$name"); fi
}

: >"$out/summary.txt"
if [ -n "$wheels" ]; then
    site=$(mktemp -d)
    step wheels 60 "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$wheels"/*.whl
    export PYTHONPATH=$site:$PWD${PYTHONPATH:+:$PYTHONPATH}
fi

if [ -n "$dry" ]; then
    device=cpu
    limit=3600
    peers=(--backbone r18 --size 256 --repeats 1 --candidates 100 --no-train --no-memory)
    train=(train_cfg.max_iters=3 train_dataloader.dataset.size=256 train_dataloader.dataset.ships=4
        train_dataloader.dataset.repeats=1 val_dataloader.dataset.crops=1 val_dataloader.dataset.size=256
        default_hooks.checkpoint.interval=3)
else
    device=cuda
    peers=(--backbone r50 --repeats 7)
    # Sixteen crops for each step, and processes enough to draw them.
    train=(train_dataloader.batch_size=16 train_dataloader.num_workers=$(($(nproc) - 1))
        optim_wrapper.optimizer.lr=2e-3 default_hooks.checkpoint.interval=500)
fi

step checks $((limit / 6)) "$python" benchmarks/gpu_checks.py --device $device
step peers $((limit / 4)) "$python" benchmarks/detectors.py --device $device "${peers[@]}"
# By its own file, not by the package's command: nothing is installed here but wheels.
step training $((limit - SECONDS)) "$python" tools/train.py "$config" --amp ${model:+--load "$model"} \
    --work-dir "$out/train" --cfg-options "${train[@]}"
last=$(ls -t "$out"/train/*.pth 2>/dev/null | head -n 1)
if [ -n "$last" ]; then
    # What is kept of it: the weights, without the optimizer's state.
    "$python" -c 'import sys, torch
saved = torch.load(sys.argv[1], map_location="cpu", weights_only=False)
torch.save({key: saved[key] for key in ("state_dict", "meta") if key in saved}, sys.argv[2])' "$last" "$out/model.pth"
    rm -f "$out"/train/*.pth
else
    failed+=('no weights')
fi
printf '\nfailed: %s\n' "${failed[*]:-nothing}" | tee -a "$out/summary.txt"
[ ${#failed[@]} = 0 ]
