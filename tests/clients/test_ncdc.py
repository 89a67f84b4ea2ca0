"""ncdc, a Direct Connect client of other people's making, talks to the hub and its scripts.

It runs in a terminal of a tmux server of our own; what it shows is read from the screen.
"""

import re
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from hub_test import HubTest

START_TIMEOUT = 60.0  # seconds: at its first start ncdc makes itself a certificate
TIMEOUT = 15.0


class Terminal:
    """A program in a tmux terminal."""

    def __init__(self, folder, command):
        self._tmux = ["tmux", "-S", str(folder / "tmux.socket"), "-f", "/dev/null"]
        size = ("-x", "120", "-y", "50")
        pid = self._run("new-session", "-d", "-P", "-F", "#{pane_pid}", *size, "exec " + command)
        self._process = Path("/proc") / pid.strip()

    def _run(self, *arguments):
        return subprocess.run(
            [*self._tmux, *arguments],
            check=True,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ).stdout

    def type(self, line):
        self._run("send-keys", "-l", line)
        self._run("send-keys", "Enter")

    def screen(self):
        return self._run("capture-pane", "-p")

    def wait_for(self, pattern, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if re.search(pattern, screen):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {pattern!r} on the screen:\n{screen}")
            time.sleep(0.1)

    def close(self):
        """Ends the program and waits until it is gone."""
        # Fails when the program has ended by itself, which takes the server along.
        subprocess.run([*self._tmux, "kill-server"], timeout=TIMEOUT, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + TIMEOUT
        while self._process.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self._process.name} does not end")
            time.sleep(0.05)


class Ncdc(HubTest):
    def start_ncdc(self):
        folder = Path(tempfile.mkdtemp(prefix="vh-ncdc-"))
        self.addCleanup(shutil.rmtree, folder)
        data = shlex.quote(str(folder / "data"))
        terminal = Terminal(folder, f"env LC_ALL=C.UTF-8 ncdc --session-dir={data}")
        self.addCleanup(terminal.close)
        terminal.wait_for("Using working directory", START_TIMEOUT)
        return terminal

    def test_logs_in_chats_and_gets_answers(self):
        hub = self.start_examples("welcome", "chat_filter", accounts=[("tester", 3, "open sesame")])
        other = hub.client("other")
        ncdc = self.start_ncdc()
        ncdc.type("/set nick tester")
        ncdc.wait_for("nick = tester")
        ncdc.type(f"/open hub nmdc://{hub.address[0]}:{hub.address[1]}")
        ncdc.wait_for("Password required")
        ncdc.type("/password open sesame")
        ncdc.wait_for(r"<Welcome> Hello, tester\. Thank you for watching over the hub\.")

        ncdc.type("hello from ncdc")
        ncdc.wait_for("<tester> hello from ncdc")
        other.wait_chat("tester", "hello from ncdc")
        other.chat("damn nice to see you")
        ncdc.wait_for("<other> darn nice to see you")

        ncdc.type("+stats")
        ncdc.wait_for("<Welcome> *Users online: 2, of them operators: ")
        ncdc.type("/msg other psst")
        other.wait_pm("tester", "psst")

        ncdc.type("/quit")
        other.wait_for(r"^\$Quit tester$")


if __name__ == "__main__":
    unittest.main()
