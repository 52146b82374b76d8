#!/usr/bin/env bash
# Compares what the kernels do on a GPU with the host: needs nvcc and a GPU. Ends with 1 where something is wrong.
#   tests/on_gpu/run.sh [--catalogue] [--sanitize] [--compile]
# --catalogue takes every format (many minutes of compiling), --sanitize repeats it all under compute-sanitizer's memcheck and racecheck,
# --compile only compiles: no GPU is needed then, if ARCHITECTURES ("80 89 90a 100f 120f") says for which.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$tree/build/on_gpu
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
flags=(-O1 -std=c++20 "-I$tree/include")
sanitize= only_compile=
for option in "$@"; do
    case $option in
    --catalogue) flags+=(-DON_GPU_CATALOGUE) ;;
    --sanitize) sanitize=yes ;;
    --compile) only_compile=yes ;;
    *) echo "run.sh: what is $option?" >&2; exit 2 ;;
    esac
done
# The chip's own instructions are a target of their own: 9.0 is 90a, later families are 100f, 120f.
chip() {
    local found
    found=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
    case $found in
    90) echo 90a ;;
    10?|11?|12?) echo "${found%?}0f" ;;
    *) echo "$found" ;;
    esac
}
for architecture in ${ARCHITECTURES:-$(chip)}; do
    flags+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
done
mkdir -p "$build"
running=()
for unit in main quantize products; do
    "$nvcc" "${flags[@]}" -c -o "$build/$unit.o" "$here/$unit.cu" &
    running+=($!)
done
for one in "${running[@]}"; do wait "$one"; done
"$nvcc" "${flags[@]}" -o "$build/on_gpu" "$build"/{main,quantize,products}.o
[ -z "$only_compile" ] || exit 0
"$build/on_gpu"
if [ -n "$sanitize" ]; then
    sanitizer=$(dirname "$(readlink -f "$nvcc")")/compute-sanitizer
    for tool in memcheck racecheck; do "$sanitizer" --tool "$tool" --error-exitcode 1 "$build/on_gpu"; done
fi
