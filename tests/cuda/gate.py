"""Holds kernels to what their machine code may be, by the lines "// gate:" of a .cu file and the disassembly of its cubin.

Usage: gate.py NVDISASM CUBIN SOURCE

A line says: a part of the kernel's name; after "needs", opcodes that its main loop must hold (by their beginnings);
after "at most", instructions of the main loop per weight, and how many weights of one lane an iteration takes, or per matrix instruction
("product"), and how many of these an iteration has. No kernel may use local memory
or call anything. The main loop is the longest that multiplies matrices and has no other within.
"""

import collections
import re
import subprocess
import sys

FORBIDDEN = ("LDL", "STL", "CALL")
MULTIPLIES = ("HMMA", "IMMA", "QMMA", "HGMMA", "QGMMA", "IGMMA", "IDP")


def functions(text):
    """{readable name: [(label or None, opcode, operands)]}"""
    found, current = {}, None
    for line in text.splitlines():
        if match := re.match(r"\.text\.(\S+):", line):
            current = found.setdefault(readable(match.group(1)), [])
        elif current is not None:
            if match := re.match(r"(\.L_x_\d+):", line):
                current.append((match.group(1), None, None))
            elif match := re.search(r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)(.*?);", line):
                current.append((None, match.group(1), match.group(2)))
    return found


def readable(mangled):
    name = subprocess.run(["c++filt", mangled], capture_output=True, text=True).stdout.strip()
    return re.sub(r"\(int\)|fewbits::", "", name)


def main_loop(code):
    """The opcodes of the longest loop that multiplies and has no such loop within it; a loop ends in a jump back to its label."""
    labels = {label: i for i, (label, _, _) in enumerate(code) if label}
    loops = []
    for i, (_, opcode, operands) in enumerate(code):
        target = re.search(r"\.L_x_\d+", operands or "") if opcode == "BRA" else None
        if target and labels.get(target.group(0), i) < i:
            first = labels[target.group(0)]
            if any(o and o.startswith(MULTIPLIES) for _, o, _ in code[first:i]):
                loops.append((first, i))
    inner = [(f, e) for f, e in loops if not any((g, d) != (f, e) and f <= g and d <= e for g, d in loops)]
    return max(([o for _, o, _ in code[f:e + 1] if o] for f, e in inner), key=len, default=[])


def rules(source):
    for match in re.finditer(r"// gate: (.+?)  needs (.+?)  at most ([\d.]+) a (?:weight|product) of (\d+)$", source, re.M):
        yield match.group(1), match.group(2).split(), float(match.group(3)), int(match.group(4))


def violations(code, needs, most, weights):
    loop = main_loop(code)
    if not loop:
        return 0.0, ["no loop that multiplies"]
    found = [f"{o} appears" for o in sorted({o for _, o, _ in code if o and o.split(".")[0] in FORBIDDEN})]
    found += [f"the loop has no {need}" for need in needs if not any(o.startswith(need) for o in loop)]
    cost = len(loop) / weights
    if cost > most:
        found.append(f"{cost:.2f} instructions each, {most} at most: "
                     + " ".join(f"{n} {o}" for o, n in collections.Counter(o.split(".")[0] for o in loop).most_common(8)))
    return cost, found


def check_itself():
    text = ".text.k:\n.L_x_1:\n /*0010*/ HMMA.1 R1, R2 ;\n /*0020*/ @P0 LDS R1, [R2] ;\n /*0030*/ @!P0 BRA `(.L_x_1) ;\n /*0040*/ LDL R1, [R2] ;\n"
    code = functions(text)["k"]
    assert main_loop(code) == ["HMMA.1", "LDS", "BRA"]
    assert violations(code, ["HMMA", "LDG"], 1, 2) == (1.5, ["LDL appears", "the loop has no LDG",
                                                             "1.50 instructions each, 1 at most: 1 HMMA 1 LDS 1 BRA"])


def main():
    check_itself()
    nvdisasm, cubin, source = sys.argv[1:]
    text = subprocess.run([nvdisasm, cubin], capture_output=True, text=True, check=True).stdout
    kernels = functions(text)
    failed, checked = 0, 0
    for name, needs, most, weights in rules(open(source).read()):
        matching = [code for kernel, code in kernels.items() if name in kernel]
        if len(matching) != 1:
            print(f"{name}: {len(matching)} kernels of that name among {sorted(kernels)}")
            failed += 1
            continue
        checked += 1
        cost, found = violations(matching[0], needs, most, weights)
        print(f"{name}: {cost:.2f} instructions each" + "".join(f"\n    {what}" for what in found))
        failed += bool(found)
    print(f"{checked} kernels, {failed} failed")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
