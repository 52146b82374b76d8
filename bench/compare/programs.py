"""The programs that are compared: fetched and built once under build/peers, then asked for times over a pipe.

A peer that cannot be had is named with the reason; nothing here stops for it.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "peers"
VENV = HOME / "venv"
PYTHON = VENV / "bin" / "python"
OURS = ROOT / "build" / "bench" / "bench"
HERE = Path(__file__).resolve().parent
PACKAGES = {"numpy": ["numpy"], "matplotlib": ["matplotlib"], "ml_dtypes": ["ml_dtypes"], "ort": ["onnx", "onnxruntime"],
            "onednn": ["onednn-devel"]}
GGML_LIMIT = 30 * 60  # seconds its build may take


def run(command, limit=900, log=None, **options):
    """The reason why a command failed, or None."""
    print("+", " ".join(map(str, command))[:160], flush=True)
    try:
        done = subprocess.run(list(map(str, command)), timeout=limit, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    except subprocess.TimeoutExpired:
        return f"not done after {limit} s"
    except OSError as error:
        return str(error)
    if log:
        log.write_text(done.stdout)
    return None if done.returncode == 0 else " ".join(done.stdout.split())[-200:]


class Installed:
    """What has been fetched and built, how long that took and what is missing: kept in build/peers/installed.json."""

    def __init__(self):
        HOME.mkdir(parents=True, exist_ok=True)
        self.file = HOME / "installed.json"
        self.known = json.loads(self.file.read_text()) if self.file.exists() else {}

    def once(self, name, make):
        """Calls make() -> reason or None, unless it went well before."""
        if self.known.get(name, {}).get("missing", True):
            self.always(name, make)

    def always(self, name, make):
        start = time.monotonic()
        reason = make()
        taken = time.monotonic() - start
        self.known[name] = {"missing": reason, "seconds": round(max(taken, self.known.get(name, {}).get("seconds", 0)), 1)}
        self.file.write_text(json.dumps(self.known, indent=1))
        if reason:
            print(f"  {name} is missing: {reason}", flush=True)

    def missing(self, name):
        return self.known.get(name, {}).get("missing")

    def reasons(self):
        return {name: known["missing"] for name, known in self.known.items() if known["missing"]}


def debian(packages):
    """`packages`: names, or one of the lists of packages.sh."""
    return run(["bash", "-c", f'source "{ROOT}/cmake/packages.sh" && need {packages}'])


def pip(*words, limit=900):
    return run([PYTHON, "-m", "pip", "-q", "--disable-pip-version-check", *words], limit)


def fetch_ggml():
    """ggml's sources, which llama-cpp-python's source package carries; the newest its index has."""
    sources = HOME / "src"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir()
    reason = pip("download", "--no-deps", "--no-binary", ":all:", "-d", sources, "llama-cpp-python")
    if reason:
        return reason
    archive = next(sources.glob("llama_cpp_python-*.tar.gz"))  # tar: not every Python 3.11 can unpack with a filter
    reason = run(["tar", "-xzf", archive, "-C", sources, "--wildcards", "*/vendor/llama.cpp/ggml/*"])
    return reason or (None if ggml_sources() else "its source package holds no ggml")


def ggml_sources():
    return next(iter(HOME.glob("src/llama_cpp_python-*/vendor/llama.cpp/ggml")), None)


def build_driver(name, limit):
    return lambda: run(["cmake", "--build", HOME / "drivers", "--target", f"{name}_driver"], limit, HOME / f"{name}.log")


def install():
    """All peers, and the environment that the rest of this program runs in."""
    installed = Installed()
    installed.once("debian packages", lambda: debian('"${bench_packages[@]}" python3-venv'))
    installed.once("environment", lambda: run([sys.executable, "-m", "venv", VENV]))
    for name, packages in PACKAGES.items():
        installed.once(name, lambda: pip("install", *packages))
    installed.once("openblas", lambda: debian("libopenblas-dev"))
    installed.once("ggml", fetch_ggml)
    configure = ["cmake", "-S", HERE / "peers", "-B", HOME / "drivers", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 f"-DPEERS_VENV={VENV}", f"-DPEERS_GGML={ggml_sources() or ''}"]
    installed.always("drivers' configuration", lambda: run(configure, log=HOME / "configure.log"))
    for name in ("openblas", "onednn", "ggml"):
        if not installed.missing(name):
            installed.always(f"{name} driver", build_driver(name, GGML_LIMIT if name == "ggml" else 300))


def build_ours():
    """The reason why our own programs could not be built, or None."""
    sources = [name for name in ("gemm", "limits", "convert", "quantize") if (ROOT / "bench" / f"{name}.cpp").exists()]
    return run(["cmake", "--preset", "bench"], cwd=ROOT) or run(
        ["cmake", "--build", "--preset", "bench", "-j2", "--target", *sources], 1800, cwd=ROOT)


# ---- asking them

class Missing(Exception):
    """Why a program has no answer."""


class Program:
    """One driver, running."""

    def __init__(self, name, threads):
        self.buffer = b""
        environment = dict(os.environ, OCL_ICD_FILENAMES=str(VENV / "lib" / "libintelocl.so"))
        binary = OURS / "gemm" if name == "fewbits" else PYTHON if name == "ort" else HOME / "drivers" / f"{name}_driver"
        command = [binary, *{"fewbits": ["--serve"], "ort": [HERE / "peers" / "ort.py"]}.get(name, [])]
        if not binary.exists():
            raise Missing("it could not be built")
        if name == "onednn":
            environment["LD_LIBRARY_PATH"] = str(VENV / "lib")
            if threads == 1:  # its SYCL runtime has no call that sets the number of threads
                environment["DPCPP_CPU_NUM_CUS"] = "1"
                command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)

    def say(self, *words):
        try:
            self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Missing("it ended") from None

    def hear(self, limit=300):
        """The rest of an answer that begins with ok."""
        until = time.monotonic() + limit
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                verb, _, rest = line.decode().partition(" ")
                if verb == "ok":
                    return rest.strip()
                if verb == "no":
                    raise Missing(rest.strip())
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            some = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not some:
                raise Missing(f"no answer after {limit} s" if not ready else "it ended")
            self.buffer += some

    def ask(self, *words, limit=300):
        self.say(*words)
        return self.hear(limit)

    def stop(self):
        self.process.kill()
        self.process.wait()
