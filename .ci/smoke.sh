#!/usr/bin/env bash
# Runs the command lines one after the other on two small simulated scenes: does each start, and read what the last wrote?
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.venv/bin/python
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$work"' EXIT

# The config and what makes it short. This is the one place that names them.
config=configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py
iterations=6
options=(train_cfg.max_iters=$iterations train_cfg.val_interval=$iterations default_hooks.checkpoint.interval=$iterations
    default_hooks.logger.interval=1)
checkpoint=$work/run/iter_$iterations.pth
export SHIP_DET_ROOT=$work/chips

run() { printf '+ %s\n' "$*"; "$@"; }

# What a machine with a GPU would be asked, on the CPU and beside the rest.
bash benchmarks/on_gpu.sh "$work/gpu" --dry-run > "$work/gpu.log" 2>&1 &
gpu=$!

run "$python" data_tools/simulate.py "$work/scenes" --scenes 2 --size 1024 --gsd 1.2 --seed 0
run "$python" data_tools/tile.py "$work/scenes" "$work/chips" --chip 512 --overlap 64 --workers 2
run "$python" data_tools/split.py "$work/chips" --train 0.5 --by scene --seed 0
run "$python" tools/train.py "$config" --work-dir "$work/run" --cfg-options "${options[@]}"
run "$python" tools/test.py "$config" "$checkpoint" --work-dir "$work/test" \
    --out "$work/predictions.jsonl" --cfg-options "${options[@]}"
test -s "$work/predictions.jsonl"
run "$python" tools/detect.py "$work/scenes/images" --out "$work/ships" --config "$config" --checkpoint "$checkpoint"
test -s "$work/ships/ships.gpkg" && test -s "$work/ships/index.html"
run "$python" tools/evaluate.py "$work/ships" "$work/scenes" --json "$work/ships.json"
run "$python" tools/detect.py "$work/scenes/images" --out "$work/zoo" --model r2cnn-ships --no-map
test -s "$work/zoo/ships.gpkg"
wait "$gpu" || { cat "$work/gpu.log"; exit 1; }
test -s "$work/gpu/model.pth"
