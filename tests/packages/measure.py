"""Measures which packages work in which runtime, and writes measured/<version>.tsv beside it.

    python measure.py --library libvh_python_wrapper.so --python venv/bin/python [MODULE...]

`--python` is the Python of a virtual environment that has the packages (`--install` puts those
that are missing into it, in the version that was measured before if there is one), of the version
the library was built for. Without modules all of packages.py are measured; with some only these,
and the file keeps what it says of the others. `--check` writes nothing and fails when something is
not as the file says.

Each (package, runtime) is a process of its own, tests/packages/host.cpp, so a crash is a result
like any other. What is measured as "chosen" are scripts with a virtual environment that say nothing
about their runtime: the library chooses. In all others the scripts import by a computed name: the
library's own table of packages must not decide what is measured to write it.
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

import compiled
from packages import COMPILED_PARTS, PACKAGES, UNKNOWN, WITHOUT
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
CHOSEN = (
    ("load", ("load:a", "use:a")),
    ("reload", ("unload:a", "load:a", "use:a")),
    ("second script", ("load:b", "use:b", "use:a")),
    ("second script after the first", ("unload:a", "use:b")),
    ("first script again", ("load:a", "use:a", "use:b")),
    ("second reload", ("unload:b", "load:b", "use:b", "unload:a", "load:a", "use:a")),
)
MEASUREMENTS = {
    "chosen": CHOSEN,
    "sub": TWO_AND_RELOADS,
    "sub beside main": (
        ("script in main", ("load:main", "use:main")),
        ("script in sub", ("load:a", "use:a", "use:main")),
        ("reload", RELOAD),
    ),
    "own-gil": TWO_AND_RELOADS,
    "main": TWO_AND_RELOADS,
}

CHOSEN_SCRIPT = """\
# vh: venv = {environment}
import sys

sys.modules.update(dict.fromkeys({without!r}))
import {module}

module = sys.modules[{module!r}]


def use():
{body}
    return 1
"""

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
where = [sys.prefix, sysconfig.get_path("platlib")]
print(json.dumps([platform.python_version(), *where, versions]))
"""


def build_host(folder):
    program = folder / "host"
    support = HERE.parent / "support"
    command = ["c++", "-std=c++17", "-O1", f"-I{HERE.parents[1] / 'include'}", f"-I{support}"]
    sources = [HERE / "host.cpp", support / "library.cpp"]
    subprocess.run([*command, *sources, "-o", program, "-ldl"], check=True)
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


def write_scripts(folder, runtime, environment, module, use):
    for name in ("a", "b", "main"):
        text = (CHOSEN_SCRIPT if runtime == "chosen" else SCRIPT).format(
            runtime="main" if name == "main" else runtime,
            environment=environment,
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


class Measuring:
    """What every measurement needs."""

    def __init__(self, options, host):
        self.options = options
        self.host = host
        self.version, self.prefix, self.packages, self.versions = ask_versions(options.python)

    def measure(self, module, use, name):
        phases = MEASUREMENTS[name]
        runtime = name.partition(" ")[0]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        if runtime != "chosen":
            environment["PYTHONPATH"] = self.packages
        with tempfile.TemporaryDirectory(prefix="vh-packages-") as folder:
            write_scripts(Path(folder), runtime, self.prefix, module, use)
            steps = [step for _, steps in phases for step in steps]
            command = [self.host, self.options.library, folder, *steps]
            output, code = run(command, environment)
        verdict = judge(phases, output, code)
        if runtime == "chosen":
            chosen = "main" if "is loaded in the runtime main" in output else "sub"
            verdict = f"{chosen}: {verdict}"
        return verdict, output

    def row(self, kind, module, distribution, use):
        """What the file says of a module; tells of each part at once."""
        version = self.versions.get(distribution, "")
        row = dict.fromkeys(COLUMNS, "")
        row.update(module=module, kind=kind, version=version, distribution=distribution)
        row.update(python=self.version)
        has_own_gil = tuple(int(part) for part in self.version.split(".")[:2]) >= (3, 12)
        for name in self.options.only or MEASUREMENTS:
            if name == "own-gil" and not has_own_gil:
                continue
            if name == "chosen" and kind == "compiled part":
                continue  # What no script imports by its name.
            row[name], output = self.measure(module, use, name)
            print(f"{module} {version}, {name}: {row[name]}", flush=True)
            if not row[name].endswith(WORKS) and self.options.show:
                print(textwrap.indent(output, "    "), flush=True)
        return row


def run(command, environment):
    """Output and exit status of a program, None when it does not end."""
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
    return output.decode(errors="replace"), code


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True, type=Path)
    parser.add_argument("--python", required=True, help="of a virtual environment")
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("--show", action="store_true", help="print the output of what failed")
    parser.add_argument("--check", action="store_true", help="compare with the file")
    parser.add_argument("--only", nargs="+", metavar="COLUMN", choices=MEASUREMENTS)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    options = parser.parse_args()
    options.library = options.library.resolve()
    return options


def modules(options):
    """Kind, module, distribution and use of what is to be measured."""
    kinds = (("package", PACKAGES), ("compiled part", COMPILED_PARTS), ("unknown", UNKNOWN))
    found = [(kind, *row) for kind, rows in kinds for row in rows]
    return [row for row in found if not options.modules or row[1] in options.modules]


def install_missing(options, rows, measured):
    version, _, packages, versions = ask_versions(options.python)
    known = {row["distribution"]: row["version"] for row in measured.values()}
    wanted = {row[2] for row in rows if row[0] != "unknown"} - set(versions)
    install(
        options.python,
        [f"{name}=={known[name]}" if name in known else name for name in sorted(wanted)],
    )
    if any(row[0] == "unknown" for row in rows):
        install(options.python, [compiled.CYTHON])
        compiled.build(options.python, packages)


def difference(row, known):
    """In which columns a row that was measured differs from the one of the file, if in any."""
    if known is None:
        # A Python that nobody measured: the library chooses where it works.
        known = {**row, "chosen": row["chosen"].split(":")[0] + f": {WORKS}"}
    return [
        f"{row['module']}, {name}: {row[name]}; the file says {known[name]}"
        for name in MEASUREMENTS
        if row[name] and row[name] != known[name]
    ]


def main():
    options = arguments()
    rows = modules(options)
    file = file_for(ask_versions(options.python)[0])
    measured = read(file) if file.exists() else {}
    if options.install:
        install_missing(options, rows, measured)
    differences = []
    with tempfile.TemporaryDirectory(prefix="vh-packages-") as folder:
        measuring = Measuring(options, build_host(Path(folder)))
        for kind, module, distribution, use in rows:
            if kind != "unknown" and distribution not in measuring.versions:
                continue
            row = measuring.row(kind, module, distribution, use)
            known = measured.get(module)
            if options.check:
                differences += difference(row, known)
                continue
            if options.only and known is not None:
                row = {**known, **{name: row[name] for name in options.only}}
            measured[module] = row
            write(file, measured)
    return "\n".join(differences) or None


if __name__ == "__main__":
    sys.exit(main())
