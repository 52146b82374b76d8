"""The rules of the house, checked over the tree: which way includes point, how long things get, where names may stand.

Usage: house.py ROOT. Prints one line per violation and exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

# The order of the rooms: a header includes only from its own room and from rooms before it.
ROOMS = ["config.hpp", "bits", "format", "rounding", "codec", "packing", "scaling", "formats", "matrix", "parallel",
         "target", "kernels", "quantize", "gemm", "cuda", "ptq", "io", "planning"]
# The same for the folders of the device's room; what lies in none of them may be included by all, and include them.
CUDA_FOLDERS = ["numbers", "quantize", "operands", "fragments", "tiles", "kernels", "ptx", "steps", "selection"]
UMBRELLAS = {"fewbits.hpp", "cuda.hpp"}
HEADER_LINES, KERNEL_LINES, TEST_LINES, FUNCTION_LINES, COLUMNS, MACROS = 300, 500, 400, 60, 140, 10
ONLY_IN_PARALLEL = {"thread", "future", "condition_variable", "stop_token", "execution"}
# English words as well as formats: in a comment they are the word.
ENGLISH = {"binary", "ternary"}
# Types of the processors' arithmetic as well as formats: the rooms of kernels may speak of them, not use them.
ARITHMETIC, ARITHMETIC_ROOMS = {"bf16", "fp16"}, {"target", "kernels", "cuda"}
# The standard library's own name for an open mode.
OPEN_MODE = re.compile(r"\bstd::ios_base::binary\b")

COMMENT_OR_LITERAL = re.compile(
    r'//(?:[^\n\\]|\\\n|\\.)*|/\*.*?\*/|R"(?P<d>[^()\\\s]*)\(.*?\)(?P=d)"'
    r'|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])\'(?:[^\'\\\n]|\\.)+\'', re.S)


def blank(text, keep_literals=False):
    """The text without comments (and string literals), every line still in its place."""
    def replace(match):
        found = match.group(0)
        if found.startswith("/"):
            return " " + "\n" * found.count("\n")
        return found if keep_literals else '""' + "\n" * found.count("\n")
    return COMMENT_OR_LITERAL.sub(replace, text)


def folder_of(path):
    """Its place among the folders of the device's room, None if it is in none."""
    inside = path.parts[0] == "cuda" and len(path.parts) == 3 and path.parts[1] in CUDA_FOLDERS
    return CUDA_FOLDERS.index(path.parts[1]) if inside else None


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def room_of(path):
    return path.parts[0]


# ---- includes

def includes_of(text):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', blank(text, keep_literals=True), re.M):
        yield line_of(blank(text, keep_literals=True), match.start()), match.group(1), match.group(2)


def own_target(path, quoted, angled):
    """The header of ours, relative to include/fewbits, that a directive names; None if it names another library's."""
    if angled:
        return Path(angled).relative_to("fewbits") if angled.startswith("fewbits/") else None
    parts = []
    for part in (path.parent / quoted).parts:
        if part == "..":
            if not parts:
                return Path("..")
            parts.pop()
        elif part != ".":
            parts.append(part)
    return Path(*parts)


def check_includes(headers):
    graph = {}
    for path, text in headers.items():
        graph[path] = []
        room = room_of(path)
        if room not in ROOMS and str(path) not in UMBRELLAS:
            yield path, 1, f"'{room}' is no room of the house: give it a place in ROOMS"
            continue
        for line, quoted, angled in includes_of(text):
            if angled in ONLY_IN_PARALLEL and room != "parallel":
                yield path, line, f"<{angled}> belongs in parallel/ only"
            target = own_target(path, quoted, angled)
            if target is None:
                continue
            if target not in headers:
                yield path, line, f"includes '{quoted or angled}', which is not there"
                continue
            graph[path].append(target)
            if str(target) in UMBRELLAS and str(path) not in UMBRELLAS:
                yield path, line, f"includes the umbrella {target}"
            elif str(path) not in UMBRELLAS and room_of(target) in ROOMS \
                    and ROOMS.index(room_of(target)) > ROOMS.index(room):
                yield path, line, f"{room} includes downwards, from {room_of(target)}"
            elif None not in (folder_of(path), folder_of(target)) and folder_of(target) > folder_of(path):
                yield path, line, f"{path.parent} includes downwards, from {target.parent}"
    yield from check_cycles(graph)


