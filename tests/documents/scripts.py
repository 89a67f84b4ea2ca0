"""Python blocks: each is loaded as a script by the library, and its hooks are called.

A block must load, answer each hook and unload without a line in the log at the default level, and use
no name that is not there. `EFFECTS` says what must come of certain blocks beside that.
"""

import ast
import builtins
import re
import subprocess
import symtable
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "field"), str(ROOT / "tests" / "clients")]
import hub as hub_process  # noqa: E402
import run as field  # noqa: E402

HOOK = re.compile(r"^_(On\w+): TypeAlias = Callable\[\[([\w, ]*)\]", re.MULTILINE)
EXAMPLES = {"str": "alice", "int": "1", "float": "1700000000.5"}
# What a module has without saying so.
GIVEN = {*dir(builtins), "__file__", "__name__", "__doc__", "__builtins__"}


OWN_GIL = "# vh: runtime = own-gil"


@dataclass
class Effect:
    """What must come of the blocks that have these words."""

    words: str
    # Regular expressions of lines: calls that reach the hub, answers of hooks, the log.
    lines: Tuple[str, ...] = ()
    # Lines of the log that the block makes on purpose.
    logs: str = ""
    # Code put below the block that shows its effect with a hook OnTimer, or a function check() that
    # must return "ok" after the first load and after a reload.
    probe: str = ""
    # Whether a real hub with a database is needed, and what the database must hold then.
    table: str = ""


EFFECTS = [
    Effect("Welcome, {nick}!", (r'usermc sss "Welcome, alice![^"]*" "alice"', r"OnUserLogin.* = ")),
    Effect("Not here, please", (r'usermc sss "Not here, please\." "alice"', r"spam\) = l 0$")),
    Effect('"started", 5', (r"\] started 5$",), logs=r"\] started 5$"),
    Effect("file=sys.stderr", (r"\] disk full$",), logs=r"\] disk full$"),
    Effect("log_handler", (r"PY: \[\d+:\w+\.py\] shop: no stock",), logs=r"\] shop: no stock$"),
    Effect("CREATE TABLE IF NOT EXISTS script_visits", table="script_visits"),
    Effect(
        "# vh: timeout = 0.5",
        (r"OnTimer.* = .*TimeoutError",),
        probe="def OnTimer(now):\n    while True:\n        pass\n",
    ),
    Effect(
        "# vh: reload = fresh",
        probe=(
            "import json\n"
            "is_fresh = not hasattr(json, 'seen')\n"
            "json.seen = True\n"
            "def check():\n    return 'ok' if is_fresh else 'the libraries of the last load'\n"
        ),
    ),
]


def hook_formats():
    """The types of each hook's parameters, as the stub for editors has them."""
    text = (ROOT / "python" / "vh.pyi").read_text(encoding="utf-8")
    found = {name: re.findall(r"\w+", types) for name, types in HOOK.findall(text)}
    if len(found) < 30:
        raise ValueError(f"python/vh.pyi has {len(found)} hooks that can be read here")
    return found


def unknown_names(source):
    """Names that code uses and nothing defines, also where no call comes by."""
    top = symtable.symtable(source, "block", "exec")
    known = set(GIVEN)
    used, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            is_made = symbol.is_assigned() or symbol.is_imported()
            if is_made and (table is top or symbol.is_declared_global()):
                known.add(symbol.get_name())
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                used.add(symbol.get_name())
    return sorted(used - known)


def hook_calls(source):
    """Each hook that a script defines with values to call it with; a text comes in several, which the
    script's own texts are, so that what it looks for is found.
    """
    tree = ast.parse(source)
    formats = hook_formats()
    nodes = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for node in nodes:
        types = formats.get(node.name)
        if types is None:
            continue
        values = [EXAMPLES[each] for each in types]
        yield node.name, values
        texts = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
        for text in sorted(t for t in texts if isinstance(t, str) and t.isprintable()):
            if types[-1] == "str" and len(types) > 1:
                yield node.name, [*values[:-1], text]


def prepare(folder, source):
    """What a script's settings name: a virtual environment beside it."""
    found = re.search(r"^# vh: venv = (\S+)", source, re.MULTILINE)
    if found:
        command = [sys.executable, "-m", "venv", "--without-pip", folder / "scripts" / found[1]]
        subprocess.run(command, check=True)


