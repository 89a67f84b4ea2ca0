"""Runs small scripts in a hub and compares what they tell with what they must tell.

    run.py --host field_host --library libvh_python_wrapper.so [--runtime NAME...] [--case NAME...]

README.md says what a case is. Ends with 1 when a case failed, or none ran.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

CASES = Path(__file__).resolve().parent / "cases"
RUNTIMES = ("sub", "main", "own-gil")
OWN_GIL_SINCE = (3, 12)
TIME_LIMIT = 60  # seconds for one answer of the host
SETTING = re.compile(r"#\s*field:\s*([\w-]+)\s*=\s*(.*?)\s*")
FORBIDDEN = ("Exception ignored", "Traceback")
# What each line of a script begins with.
LABEL = re.compile(r"^PY: \[\d+:[^\]\n]*\] ", re.MULTILINE)


class BadCase(Exception):
    """A case that says what the driver does not understand."""


class Case:
    """A script, and what its comments say must come of it."""

    SINGLE = ("expect", "runtimes", "pythons", "second", "files")
    SEVERAL = ("without", "hook", "calls", "prints", "may-print", "log")

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.source = path.read_bytes()
        said = {name: [] for name in (*self.SINGLE, *self.SEVERAL)}
        for line in self.source.decode("utf-8", "surrogateescape").splitlines():
            found = SETTING.fullmatch(line)
            if not found:
                continue
            name, value = found.groups()
            if name not in said:
                raise BadCase(f"{path.name}: there is no setting {name!r}")
            said[name].append(value)
        for name in self.SINGLE:
            if len(said[name]) > 1:
                raise BadCase(f"{path.name}: {name} is given twice")
        single = {name: "".join(said[name]) for name in self.SINGLE}
        self.expect = single["expect"] or "ok"
        self.runtimes = single["runtimes"].split() or list(RUNTIMES)
        unknown = set(self.runtimes) - set(RUNTIMES)
        if unknown:
            raise BadCase(f"{path.name}: there is no runtime {' '.join(sorted(unknown))}")
        self.pythons = [version_range(path.name, part) for part in single["pythons"].split()]
        self.without = [without(path.name, text) for text in said["without"]]
        self.hooks = [hook.split() for hook in said["hook"]]
        self.prints = [pattern(path.name, text) for text in said["prints"]]
        self.may_print = [pattern(path.name, text) for text in said["may-print"]]
        self.log = [pattern(path.name, text) for text in said["log"]]
        self.calls = [pattern(path.name, text) for text in said["calls"]]
        self.files = path.parent / "files" / single["files"] if single["files"] else None
        if self.files and not self.files.is_dir():
            raise BadCase(f"{path.name}: there is no folder {self.files}")
        self.second = self._second(single["second"]) if single["second"] else self

    def _second(self, name):
        for folder in (self.path.parent, self.path.parent / "parts"):
            if (folder / name).is_file():
                return Case(folder / name)
        raise BadCase(f"{self.path.name}: there is no script {name}")

    def runs_on(self, python, runtime):
        in_range = any(first <= python <= last for first, last in self.pythons)
        left_out = any(
            runtime == name and first <= python <= last for name, (first, last) in self.without
        )
        return runtime in self.runtimes and (in_range or not self.pythons) and not left_out

    def has(self, function):
        return re.search(rb"(?m)^def %s\(" % function.encode(), self.source) is not None


def version_range(case, text):
    """`3.9` or `3.9-3.11`."""
    found = re.fullmatch(r"3\.(\d+)(?:-3\.(\d+))?", text)
    if not found:
        raise BadCase(f"{case}: {text!r} is no version of Python, nor a range of them")
    first, last = found.groups()
    return (3, int(first)), (3, int(last or first))


def without(case, text):
    """`own-gil 3.12`: a runtime, and the versions on which it is left out."""
    runtime, _, versions = text.partition(" ")
    if runtime not in RUNTIMES:
        raise BadCase(f"{case}: there is no runtime {runtime}")
    return runtime, version_range(case, versions.strip())


def pattern(case, text):
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise BadCase(f"{case}: {text!r} is no regular expression: {error}") from error


class Died(Exception):
    """The host's process has ended, or does not answer."""


