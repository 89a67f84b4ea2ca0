"""Whether every command of the documents is in the table, and every row of the table is right."""

import re
import shlex
import subprocess
from pathlib import Path

import ways
from table import COMMANDS

HERE = Path(__file__).resolve().parent
TABLE = "tests/documents/table.py"


def targets_of(makefile):
    """The targets of the Makefile, and the variables that may be given to it."""
    found = re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE)
    variables = re.findall(r"^(?:export )?([A-Z_]+) *[?:]?=", makefile, re.MULTILINE)
    return set(found), {*variables, "DESTDIR", "CARGO_TARGET_DIR"}


def make_faults(text, makefile):
    """What a command that is a `make` asks for and the Makefile does not have."""
    targets, variables = targets_of(makefile)
    for part in re.findall(r"(?:^|[;&|(\n]|\bdo)\s*(?:[A-Z_]+=\S+ )*make\b([^;&|)\n]*)", text):
        words = [word for word in shlex.split(part) if word != "…" and not word.startswith("-")]
        for word in words:
            name, is_setting, _ = word.partition("=")
            if is_setting and name not in variables:
                yield f"the Makefile has no variable {name}"
            elif not is_setting and word not in targets:
                yield f"the Makefile has no target {word}"


def tests_of(root):
    """What CMake files call their tests; `${…}` in a name stands for anything."""
    files = [*root.glob("tests/*/CMakeLists.txt"), *root.glob("cmake/*.cmake")]
    files += root.glob("benches/**/CMakeLists.txt")
    names = set()
    for file in files:
        text = file.read_text(encoding="utf-8")
        names |= set(re.findall(r"(?:add_test\(\s*NAME\s+|vh_add_suite\()(\S+)", text))
    return [re.compile(re.sub(r"\\\$\\\{\w+\\\}", r"[\\w-]+", re.escape(each))) for each in names]


def row_faults(text, way, root):
    """What is wrong with a row by itself."""
    test = way.test if isinstance(way, (ways.Test, ways.Long)) else ""
    if test and not any(name.fullmatch(test) for name in tests_of(root)):
        yield f"no ctest test is called {test}"
    if isinstance(way, ways.By) and way.command not in COMMANDS:
        yield f"{way.command!r} is not in the table"
    if isinstance(way, ways.Ci):
        ci = (root / ".ci" / "run").read_text(encoding="utf-8")
        if way.target and not re.search(rf"(make|count_tests) {way.target}\b", ci):
            yield f".ci/run does not run {text}"
    if subprocess.run(["bash", "-n", "-c", text], capture_output=True).returncode != 0:
        yield f"no shell reads {text}"


def faults(commands, root):
    """(where, fault) for commands that are not known, and rows that are wrong or of no use."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for command in commands:
        for fault in make_faults(command.text, makefile):
            yield command, f"{command.text}: {fault}"
        if command.text not in COMMANDS:
            yield command, f"nothing runs `{command.text}`: add a row to {TABLE} that says how"
    shown = {command.text for command in commands}
    for text, way in COMMANDS.items():
        if text not in shown:
            yield TABLE, f"no document shows `{text}`: take the row away"
        for fault in row_faults(text, way, root):
            yield TABLE, fault


def told(text):
    """How a command is checked, in words."""
    return COMMANDS[text].told() if text in COMMANDS else "NOTHING KNOWS"
