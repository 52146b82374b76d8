"""Runs a compiler that has nothing to say: what ptxas only remarks, wgmma made serial (C7510) or setmaxnreg ignored (C7508), fails too.

Usage: silent.py COMMAND...
"""

import subprocess
import sys


def run(command):
    """(exit status, what was said)"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode or (1 if done.stdout.strip() else 0), done.stdout


def main():
    # The check itself: it must see what it is for.
    assert run(["true"]) == (0, "") and run(["false"])[0] == 1 and run(["echo", "ptxas info : (C7510)"])[0] == 1
    status, said = run(sys.argv[1:])
    print(said, end="")
    return status


if __name__ == "__main__":
    sys.exit(main())