class Host:
    """A process of field_host; what it logs goes to a file, with a line for each step."""

    def __init__(self, program, library, folder, environment):
        self._log = open(folder / "log", "ab", buffering=0)
        self._process = subprocess.Popen(
            [program, library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            cwd=folder,
        )

    def step(self, name):
        self._log.write(f"--- {name}\n".encode())

    def ask(self, *words):
        """The answer, a dict with `ok`."""
        watch = threading.Timer(TIME_LIMIT, self._process.send_signal, [signal.SIGABRT])
        watch.start()
        try:
            self._process.stdin.write(("\t".join(map(str, words)) + "\n").encode())
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            watch.cancel()
        if not line.endswith(b"\n"):
            raise Died(self.end())
        return json.loads(line.decode("utf-8", "backslashreplace"))

    def end(self):
        """Lets the process end; how it did, in words, or None for as it should."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # It has ended already, and how is told below.
        try:
            code = self._process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"the host does not end within {TIME_LIMIT} s"
        finally:
            self._process.stdout.close()
            self._log.close()
        if code == -signal.SIGABRT:
            return f"the host ended by SIGABRT, or gave no answer within {TIME_LIMIT} s"
        if code < 0:
            return f"the host ended by {signal.Signals(-code).name}"
        return f"the host ended with {code}" if code else None


def told(answer):
    """What an answer says, for a report."""
    if answer["ok"]:
        return answer.get("text", answer.get("result", "ok"))
    error = answer["error"]
    return ": ".join(filter(None, (error["code"], error.get("type"), error["message"])))


class Run:
    """One case in one runtime: its steps, and what was wrong."""

    def __init__(self, case, host, folder):
        self.case = case
        self.host = host
        self.folder = folder
        self.failures = []  # (step, expected, got)
        self.ids = {}
        self.step = ""

    def all_steps(self):
        first, second = self.case.path.name, f"{self.case.name}_second.py"
        scripts = {first: self.case, second: self.case.second}
        for name, case in scripts.items():
            (self.folder / "scripts" / name).write_bytes(case.source)
        try:
            self._ask("begin", "ok", "begin", self.folder)
            self._load(first, "load")
            for step in ("first reload", "second reload"):
                self._unload(first, step)
                self._load(first, step)
            self._load(second, "second script")
            self._unload(first, "unload beside the second")
            self._check(second, "second script after the first went")
            self._load(first, "first script again")
            for name in scripts:
                self._unload(name, "last unload")
            self._ask("end", "ok", "end")
            ended = self.host.end()
        except Died as death:
            ended = str(death)
        if ended:
            self._fail("the host lives to its end", ended)

    def _fail(self, expected, got):
        self.failures.append((self.step, expected, got))

    def _ask(self, step, expected, *words):
        """Whether the answer was the expected one; the answer."""
        if step != self.step:
            self.step = step
            self.host.step(step)
        answer = self.host.ask(*words)
        got = told(answer)
        if not answer["ok"] or expected not in (None, got):
            what = " ".join(map(str, words[2 if words[0] in ("call", "hook") else 0 :]))
            self._fail(f"{what}: {'success' if expected is None else expected}", got)
        return answer

    def _load(self, name, step):
        answer = self._ask(step, None, "load", self.folder / "scripts" / name)
        if answer["ok"]:
            self.ids[name] = answer["id"]
            self._check(name, step)

    def _check(self, name, step):
        case = self.case if name == self.case.path.name else self.case.second
        if name not in self.ids:
            return  # It did not load, which has been told.
        self._ask(step, None, "calls")
        for hook in case.hooks:
            self._ask(step, None, "hook", self.ids[name], *hook)
        self._ask(step, case.expect, "call", self.ids[name], "check")
        calls = self._ask(step, None, "calls")["calls"]
        for wanted in case.calls:
            if not wanted.search(calls):
                self._fail(f"a call of the hub like {wanted.pattern!r}", calls or "none")

    def _unload(self, name, step):
        if name not in self.ids:
            return
        case = self.case if name == self.case.path.name else self.case.second
        number = self.ids.pop(name)
        if case.has("before_unload"):
            self._ask(step, None, "call", number, "before_unload")
        self._ask(step, "ok", "unload", number)

    def look_at_log(self, log):
        self.step = "log"
        cases = (self.case,) if self.case.second is self.case else (self.case, self.case.second)
        wanted = [each for case in cases for each in case.log]
        printed = [each for case in cases for each in case.prints]
        unlabelled = LABEL.sub("", log)
        for patterns, text in ((wanted, log), (printed, unlabelled)):
            for each in patterns:
                if not each.search(text):
                    self._fail(f"a line like {each.pattern!r}", "none")
        for text in FORBIDDEN:
            if text in log and not any(text in each.pattern for each in wanted):
                self._fail(f"no {text!r}", next(s for s in log.splitlines() if text in s))
        # At level 1 the library logs nothing but warnings and errors. What scripts print has the same
        # label.
        printed += [each for case in cases for each in case.may_print]
        told_of = (line for line in log.splitlines() if line.startswith("PY: "))
        loud = next(
            (line for line in told_of if not any(p.search(LABEL.sub("", line)) for p in printed)),
            None,
        )
        if loud and not wanted:
            self._fail("no warning and no error", loud)


def environment(folder, runtime):
    """Nothing of who runs the tests decides what scripts see."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VH_", "PYTHON", "LC_", "LANG"))
    }
    return {**kept, "VH_PYTHON_RUNTIME": runtime, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}


