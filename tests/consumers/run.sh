#!/usr/bin/env bash
# Proves every documented way of including fewbits with a project outside the tree: copied to a temporary folder, built, run.
#   tests/consumers/run.sh [conan cuda find_package add_subdirectory fetch_content pkg_config]     (all by default)
# As many ways at a time as there are processors; the longest come first.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/fewbits-consumers.XXXXXX")
trap 'rm -rf "$work"' EXIT
all=(conan cuda find_package add_subdirectory fetch_content pkg_config)

# What a user would have: a clean copy of the sources and, for the first, an installation under a prefix that
# differs from the one given at configure time.
sources=$work/sources/fewbits
mkdir -p "$sources"
cp -r "$tree"/{CMakeLists.txt,LICENSE,cmake,include,conanfile.py,test_package} "$sources"
rm -rf "$sources/test_package/build" "$sources/test_package/CMakeUserPresets.json"

project() { # a folder outside the tree with the consumer of the given name
    mkdir -p "$work/$1"
    [ ! -d "$tree/tests/consumers/$1" ] || cp -r "$tree/tests/consumers/$1/." "$work/$1"
    cp "$tree/test_package/consumer.cpp" "$work/$1"
    cd "$work/$1"
}

install() {
    cmake -S "$sources" -B "$work/install-build" >/dev/null
    cmake --install "$work/install-build" --prefix "$work/installed" >/dev/null
    # The installation must stand alone and can be moved.
    mv "$work/installed" "$work/prefix"
    [ -z "$(grep -rl "$sources" "$work/prefix" || true)" ] || { echo "the installation names its sources" >&2; return 1; }
}

build_and_run() { # -O1: g++ takes two thirds of the time that it needs for -O3 or none, and Conan's packages are fully optimised
    cmake -B build -DCMAKE_CXX_FLAGS=-O1 "$@" >/dev/null
    cmake --build build >/dev/null
    ./build/consumer
}

use_find_package() {
    project find_package
    build_and_run -DCMAKE_PREFIX_PATH="$work/prefix"
    sed -i 's/fewbits 0.1 /fewbits 99.0 /' CMakeLists.txt
    if cmake -B refused -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null 2>&1; then
        echo "find_package accepts a version that is not there" >&2
        return 1
    fi
}

use_add_subdirectory() {
    project add_subdirectory
    mkdir -p extern
    cp -r "$sources" extern/fewbits
    build_and_run
    # As a subproject it installs nothing and brings no tests.
    cmake --install build --prefix "$work/nothing" >/dev/null
    [ -z "$(find "$work/nothing" -type f 2>/dev/null)" ] || { echo "a subproject installs files" >&2; return 1; }
}

use_fetch_content() {
    project fetch_content
    build_and_run -DFEWBITS_SOURCE_DIR="$sources"
}

use_pkg_config() {
    project pkg_config
    export PKG_CONFIG_PATH=$work/prefix/share/pkgconfig
    # shellcheck disable=SC2046
    ${CXX:-g++} -std=c++20 -O1 consumer.cpp -o consumer $(pkg-config --cflags --libs fewbits)
    ./consumer
}

conan_command() { # Conan 2 from the PATH, or from a virtual environment of our own
    if command -v conan >/dev/null && conan --version 2>/dev/null | grep -q 'version 2'; then
        command -v conan
        return
    fi
    local venv=${FEWBITS_CONAN_VENV:-$tree/build/conan-venv}
    if [ ! -x "$venv/bin/conan" ]; then
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet 'conan>=2,<3' >&2
    fi
    echo "$venv/bin/conan"
}

conan_create() { # prints the package id
    local log=$work/conan-$1.log
    "$conan" create "$sources" -s compiler.cppstd=20 -s build_type="$1" -nr >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    grep -q 'x\*x' "$log" || { cat "$log" >&2; echo "the test package did not run" >&2; return 1; }
    "$conan" list 'fewbits/*:*' --format=json 2>/dev/null |
        python3 -c 'import json, sys
for revision in [r for c in json.load(sys.stdin).values() for ref in c.values() for r in ref["revisions"].values()]:
    print(*revision["packages"])'
}

use_conan() {
    local conan release both
    conan=$(conan_command)
    export CONAN_HOME=$work/conan-home
    "$conan" profile detect >/dev/null 2>&1
    release=$(conan_create Release)
    both=$(conan_create Debug)
    echo "package id: $release"
    if [ -z "$release" ] || [ "$release" != "$both" ] || [ "$(wc -w <<<"$both")" != 1 ]; then
        echo "settings change the package id: Release '$release', with Debug '$both'" >&2
        return 1
    fi
    project conan
    "$conan" install . -s compiler.cppstd=20 -nr >install.log 2>&1 || { cat install.log >&2; return 1; }
    cmake --preset conan-release >/dev/null
    cmake --build --preset conan-release >/dev/null
    ./build/Release/consumer
}

use_cuda() { # compiles and links; without a GPU the program says so
    if ! command -v nvcc >/dev/null; then
        echo "nvcc IS NOT ON THIS MACHINE: the CUDA consumer was NOT built"
        return 0
    fi
    project cuda
    cp "$tree/examples/cuda_gemm/cuda_gemm.cu" consumer.cu
    cmake -B build -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
    cmake --build build >/dev/null
    local said
    if said=$(./build/consumer 2>&1); then return 0; fi
    case $said in
    *cudaErrorNoDevice* | *cudaErrorInsufficientDriver*) echo "no GPU: $said" ;;
    *) echo "$said" >&2 && return 1 ;;
    esac
}

[ $# -gt 0 ] || set -- "${all[@]}"
install
# A subshell per way, and no `if` around it: errexit stays on inside.
set +e
for way in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    { (set -e; "use_$way") >"$work/$way.log" 2>&1; echo $? >"$work/$way.status"; } &
done
wait
passed=0 failed=0
for way in "$@"; do
    echo "== $way"
    cat "$work/$way.log"
    if [ "$(cat "$work/$way.status")" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $way" >&2; fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
