"""docs/performance.md and docs/performance.svg from one run's results."""

import re
from pathlib import Path

from rows import FROM_MEMORY, GGML, ML_DTYPES, ROWS

NOTES = Path(__file__).with_name("notes.md")  # what bounds what falls short, by hand
PEERS = {"openblas": "OpenBLAS", "onednn": "oneDNN", "ort": "ONNX Runtime", "ggml": "ggml"}
INTEGER_UNITS, FLOAT_UNITS = ("amx_int8", "vpdpbusd_int8"), ("fma_fp32_avx512", "fma_fp32_avx2")
BF16_UNITS = FLOAT_UNITS + ("vdpbf16ps", "amx_bf16")


def units_of(activations):
    """The units that a product with such activations can use without rounding them once more."""
    kind = activations.split(">")[-1]
    return FLOAT_UNITS if kind == "float" else INTEGER_UNITS if kind.startswith(("int", "q8", "uint")) else BF16_UNITS


def limit_seconds(cell, limits):
    """The least time: reading the weights where they are cold, multiplying at the peak of the fastest unit for the type."""
    threads = f"threads:{cell['threads']}"
    peak = max((limits.get(f"peak/{unit}/{threads}", 0) for unit in units_of(cell["activations"])), default=0)
    work = 2 * cell["m"] * cell["n"] * cell["k"] / peak if peak else 0
    read = limits.get(f"read/512MiB/2M/{threads}", 0)
    return max(work, cell["bytes"] / read if read and cell["where"] == "cold" else 0)


def figure(cell):
    """What is shown of one cell: time, and GB/s where weights are read from memory, GFLOP/s where they are not."""
    if cell is None:
        return "-"
    work = 2e-9 * cell["m"] * cell["n"] * cell["k"] / cell["seconds"]
    rate = f"{cell['bytes'] / cell['seconds'] * 1e-9:.1f} GB/s" if cell["m"] == 1 else f"{work:.0f} GFLOP/s"
    return f"{cell['seconds'] * 1e3:.3f} ms, {rate}"


def best(cells, ours):
    return min((c for c in cells if (c["program"] == "fewbits") == ours), key=lambda c: c["seconds"], default=None)


def groups(results):
    """{(n, k, m, threads): {row: cells}} in the order of rows.py."""
    found = {}
    for cell in results["cells"]:
        key = (cell["n"], cell["k"], cell["m"], cell["threads"])
        found.setdefault(key, {}).setdefault(cell["row"], []).append(cell)
    order = [row.name for row in ROWS]
    return {key: {name: rows[name] for name in sorted(rows, key=order.index)} for key, rows in found.items()}


def product_table(rows, limits):
    known = {row.name: ", ".join(f"{PEERS[p.program]} `{p.weights}`" for p in row.peers) for row in ROWS}
    yield "| Weights | Ours | Activations | Best peer | Its weights x activations | Ratio | Of the limit, ours | peer |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, cells in rows.items():
        a, b = best(cells, True), best(cells, False)
        ratio = f"{b['seconds'] / a['seconds']:.2f}" if a and b else "-"
        limit = [f"{limit_seconds(c, limits) / c['seconds']:.0%}" if c and limit_seconds(c, limits) else "-" for c in (a, b)]
        absent = f"missing: {known[name]}" if known[name] else "no peer"
        theirs = f"{PEERS[b['program']]} `{b['weights']}` x {b['activations']}" if b else absent
        yield (f"| {name} | {figure(a)} | {a['activations'] if a else '-'} | {figure(b)} | {theirs} | {ratio} | {limit[0]} | "
               f"{limit[1]} |")


def summary_table(results, limits):
    """The rows in short: all threads, the least and the largest M; ratios to the best peer and shares of the limit."""
    found, threads = groups(results), max(c["threads"] for c in results["cells"])
    shown = sorted({m for n, k, m, t in found if (n, k, t) == (4096, 4096, threads)})
    shown = list(dict.fromkeys((shown[0], shown[-1])))
    yield "| Weights | " + " | ".join(f"M={m}, times the best peer | of the limit" for m in shown) + " |"
    yield "|---|" + "---|---|" * len(shown)
    for name in found[4096, 4096, shown[0], threads]:
        cells = []
        for m in shown:
            rows = found[4096, 4096, m, threads].get(name, [])
            a, b = best(rows, True), best(rows, False)
            cells.append(f"{b['seconds'] / a['seconds']:.2f}" if a and b else "-")
            cells.append(f"{limit_seconds(a, limits) / a['seconds']:.0%}" if a and limit_seconds(a, limits) else "-")
        yield f"| {name} | " + " | ".join(cells) + " |"


