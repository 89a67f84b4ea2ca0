"""Runs the suites that talk to Python on the oldest and the newest Python of this machine, too.

    test_versions.py --build build [--list]

Looks for python3.N on the PATH and in pyenv's folder; `make test` has the Python that runs this. Each
version has a folder of its own beside the build's, build-3.9. Ends with 1 when a test failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 9)
TESTS = r"^(contract|abi\.elf|lifecycle|field|clients)(\.|$)"
# What watches memory takes as long as all else, and does so on the usual Python; so do the older
# generations of hub, which have nothing to do with the version, and scripts in processes of their own,
# whose Python may be any: `ctest -R worker` in the build folder runs them.
WITHOUT = r"\.(address|valgrind|classic|bidirectional|worker)$|^lifecycle\.reload\."
# What these tests run.
TARGETS = "vh_library vh_hub host_crash_handler field_host vh_contract"
TARGETS += " vh_lifecycle bare reload stress"
# A build in a tenth of the time; that of the release is tested on the usual Python.
QUICK = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
ASK = """
import json, os, sys, sysconfig
get = sysconfig.get_config_var
library = os.path.join(get("LIBDIR") or "", get("LDLIBRARY") or "")
print(json.dumps({
    "version": sys.version_info[:2],
    "full": "%d.%d.%d" % sys.version_info[:3],
    "path": sys.executable,
    "headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
    "shared": bool(get("Py_ENABLE_SHARED")) and os.path.exists(library),
    "without a lock": bool(get("Py_GIL_DISABLED")),
}))
"""


def candidates():
    """Paths of programs that may be a Python; what is on the PATH comes first."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders += sorted(pyenv.glob("versions/3.*/bin"))
    for folder in folders:
        for path in sorted(folder.glob("python3.*")):
            if re.fullmatch(r"python3\.\d+", path.name) and os.access(path, os.X_OK):
                yield path


def ask(program):
    """What a Python tells of itself, or None: a program of pyenv may stand for a version that is not
    chosen, and then does not run.
    """
    command = [program, "-c", ASK]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def hindrance(python):
    """Why nothing can be built for it, or None."""
    if python["without a lock"]:
        return "it is free-threaded"
    if not python["headers"]:
        return "it has no headers"
    return None if python["shared"] else "it has no shared libpython"


def chosen():
    """The oldest and the newest that can be built for, without the minor version of this one."""
    usable, told = {}, set()
    for program in candidates():
        python = ask(program)
        if not python or python["path"] in told or tuple(python["version"]) < OLDEST:
            continue
        told.add(python["path"])
        why = hindrance(python)
        if why:
            say(python, f"skipped: {why}")
        else:
            usable.setdefault(tuple(python["version"]), python)
    ends = sorted({min(usable), max(usable)}) if usable else []
    for version in ends:
        if version == sys.version_info[:2]:
            say(usable[version], "skipped: it is the version that all tests run on")
    return [usable[version] for version in ends if version != sys.version_info[:2]]


def say(python, text):
    print(f"Python {python['full']}, {python['path']}: {text}", flush=True)


def test(python, build, options):
    """Builds for a Python and runs the tests; whether all passed."""
    folder = build.with_name("{}-{}.{}".format(build.name, *python["version"]))
    environment = {**os.environ, **QUICK, "CARGO_TARGET_DIR": str(folder / "target")}
    say(python, f"is tested in {folder}")
    configure = ["cmake", "-S", ROOT, "-B", folder, f"-DVH_PYTHON={python['path']}"]
    compile_all = [
        "cmake",
        "--build",
        folder,
        "--parallel",
        options.jobs,
        "--target",
        *TARGETS.split(),
    ]
    ctest = ["ctest", "--output-on-failure", "--no-tests=error", "--parallel", options.tests]
    ctest += ["-R", TESTS, "-E", WITHOUT]
    for command, where in ((configure, ROOT), (compile_all, ROOT), (ctest, folder)):
        if subprocess.run(command, cwd=where, env=environment).returncode != 0:
            say(python, f"{command[0]} failed")
            return False
    return True


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the usual folder")
    parser.add_argument("--jobs", default=str(os.cpu_count()), help="programs built at once")
    parser.add_argument("--tests", default=str(os.cpu_count()), help="tests run at once")
    parser.add_argument("--list", action="store_true", help="only tell which Pythons it would be")
    options = parser.parse_args()
    pythons = chosen()
    if not pythons:
        print("No further Python was found that a library can be built for.", flush=True)
    if options.list:
        for python in pythons:
            say(python, "would be tested")
        return 0
    if not shutil.which("ctest"):
        sys.exit("test_versions.py: there is no ctest: install cmake")
    build = options.build.resolve()
    # All of them, also when one fails.
    return 0 if all([test(python, build, options) for python in pythons]) else 1


if __name__ == "__main__":
    sys.exit(main())
