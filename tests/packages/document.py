"""Writes docs/packages.md from what was measured; with --check only says whether it is out of date.

python document.py [--check]
"""

import re
import sys
from pathlib import Path

from results import FOLDER, WORKS, read

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "packages.md"

# What a failure is called in the table, by what it says.
CALLED = (
    ("once", "once per process|one interpreter per process|PyO3 modules do not yet support"),
    ("refused", "does not support loading in subinterpreters"),
    ("crash", r": SIG[A-Z]+$|: hangs$"),
    ("breaks", ""),
)

HEAD = """\
# Which packages work where

Printed by `python tests/packages/document.py` from what `tests/packages/measure.py` measured in the hub's library, with
wheels from PyPI and Python {pythons}.

A script that says nothing runs in `sub`; when it imports a package that cannot live there, it is loaded in `main`, and
the log says why. A script that asks for a runtime its package cannot live in is told so and not loaded. In `main`, in the
way `# vh: runtime = main` asks for it, {in_main}

Packages that are not listed were not measured. Those written in Python alone work everywhere when what they import does.
The library also recognises others that need `main`: by what they require, as far as that is installed, by what their compiled
parts say of themselves, and when one refused to be imported before. An import inside a function counts too, unless the script
says where it runs.

cffi, greenlet, psutil, regex and zstandard crashed Python 3.12 when the interpreter that imported them first had ended: there
they are loaded in `main` too, though they work in interpreters that are used again. Extras may need more than the package:
`uvicorn[standard]` brings uvloop and httptools, which need `main`.

| in a cell | it means |
| --- | --- |
| `sub`, `main` | "chosen": the runtime in which a script that does not say one is loaded, with its packages in a virtual environment; it works there: loaded, used, reloaded, in a second script beside it, in that one when the first is gone |
| yes | works in two scripts at once, through reloads of both, and (`sub`) beside a script in `main` that uses it |
| once | the first script to import it gets it; the next one, or the same after a reload, gets an ImportError |
| refused | an ImportError at once: the package does not say that it supports several interpreters |
| breaks | other exceptions, in the second script or after a reload |
| crash | the process crashes, most often when a script is reloaded |
| – | not measured |

"""

PACKAGES = """\
| import | package | {columns} |
| --- | --- | {lines} |
"""

UNKNOWN = """
## Modules that no table knows

Compiled by the tests: one by Cython, which keeps objects in variables of C, and one of the old kind, made in one phase with a
static type.

"""

PARTS = """
## Compiled parts

These packages work where the table above says so, but without the part that makes them fast, and with what only that part
offers (for PyYAML `CSafeLoader`), where this table does not say yes.

"""


def verdict(row, *columns):
    if row is None or not any(row[column] for column in columns):
        return "–"
    failures = [row[column] for column in columns if row[column] != WORKS]
    return failure(failures[0]) if failures else "yes"


def failure(text):
    return next(name for name, pattern in CALLED if re.search(pattern, text))


def versions(rows):
    measured = {row["version"] for row in rows} - {""}
    known = sorted(measured, key=lambda text: [*map(int, text.split("."))])
    if not known:
        return "tests/packages/compiled"
    return f"{rows[0]['distribution']} {', '.join(known)}"


def chosen(row):
    """The runtime the library chose, and what failed there if something did."""
    if row is None or not row["chosen"]:
        return "–"
    runtime, _, result = row["chosen"].partition(": ")
    return f"`{runtime}`" if result == WORKS else f"`{runtime}`: {failure(result)}"


def table(measured, kind):
    """One line for each module, with a column for each runtime of each Python."""
    own_gil = [
        python for python in measured if any(row["own-gil"] for row in measured[python].values())
    ]
    all_rows = [row for rows in measured.values() for row in rows.values() if row["kind"] == kind]
    is_chosen = any(row["chosen"] for row in all_rows)
    columns = [f"chosen {python}" for python in measured if is_chosen]
    columns += [f"`sub` {python}" for python in measured]
    columns += [f"`own-gil` {python}" for python in own_gil]
    out = PACKAGES.format(columns=" | ".join(columns), lines=" | ".join(["---"] * len(columns)))
    for module in sorted({row["module"] for row in all_rows}, key=str.lower):
        rows = {python: measured[python].get(module) for python in measured}
        cells = [chosen(rows[python]) for python in measured if is_chosen]
        cells += [verdict(rows[python], "sub", "sub beside main") for python in measured]
        cells += [verdict(rows[python], "own-gil") for python in own_gil]
        package = versions([row for row in rows.values() if row])
        out += f"| `{module}` | {package} | {' | '.join(cells)} |\n"
    return out


def document():
    files = sorted(FOLDER.glob("*.tsv"), key=lambda file: [*map(int, file.stem.split("."))])
    measured = {file.stem: read(file) for file in files}
    rows = [row for rows in measured.values() for row in rows.values()]
    failures = sorted({row["module"] for row in rows if row["main"] != WORKS})
    in_main = "every one of them works"
    if failures:
        in_main += " but " + ", ".join(f"`{module}`" for module in failures)
    pythons = ", ".join(sorted({row["python"] for row in rows}, key=lambda p: p.split(".")))
    head = HEAD.format(pythons=pythons, in_main=in_main + ".")
    unknown = UNKNOWN + table(measured, "unknown")
    return head + table(measured, "package") + unknown + PARTS + table(measured, "compiled part")


def main():
    wanted = document()
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != wanted:
        sys.exit(f"{DOCUMENT.name} is out of date: run {Path(__file__).name} and commit it")


if __name__ == "__main__":
    main()
