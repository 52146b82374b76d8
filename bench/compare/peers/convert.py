"""ml_dtypes' and numpy's conversions: lines of JSON with bytes of float a second of the processor's time, one thread, the best of
several rounds.

    convert.py <type>...
"""

import json
import sys
import time

import ml_dtypes
import numpy as np


def rate(bytes_of_float, convert):
    best = 0.0
    for _ in range(3):
        start, count = time.process_time(), 0
        while time.process_time() - start < 0.05:
            convert()
            count += 1
        best = max(best, count * bytes_of_float / (time.process_time() - start))
    return best


def main():
    values = np.random.default_rng(1).standard_normal(1 << 18).astype(np.float32)
    for name in sys.argv[1:]:
        kind = np.dtype(getattr(ml_dtypes, name, None) or name)
        given = np.abs(values) + np.float32(0.01) if "e8m0" in name else values
        narrow = given.astype(kind)
        for verb, convert in (("encode", lambda: given.astype(kind)), ("decode", lambda: narrow.astype(np.float32))):
            print(json.dumps({"name": f"{verb}/{name}", "bytes_per_second": rate(given.nbytes, convert)}), flush=True)


main()
