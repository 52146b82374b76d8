"""Holds kernels to what their machine code may be, by the lines "// gate:" of a .cu file and the disassembly of its cubin.

Usage: gate.py NVDISASM CUBIN SOURCE

A line says: a part of the kernel's name; after "needs", opcodes that its main loop must hold (by their beginnings); after "holds", if
there, opcodes that must be anywhere in it; after "lacks", if there, opcodes that may be nowhere in it; after "at most", instructions of the main loop per weight, and how many weights of one lane an
iteration takes (or per matrix instruction, "product", and how many of these it has; "a loop": of the whole loop). No kernel may use local memory or call anything. The main loop is the longest that
multiplies matrices and has no other within. A line "// gate target: 120f" says for which architecture the cubin is made, 90a where there is none.

A line "// gate path:" is for kernels that have a short way for what is usual beside long ones: after "through", opcodes and how often, that tell
the short way from others; after "at most", instructions of the shortest way through a thread that passes them, per value, and the
values of a thread. Such kernels may call.
"""

import collections
import heapq
import re
import subprocess
import sys

LOCAL = ("LDL", "STL")
FORBIDDEN = (*LOCAL, "CALL")
MULTIPLIES = ("HMMA", "IMMA", "QMMA", "HGMMA", "QGMMA", "IGMMA", "OMMA", "UTCQMMA", "UTCOMMA", "IDP")


def functions(text):
    """{readable name: [(label or None, opcode, operands)]}"""
    found, current = {}, None
    for line in text.splitlines():
        if match := re.match(r"\.text\.(\S+):", line):
            current = found.setdefault(readable(match.group(1)), [])
        elif current is not None:
            if match := re.match(r"(\.L_x_\d+):", line):
                current.append((match.group(1), None, None))
            elif match := re.search(r"/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+\s+)?([A-Z][\w.]*)(.*?);", line):
                current.append((None, match.group(2), (match.group(1) or "") + match.group(3)))
    return found


def readable(mangled):
    name = subprocess.run(["c++filt", mangled], capture_output=True, text=True).stdout.strip()
    return re.sub(r"\(int\)|fewbits::", "", name)


def main_loop(code):
    """The opcodes of the longest loop that multiplies and has no such loop within it; a loop ends in a jump back to its label. What begins
    within a loop and ends after it is none: a wait that stands elsewhere jumps back into it."""
    labels = {label: i for i, (label, _, _) in enumerate(code) if label}
    loops = []
    for i, (_, opcode, operands) in enumerate(code):
        target = re.search(r"\.L_x_\d+", operands or "") if opcode == "BRA" else None
        if target and labels.get(target.group(0), i) < i:
            first = labels[target.group(0)]
            if any(o and o.startswith(MULTIPLIES) for _, o, _ in code[first:i]):
                loops.append((first, i))
    loops = [(f, e) for f, e in loops if not any(g < f <= d < e for g, d in loops)]
    inner = [(f, e) for f, e in loops if not any((g, d) != (f, e) and f <= g and d <= e for g, d in loops)]
    return max(([o for _, o, _ in code[f:e + 1] if o] for f, e in inner), key=len, default=[])


def shortest_way(code, through):
    """Instructions of the shortest way from the first to an EXIT that meets each opcode (by its beginning) so often; None if there is none."""
    labels = {label: i for i, (label, _, _) in enumerate(code) if label}
    wanted = tuple(count for _, count in through)
    queue, seen = [(0, 0, (0,) * len(wanted))], set()
    while queue:
        length, i, met = heapq.heappop(queue)
        if (i, met) in seen or i >= len(code):
            continue
        seen.add((i, met))
        _, opcode, operands = code[i]
        if not opcode:
            heapq.heappush(queue, (length, i + 1, met))
            continue
        met = tuple(min(count, m + opcode.startswith(name)) for m, (name, count) in zip(met, through))
        conditional = re.search(r"\bU?P\d", operands) or ".DIV" in opcode
        if opcode == "EXIT" and not conditional:
            if met == wanted:
                return length + 1
            continue
        target = re.search(r"\.L_x_\d+", operands) if opcode.startswith("BRA") else None
        if target:
            heapq.heappush(queue, (length + 1, labels[target.group(0)], met))
        if not target or conditional:
            heapq.heappush(queue, (length + 1, i + 1, met))
    return None


def paths(source):
    for match in re.finditer(r"// gate path: (.+?)  through (.+?)  at most ([\d.]+) a value of (\d+)$", source, re.M):
        through = [(part.split("*")[0], int((part + "*1").split("*")[1])) for part in match.group(2).split()]
        yield match.group(1), through, float(match.group(3)), int(match.group(4))


