#!/usr/bin/env bash
# What every format costs on a real language model: builds examples/perplexity for this machine and runs it on the model
# in examples/data (or as its arguments say: examples/run.sh --help).
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$tree/cmake/packages.sh"

# The build speaks on stderr, so that the program's own output can be piped.
build() {
    need "${example_packages[@]}"
    cd "$tree"
    cmake --preset examples
    cmake --build --preset examples --target perplexity --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
}
(build) >&2
exec "$tree/build/examples/examples/perplexity" "$@"
