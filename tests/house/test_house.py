"""Plants one violation of every rule in a copy of a small house and expects the checker to name it, and nothing else."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import house  # noqa: E402

IDEA = "// One idea.\n#pragma once\n"
CLEAN = {
    "config.hpp": IDEA + "#define FEWBITS_VERSION 100\n",
    "fewbits.hpp": IDEA + '#include "formats/all_formats.hpp"\n',
    "bits/word.hpp": IDEA + '#include "../config.hpp"\ninline int word() { return \'{\' + "}"[0] + 1\'000; }  // a {\n',
    "format/layout.hpp": IDEA + '#include "../bits/word.hpp"\n// a binary search\nenum class kind { a, b };\n',
    "formats/scalars.hpp": IDEA + "struct e9m9 final : minifloat<e9m9, layout{.a = 4}> { using minifloat::minifloat; };\n"
                                  "struct binary final : codebook<binary> {};\nusing float18 = e9m9;\n",
    "formats/all_formats.hpp": IDEA + '#include "scalars.hpp"\nusing all_scalars = list<e9m9, int_n<3>, binary>;\n',
    "parallel/executor.hpp": IDEA + "#include <thread>\nclass pool {\npublic:\n    pool() : n_{1}, f_(2) {}\n"
                                    "    bool operator==(pool const&) const = default;\n};\n",
    "kernels/reference/dot.hpp": IDEA + "inline int dot(int x) {\n" + "    x += 1;\n" * 50 + "    return x;\n}\n",
    "io/file.hpp": IDEA + "inline auto mode = std::ios_base::binary;\n",
    "gemm/gemm.hpp": IDEA + "template <class T>\n    requires(sizeof(T) == 1)\nstruct operand {\n    T value = {};\n};\n"
                            "template <class T> concept small = requires(T t) { t.x(); };\n"
                            "inline constexpr int table[] = {\n" + "    1,\n" * 100 + "};\n",
}
LONG_BODY = "    x += 1;\n" * 60


def with_(path, text):
    return {**CLEAN, path: CLEAN.get(path, IDEA) + text}


# (what is planted, the tree, the path of the complaint, words of the complaint)
PLANTED = [
    ("an include downwards", with_("bits/word.hpp", '#include "../gemm/gemm.hpp"\n'), "bits/word.hpp", "downwards"),
    ("an include downwards in angle brackets", with_("format/layout.hpp", "#include <fewbits/gemm/gemm.hpp>\n"),
     "format/layout.hpp", "downwards"),
    ("an include downwards among the device's folders", {**CLEAN, "cuda/steps/a.hpp": IDEA, "cuda/tiles/b.hpp": IDEA +
     '#include "../steps/a.hpp"\n'}, "cuda/tiles/b.hpp", "downwards"),
    ("an include of the umbrella", with_("gemm/gemm.hpp", '#include "../fewbits.hpp"\n'), "gemm/gemm.hpp", "umbrella"),
    ("a cycle", {**with_("format/layout.hpp", '#include "limits.hpp"\n'), "format/limits.hpp": IDEA +
     '#include "layout.hpp"\n'}, "format/layout.hpp", "includes itself"),
    ("a missing header", with_("gemm/gemm.hpp", '#include "../matrix/none.hpp"\n'), "gemm/gemm.hpp", "not there"),
    ("an unknown room", {**CLEAN, "attic/old.hpp": IDEA}, "attic/old.hpp", "no room"),
    ("a long header", with_("gemm/gemm.hpp", "// x\n" * 300), "gemm/gemm.hpp", "300 at most"),
    ("a long kernel", with_("kernels/reference/dot.hpp", "// x\n" * 500), "kernels/reference/dot.hpp", "500 at most"),
    ("a long test", {**CLEAN, "../../tests/gemm/a.cpp": "// x\n" * 401}, "../../tests/gemm/a.cpp", "400 at most"),
    ("a wide line", with_("gemm/gemm.hpp", "// " + "x" * 140 + "\n"), "gemm/gemm.hpp", "columns"),
    ("a long function", with_("gemm/gemm.hpp", "inline int f(int x) noexcept {\n" + LONG_BODY + "    return x;\n}\n"),
     "gemm/gemm.hpp", "a function of"),
    ("a long member", with_("gemm/gemm.hpp", "template <class T>\n    requires(sizeof(T) == 1)\nstruct s : b<f(1)> {\n"
     "    s(int x)\n        : b{x}, c(1)\n    {\n" + LONG_BODY + "    }\n};\n"), "gemm/gemm.hpp", "a function of"),
    ("a long operator", with_("gemm/gemm.hpp", "inline bool operator==(a x, b const& y) {\n" + LONG_BODY + "}\n"),
     "gemm/gemm.hpp", "a function of"),
    ("a long lambda", with_("gemm/gemm.hpp", "inline constexpr auto f = [](int x) {\n" + LONG_BODY + "};\n"),
     "gemm/gemm.hpp", "a function of"),
    ("a long test case", {**CLEAN, "../../tests/gemm/a.cpp": 'TEST_CASE("x") {\n' + LONG_BODY + "}\n"},
     "../../tests/gemm/a.cpp", "a function of"),
    ("unbalanced braces", with_("gemm/gemm.hpp", "#if 1\nvoid f() {\n#else\nvoid g() {\n#endif\n}\n"), "gemm/gemm.hpp",
     "balance"),
    ("a macro elsewhere", with_("gemm/gemm.hpp", "#define FEWBITS_X 1\n"), "gemm/gemm.hpp", "macros belong"),
    ("a macro of another name", with_("config.hpp", "#define HOST 1\n"), "config.hpp", "begin with"),
    ("eleven macros", with_("config.hpp", "".join(f"#  define FEWBITS_M{i}\n" for i in range(10))), "config.hpp",
     "11 macros"),
    ("a format's name in code", with_("gemm/gemm.hpp", "inline e9m9 x;\n"), "gemm/gemm.hpp", "the format e9m9"),
    ("a format's name in a comment", with_("gemm/gemm.hpp", "/// For e9m9.\n"), "gemm/gemm.hpp", "the format e9m9"),
    ("a template format's name", with_("gemm/gemm.hpp", "inline binary x;\n"), "gemm/gemm.hpp", "the format binary"),
    ("a format's alias", with_("gemm/gemm.hpp", "inline float18 x;\n"), "gemm/gemm.hpp", "the format float18"),
    ("no catalogue", {k: v for k, v in CLEAN.items() if "formats" not in k and k != "fewbits.hpp"}, "formats",
     "no format found"),
    ("a thread elsewhere", with_("gemm/gemm.hpp", "#include <thread>\n"), "gemm/gemm.hpp", "parallel/ only"),
    ("no opening comment", {**CLEAN, "gemm/a.hpp": "#pragma once\n"}, "gemm/a.hpp", "opens without"),
    ("no pragma once", {**CLEAN, "gemm/a.hpp": "// One idea.\n"}, "gemm/a.hpp", "#pragma once"),
    ("a test for NaN that fast-math removes", with_("gemm/gemm.hpp", "inline bool n(float x) { return std::isnan(x); }\n"),
     "gemm/gemm.hpp", "specials on bits"),
]


def complaints(tree):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        base = root / "include" / "fewbits"
        for path, text in tree.items():
            file = base / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.resolve().parent.mkdir(parents=True, exist_ok=True)
            file.resolve().write_text(text)
        return [(path.resolve(), base, what) for path, _, what in house.check_tree(root)]


def main():
    failures = 0
    found = complaints(CLEAN)
    if found:
        failures += 1
        print("the clean house is refused:", *(f"\n  {path.name}: {what}" for path, _, what in found))
    for planted, tree, where, words in PLANTED:
        found = complaints(tree)
        hits = [what for path, base, what in found if path == (base / where).resolve() and words in what]
        if not hits or len(found) != len(hits):
            failures += 1
            print(f"{planted}: expected only '{words}' in {where}, got {[(p.name, w) for p, _, w in found]}")
    names = house.format_names({Path(p): t for p, t in CLEAN.items()})
    if names != {"e9m9", "binary", "float18", "int_n"}:
        failures += 1
        print("formats parsed:", names)
    print(f"{len(PLANTED) + 2 - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