def path_violations(code, through, most, values):
    found = [f"{o} appears" for o in sorted({o for _, o, _ in code if o and o.split(".")[0] in LOCAL})]
    length = shortest_way(code, through)
    if length is None:
        return 0.0, found + ["no way through " + " ".join(f"{name}*{count}" for name, count in through)]
    cost = length / values
    return cost, found + ([f"{cost:.2f} instructions a value, {most} at most"] if cost > most else [])


def rules(source):
    line = r"// gate: (.+?)  needs (.+?)(?:  holds (.+?))?(?:  lacks (.+?))?  at most ([\d.]+) a (?:loop|(?:weight|product) of (\d+))$"
    for match in re.finditer(line, source, re.M):
        needs, holds, lacks = ((match.group(i) or "").split() for i in (2, 3, 4))
        yield match.group(1), needs, holds, lacks, float(match.group(5)), int(match.group(6) or 1)


def forbidden(code):
    """The opcodes that no kernel may have. On older chips loops end in a "call" of a label of the same function, which is a jump;
    where tensor memory is allocated the compiler has traps called."""
    labels = {label for label, _, _ in code if label}
    for _, opcode, operands in code:
        target = re.search(r"\.L_x_\d+", operands or "")
        if "tcgen05_guardrail_trap" in (operands or ""):
            continue
        if opcode and opcode.split(".")[0] in FORBIDDEN and not (opcode.startswith("CALL") and target and target.group(0) in labels):
            yield opcode


def violations(code, needs, holds, lacks, most, weights):
    loop = main_loop(code)
    if not loop:
        return 0.0, ["no loop that multiplies"]
    found = [f"{o} appears" for o in sorted(set(forbidden(code)))]
    found += [f"the loop has no {need}" for need in needs if not any(o.startswith(need) for o in loop)]
    found += [f"no {hold} anywhere" for hold in holds if not any(o.startswith(hold) for _, o, _ in code if o)]
    found += [f"{o} appears" for o in sorted({o for _, o, _ in code if o and o.startswith(tuple(lacks))})]
    cost = len(loop) / weights
    if cost > most:
        found.append(f"{cost:.2f} instructions each, {most} at most: "
                     + " ".join(f"{n} {o}" for o, n in collections.Counter(o.split(".")[0] for o in loop).most_common(8)))
    return cost, found


def check_itself():
    text = ".text.k:\n.L_x_1:\n /*0010*/ HMMA.1 R1, R2 ;\n /*0020*/ @P0 LDS R1, [R2] ;\n /*0030*/ @!P0 BRA `(.L_x_1) ;\n /*0040*/ LDL R1, [R2] ;\n"
    code = functions(text)["k"]
    assert main_loop(code) == ["HMMA.1", "LDS", "BRA"]
    assert violations(code, ["HMMA", "LDG"], ["LDS"], ["LDS"], 1, 2) == (1.5, ["LDL appears", "the loop has no LDG", "LDS appears",
                                                                      "1.50 instructions each, 1 at most: 1 HMMA 1 LDS 1 BRA"])
    text = ".text.k:\n /*0010*/ CALL.REL.NOINC `(.L_x_1) ;\n.L_x_1:\n /*0020*/ CALL.REL.NOINC `($__internal_0_$__cuda_sm_mma) ;\n"
    assert len(list(forbidden(functions(text)["k"]))) == 1
    text = ".text.k:\n /*0010*/ LDG R1, R2 ;\n /*0020*/ @P0 BRA `(.L_x_1) ;\n /*0030*/ FADD R1, R2 ;\n /*0040*/ FADD R1, R2 ;\n.L_x_1:\n /*0050*/ EXIT ;\n"
    code = functions(text)["k"]
    assert shortest_way(code, [("LDG", 1)]) == 3 and shortest_way(code, [("FADD", 2)]) == 5 and shortest_way(code, [("FADD", 3)]) is None


def main():
    check_itself()
    nvdisasm, cubin, source = sys.argv[1:]
    text = subprocess.run([nvdisasm, cubin], capture_output=True, text=True, check=True).stdout
    kernels = functions(text)
    failed, checked = 0, 0
    lines = open(source).read()
    checks = [(name, violations, rest) for name, *rest in rules(lines)] + [(name, path_violations, rest) for name, *rest in paths(lines)]
    for name, check, rest in checks:
        matching = [code for kernel, code in kernels.items() if name in kernel]
        if len(matching) != 1:
            print(f"{name}: {len(matching)} kernels of that name among {sorted(kernels)}")
            failed += 1
            continue
        checked += 1
        cost, found = check(matching[0], *rest)
        print(f"{name}: {cost:.2f} instructions each" + "".join(f"\n    {what}" for what in found))
        failed += bool(found)
    print(f"{checked} kernels, {failed} failed")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