def check_cycles(graph):
    done, stack = set(), []

    def visit(path):
        if path in stack:
            yield path, 1, "includes itself through " + " -> ".join(map(str, stack[stack.index(path) + 1:]))
        elif path not in done:
            stack.append(path)
            for target in graph.get(path, []):
                yield from visit(target)
            stack.pop()
            done.add(path)

    for path in graph:
        yield from visit(path)


# ---- lengths

def check_length(path, text, most):
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines > most:
        yield path, most + 1, f"{lines} lines, {most} at most"


def check_width(path, text):
    formatted = True  # the catalogue's one line per format stands between clang-format off and on
    for number, line in enumerate(text.split("\n"), 1):
        if match := re.match(r"\s*// clang-format (on|off)$", line):
            formatted = match.group(1) == "on"
        if formatted and len(line) > COLUMNS:
            yield path, number, f"{len(line)} columns, {COLUMNS} at most"


def at_depth_zero(head):
    """The head of a block without anything in round brackets or template brackets."""
    head = re.sub(r"\boperator\s*(?:\(\s*\)|[^\s\w(]+)", "operator_", head)
    head = head.replace("->", " ").replace("<=", " ").replace(">=", " ").replace("==", " ").replace("!=", " ")
    while True:
        shorter = re.sub(r"\([^()]*\)", "\x01", head)
        shorter = re.sub(r"<[^<>=;{}]*>|<[^<>;{}]*>", " ", shorter)
        if shorter == head:
            return head
        head = shorter


def kind_of_block(head):
    head = at_depth_zero(head)
    if re.search(r"\b(namespace|class|struct|union|enum)\b", head) or re.search(r"\bextern\s*\"\"\s*$", head):
        return "scope"
    if re.search(r"=\s*[^\[]*$", head):  # an initialiser, a concept; a lambda keeps its [
        return "data"
    return "function" if "\x01" in head or "[" in head else "data"


