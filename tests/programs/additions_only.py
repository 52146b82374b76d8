"""Reads a disassembly: the functions that multiply one row by codes of 1 and 2 bits add what they look up and multiply no weight.

additions_only.py OBJDUMP LIBRARY: LIBRARY holds gemm's kernels. Each group's sum is multiplied by its scales: that much is allowed.
"""

import re
import subprocess
import sys

SCALES = 3 * 4  # a sum by what an integer is worth, a's scale by w's, the sum by both: of each of four panels


def functions(text):
    for part in re.split(r"\n\n", text):
        name = re.match(r"\s*[0-9a-f]+ <(.*)>:", part)
        if name:
            yield name[1], [line.split("\t")[-1].split()[0] for line in part.splitlines()[1:] if "\t" in line]


def main(objdump, library):
    text = subprocess.run([objdump, "-d", "-C", "--no-show-raw-insn", library], check=True, capture_output=True, text=True).stdout
    seen = 0
    for name, instructions in functions(text):
        if not re.search(r"avx512::add_units<[12]", name):
            continue
        seen += 1
        sums = sum(i == "vpaddw" for i in instructions)
        looked_up = sum(i == "vpermw" for i in instructions)
        of_integers = [i for i in instructions if re.match(r"vp(dp|mul|madd)", i)]
        of_floats = [i for i in instructions if re.match(r"v(f?n?m(ul|add|sub)|dp)", i) and re.search(r"mul|fn?m|dp", i)]
        if sums < looked_up or looked_up == 0 or of_integers or len(of_floats) > SCALES:
            sys.exit(f"{name}: {looked_up} look-ups, {sums} additions, products {of_integers + of_floats}")
    if seen != 2:
        sys.exit(f"{seen} functions instead of 2")


if __name__ == "__main__":
    main(*sys.argv[1:])
