"""Checks README against programs: the tables between its markers are what formats_table prints, and the text block below its
first program is what that program prints.

Usage: readme.py README.md FORMATS_TABLE FIRST_PROGRAM
       readme.py README.md FORMATS_TABLE --write            (puts the tables into README instead)
"""

import re
import subprocess
import sys
from pathlib import Path

MARKED = re.compile(r"(<!-- formats_table (\w+) -->\n\n)(.*?)(\n?<!-- /formats_table -->)", re.S)


def main():
    readme, program, first = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    text = readme.read_text()
    tables = {which: subprocess.run([program, which], check=True, capture_output=True, text=True).stdout
              for which in ("scalars", "blocks")}
    found = {match[2]: match[3] for match in MARKED.finditer(text)}
    if found.keys() != tables.keys():
        sys.exit(f"{readme} marks the tables {sorted(found)}, the program prints {sorted(tables)}")
    if first == "--write":
        readme.write_text(MARKED.sub(lambda match: match[1] + tables[match[2]] + "\n<!-- /formats_table -->", text))
        return
    for which, table in tables.items():
        for number, (there, printed) in enumerate(zip(found[which].splitlines() + [""] * 999, table.splitlines()), 1):
            if there != printed:
                sys.exit(f"{which}, line {number}\n  README:  {there}\n  program: {printed}\n"
                         f"If the program is right: {' '.join(sys.argv[:3])} --write")
        if len(found[which].splitlines()) != len(table.splitlines()):
            sys.exit(f"{which}: README has lines the program does not print")
    shown = re.search(r"^```cpp\n.*?^```\n\n```text\n(.*?)^```$", text, re.M | re.S)
    printed = subprocess.run([first], check=True, capture_output=True, text=True).stdout
    if not shown or shown[1] != printed:
        sys.exit(f"README's first program prints\n{printed}but README shows\n{shown and shown[1]}")


if __name__ == "__main__":
    main()
