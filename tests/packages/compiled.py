"""Compiled modules of our own that nobody put into a table: built when they are measured."""

import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "compiled"
MODULES = ("vh_cython", "vh_static")
CYTHON = "cython==3.1.2"

USE = "assert module.text_of({'a': [1]}) == '{\"a\": [1]}'"

ASK = """
import sysconfig
print(sysconfig.get_path("include"), sysconfig.get_config_var("EXT_SUFFIX"), sep="\\n")
"""


def build(python, packages):
    """Compiles them into the folder of packages of the environment whose Python is given."""
    answer = subprocess.run([python, "-c", ASK], check=True, stdout=subprocess.PIPE, text=True)
    include, suffix = answer.stdout.split("\n")[:2]
    for module in MODULES:
        target = Path(packages, module + suffix)
        source = FOLDER / f"{module}.c"
        if target.exists():
            continue
        if not source.exists():
            source = Path(packages, f"{module}.c")
            cython = ["-m", "cython", str(FOLDER / f"{module}.pyx"), "-o", str(source)]
            subprocess.run([str(python), *cython], check=True)
        unfinished = target.with_suffix(".unfinished")
        options = ["-O1", "-shared", "-fPIC", f"-I{include}"]
        subprocess.run(["cc", *options, str(source), "-o", str(unfinished)], check=True)
        unfinished.rename(target)