def functions_of(text):
    """(first line, last line) of the outermost function bodies; None for a file whose braces do not balance."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: "\n" * m.group(0).count("\n"), blank(text), flags=re.M)
    found, blocks, start, round_depth = [], [], 0, 0
    for match in re.finditer(r"[{}();]", code):
        token, position = match.group(0), match.start()
        if token in "()":
            round_depth += 1 if token == "(" else -1
        elif token == "{":
            outer = blocks and blocks[-1][0] != "scope"
            kind = "inner" if outer or round_depth else kind_of_block(code[start:position])
            blocks.append((kind, position, round_depth))
            round_depth, start = 0, position + 1
        elif token == "}":
            if not blocks:
                return None
            kind, opened, round_depth = blocks.pop()
            if kind == "function":
                found.append((line_of(code, opened), line_of(code, position)))
            if kind in ("scope", "function") or not blocks or blocks[-1][0] == "scope" and not round_depth:
                start = position + 1
        elif not round_depth:
            start = position + 1
    return None if blocks else found


def check_functions(path, text):
    functions = functions_of(text)
    if functions is None:
        yield path, 1, "braces do not balance (a brace opened in one branch of #if?)"
        return
    for first, last in functions:
        if last - first + 1 > FUNCTION_LINES:
            yield path, first, f"a function of {last - first + 1} lines, {FUNCTION_LINES} at most"


# ---- names

def macros_of(text):
    code = blank(text)
    for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", code, re.M):
        yield line_of(code, match.start()), match.group(1)


def check_macros(headers):
    names = set()
    for path, text in headers.items():
        for line, name in macros_of(text):
            names.add(name)
            if str(path) != "config.hpp":
                yield path, line, f"defines the macro {name}: macros belong in config.hpp"
            elif not name.startswith("FEWBITS_"):
                yield path, line, f"the macro {name} does not begin with FEWBITS_"
    if len(names) > MACROS:
        yield Path("config.hpp"), 1, f"{len(names)} macros, {MACROS} at most: {' '.join(sorted(names))}"


def format_names(headers):
    """Every type that formats/ declares or lists, aliases included."""
    names = set()
    for path, text in headers.items():
        if room_of(path) == "formats":
            code = blank(text)
            names.update(re.findall(r"\bstruct\s+(\w+)\s*(?:final\s*)?:", code))
            names.update(re.findall(r"\busing\s+(\w+)\s*=", code))
            for listed in re.findall(r"\busing\s+all_\w+\s*=[^;]*;", code):
                names.update(re.findall(r"[<,]\s*([a-z]\w*)\s*(?=[,<>])", listed))
    return {name for name in names if not name.startswith(("all_", "base"))}


def check_format_names(headers):
    names = format_names(headers)
    if not names:
        yield Path("formats"), 1, "no format found: the parser of this check no longer fits the catalogue"
        return
    pattern = re.compile(r"(?<!\w)(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?!\w)")
    for path, text in headers.items():
        if room_of(path) == "formats" or str(path) in UMBRELLAS:
            continue
        text = OPEN_MODE.sub("", text)
        code = blank(text, keep_literals=True).split("\n")
        bare = blank(text).split("\n")
        spoken_of = ARITHMETIC if room_of(path) in ARITHMETIC_ROOMS else set()
        for number, line in enumerate(text.split("\n"), 1):
            in_code = set(pattern.findall(code[number - 1])) - spoken_of | set(pattern.findall(bare[number - 1]))
            for name in sorted(in_code | (set(pattern.findall(line)) - ENGLISH - spoken_of)):
                if not re.match(r"[ \t]*#[ \t]*include", line):
                    yield path, number, f"names the format {name}: only the catalogue does"


# ---- each header by itself

def check_header_style(path, text):
    if not text.startswith("// "):
        yield path, 1, "opens without a comment that says its one idea"
    if not re.search(r"^#pragma once$", text, re.M):
        yield path, 1, "has no #pragma once"
    code = blank(text)
    for match in re.finditer(r"\bstd::(isnan|isinf|isfinite|isnormal|fpclassify)\b", code):
        yield path, line_of(code, match.start()), f"{match.group(0)}: decide specials on bits, -ffast-math removes it"


def check_tree(root):
    base = root / "include" / "fewbits"
    headers = {p.relative_to(base): p.read_text() for p in sorted(base.rglob("*")) if p.suffix in (".hpp", ".cuh")}
    if not headers:
        yield base, 1, "no headers found"
        return
    found = []
    for check in (check_includes, check_macros, check_format_names):
        found += check(headers)
    for path, text in headers.items():
        most = KERNEL_LINES if "kernels" in path.parts else HEADER_LINES
        for check in (check_functions, check_header_style, check_width):
            found += check(path, text)
        found += check_length(path, text, most)
    yield from ((base / path, line, what) for path, line, what in found)

    for room in ("tests", "fuzz", "bench", "examples", "test_package"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".cu", ".cuh") and "build" not in path.parts:
                text = path.read_text()
                yield from check_functions(path, text)
                yield from check_length(path, text, TEST_LINES if room in ("tests", "fuzz") else KERNEL_LINES)


def main():
    root = Path(sys.argv[1]).resolve()
    violations = 0
    for path, line, what in check_tree(root):
        violations += 1
        print(f"{path.relative_to(root)}:{line}: {what}")
    print(f"{violations} violations" if violations else "the house is in order")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