def limits_table(limits):
    yield "| Limit | 1 thread | 2 threads |"
    yield "|---|---|---|"
    for name in dict.fromkeys(name.rsplit("/", 1)[0] for name in limits):
        one, two = (limits.get(f"{name}/threads:{t}") for t in (1, 2))
        unit = "GB/s" if name.startswith("read") else "G op/s"
        yield f"| {name} | " + " | ".join(f"{v * 1e-9:.1f} {unit}" if v else "-" for v in (one, two)) + " |"


def crossover_table(cells):
    rows = sorted({c["m"] for c in cells})
    yield "| Weights x activations | " + " | ".join(f"M={m}" for m in rows) + " | M that costs twice M=1 |"
    yield "|---|" + "---|" * (len(rows) + 1)
    for name in dict.fromkeys((c["weights"], c["activations"]) for c in cells):
        times = {c["m"]: c["seconds"] for c in cells if (c["weights"], c["activations"]) == name}
        twice = next((str(m) for m in rows if m in times and times[m] > 2 * times[min(times)]), "none")
        shown = " | ".join(f"{times[m] * 1e3:.3f}" if m in times else "-" for m in rows)
        yield f"| {name[0]} x {name[1]} | {shown} | {twice} |"


def rate_of(result):
    """Bytes of float a second."""
    return 4 * result["items_per_second"] if "items_per_second" in result else result.get("bytes_per_second", 0)


def conversion_table(found, peers, names, verbs):
    """A row for every benchmark of ours whose name says a verb and a format, such as e4m3/encode_nearest/262144."""
    theirs = {r["name"]: r["bytes_per_second"] for r in peers}
    yield "| Conversion / elements | Ours, GB/s of float | Peer, GB/s of float | Ratio |"
    yield "|---|---|---|---|"
    for result in found:
        parts = re.split(r"[/<>:]", result["name"])
        verb = next((v for part in parts for v in verbs if part.startswith(v)), None)
        kind = next((names[part] for part in parts if part in names), None)
        ours, peer = rate_of(result), theirs.get(f"{verb}/{kind}")
        if ours and peer and result.get("run_type") != "aggregate":
            shown = result["name"].replace("/real_time", "")
            yield f"| {shown} | {ours * 1e-9:.2f} | {peer * 1e-9:.2f} | {ours / peer:.1f} |"


def conversion_pages(results):
    found = results.get("conversions", {})
    for title, ours, peer, names, verbs in (
            ("Conversions of single values beside ml_dtypes", "convert", "ml_dtypes", ML_DTYPES, ("encode", "decode")),
            ("Quantizing and dequantizing beside ggml", "quantize", "ggml", GGML, ("quantize", "dequantize"))):
        mine = found.get(ours, "not run")
        yield f"\n## {title}\n"
        if isinstance(mine, str):
            yield f"Ours: {mine}. The peer alone:\n"
            yield "| Conversion | GB/s of float |\n|---|---|"
            yield from (f"| {r['name']} | {r['bytes_per_second'] * 1e-9:.2f} |" for r in found.get(peer, []))
        else:
            yield f"One thread; rates count the bytes of the floats; the peer works on 1 MiB of them. All formats: `bench/{ours}`.\n"
            yield from conversion_table(mine, found.get(peer, []), names, verbs)


