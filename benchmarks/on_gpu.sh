#!/usr/bin/env bash
# What a machine with a GPU is asked, in nine minutes: checks, times beside the peers, and training of the zoo's model.
#
# bash benchmarks/on_gpu.sh OUT                   # results, logs and weights in OUT
# bash benchmarks/on_gpu.sh OUT --wheels FOLDER   # installs onedl-mmcv and what it needs from there, without the net
# bash benchmarks/on_gpu.sh OUT --finish N        # training alone: N iterations more, in which the learning rate falls
# bash benchmarks/on_gpu.sh OUT --dry-run         # all of it on the CPU, with three iterations
#
# PYTHON names the Python (default: .venv's where that is, else python3). Each step is given a part of the time; one that
# fails or is cut short does not hold up the next, and the exit code is 1 in the end. The training begins from MODEL's
# weights (default: zoo:r2cnn-ships; with --finish the newest below WORK) and writes its weights to a new folder below WORK
# (default: work_dirs/on_gpu) every minute or so; OUT/model.pth is the last of them in half precision. LIMIT is the time, in s.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { printf 'on_gpu.sh: %s\n' "$*" >&2; exit 2; }

out= wheels= dry= finish=
while (($#)); do
    case $1 in
        --wheels) [ -d "${2:-}" ] || fail "--wheels: found ${2:-nothing}, expected a folder"; wheels=$2; shift ;;
        --finish) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--finish: found ${2:-nothing}, expected a number of iterations"
            finish=$2; shift ;;
        --dry-run) dry=yes ;;
        -*) fail "found $1, expected OUT [--wheels FOLDER] [--finish N] [--dry-run]" ;;
        *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || fail 'expected OUT, a folder for results'
mkdir -p "$out" || fail "$out: cannot be made"
python=${PYTHON:-python3}
if [ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ]; then python=.venv/bin/python; fi
config=configs/zoo/r2cnn_aosr15.py
work=${WORK:-work_dirs/on_gpu}
newest() { find "$1" -name '*.pth' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2-; }
model=${MODEL-zoo:r2cnn-ships}
if [ -n "$finish" ] && [ -z "${MODEL:-}" ]; then
    model=$(newest "$work")
    [ -n "$model" ] || fail "--finish: found no weights below $work, expected those of a run before; MODEL=FILE names others"
fi
limit=${LIMIT:-530}
[[ $limit =~ ^[1-9][0-9]*$ ]] || fail "LIMIT: found $limit, expected a number of seconds"
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
    if [ "$code" != 0 ] && ! { [ "${name%%_*}" = training ] && [ "$code" = 124 ]; }; then failed+=("$name"); fi
}

: >"$out/summary.txt"
if [ -n "$wheels" ]; then
    site=$(mktemp -d)
    step wheels 60 "$python" -m pip install -q --no-index --no-deps --no-compile --target "$site" "$wheels"/*.whl
    export PYTHONPATH=$site:$PWD${PYTHONPATH:+:$PYTHONPATH}
fi

if [ -n "$dry" ]; then
    device=cpu
    processes=2
    limit=3600
    peers=(--backbone r18 --size 128 --repeats 1 --candidates 50 --no-train --no-memory)
    train=(train_cfg.max_iters=3 train_dataloader.dataset.size=256 train_dataloader.dataset.ships=4
        train_dataloader.dataset.repeats=1 val_dataloader.dataset.crops=1 val_dataloader.dataset.size=256
        default_hooks.checkpoint.interval=3)
else
    device=cuda
    # What takes a small detector's time on a GPU is starting its kernels, 0.1 s an image, so several processes share it.
    # Each takes two crops a step and has two that draw them: 64 / (8 * 2) is a multiple of that, see SHUFFLED of
    # SimulatedHarbors. Four processes of four crops each had 38 crops a second on an H100.
    processes=8
    peers=(--backbone r50 --repeats 7)
    train=(train_dataloader.batch_size=2 train_dataloader.num_workers=2 optim_wrapper.optimizer.lr=2e-3
        default_hooks.checkpoint.interval=300 default_hooks.ema.momentum=0.002 default_hooks.ema.gamma=300
        env_cfg.cudnn_benchmark=True)
fi
if [ -n "$finish" ]; then
    warm=$((finish / 20 + 1))
    train+=(train_cfg.max_iters="$finish" param_scheduler.0.end=$warm param_scheduler.1.begin=$warm
        param_scheduler.1.end="$finish" train_dataloader.dataset.first_seed=2000000)
else
    step checks $((limit / 6)) "$python" benchmarks/gpu_checks.py --device $device
    step peers $((limit / 4)) "$python" benchmarks/detectors.py --device $device "${peers[@]}"
fi

# By its own file, not by the package's command: nothing is installed here but wheels. All processes have one GPU, the
# first; NCCL wants one for each, gloo does not.
export OMP_NUM_THREADS=1 GLOO_SOCKET_IFNAME=lo
run=$work/$(date +%Y%m%d_%H%M%S)
command=("$python" tools/train.py "$config" ${model:+--load "$model"} --work-dir "$run")
port=$("$python" -c 'import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    print(free.getsockname()[1])')
step training $((limit - SECONDS)) "$python" -m torch.distributed.run --nproc-per-node $processes \
    --master-addr 127.0.0.1 --master-port "$port" --no-python env LOCAL_RANK=0 \
    "${command[@]}" --launcher pytorch --cfg-options env_cfg.dist_cfg.backend=gloo "${train[@]}"
if [ -z "$(newest "$run")" ] && ((limit - SECONDS > 60)); then
    step training_alone $((limit - SECONDS)) "${command[@]}" --cfg-options "${train[@]}"
fi
last=$(newest "$run")
if [ -n "$last" ]; then
    # What is kept of it: the weights, without the optimizer's state.
    "$python" -c 'import sys, torch
saved = torch.load(sys.argv[1], map_location="cpu", weights_only=False)
weights = {key: value.half() if value.is_floating_point() else value for key, value in saved["state_dict"].items()}
torch.save({"state_dict": weights, "meta": saved["meta"]}, sys.argv[2])' "$last" "$out/model.pth"
else
    failed+=('no weights')
fi
printf '\nweights: %s\nfailed: %s\n' "$last" "${failed[*]:-nothing}" | tee -a "$out/summary.txt"
[ ${#failed[@]} = 0 ]
