# Sourced by the scripts that build: installs what is missing from Debian's or Ubuntu's packages, quietly, and only then
# uses the network. Elsewhere it says what has to be there and lets CMake find it.
#   need <package>...
need() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null; then
        echo "No Debian packages here; expecting what these provide: $*" >&2
        return 0
    fi
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Installing ${missing[*]}" >&2
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
        { "${root[@]}" apt-get update -qq &&
            "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; }
    } </dev/null >&2
}

build_packages=(g++ cmake ninja-build)
test_packages=("${build_packages[@]}" python3 catch2 librapidcheck-dev libboost-dev nlohmann-json3-dev libcli11-dev)
example_packages=("${build_packages[@]}" nlohmann-json3-dev libcli11-dev)
bench_packages=("${build_packages[@]}" python3 libbenchmark-dev)

# CMake reads the launcher from the environment; a compiler cache is welcome and never needed.
if [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] && command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi
