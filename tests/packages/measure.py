"""Measures which packages work in which runtime, and writes measured/<version>.tsv beside it.

    python measure.py --library libvh_python_wrapper.so --python venv/bin/python [MODULE...]

`--python` is the Python of a virtual environment that has the packages (`--install` puts those
that are missing into it), of the version the library was built for. Without modules all of
packages.py are measured; with some only these, and the file keeps what it says of the others.

Each (package, runtime) is a process of its own, tests/packages/host.cpp, so a crash is a result
like any other. The scripts import by a computed name: the library's own table of packages must
not decide what is measured to write it.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from packages import COMPILED_PARTS, PACKAGES, WITHOUT
from results import COLUMNS, WORKS, file_for, read, write

HERE = Path(__file__).resolve().parent
TIMEOUT = 180  # seconds for one process

RELOAD = ("unload:a", "load:a", "use:a")
TWO_AND_RELOADS = (
    ("first interpreter", ("load:a", "use:a")),
    ("second script at the same time", ("load:b", "use:b", "use:a")),
    ("reload", RELOAD * 3),
    ("reload after the first loader ended", ("use:b", "unload:b", "load:b", "use:b", "use:a")),
    ("load after all had ended", ("unload:a", "unload:b", "load:b", "use:b")),
)
# Steps of each measurement, in phases that name where it failed.
MEASUREMENTS = {
    "sub": TWO_AND_RELOADS,
    "sub beside main": (
        ("script in main", ("load:main", "use:main")),
        ("script in sub", ("load:a", "use:a", "use:main")),
        ("reload", RELOAD),
    ),
    "own-gil": TWO_AND_RELOADS,
    "main": TWO_AND_RELOADS,
}

SCRIPT = """\
# vh: runtime = {runtime}
import importlib
import sys

sys.modules.update(dict.fromkeys({without!r}))
module = importlib.import_module({module!r})


def use():
{body}
    return 1
"""

ASK_VERSIONS = """
import importlib.metadata, json, platform, sys, sysconfig
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps([platform.python_version(), sysconfig.get_path("platlib"), versions]))
"""


def build_host(folder):
    program = folder / "host"
    include = HERE.parents[1] / "include"
    command = ["c++", "-std=c++17", "-O1", f"-I{include}", HERE / "host.cpp", "-o", program]
    subprocess.run([*command, "-ldl"], check=True)
    return program


def ask_versions(python):
    names = sorted({distribution for _, distribution, _ in PACKAGES})
    answer = subprocess.run(
        [python, "-c", ASK_VERSIONS, *names], check=True, stdout=subprocess.PIPE
    )
    return json.loads(answer.stdout)


def install(python, distributions):
    """One by one: some have no wheel for some Python, which is no reason to miss the others."""
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for distribution in distributions:
        command = [*pip, "--only-binary", ":all:", distribution]
        if subprocess.run(command).returncode != 0:
            print(f"{distribution}: not installed, so not measured", flush=True)


def write_scripts(folder, runtime, module, use):
    for name in ("a", "b", "main"):
        where = "main" if name == "main" else runtime
        text = SCRIPT.format(
            runtime=where,
            without=WITHOUT.get(module, ()),
            module=module,
            body=textwrap.indent(use, "    "),
        )
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def first_error(output):
    """The first exception of the step that failed, which caused the others, or else its last line.

    Without paths of this machine.
    """
    step = re.split(r"^@ .* ok$", output, flags=re.M)[-1]
    lines = [line.strip() for line in step.splitlines() if not line.startswith("@ ")]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception): .", line)]
    line = (errors or lines[-1:] or ["no output"])[0]
    return re.sub(r"\s*\(?/[^\s)]*\)?", "", line)


def judge(phases, output, code):
    """`works`, or else what happened in which phase."""
    if code == 0:
        return WORKS
    passed = len(re.findall(r"^@ .* ok$", output, re.M))
    count = 1  # "begin"
    for phase, steps in phases:
        count += len(steps)
        if passed < count:
            break
    else:
        phase = "end"
    if code is None:
        return f"{phase}: hangs"
    if code < 0:
        return f"{phase}: {signal.Signals(-code).name}"
    return f"{phase}: {first_error(output)}"


def measure(host, library, packages, module, use, name):
    phases = MEASUREMENTS[name]
    runtime = name.partition(" ")[0]
    with tempfile.TemporaryDirectory(prefix="vh-packages-") as folder:
        write_scripts(Path(folder), runtime, module, use)
        steps = [step for _, steps in phases for step in steps]
        command = [host, library, folder, *steps]
        environment = {**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": ""}
        try:
            ended = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT,
            )
            output, code = ended.stdout, ended.returncode
        except subprocess.TimeoutExpired as expired:
            output, code = expired.stdout or b"", None
    text = output.decode(errors="replace")
    return judge(phases, text, code), text


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True, type=Path)
    parser.add_argument("--python", required=True, help="of a virtual environment")
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("--show", action="store_true", help="print the output of what failed")
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    return parser.parse_args()


def main():
    options = arguments()
    version, packages, versions = ask_versions(options.python)
    if options.install:
        wanted = {distribution for _, distribution, _ in PACKAGES}
        install(options.python, sorted(wanted - set(versions)))
        version, packages, versions = ask_versions(options.python)
    has_own_gil = tuple(int(part) for part in version.split(".")[:2]) >= (3, 12)
    names = [name for name in MEASUREMENTS if has_own_gil or name != "own-gil"]
    file = file_for(version)
    measured = read(file) if file.exists() else {}
    kinds = (("package", PACKAGES), ("compiled part", COMPILED_PARTS))
    with tempfile.TemporaryDirectory(prefix="vh-packages-") as folder:
        host = build_host(Path(folder))
        for kind, (module, distribution, use) in [(k, row) for k, rows in kinds for row in rows]:
            if distribution not in versions or (options.modules and module not in options.modules):
                continue
            row = dict.fromkeys(COLUMNS, "")
            row.update(module=module, kind=kind, version=versions[distribution])
            row.update(distribution=distribution, python=version)
            for name in names:
                row[name], output = measure(host, options.library, packages, module, use, name)
                print(f"{module} {row['version']}, {name}: {row[name]}", flush=True)
                if row[name] != WORKS and options.show:
                    print(textwrap.indent(output, "    "), flush=True)
            measured[module] = row
            write(file, measured)


if __name__ == "__main__":
    sys.exit(main())
