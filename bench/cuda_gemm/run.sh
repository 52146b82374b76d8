#!/usr/bin/env bash
# Measures the kernels for devices beside cuBLASLt and writes docs/cuda_performance.md: needs nvcc 12.9 or later and a Hopper GPU.
#   bench/cuda_gemm/run.sh [--built] [quantize] [few] [many]     (--built: with the program of the last run; all parts by default)
# Ends with 1 where there is no device or a result was wrong; the page then shows which.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
build=$tree/build/cuda_gemm
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
libraries=$(dirname "$(dirname "$(readlink -f "$nvcc")")")/lib64

compile() {
    local flags=(-O3 -std=c++20 "-I$tree/include") objects=() running=() architecture unit name one
    for architecture in ${ARCHITECTURES:-80 89 90a}; do
        flags+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
    done
    mkdir -p "$build"
    for unit in "$here"/*.cu; do
        name=$(basename "$unit" .cu)
        objects+=("$build/$name.o")
        "$nvcc" "${flags[@]}" -c -o "$build/$name.o" "$unit" &
        running+=($!)
    done
    for one in "${running[@]}"; do wait "$one"; done
    "$nvcc" "${flags[@]}" -o "$build/cuda_gemm" "${objects[@]}" "-L$libraries" -lcublasLt -Xlinker -rpath -Xlinker "$libraries"
}

page() {
    cat <<'HEAD'
# Kernels for devices beside cuBLASLt

Written by `bench/cuda_gemm/run.sh`; every figure below is of one run.

HEAD
    echo "- $(date -u '+%Y-%m-%d %H:%M UTC'), driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1 || true)"
    "$build/cuda_gemm" "$@" || return 1
}

method() {
    cat <<'METHOD'
- A time is the median of 15 replays of a graph of calls, some milliseconds each, between two events. Weights are read from memory: equal
  copies of 256 MiB together go round. Packing weights is not timed, what a product does with its activations is.
- Operands are random: normal numbers and their codes, integers evenly spread. cuBLASLt multiplies the same 8-bit operands as fewbits, and
  bf16 weights of its own where it has no such format; its time is that of the fastest of the 8 algorithms that it proposes.
- Ratios above 1 are in favour of fewbits. "Wanted" is what the kernels are to reach, written before any was measured.
- Of every product a sample is compared with sums in double precision of the operands' values; what was quantized, with what it was made from.
METHOD
}

if [ "${1-}" = --built ]; then shift; else compile; fi
written=$build/cuda_performance.md
status=0
page "$@" >"$written" || status=1
if ! grep -q '^## ' "$written"; then
    echo "run.sh: nothing was measured" >&2
    exit 1
fi
# How it was measured stands above the first table.
{ sed '/^## /,$d' "$written" | sed '${/^$/d}'; method; echo; sed -n '/^## /,$p' "$written"; } >"$tree/docs/cuda_performance.md"
cat "$tree/docs/cuda_performance.md"
exit "$status"
