"""A host for the tests of bridge_runtime.py: starts scripts, writes lines, reads frames."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "crates" / "worker" / "python"
EXAMPLES = ROOT / "examples" / "backends"
BOOTSTRAP = "import bridge_runtime as b; b.main()"
# Nothing here takes as long, however busy the machine is.
PATIENCE = int(os.environ.get("VH_PATIENCE", 300))

HEAD = """\
import asyncio, os, subprocess, sys, threading, time
import bridge_runtime
from bridge_runtime import BridgeError, Cancelled, PythonBridge
"""


class Host:
    """A child process with pipes, and the frames that come from it."""

    def __init__(self, command, cwd, env=None, paths=(), **options):
        python_path = os.pathsep.join(map(str, (RUNTIME, *paths)))
        env = {**os.environ, "PYTHONPATH": python_path, **(env or {})}
        self.errors_file = tempfile.TemporaryFile()
        settings = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors_file}
        self.process = subprocess.Popen(command, cwd=cwd, env=env, **{**settings, **options})
        self.data = b""
        # Frames that were read while another was looked for.
        self.kept = []
        # Calls that were cancelled and have no answer.
        self.cancelled = []

    # What the host writes

    def write(self, data):
        os.write(self.process.stdin.fileno(), data)

    def send(self, request, end=b"\n"):
        data = json.dumps(request).encode() + end
        while data:
            data = data[os.write(self.process.stdin.fileno(), data[: 1 << 16]) :]

    def ask(self, ident, command, **params):
        self.send({"id": ident, "cmd": command, "params": params})

    def call(self, command, **params):
        """The result of a call, or the frame when that is an error."""
        self.ask("call", command, **params)
        frame = self.answer("call")
        return frame["result"] if frame["status"] == "success" else frame

    def cancel(self, ident, with_signal=True):
        self.send({"cancel": ident})
        if with_signal:
            self.cancelled.append(ident)
            self.process.send_signal(signal.SIGINT)

    # What comes from the child

    def read_frame(self):
        """The next frame, as bytes; None at the end."""
        deadline = time.monotonic() + PATIENCE
        pieces, rest = [], self.data
        while b"\0" not in rest:
            pieces.append(rest)
            rest = self.read_some(deadline)
            if not rest:
                self.data = b""
                left = b"".join(pieces)
                assert not left, f"the stream ends inside a frame: {left[:200]!r}"
                return None
        frame, _, self.data = rest.partition(b"\0")
        return b"".join(pieces) + frame

    def read_some(self, deadline):
        output = self.process.stdout.fileno()
        while not select.select([output], [], [], 0.05 if self.cancelled else PATIENCE)[0]:
            if time.monotonic() >= deadline:
                raise AssertionError(f"no frame in {PATIENCE} s; stderr: {self.errors()}")
            # As hosts do: a signal may come right before a call sleeps, and then does not wake it.
            self.process.send_signal(signal.SIGINT)
        return os.read(output, 1 << 16)

    def has_frame(self):
        """Whether something was answered that nobody has read."""
        return bool(self.kept or self.data or select.select([self.process.stdout], [], [], 0)[0])  # type: ignore[type-var]

    def frame(self):
        """The next frame, as an object; None at the end."""
        if self.kept:
            return self.kept.pop(0)
        data = self.read_frame()
        if data is None:
            return None
        frame = json.loads(data, parse_constant=no_constant)
        self.cancelled = [ident for ident in self.cancelled if not same(ident, frame.get("id"))]
        return frame

    def find(self, matches):
        """The next frame that matches; those before it are kept for others."""
        passed = []
        while True:
            frame = self.frame()
            assert frame is not None, f"the child has ended: {self.errors()}, {passed}"
            if matches(frame):
                self.kept[:0] = passed
                return frame
            passed.append(frame)

    def answer(self, ident):
        return self.find(lambda frame: "id" in frame and same(frame["id"], ident))

    def event(self, name):
        found = self.find(lambda frame: frame["status"] == "event" and frame["cmd"] == name)
        return found["result"]

    def ready(self):
        frame = self.frame()
        assert frame and frame["id"] == 0 and frame["status"] == "success", (frame, self.errors())
        return frame["result"]

    def rest(self):
        """All frames until the child ends."""
        return list(iter(self.frame, None))

    # The end

    def close_input(self):
        self.process.stdin.close()

    def wait(self):
        return self.process.wait(PATIENCE)

    def end(self):
        """Closes the input; returns the frames that were left, and what stderr has."""
        if not self.process.stdin.closed:
            self.close_input()
        frames = self.rest()
        self.wait()
        return frames, self.errors()

    def errors(self):
        self.errors_file.seek(0)
        return self.errors_file.read().decode("utf-8", "replace")

    def close(self):
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors_file):
            if file is not None and not file.closed:
                try:
                    file.close()
                except BrokenPipeError:
                    pass


def no_constant(name):
    raise AssertionError(f"{name} in a frame")


def same(left, right):
    """Equal as JSON texts: 1, 1.0 and true are not."""
    return json.dumps(left) == json.dumps(right)


class BridgeTest(unittest.TestCase):
    """Has a folder for its scripts, and ends its children."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write_script(self, text, name="backend.py"):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def start(self, *command, **options):
        """A child that runs Python with arguments."""
        host = Host([sys.executable, *map(str, command)], self.folder, **options)
        self.addCleanup(host.close)
        return host

    def backend(self, body, init="", before="", attributes="", after="", prelude="", **options):
        """A back end whose class has the methods of `body`; it has sent its ready frame."""
        parts = [
            prelude + HEAD,
            textwrap.dedent(before),
            "class Backend(PythonBridge):\n",
            textwrap.indent(textwrap.dedent(attributes), "    "),
            "    def __init__(self):\n        super().__init__()\n        self.counter = 0\n",
            textwrap.indent(textwrap.dedent(init), "        "),
            textwrap.indent(textwrap.dedent(body), "    "),
            "\nif __name__ == '__main__':\n    backend = Backend()\n    backend.run()\n",
            textwrap.indent(textwrap.dedent(after), "    "),
        ]
        path = self.folder / "backend.py"
        path.write_text("\n".join(parts), encoding="utf-8")
        host = self.start(path, **options)
        self.facts = host.ready()
        return host

    def assert_error(self, frame, code, *parts):
        """The frame is an error with this code, whose text has these parts."""
        self.assertEqual((frame.get("status"), frame.get("code")), ("error", code), frame)
        self.assertIs(type(frame["traceback"]), str)
        for part in parts:
            self.assertIn(part, frame["error"])
