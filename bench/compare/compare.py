#!/usr/bin/env python3
"""Products and conversions beside those of other libraries on this machine: docs/performance.md and docs/performance.svg.

    python3 bench/compare/compare.py [--quick] [--rows=<part of a name>] [--threads=1,2] [--m=1,16,128,512] [--no-build]
                                     [--passes=2] [--report-only]

Fetches and builds the peers once, under build/peers (some 2.5 GB; ggml's build takes minutes). Then, for every row of rows.py,
all programs load the same matrices and are timed in turn, again and again; a figure is the median of its program's turns, and of
those of several passes over everything the least: what else runs on the machine comes and goes, and only ever adds.
Up to 16 rows of activations the weights are cold: equal copies of 512 MiB together go round. A run of less than everything
writes its pages into build/peers.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import programs
import report
from programs import HOME, OURS, PYTHON, ROOT, Missing, Program
from rows import CROSSOVER, CROSSOVER_ROWS, FROM_MEMORY, GGML, ML_DTYPES, QUICK, ROWS, Entrant

COLD_ROWS = 16
COLD_BYTES = 512 << 20
REST = 0.03  # seconds between two programs' turns: whatever spins has parked its threads by then
# How far weights may be from the floats they were made from (relative, Frobenius), by bits an element.
WEIGHT_ERROR = ((2.2, 0.9), (3.0, 0.7), (4.0, 0.35), (5.0, 0.2), (6.0, 0.12), (7.5, 0.06), (12.0, 0.04), (99.0, 0.003))


def write_matrices(n, k):
    import numpy
    folder = HOME / "data"
    folder.mkdir(exist_ok=True)
    random = numpy.random.default_rng(1)
    weights, activations = folder / f"w_{n}x{k}.f32", folder / f"a_{k}.f32"
    if not weights.exists():
        random.standard_normal((n, k), dtype=numpy.float32).tofile(weights)
    if not activations.exists():
        random.standard_normal((512, k), dtype=numpy.float32).tofile(activations)
    return weights, activations


class Running:
    """One entrant with its program at work."""

    def __init__(self, entrant, threads, n, k, weights):
        self.entrant, self.ours, self.program = entrant, entrant.program == "fewbits", Program(entrant.program, threads)
        self.program.say("load", entrant.weights, n, k, threads, COLD_BYTES, weights)

    def loaded(self):
        self.bytes = int(self.program.hear())

    def input(self, m, activations):
        self.what = self.program.ask("input", self.entrant.activations, m, activations)

    def turn(self, where, seconds):
        return float(self.program.ask("time", where, seconds))

    def check(self, n, k, m, weights, activations, errors):
        """The reason why its product is wrong, or None; `errors` is told how far off it is."""
        import numpy
        sample = HOME / "data" / "sample.f32"
        self.program.ask("check", sample)
        values = numpy.fromfile(sample, numpy.float32)
        used = values[:64 * k].reshape(64, k).astype(float)
        result = values[64 * k:].reshape(m, 64).astype(float)
        exact = numpy.fromfile(activations, numpy.float32, m * k).reshape(m, k).astype(float) @ used.T
        original = numpy.memmap(weights, numpy.float32, "r", shape=(n, k))[numpy.arange(64) * n // 64]
        product_error = float(numpy.linalg.norm(result - exact) / numpy.linalg.norm(exact))
        weight_error = float(numpy.linalg.norm(used - original) / numpy.linalg.norm(original))
        bound = next(b for bits, b in WEIGHT_ERROR if self.bytes * 8 / (n * k) <= bits or bits == 99.0)
        known = errors.setdefault(self.entrant.label, {"product": 0.0})
        known.update(product=max(known["product"], product_error), weights=weight_error, what=self.what)
        if not product_error <= self.entrant.error:
            return f"its product is off by {product_error:.2g}"
        return None if weight_error <= bound else f"its weights are off by {weight_error:.2g}"


@contextlib.contextmanager
def leaving(one, running, absent):
    """Whoever has no answer in here leaves the race, with the reason."""
    try:
        yield
    except Missing as reason:
        absent[one.entrant.label] = str(reason)
        running.remove(one)
        one.program.stop()


def start(entrants, threads, n, k, weights, absent):
    """Those that load, all at once; the others are named in `absent`."""
    running = []
    for entrant in entrants:
        try:
            running.append(Running(entrant, threads, n, k, weights))
        except Missing as reason:
            absent[entrant.label] = str(reason)
    for one in list(running):
        with leaving(one, running, absent):
            one.loaded()
    return running


def in_turn(running, m, where, turns, seconds, activations, absent):
    """{entrant: median seconds} of all that are running, a turn of each after a turn of the others. Whoever is twice as slow
    as another of the same side in the first turn has no second one."""
    times = {}
    for one in list(running):
        with leaving(one, running, absent):
            one.input(m, activations)
            times[one] = []
    racing = list(times)
    for _ in range(turns):
        for one in list(racing):
            time.sleep(REST)
            with leaving(one, running, absent):
                times[one].append(one.turn(where, seconds))
        racing = [one for one in racing if one in running]
        fastest = {side: min((times[o][0] for o in racing if o.ours == side), default=0) for side in (True, False)}
        racing = [one for one in racing if times[one][0] <= 2 * fastest[one.ours]]
    return {one: sorted(values)[len(values) // 2] for one, values in times.items() if one in running}


def note(cells, cell):
    """Adds a figure; where a pass before has measured the same, the lesser stays."""
    for known in cells:
        if all(known[key] == cell[key] for key in cell if key != "seconds"):
            known["seconds"] = min(known["seconds"], cell["seconds"])
            return
    cells.append(cell)


def compare_row(row, n, k, threads, rows, turns, results):
    weights, activations = write_matrices(n, k)
    absent = results["absent"].setdefault(f"{n} x {k}, {threads} threads", {})
    running = start(row.ours + row.peers, threads, n, k, weights, absent)
    for m in rows:
        where = "cold" if m <= COLD_ROWS else "hot"
        medians = in_turn(running, m, where, turns if m < 512 else min(turns, 3), 0.03, activations, absent)
        for one in list(running):
            with leaving(one, running, absent):
                if reason := one.check(n, k, m, weights, activations, results["errors"]):
                    raise Missing(reason)
        right = {one: seconds for one, seconds in medians.items() if one in running}
        for one, seconds in right.items():
            note(results["cells"], {"row": row.name, "n": n, "k": k, "m": m, "threads": threads, "where": where,
                                     "program": one.entrant.program, "weights": one.entrant.weights,
                                     "activations": one.entrant.activations, "bytes": one.bytes, "what": one.what,
                                     "seconds": seconds})
        best = [min((s for o, s in right.items() if o.ours == side), default=None) for side in (True, False)]
        shown = " ".join(f"{name} {value * 1e3:.3f} ms" for name, value in zip(("ours", "peer"), best) if value)
        print(f"{row.name:20} {n}x{k} M={m:<4} {threads}T {where:4} {shown}", flush=True)
    for one in running:
        one.program.stop()


def crossover(n, k, threads, rows, turns, results):
    weights, activations = write_matrices(n, k)
    absent = results["absent"].setdefault(f"{n} x {k}, {threads} threads", {})
    for name, left in CROSSOVER:
        running = start([Entrant("fewbits", name, left, 1.0)], threads, n, k, weights, absent)
        for m in rows if running else ():
            medians = in_turn(running, m, "cold", turns, 0.03, activations, absent)
            for one, seconds in medians.items():
                note(results["crossover"], {"weights": name, "activations": left, "m": m, "threads": threads, "bytes": one.bytes,
                                            "seconds": seconds})
        for one in running:
            one.program.stop()
    print(f"crossover {n}x{k} {threads}T done", flush=True)


def output_of(command, **options):
    """What a command prints; nothing where there is no such command."""
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options).stdout
    except OSError:
        return ""


def google_benchmark(name, *options):
    """The results of one of our programs, or the reason why there are none."""
    if not (OURS / name).exists():
        return f"bench/{name} is not built"
    try:
        return json.loads(output_of([OURS / name, "--benchmark_format=json", *options]))["benchmarks"]
    except (json.JSONDecodeError, KeyError):
        return f"bench/{name} printed no results"


def lines_of_json(command):
    return [json.loads(line) for line in output_of(command).splitlines() if line.startswith("{")]


def conversions(quick):
    """What converting costs: {program: results}, ours and the peers' in turn; the best of a name's results counts."""
    least = "--benchmark_min_time=" + ("0.01" if quick else "0.05")
    driver = HOME / "drivers" / "ggml_driver"
    programs_of = {
        "convert": lambda: google_benchmark("convert", least, f"--benchmark_filter=^({'|'.join(ML_DTYPES)})/(encode_nearest|decode)/"),
        "ml_dtypes": lambda: lines_of_json([PYTHON, programs.HERE / "peers" / "convert.py", *ML_DTYPES.values()]),
        "quantize": lambda: google_benchmark("quantize", least, f"--benchmark_filter=quantize/({'|'.join(GGML)})(/signed_absmax)?/cache/1"),
        "memory": lambda: google_benchmark(
            "quantize", least, f"--benchmark_filter=(quantize_into|dequantize)/({'|'.join(FROM_MEMORY)})/memory/"),
        "ggml": lambda: [r for verb in ("quantize", "dequantize") for r in lines_of_json([driver, verb, *GGML.values()])]}
    found = {}
    for _ in range(1 if quick else 2):
        for name, ask in programs_of.items():
            results = ask()
            if isinstance(results, str):
                found[name] = results
                continue
            best = found.setdefault(name, {})
            for result in results:
                known = best.setdefault(result["name"], result)
                if report.rate_of(result) > report.rate_of(known):
                    best[result["name"]] = result
    return {name: best if isinstance(best, str) else list(best.values()) for name, best in found.items()}


def limits(quick):
    """{name: the best of all patterns, bytes or operations a second}."""
    found = google_benchmark("limits", *(["--benchmark_filter=512MiB/2M|peak"] if quick else []))
    best = {}
    for result in found if isinstance(found, list) else []:
        name = re.match(r"(read/\w+/\w+/threads:\d+|peak/\w+/threads:\d+)", result["name"])[1]
        best[name] = max(best.get(name, 0), result.get("bytes_per_second", result.get("op/s", 0)))
    return best


def machine():
    text = output_of(["lscpu"], env=dict(os.environ, LC_ALL="C"))
    fields = dict(re.findall(r"^([^:\n]+):\s+(.*)$", text, re.M))
    return {key: fields[key] for key in ("Model name", "CPU family", "Model", "Stepping", "CPU(s)", "L1d cache", "L2 cache",
                                         "L3 cache", "Hypervisor vendor") if key in fields}


def versions():
    known = {p["name"]: p["version"] for p in json.loads(output_of([PYTHON, "-m", "pip", "list", "--format=json"]) or "[]")}
    found = {name: known[name] for name in ("onednn", "onnxruntime", "ml_dtypes", "numpy") if name in known}
    if openblas := output_of(["dpkg-query", "-W", "-f=${Version}", "libopenblas-dev"]):
        found["openblas"] = openblas
    sources = programs.ggml_sources()
    if sources:
        text = (sources / "CMakeLists.txt").read_text()
        parts = [re.search(rf"GGML_VERSION_{p}\s+(\d+)", text) for p in ("MAJOR", "MINOR", "PATCH")]
        found["ggml"] = ".".join(p[1] for p in parts if p) + f" (of {sources.parents[2].name})"
    return found


def one_pass(options, chosen, results, keep):
    turns = 2 if options.quick else 5
    for threads in options.threads:
        for row in chosen:
            compare_row(row, 4096, 4096, threads, options.m, turns, results)
            keep(results)
    if not options.quick:
        for row in chosen:
            if row.name in QUICK:
                for n, k in ((14336, 4096), (4093, 4160)):
                    compare_row(row, n, k, options.threads[-1], [m for m in options.m if m in (1, 512)], 3, results)
    crossover(4096, 4096, options.threads[-1], (1, 16, 64) if options.quick else CROSSOVER_ROWS, turns, results)


def measure(options, keep):
    """All that is asked for; `keep` is given the results again and again, so that an interrupted run is not lost."""
    started = time.monotonic()
    results = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "machine": machine(),
               "versions": versions(), "not_installed": programs.Installed().reasons(), "partial": options.partial,
               "cells": [], "crossover": [], "absent": {}, "errors": {}, "seconds": 0, "passes": 0}
    measured = [limits(options.quick)]
    results["limits"] = measured[0]
    chosen = [row for row in ROWS if options.rows in row.name and (not options.quick or row.name in QUICK)]
    for results["passes"] in range(1, options.passes + 1):
        one_pass(options, chosen, results, keep)
        measured.append(limits(options.quick))
        # The middle one: a neighbour that pauses makes memory look faster than it is for the rest of the time.
        results["limits"] = {name: sorted(m.get(name, 0) for m in measured)[(len(measured) - 1) // 2] for name in measured[0]}
    results["conversions"] = conversions(options.quick)
    results["seconds"] = round(time.monotonic() - started)
    keep(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(part) for part in text.split(",")]
    parser.add_argument("--quick", action="store_true", help="five rows, two turns, M = 1 and 512, the most threads only")
    parser.add_argument("--rows", default="", help="only rows with this in their names")
    parser.add_argument("--threads", type=numbers, default=None)
    parser.add_argument("--m", type=numbers, default=None)
    parser.add_argument("--passes", type=int, default=2, help="over everything, some ten minutes each")
    parser.add_argument("--no-build", action="store_true", help="take everything as it was built last")
    parser.add_argument("--report-only", action="store_true", help="write the pages again from the last results")
    options = parser.parse_args()
    options.partial = " ".join(a for a in sys.argv[1:] if a not in ("--no-build", "--report-only") and not a.startswith("--passes"))
    options.threads = options.threads or ([2] if options.quick else [1, 2])
    options.m = options.m or ([1, 512] if options.quick else [1, 16, 128, 512])
    if not (options.no_build or options.report_only):
        programs.install()
        if reason := programs.build_ours():
            sys.exit(f"compare.py: our own programs do not build: {reason}")
    if Path(sys.prefix).resolve() != programs.VENV.resolve():  # numpy and matplotlib are there
        again = [a for a in sys.argv[1:] if a != "--no-build"] + ["--no-build"]
        os.execv(PYTHON, [str(PYTHON), __file__, *again])
    kept = HOME / "results.json"
    if not options.report_only:
        measure(options, lambda results: kept.write_text(json.dumps(results, indent=1)))
    results = json.loads(kept.read_text())
    report.write(results, HOME if results["partial"] else ROOT / "docs")


if __name__ == "__main__":
    main()