class Trial:
    """A block in the hub of tests/field: what was done, what came of it, what was wrong."""

    def __init__(self, tools, source):
        self.source = source
        self.effects = [each for each in EFFECTS if each.words in source]
        self.seen = []
        self.faults = []
        with tempfile.TemporaryDirectory(prefix="vh-documents-") as name:
            self.folder = Path(name).resolve()
            (self.folder / "scripts").mkdir()
            prepare(self.folder, source)
            code = "\n".join([source, *(each.probe for each in self.effects)])
            self.script = self.folder / "scripts" / "block.py"
            self.script.write_text(code, encoding="utf-8")
            environment = field.environment(self.folder, "sub")
            self.host = field.Host(tools.field_host, tools.library, self.folder, environment)
            try:
                self.loads = self._steps(code)
                ended = self.host.end()
            except field.Died as death:
                self.loads, ended = False, str(death)
            self.log = (self.folder / "log").read_text(encoding="utf-8", errors="backslashreplace")
            self.faults += [ended] if ended else []

    def _ask(self, *words, must=True):
        answer = self.host.ask(*words)
        if must and not answer["ok"]:
            self.faults.append(f"{' '.join(map(str, words))}: {field.told(answer)}")
        return answer

    def _steps(self, code):
        self._ask("begin", self.folder)
        loaded = self._ask("load", self.script)
        if not loaded["ok"]:
            self._ask("end")
            return False
        for name, values in hook_calls(code):
            is_probe = any(f"def {name}(" in each.probe for each in self.effects)
            answer = self._ask("hook", loaded["id"], name, *values, must=not is_probe)
            self.seen.append(f"{name}({', '.join(values)}) = {field.told(answer)}")
        if any("def check(" in each.probe for each in self.effects):
            loaded = self._reload(loaded["id"])
        self._calls()
        self._ask("unload", loaded["id"])
        self._calls()
        self._ask("end")
        return True

    def _reload(self, number):
        for _ in range(2):
            answer = self._ask("call", number, "check")
            if answer.get("text") != "ok":
                self.faults.append(f"its effect is not there: {field.told(answer)}")
            self._ask("unload", number)
            number = self._ask("load", self.script).get("id")
        return {"id": number}

    def _calls(self):
        self.seen += self._ask("calls").get("calls", "").splitlines()

    def look(self):
        """All that is wrong with a block that should work."""
        seen = [*self.seen, *self.log.splitlines()]
        for wanted in (line for each in self.effects for line in each.lines):
            if not any(re.search(wanted, line) for line in seen):
                self.faults.append(f"nothing like {wanted!r} came of it, but " + "; ".join(seen))
        expected = [each.logs for each in self.effects if each.logs]
        loud = [
            line
            for line in self.log.splitlines()
            if line.startswith("PY: ") or any(words in line for words in field.FORBIDDEN)
            if not any(re.search(each, line) for each in expected)
        ]
        if loud and not any(each.probe for each in self.effects):
            self.faults.append("the log is not silent:\n" + "\n".join(loud))
        return self.faults


def in_real_hub(tools, source, table):
    """Runs a block in the demo hub, and looks for the table that it makes in the hub's database."""
    import sqlite3

    with hub_process.Hub(tools.hub, tools.library, [("block.py", source)]) as running:
        code, log = running.stop(), running.log()
        with sqlite3.connect(running.folder / "hub.db") as database:
            found = database.execute("SELECT name FROM sqlite_master WHERE name = ?", [table])
            has_table = found.fetchone() is not None
        database.close()
    if code != 0:
        yield f"the hub ended with {code}"
    if not has_table:
        yield f"it made no table {table}"
    if "Traceback" in log or "Error" in log:
        yield f"the log is not silent:\n{log}"


def check(tools, source):
    """What is wrong with a block of Python."""
    try:
        unknown = unknown_names(source)
    except SyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    faults = [f"nothing defines {name}" for name in unknown]
    tables = [each.table for each in EFFECTS if each.table and each.words in source]
    for table in tables:
        faults += in_real_hub(tools, source, table)
    if tables:
        return faults
    trial = Trial(tools, source)
    if OWN_GIL in source and sys.version_info < field.OWN_GIL_SINCE:
        return faults + ([] if "needs Python 3.12" in trial.log else ["own-gil is not refused"])
    return faults + trial.look()
