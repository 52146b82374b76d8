"""Fetches NVIDIA's disassembler from PyPI into a folder, unless it is there, and prints where it is.

Usage: fetch_nvdisasm.py FOLDER
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "nvidia-cuda-nvdisasm==13.5.37"


def main():
    folder = Path(sys.argv[1])
    program = folder / "nvidia" / "cu13" / "bin" / "nvdisasm"
    if not program.exists():
        with tempfile.TemporaryDirectory() as wheels:
            # A wheel is an archive: nothing has to be installed to unpack it, but pip finds the one for this machine.
            with tempfile.TemporaryDirectory() as environment:
                subprocess.run([sys.executable, "-m", "venv", environment], check=True, stdout=sys.stderr)
                subprocess.run([f"{environment}/bin/pip", "-q", "--disable-pip-version-check", "download", "--no-deps", "-d", wheels,
                                PACKAGE], check=True, stdout=sys.stderr)
            for wheel in Path(wheels).glob("*.whl"):
                zipfile.ZipFile(wheel).extractall(folder)
        program.chmod(0o755)
    print(program)


if __name__ == "__main__":
    main()