def memory_pages(results):
    """Quantizing what is larger than the caches, by all the bytes that have to move and the measured rate of reading."""
    found = results.get("conversions", {}).get("memory", "not run")
    yield "\n## Quantizing and dequantizing from memory\n"
    if isinstance(found, str):
        yield f"Ours: {found}."
        return
    known = {r["name"]: r for r in found}
    columns = [(verb, t) for verb in ("quantize_into", "dequantize") for t in (1, 2)]

    def shown(verb, kind, threads):
        result, read = known.get(f"{verb}/{kind}/memory/{threads}/real_time"), results["limits"].get(f"read/512MiB/2M/threads:{threads}")
        if result is None:
            return "-"
        rate = rate_of(result)
        moved = rate * (1 + result["stored"])
        return f"{rate * 1e-9:.1f}, {moved * 1e-9:.1f}" + (f", {moved / read:.0%}" if read else "")

    yield "256 MiB of floats: GB/s of the floats, GB/s of floats, codes and scales, and how much that is of the measured rate of reading"
    yield "(stores that go past the caches can be faster than reads). Floats that are read twice, as those of `nvfp4`, count once.\n"
    yield "| Format | " + " | ".join(f"{verb}, {t} thread{'s' if t > 1 else ''}" for verb, t in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    yield from (f"| {kind} | " + " | ".join(shown(verb, kind, t) for verb, t in columns) + " |" for kind in FROM_MEMORY)


def missing(results):
    """Who is not in the tables, and why; a reason given for several shapes stands once."""
    where = {f"{name}: {reason}": [] for name, reason in results["not_installed"].items()}
    for shape, labels in results["absent"].items():
        for label, reason in labels.items():
            where.setdefault(f"{label}: {reason}", []).append(shape)
    if where:
        yield "\n## Missing\n"
        yield from (f"- {what}" + (f" ({'; '.join(shapes)})" if shapes else "") for what, shapes in where.items())


def page(results):
    about, limits = results["machine"], results["limits"]
    yield "# Performance beside other libraries\n"
    yield "Written by `python3 bench/compare/compare.py`; every figure below is of one run."
    if results["partial"]:
        yield "\n**This was a partial run (`" + results["partial"] + "`).**"
    yield f"\n- {results['date']}, {results['seconds'] / 60:.0f} minutes"
    yield "- " + ", ".join(f"{key}: {value}" for key, value in about.items())
    yield "- Peers: " + ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    passes = f", the least of {results['passes']} passes over everything" if results.get("passes", 1) > 1 else ""
    yield f"""- All programs multiply the same matrices (normal random numbers), y (M x N) = a (M x K) times transposed weights (N x K), in
  turn, and a figure is the median of a program's turns{passes}. Weights are prepacked. Up to M = 16 they
  are cold: equal copies of 512 MiB together go round. Beyond, one matrix stays in the cache where it fits.
- `float>x`: floats come in and are quantized to x inside the time. Otherwise that type is what comes in. Ours and a peer's are
  each its best of the kinds of activations tried; ratio is the peer's time over ours.
- The limit is the time to read the weights at the measured rate (cold), or to multiply at the measured peak of the fastest unit
  that takes the activations unrounded, whichever is longer.
- Every product was checked against exact products of the weights that its program uses.
"""
    yield "![Speed of ours, of the best peer, and the limit](performance.svg)\n"
    if results["cells"]:
        yield f"## In short: 4096 x 4096, {max(c['threads'] for c in results['cells'])} threads\n"
        yield from summary_table(results, limits)
    if NOTES.exists():
        yield "\n" + NOTES.read_text().rstrip()
    yield "\n## The machine's limits\n"
    yield from limits_table(limits)
    for (n, k, m, threads), rows in groups(results).items():
        yield f"\n## M = {m}, N x K = {n} x {k}, {threads} thread{'s' if threads > 1 else ''}\n"
        yield from product_table(rows, limits)
    if results["crossover"]:
        threads = results["crossover"][0]["threads"]
        yield f"\n## Where width stops paying: ms over M, 4096 x 4096, weights cold, {threads} threads\n"
        yield from crossover_table(results["crossover"])
    yield from conversion_pages(results)
    yield from memory_pages(results)
    yield "\n## Errors of the products\n"
    yield "Relative to exact products of the floats by the weights in use (first figure) and of those weights to the floats they"
    yield "were made from (second), Frobenius norm.\n"
    yield "| Program, weights x activations | Product | Weights | What ran last |\n|---|---|---|---|"
    for label, errors in results["errors"].items():
        yield f"| {label} | {errors['product']:.2g} | {errors['weights']:.2g} | {errors['what']} |"
    yield from missing(results)


def chart(results, path):
    """One panel for the least M and one for the largest: a bar of ours, a bar of the best peer, a mark at the limit."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "fewbits"  # the same file from the same results
    from matplotlib import pyplot
    threads = max(c["threads"] for c in results["cells"])
    shown = sorted({c["m"] for c in results["cells"]})
    panels = {m: groups(results)[4096, 4096, m, threads] for m in dict.fromkeys((shown[0], shown[-1]))}
    height = 1.2 + 0.32 * max(len(rows) for rows in panels.values())
    drawn, axes = pyplot.subplots(1, len(panels), figsize=(5.5 * len(panels), height), squeeze=False, layout="constrained")
    for axis, (m, rows) in zip(axes[0], panels.items()):
        for i, (name, cells) in enumerate(rows.items()):
            for ours, shift, colour in ((True, -0.2, "#1f77b4"), (False, 0.2, "#bbbbbb")):
                cell = best(cells, ours)
                if cell is None:
                    continue
                speed = lambda seconds: 2e-9 * m * cell["n"] * cell["k"] / seconds
                axis.barh(i + shift, speed(cell["seconds"]), 0.38, color=colour)
                if ours and (least := limit_seconds(cell, results["limits"])):
                    axis.plot([speed(least)] * 2, [i - 0.42, i + 0.42], color="black", linewidth=1.5)
        axis.set_yticks(range(len(rows)), list(rows))
        axis.invert_yaxis()
        axis.set_xlabel("GFLOP/s")
        axis.set_title(f"M = {m}, 4096 x 4096, {threads} threads")
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=c) for c in ("#1f77b4", "#bbbbbb")] + [pyplot.Line2D([], [], color="black")]
    drawn.legend(handles, ["fewbits", "best peer", "limit"], loc="outside lower center", ncols=3)
    drawn.savefig(path, metadata={"Date": None})


def write(results, folder):
    (folder / "performance.md").write_text("\n".join(page(results)) + "\n")
    if results["cells"]:
        chart(results, folder / "performance.svg")
    print(f"wrote {folder / 'performance.md'} and performance.svg")
