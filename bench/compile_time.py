#!/usr/bin/env python3
"""What the library costs to compile: the umbrella header, and one more gemm<A, W>, in seconds of one core at -O1.

    compile_time.py [--compiler g++] [--flags "-O1"] [--repeat 5] [--check]

Prints both beside their limits (1.5 s and 2 s); with --check a figure above its limit is a failure.
"""

import argparse
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")
HEADER_LIMIT = 1.5
PAIR_LIMIT = 2.0

HEADER = "#include <fewbits/fewbits.hpp>\n"

# Quantizing is in both: what is measured is the product alone.
PAIR = HEADER + """
namespace fb = fewbits;
using rows = fb::matrix_view<float const>;
using result = fb::matrix_view<float>;
"""

ONE = """
void {name}(fb::quantized_matrix<fb::{a}> const& a, fb::quantized_matrix<fb::{w}> const& w, result y) {{
    fb::gemm(a, w, y);
}}
"""


def block_formats():
    """The names in the catalogue's list of block formats."""
    with open(os.path.join(INCLUDE, "fewbits", "formats", "all_formats.hpp"), encoding="utf-8") as source:
        listed = re.search(r"using all_block_formats =\s*type_list<(.*?)>;", source.read(), re.DOTALL).group(1)
    return re.findall(r"[a-z]\w+", re.sub(r"//[^\n]*", "", listed))


def user_seconds(compiler, flags, text, repeat):
    """The least user + system time of several compilations."""
    best = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "unit.cpp")
        with open(source, "w", encoding="utf-8") as out:
            out.write(text)
        command = [compiler, "-std=c++20", *flags, "-I", INCLUDE, "-c", source, "-o", os.path.join(folder, "unit.o")]
        for _ in range(repeat):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--flags", default="-O1")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    flags = shlex.split(arguments.flags)

    def measure(text):
        return user_seconds(arguments.compiler, flags, text, arguments.repeat)

    formats = block_formats()
    first = ONE.format(name="first", a=formats[10], w=formats[20])
    second = ONE.format(name="second", a=formats[0], w=formats[6])
    empty = measure("")
    header = measure(HEADER)
    with_first = measure(PAIR + first)
    with_second = measure(PAIR + first + second)
    print(f"{arguments.compiler} {arguments.flags}, seconds of one core, least of {arguments.repeat} runs")
    print(f"an empty unit                        {empty:6.2f}")
    print(f"umbrella header                      {header:6.2f}   limit {HEADER_LIMIT}")
    print(f"first gemm<A, W> of a unit           {with_first - header:6.2f}")
    print(f"one more gemm<A, W>, both sides new  {with_second - with_first:6.2f}   limit {PAIR_LIMIT}")
    within = header <= HEADER_LIMIT and with_second - with_first <= PAIR_LIMIT
    return 0 if within or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
