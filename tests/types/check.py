#!/usr/bin/env python3
"""Type checks of the stub file and of all our Python, with mypy and pyright.

usage: check.py mypy|pyright
       check.py stubtest HOST LIBRARY

Scripts that people copy, and the stub, are checked strictly. Of tests and tools no annotations are
asked, and a None where there must be none ends them anyhow. The library's own Python is one
namespace with builtins of its own, so it is checked as one file with those before it; what it does
to classes and modules of Python is beyond type checkers.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "packages"))
from environment import environment  # noqa: E402

STUBS = ROOT / "python"
EXAMPLES = ROOT / "examples"
# Where tests and tools look for modules they share.
MODULES = [
    *(ROOT / "tests" / name for name in ("packages", "clients", "field", "support")),
    ROOT / "tools",
]
# What is written to be wrong, or for scripts of other kinds.
NOT_CHECKED = re.compile(r"/(scripts|cases|measured|corpus)/|/panics/script\.py$|/hub/setup\.py$")
STRICT = ["--strict"]
LOOSE = [
    *STRICT,
    "--allow-untyped-defs",
    "--allow-incomplete-defs",
    "--allow-untyped-calls",
    "--allow-untyped-decorators",
    *(f"--disable-error-code={code}" for code in ("union-attr", "index", "var-annotated")),
]
NAMES_AND_CALLS = [
    *LOOSE,
    *(
        f"--disable-error-code={code}"
        for code in ("attr-defined", "has-type", "assignment", "method-assign", "misc", "operator")
    ),
]


def tools():
    """The folder of an environment with the checkers and what the examples import."""
    wanted = [ROOT / "tests/types/requirements.txt", EXAMPLES / "hub_api/requirements.txt"]
    return environment("".join(file.read_text(encoding="utf-8") for file in wanted))


def run(program, *arguments):
    """Whether a checker finds nothing; what it finds is printed."""
    folder = tools()
    settings = {
        "MYPYPATH": os.pathsep.join(map(str, (STUBS, *MODULES))),
        "PYRIGHT_PYTHON_CACHE_DIR": str(folder / "pyright"),
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    }
    command = [str(folder / "bin" / "python"), "-m", program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}).returncode == 0


def our_python():
    """Every Python file of ours but for examples, by folder: modules there import each other."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.decode()
    folders = {}
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        is_other = name.startswith(("examples/", "src/", "crates/")) or NOT_CHECKED.search(
            f"/{name}"
        )
        if file.exists() and not is_other:
            folders.setdefault(file.parent, []).append(file)
    return folders


def support():
    """The library's own Python as one file."""
    source = (ROOT / "crates/cpython/src/scope.rs").read_text(encoding="utf-8")
    builtins = re.findall(r'Builtin::new\(\s*c"(\w+)"', source)
    names = re.findall(r'(support|part)!\("(\w+)"', source)
    if not builtins or not names:
        raise ValueError(
            "crates/cpython/src/scope.rs lists no files or builtins that can be read here"
        )
    yield "from typing import Any\n"
    for name in builtins:
        yield f"def {name}(*args: Any) -> Any: ...\n"
    folders = {"support": "crates/cpython/src/support", "part": "crates/core/src/parts"}
    for kind, name in names:
        yield (ROOT / folders[kind] / f"{name}.py").read_text(encoding="utf-8")


def hooks(file):
    """The hooks that a script defines."""
    known = set(re.findall(r"^_(On\w+):", (STUBS / "vh.pyi").read_text(), re.MULTILINE))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {node.name for node in tree.body if isinstance(node, functions)}
    return sorted(defined & known)


def hooks_fit(folder, files):
    """A file that holds each hook of the scripts against the stub's type of it."""
    lines = ["import vh"]
    for file in files:
        lines.append(f"import {file.stem}")
        for hook in hooks(file):
            lines.append(f"{file.stem}_{hook}: vh._{hook} = {file.stem}.{hook}")
    if len(lines) <= len(files) + 1:
        raise ValueError("no hook was found in the example scripts")
    test = folder / "hooks_fit.py"
    test.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return test


def mypy():
    scripts = sorted((EXAMPLES / "scripts").glob("*.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = folder / "support.py"
        whole.write_text("".join(support()), encoding="utf-8")
        checks = [
            [*STRICT, STUBS / "vh.pyi", *scripts, hooks_fit(folder, scripts)],
            [*LOOSE, EXAMPLES / "hub_api" / "hub_api.py"],
            [*NAMES_AND_CALLS, whole],
            *([*LOOSE, *files] for files in our_python().values()),
        ]
        cache = ["--cache-dir", folder / "cache"]
        return all([run("mypy", *cache, *check) for check in checks])


def pyright():
    files = [STUBS / "vh.pyi", *sorted(EXAMPLES.glob("*/*.py"))]
    return run("pyright", "--project", ROOT / "tests/types/pyrightconfig.json", *files)


def stubtest(host, library):
    """mypy's stubtest and ours, inside of a script: there `vh` is the real one."""
    settings = {
        "VH_PYTHON_VENV": str(tools()),
        "VH_PYTHON_RUNTIME": "main",
        "VH_PYTHON_HOOK_TIMEOUT": "0",
        "VH_PYTHON_OUTPUT_LIMIT": "0",
        "MYPYPATH": str(STUBS),
        "VH_STUB": str(STUBS / "vh.pyi"),
        "VH_REFERENCE": str(ROOT / "docs" / "reference.md"),
    }
    folder = ROOT / "tests/types/scripts"
    steps = [f"{step}:{name}" for name in ("signatures", "compare") for step in ("load", "use")]
    command = [host, library, str(folder), *steps]
    return subprocess.run(command, env={**os.environ, **settings}).returncode == 0


def main(check, *arguments):
    if check == "stubtest":
        return stubtest(*arguments)
    return {"mypy": mypy, "pyright": pyright}[check]()


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