def run_case(options, case, runtime):
    """The report of one case in one runtime: its failures, and the log."""
    with tempfile.TemporaryDirectory(prefix="vh-field-") as name:
        folder = Path(name).resolve()
        scripts = folder / "scripts"
        scripts.mkdir()
        if case.files:
            shutil.copytree(case.files, scripts, dirs_exist_ok=True)
        host = Host(options.host, options.library, folder, environment(folder, runtime))
        run = Run(case, host, folder)
        run.all_steps()
        log = (folder / "log").read_text(encoding="utf-8", errors="backslashreplace")
        run.look_at_log(log)
        return run.failures, log.replace(str(folder), "<folder>")


def python_of(options):
    """The version of Python that the library brings, as the host tells it."""
    with tempfile.TemporaryDirectory(prefix="vh-field-") as name:
        host = Host(options.host, options.library, Path(name), environment(name, "sub"))
        try:
            version = host.ask("begin", name).get("python", "")
            host.ask("end")
        except Died as death:
            log = (Path(name) / "log").read_text(encoding="utf-8", errors="backslashreplace")
            sys.exit(f"the library does not begin: {death}\n{log}")
        host.end()
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        sys.exit(f"the host does not tell the version of Python: {version!r}")
    return tuple(map(int, found.groups()))


def show(case, runtime, failures, log):
    """Prints the report of a case that failed."""
    print(f"FAILED  {case.name}, {runtime}")
    for step, expected, got in failures:
        print(f"  {step}\n    expected  {expected}")
        print("    got       " + got.replace("\n", "\n              "))
    print("  log")
    print("".join(f"    {line}\n" for line in log.splitlines()), end="", flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", required=True, help="the program field_host")
    parser.add_argument("--library", required=True, type=os.path.abspath)
    parser.add_argument("--runtime", choices=RUNTIMES, nargs="+", default=list(RUNTIMES))
    parser.add_argument("--case", nargs="+", help="the cases to run, without .py; default: all")
    parser.add_argument("--cases", type=Path, default=CASES, help="the folder with the cases")
    parser.add_argument("--open", type=Path, help="a file of faults that are known: case, runtime")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many run at once")
    parser.add_argument(
        "--names", action="store_true", help="print a line for each case that passed"
    )
    options = parser.parse_args()
    options.host = os.path.abspath(options.host)
    for file in (options.host, options.library):
        if not os.path.isfile(file):
            parser.error(f"there is no file {file}")
    return options


def chosen_cases(options):
    cases = {path.stem: Case(path) for path in sorted(options.cases.glob("*.py"))}
    unknown = set(options.case or ()) - set(cases)
    if unknown:
        raise BadCase(f"there is no case {' '.join(sorted(unknown))} in {options.cases}")
    return [cases[name] for name in options.case or cases]


def main():
    options = arguments()
    try:
        cases = chosen_cases(options)
    except BadCase as error:
        sys.exit(f"run.py: {error}")
    python = python_of(options)
    runtimes = [r for r in options.runtime if r != "own-gil" or python >= OWN_GIL_SINCE]
    pairs = [(c, r) for c in cases for r in runtimes if c.runs_on(python, r)]
    known = {tuple(line.split()) for line in options.open.open()} if options.open else set()
    left_out = [(c.name, r) for c, r in pairs if (c.name, r) in known]
    pairs = [(c, r) for c, r in pairs if (c.name, r) not in known]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        reports = pool.map(lambda pair: run_case(options, *pair), pairs)
        for (case, runtime), (failures, log) in zip(pairs, reports):
            if failures:
                failed += 1
                show(case, runtime, failures, log)
            elif options.names:
                print(f"passed  {case.name}, {runtime}", flush=True)
    version = ".".join(map(str, python))
    if left_out:
        print("known faults, not run:", ", ".join(f"{name} in {r}" for name, r in left_out))
    print(f"Python {version}: {len(pairs) - failed} passed, {failed} failed")
    return 1 if failed or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
