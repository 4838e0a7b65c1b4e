#!/usr/bin/env bash
# A C++ compiler that parses torch's headers once, not for each file: tools/setup.sh sets CXX to it. Environment:
#   REAL_CXX      the compiler
#   TORCH_HEADER  folder for the precompiled header, 430 MB
# GCC takes a precompiled header only where all flags agree, so it is made with those of the first file that comes.
# Where that fails, or the compiler leaves the header aside, each file is compiled as it would be without.
set -u
compiler=${REAL_CXX:-c++}
header=$TORCH_HEADER/torch_types.h

flags=()
compiles=
arguments=("$@")
while (($#)); do
    case $1 in
        -c) compiles=yes ;;
        -o | -MF | -MT) shift ;;
        -MMD | -MD | *.cpp | *.cc | *.o) ;;
        *) flags+=("$1") ;;
    esac
    shift
done
if [ -z "$compiles" ]; then exec "$compiler" "${arguments[@]}"; fi

# The first of several processes makes it, the others wait.
exec 9>"$TORCH_HEADER/lock"
flock 9
if [ ! -e "$header" ]; then
    printf '#include <torch/types.h>\n#include <vector>\n' >"$header"
    "$compiler" "${flags[@]}" -x c++-header "$header" -o "$header.gch" || touch "$TORCH_HEADER/failed"
fi
exec 9>&-
if [ -e "$TORCH_HEADER/failed" ]; then exec "$compiler" "${arguments[@]}"; fi
exec "$compiler" -include "$header" "${arguments[@]}"
