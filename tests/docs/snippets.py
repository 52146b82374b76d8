"""Turns the C++ of a page into one program, so that the build compiles every snippet and a test runs it.

Usage: snippets.py PAGE.md OUTPUT.cpp

The page's ```cpp blocks follow one another in one main(), with their #include lines lifted to the top, so a later block may
use an earlier one's variables. A block that says ```cpp global stands at namespace scope before main(), and a block with a
main() of its own is a program of its own (OUTPUT.1.cpp, OUTPUT.2.cpp ...). What a reader need not see but the compiler does goes
into a comment of the page: <!--cpp ... --> or <!--cpp global ... -->. The paths written are printed, one per line.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```cpp(?P<global>[ ]+global)?[ ]*\n(?P<code>.*?)^```[ ]*$"
                   r"|^<!--cpp(?P<hidden_global>[ ]+global)?[ ]*\n(?P<hidden>.*?)^-->[ ]*$", re.M | re.S)


def programs(page, text):
    includes, outside, inside, own = [], [], [], []
    for match in BLOCK.finditer(text):
        code = match["code"] if match["code"] is not None else match["hidden"]
        first = text.count("\n", 0, match.start("code" if match["code"] is not None else "hidden")) + 1
        if re.search(r"^int main\(", code, re.M):
            own.append(f'#line {first} "{page}"\n{code}')
            continue
        kept = []
        for number, line in enumerate(code.splitlines(), first):
            if re.match(r"#include", line) or re.match(r"namespace \w+ = ", line):
                includes.append(f'#line {number} "{page}"\n{line}\n')
                line = ""
            kept.append(line)
        where = outside if match["global"] or match["hidden_global"] else inside
        where.append(f'#line {first} "{page}"\n' + "\n".join(kept) + "\n")
    if outside or inside:
        own.insert(0, "".join(includes + outside) + "\nint main() {\n" + "".join(inside) + "}\n")
    return own


def main():
    page, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.parent.mkdir(parents=True, exist_ok=True)
    for number, program in enumerate(programs(page, page.read_text())):
        path = output.with_suffix(f".{number}.cpp")
        if not path.exists() or path.read_text() != program:
            path.write_text(program)
        print(path)


if __name__ == "__main__":
    main()
