"""Applies the diffs of docs/adding_a_format.md to a copy of the headers, compiles the page's ```c++ block against it, runs it.

Usage: adding_a_format.py PAGE.md INCLUDE_DIR COMPILER [FLAGS...]
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def apply(diff, root):
    """Replaces what the diff removes, with its context, by what it adds; each change has to fit in exactly one place."""
    added = 0
    for name, body in re.findall(r"^--- a/\S+\n\+\+\+ b/(\S+)\n@@.*\n((?:[ +\-].*\n|\n)*?)(?=^---|\Z)", diff, re.M):
        lines = body.splitlines()
        before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        path = root / name
        text = path.read_text()
        if text.count(before) != 1:
            sys.exit(f"{name}: the diff's context is there {text.count(before)} times, not once:\n{before}")
        path.write_text(text.replace(before, after))
        added += sum(line.startswith("+") for line in lines)
    return added


def main():
    page, include, compiler, flags = Path(sys.argv[1]).read_text(), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
    diffs = re.findall(r"^```diff\n(.*?)^```$", page, re.M | re.S)
    program = re.search(r"^```c\+\+\n(.*?)^```$", page, re.M | re.S)
    if len(diffs) != 2 or not program:
        sys.exit("the page has no two diffs and a program")
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        shutil.copytree(include, root / "include")
        for diff in diffs:
            if (added := apply(diff, root)) != 2:
                sys.exit(f"a diff adds {added} lines: it promises one line and a name in a list")
        (root / "program.cpp").write_text(program[1])
        subprocess.run([compiler, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", *flags, "-I", str(root / "include"),
                        "-pthread", str(root / "program.cpp"), "-o", str(root / "program")], check=True)
        sys.exit(subprocess.run([str(root / "program")]).returncode)


if __name__ == "__main__":
    main()
