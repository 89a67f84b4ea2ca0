"""Measures a few rows of the table of packages again; fails when one is not as the table says.

rows.py LIBRARY    with the Python that the library was built for
"""

import platform
import subprocess
import sys
from pathlib import Path

import compiled
from environment import environment
from packages import PACKAGES
from results import file_for, read

# Quick ones of each kind: written in Python, with C parts that go without, one that needs a package
# which needs `main`, data alone; and those that no table knows.
MODULES = ("aiohttp", "cryptography", "jwt", "tzdata", "yaml", *compiled.MODULES)


def requirements():
    file = file_for(platform.python_version())
    measured = read(file) if file.exists() else {}
    versions = {row["distribution"]: f"=={row['version']}" for row in measured.values()}
    wanted = [distribution for module, distribution, _ in PACKAGES if module in MODULES]
    return [compiled.CYTHON, *(name + versions.get(name, "") for name in wanted)]


def main():
    python = environment("\n".join(requirements()) + "\n") / "bin" / "python"
    measure = [sys.executable, "-B", str(Path(__file__).with_name("measure.py"))]
    options = ["--library", sys.argv[1], "--python", str(python), "--only", "chosen"]
    return subprocess.run(
        [*measure, *options, "--install", "--check", "--show", *MODULES]
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
