"""docs/matrix.md: each symbol, hook and callback by generation of hub, and the tests that reach it.

What a test reaches is not read from its source: the tests run with the observer library
(tests/observer) in the library's place, which counts what passes between host and library. Ends
with 1 when the page is out of date or something is reached by no test; --write writes it anew.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "matrix.md"
HEADER = ROOT / "include" / "vh_python_wrapper.h"
SYMBOLS = ROOT / "tests" / "symbols.txt"
SCENES = ROOT / "tests" / "generations" / "scripts"
GENERATIONS = ("classic", "bidirectional", "python3")
# A table of callbacks does not tell which of the two older hubs it belongs to.
SEEN_AS = {"older": ("classic", "bidirectional"), **{name: (name,) for name in GENERATIONS}}

# Test of ctest, and the tests of its program that are observed.
CONTRACT = {
    "contract.blocks": "Blocks*",
    "contract.hooks": "Hooks*",
    "contract.vh_functions": "Vh*",
    "contract.call_function": "CallFunction*",
    "contract.registered_functions": "RegisteredFunctions*",
    "contract.text": "Text*",
    "contract.lifecycle": "Lifecycle*",
}
STRESS = {"stress.counts": "*/1scripts1threads"}
SYMBOLS_TEST = {"matrix.symbols": "*"}

# What no test can reach, because hubs of that generation do not offer it.
NEVER_SET = "never set by any hub"
NOT_THERE = {
    ("callback", "GetIPCity", "classic"): "not in this hub's table",
    ("callback", "GetIPCity", "bidirectional"): "not in this hub's table",
    **{
        ("callback", name, generation): NEVER_SET
        for name in ("SQLQuery", "SQLFetch", "SQLFree")
        for generation in GENERATIONS
    },
}

INTRODUCTION = """\
# What is tested, by generation of hub

Printed by `tests/matrix/matrix.py` (target `matrix`); the test `documents.matrix` fails when this
page is out of date or when something is reached by no test. The names are those of
`tests/symbols.txt` and of the published header.

A test stands in a cell when it reached the thing while the page was made: the tests ran with an
observer in the library's place that counts the host's calls of symbols, the hooks that scripts
answered, and the callbacks that the library called. What the tests assert is in their sources.
Classic and bidirectional hubs have the same table of callbacks, so a test through a table alone
(`contract.…`, `matrix.symbols`) counts for both; `generations` runs a hub of each.
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("observer", "contract", "stress", "symbols-test", "generations-host"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def names():
    """What there is, by kind, in the order of the page."""
    header = HEADER.read_text(encoding="utf-8")
    enums = re.findall(r"^enum \{\n(.*?)^\};", header, re.M | re.S)
    by_enum = [re.findall(r"^  W_(\w+) = \d+,", enum, re.M) for enum in enums]
    symbols = SYMBOLS.read_text(encoding="utf-8").split()
    return {
        "symbol": ["stringListToJson" if "stringListToJson" in name else name for name in symbols],
        "hook": next(enum for enum in by_enum if "OnNewConn" in enum),
        "callback": next(enum for enum in by_enum if "SendToOpChat" in enum),
    }


def observe(observer, command, hub=None):
    """Runs a test with the observer as its library; what it saw, one report for each process."""
    with tempfile.TemporaryDirectory(prefix="vh-matrix-") as folder:
        report = Path(folder) / "report"
        environment = {**os.environ, "VH_LIBRARY": observer, "VH_OBSERVER_REPORT": str(report)}
        if hub:
            environment["VH_OBSERVER_HUB"] = hub
        command = [argument.replace("FOLDER", folder) for argument in map(str, command)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            what = f"{' '.join(command)} ended with {done.returncode}"
            sys.exit(f"{what}:\n{done.stdout}{done.stderr}")
        return [json.loads(line) for line in report.read_text().splitlines()]


def runs(options):
    """(name of a test, its reports)"""
    programs = {
        options.contract: CONTRACT,
        options.stress: STRESS,
        options.symbols_test: SYMBOLS_TEST,
    }
    for program, tests in programs.items():
        for test, pattern in tests.items():
            yield test, observe(options.observer, [program, f"--gtest_filter={pattern}"])
    for generation in GENERATIONS:
        for scene in sorted(SCENES.iterdir()):
            play = [options.generations_host, options.observer, generation, scene.name, scene]
            command = [*play, "FOLDER", "FOLDER/transcript"]
            yield "generations", observe(options.observer, command, generation)


def evidence(options):
    """(kind, name, generation) -> the tests that reached it"""
    found = {}
    for test, reports in runs(options):
        for report in reports:
            for hub, kinds in report.items():
                for generation in SEEN_AS.get(hub, ()):
                    for kind, calls in kinds.items():
                        for name in calls:
                            found.setdefault((kind, name, generation), set()).add(test)
    return found


def page(things, found):
    lines = [INTRODUCTION]
    titles = {"symbol": "Symbols", "hook": "Hooks", "callback": "Callbacks"}
    for kind, title in titles.items():
        lines += [f"## {title}", "", f"| {kind} | {' | '.join(GENERATIONS)} |"]
        lines.append("| --- |" + " --- |" * len(GENERATIONS))
        for name in things[kind]:
            cells = (cell(found, kind, name, generation) for generation in GENERATIONS)
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def cell(found, kind, name, generation):
    tests = found.get((kind, name, generation))
    return ", ".join(sorted(tests or [NOT_THERE.get((kind, name, generation), "**none**")]))


def complaints(things, found):
    """What no test reaches, and what is said not to be there but was reached."""
    for kind, kind_names in things.items():
        for name in kind_names:
            for generation in GENERATIONS:
                where = (kind, name, generation)
                if where not in found and where not in NOT_THERE:
                    yield (
                        f"no test reaches the {kind} {name} in a {generation} hub, or the "
                        "observer (tests/observer) does not see it"
                    )
    for kind, name, generation in sorted(NOT_THERE.keys() & found.keys()):
        yield f"matrix.py says that {generation} hubs lack the {kind} {name}, but a test saw it"


def main():
    options = arguments()
    things, found = names(), evidence(options)
    wanted = page(things, found)
    wrong = list(complaints(things, found))
    if options.write:
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted:
        make = "cmake --build build --target matrix"
        wrong.append(f"docs/matrix.md is out of date: run `{make}` and commit it")
    print("\n".join(wrong) or "docs/matrix.md is what the tests reach")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
