#!/usr/bin/env bash
# The tests under the instruction sets of other processors, and with two threads: a Markdown table, setting by setting.
#
#   benchmarks/processors.sh                             # the whole suite, setting after setting: some hours
#   benchmarks/processors.sh tests/losses tests/models   # arguments of pytest: a part of it
#   ONLY='this|avx2' benchmarks/processors.sh            # the settings whose line has a match
#
# PyTorch (ATen, oneDNN, MKL), NumPy, OpenBLAS, OpenCV and the C library each choose code by what the processor can do,
# sum in another order with each, and let an environment variable choose older code. Logs go to work_dirs/processors/.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
PYTHON=${PYTHON:-.venv/bin/python}
LOGS=work_dirs/processors

NO_AVX512=AVX512F,AVX512CD,AVX512_SKX,AVX512_CLX,AVX512_CNL,AVX512_ICL
HASWELL="NPY_DISABLE_CPU_FEATURES=$NO_AVX512 OPENBLAS_CORETYPE=Haswell OPENCV_CPU_DISABLE=AVX512-SKX"
NEHALEM="NPY_DISABLE_CPU_FEATURES=AVX2,FMA3,$NO_AVX512 OPENBLAS_CORETYPE=Nehalem"
NEHALEM+=" OPENCV_CPU_DISABLE=AVX512-SKX,AVX2,AVX"
LIBC=GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA
# Name | threads | environment
SETTINGS=(
    'this processor|1|'
    'this processor|2|'
    'ATen default|1|ATEN_CPU_CAPABILITY=default'
    'ATen default|2|ATEN_CPU_CAPABILITY=default'
    'ATen avx2|1|ATEN_CPU_CAPABILITY=avx2'
    'oneDNN SSE41|1|ONEDNN_MAX_CPU_ISA=SSE41'
    'oneDNN AVX2|1|ONEDNN_MAX_CPU_ISA=AVX2'
    'oneDNN AVX512_CORE|1|ONEDNN_MAX_CPU_ISA=AVX512_CORE'
    "NumPy, OpenBLAS, OpenCV without AVX-512|1|$HASWELL"
    "NumPy, OpenBLAS, OpenCV, libm without AVX|1|$NEHALEM $LIBC"
    "all with AVX2|1|ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 $HASWELL"
    "all with SSE4|1|ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_ENABLE_INSTRUCTIONS=SSE4_2 $NEHALEM $LIBC"
)

mkdir -p "$LOGS"
lscpu | sed -n 's/^\(Model name\|CPU family\|Model\): */\1: /p' | paste -sd, | sed 's/,/, /g'
printf '\n| setting | threads | result |\n|---|--:|---|\n'
failed=0
for setting in "${SETTINGS[@]}"; do
    [[ $setting =~ ${ONLY:-.} ]] || continue
    IFS='|' read -r name threads variables <<< "$setting"
    log="$LOGS/${name//[ ,]/_}_$threads.log"
    # Threads that wait for each other sleep: others may want the cores.
    # shellcheck disable=SC2086  # several variables
    env OMP_NUM_THREADS="$threads" MKL_NUM_THREADS="$threads" OMP_WAIT_POLICY=PASSIVE $variables \
        "$PYTHON" -m pytest -q -p no:cacheprovider "$@" > "$log" 2>&1 || failed=1
    printf '| %s | %s | %s |\n' "$name" "$threads" "$(tail -n 1 "$log")"
done
exit $failed
