#!/usr/bin/env bash
# All tests from a fresh clone: installs what is missing, builds the preset (dev by default) and runs it.
#   tests/run.sh [preset] [ctest arguments...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/packages.sh

preset=${1:-dev}
[ $# -eq 0 ] || shift
need "${test_packages[@]}"
cmake --preset "$preset"
cmake --build --preset "$preset" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
ctest --preset "$preset" --parallel "$(nproc)" "$@"
