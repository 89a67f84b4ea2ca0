"""Starts the hub in a folder of its own for a test or the demo, and stops it again."""

import contextlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import nmdc

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "scripts"
START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0
LISTENING = re.compile(r"^Listening on ([\d.]+):(\d+)$", re.M)


class Hub:
    """A running hub. `scripts` are files to copy, or (file name, text) pairs to write.

    `accounts` are (nick, class, password). Without a `folder` it has one of its own, which goes with
    it.
    """

    def __init__(
        self,
        program,
        library,
        scripts=(),
        generation="python3",
        options=(),
        folder=None,
        accounts=(),
    ):
        self._keep_folder = folder is not None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="vh-hub-"))
        self.scripts = self.folder / "scripts"
        self.scripts.mkdir(exist_ok=True)
        for script in scripts:
            self.add_script(script)
        # All output goes to one file: lines stay in order and no pipe can fill up.
        self._log = self.folder / "output.log"
        command = [program, "--config", self.folder, "--library", library, "--port", "0"]
        command += ["--generation", generation, *options]
        if accounts:
            command += ["--register", "-"]
        lines = "".join(f"{nick} {number} {password}\n" for nick, number, password in accounts)
        with open(self._log, "wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(lines.encode())
        self._clients = []
        self._asked_to_stop = False
        try:
            self.address = self._wait_for_address()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _wait_for_address(self):
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            ended = self._process.poll()
            found = LISTENING.search(self.log())
            if found:
                return found.group(1), int(found.group(2))
            if ended is not None:
                raise RuntimeError(f"the hub ended with {ended} at its start:\n{self.log()}")
            time.sleep(0.02)
        raise RuntimeError(f"the hub did not listen within {START_TIMEOUT} s:\n{self.log()}")

    def add_script(self, script):
        if isinstance(script, tuple):
            name, text = script
            (self.scripts / name).write_text(text, encoding="utf-8")
        else:
            shutil.copy(script, self.scripts)

    def log(self):
        return self._log.read_text(encoding="utf-8", errors="backslashreplace")

    def wait_log(self, pattern, timeout=nmdc.TIMEOUT):
        """Waits until the hub's output has a line that fits; raises TimeoutError with all of it."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.log()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {pattern!r} in the hub's output:\n{self.log()}")
            time.sleep(0.02)

    def client(self, nick, **options):
        """A client that has logged in; it is closed with the hub at the latest."""
        client = self.connect(nick, **options)
        return client.login()

    def connect(self, nick, **options):
        """A client that has said nothing yet."""
        client = nmdc.Client(self.address, nick, **options)
        self._clients.append(client)
        return client

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process.poll() is None

    def has_crashed(self):
        return not (self.is_running() or self._asked_to_stop)

    def wait_ended(self):
        """Waits until the hub ends by itself; its exit code."""
        return self._process.wait(STOP_TIMEOUT)

    def stop(self):
        """Asks the hub to stop, so that scripts are told and unloaded; its exit code."""
        return self._send(signal.SIGINT)

    def terminate(self):
        """Ends the hub as a system does at shutdown: real hubs are just gone then; its exit code."""
        return self._send(signal.SIGTERM)

    def _send(self, number):
        self._asked_to_stop = True
        self._process.send_signal(number)
        return self._process.wait(STOP_TIMEOUT)

    def close(self):
        for client in self._clients:
            client.close()
        try:
            if self.is_running():
                self.stop()
        finally:
            if self.is_running():
                self._process.kill()
                self._process.wait()
            if not self._keep_folder:
                shutil.rmtree(self.folder)
