"""Fails if a kernel in the PTX files of the given folder has variables in local memory, or if a file has no kernel at all."""

import re
import sys
from pathlib import Path


def local_memory(ptx):
    """(number of kernels, [(kernel or function, declaration)])"""
    kernels, found, current = 0, [], "?"
    for line in ptx.splitlines():
        if entry := re.match(r"\s*(?:\.visible|\.weak|\.extern)?\s*\.(entry|func)\b.*?(\w+)\(", line):
            current = entry.group(2)
            kernels += entry.group(1) == "entry"
        elif re.match(r"\s*\.local\b", line) or re.match(r"\s*(ld|st)\.local\b", line):
            found.append((current, line.strip()))
    return kernels, found


def main():
    # The check itself: it must see what it is for.
    assert local_memory(".visible .entry k(\n.local .align 4 .b8 __local_depot0[64];") == \
        (1, [("k", ".local .align 4 .b8 __local_depot0[64];")])
    files = list(Path(sys.argv[1]).glob("*.ptx"))
    right = bool(files)
    for file in files:
        kernels, found = local_memory(file.read_text())
        for kernel, declaration in found:
            print(f"{kernel}: {declaration}")
        print(f"{file.name}: {kernels} kernels, {len(found)} uses of local memory")
        right = right and kernels != 0 and not found
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
