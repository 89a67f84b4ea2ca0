"""A hub with ten bad scripts beside good ones, under load: users must hardly notice.

    VH_HUB=... VH_LIBRARY=... python3 tests/guard/ten_scripts.py [--seconds 180]

Users talk all the time; how long each waits for an answer is measured first with the good scripts
alone, then with the bad ones too. Three minutes of this load are half an hour of a busy hub.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients"))

from hub import EXAMPLES, Hub  # noqa: E402

DEADLINE = 0.5
TOLERANCE = 0.1
LOG_LIMIT = 1_000_000
USERS = 5
GOOD = ["welcome", "seen_notes", "pystats"]

# Writes the statistics to a file when somebody asks.
TELL = """
import json, vh
def OnParsedMsgChat(nick, message):
    if message == "tell":
        with open(vh.basedir + "/stats.json", "w") as file: json.dump(vh.stats(), file)
        vh.usermc("told", nick)
"""

BAD = {
    "loop": "def OnTimer(now):\n    while True: pass\n",
    "recursion": "def OnParsedMsgSearch(nick, data): return OnParsedMsgSearch(nick, data)\n",
    "memory": (
        "kept = []\ndef OnTimer(now):\n    if len(kept) < 40: kept.append(b'x' * 25 * 2**20)\n"
    ),
    "errors": "def OnParsedMsgChat(nick, message): raise ValueError(f'no {message}')\n",
    "exit": "import os\ndef OnTimer(now): os._exit(1)\n",
    "printing": "def OnTimer(now):\n    for n in range(100): print('x' * 99_999)\n",
    "blocking": (
        "import socket\n"
        "def OnParsedMsgPM(nick, message, to):\n"
        "    here, there = socket.socketpair()\n"
        "    here.recv(1)\n"
    ),
    "deleting": ("import os\nos.remove(__file__)\ndef OnTimer(now): open(__file__)\n"),
    "silent": (
        "import sys\n"
        "class Broken:\n"
        "    def __getattr__(self, name): raise OSError('closed')\n"
        "sys.stdout = sys.stderr = Broken()\n"
        "def OnTimer(now): print('hello')\n"
    ),
    "monkey": (
        "import vh\n"
        "for name in dir(vh):\n"
        "    setattr(vh, name, None)\n"
        "def OnTimer(now): vh.mc('hello')\n"
    ),
}


class Crowd:
    """Users of the hub who talk, search and whisper all the time."""

    def __init__(self, hub):
        self.users = [hub.client(f"user{number}") for number in range(USERS)]
        self.waits = []

    def talk(self, seconds):
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            user = self.users[number % USERS]
            if number % 7 == 0:
                user.search(f"file {number}")
            if number % 50 == 0:
                user.pm(self.users[0].nick, f"psst {number}")
            self.say(user, f"line {number}")
            time.sleep(0.01)

    def say(self, user, text):
        start = time.monotonic()
        user.chat(text)
        user.wait_for(rf"^<{user.nick}> {text}$", timeout=30)
        self.waits.append(time.monotonic() - start)


def run(scripts, seconds):
    """Runs a hub; returns how long users waited, its log, and the statistics."""
    environment = {"VH_PYTHON_HOOK_TIMEOUT": str(DEADLINE), "VH_PYTHON_MEMORY_WARN": "200"}
    os.environ.update(environment)
    scripts = [EXAMPLES / f"{name}.py" for name in GOOD] + [("tell.py", TELL)] + scripts
    with Hub(os.environ["VH_HUB"], os.environ["VH_LIBRARY"], scripts) as hub:
        crowd = Crowd(hub)
        crowd.talk(seconds)
        # The good scripts do their work all the same.
        crowd.users[1].chat("+stats")
        crowd.users[1].wait_chat("Welcome", f"Users online: {USERS}")
        crowd.users[1].chat("+seen user2")
        crowd.users[1].wait_for("user2 is online")
        crowd.users[0].chat("tell")
        crowd.users[0].wait_for("told", timeout=30)
        stats = json.loads((hub.folder / "stats.json").read_text())
        assert hub.is_running(), hub.log()
        assert hub.stop() == 0, hub.log()
        return crowd.waits, hub.log(), stats


def rows(stats):
    return {
        (script["name"].removesuffix(".py"), row["name"]): row
        for script in stats["scripts"]
        for row in script["calls"]
    }


def check_stats(stats):
    """The statistics tell the story of each bad script."""
    found = rows(stats)
    problems = []

    def expect(script, call, condition, text):
        row = found.get((script, call))
        if row is None or not condition(row):
            problems.append(f"{script} {call}: expected {text}, found {row}")

    expect("loop", "OnTimer", lambda row: row["timeouts"] >= 3, "three timeouts and more")
    expect("loop", "OnTimer", lambda row: row["skipped"] > 0, "calls not made")
    expect("blocking", "OnParsedMsgPM", lambda row: row["timeouts"] >= 3, "three timeouts and more")
    expect("errors", "OnParsedMsgChat", lambda row: row["errors"] >= 50, "50 errors and more")
    expect("errors", "OnParsedMsgChat", lambda row: row["skipped"] == 0, "every call made")
    for script, error in {
        "errors": "ValueError: no ",
        "recursion": "RecursionError: ",
        "exit": "RuntimeError: os._exit would end the hub",
        "deleting": "FileNotFoundError: ",
        "silent": "OSError: closed",
        "monkey": "TypeError: 'NoneType' object is not callable",
    }.items():
        calls = [row for (name, _), row in found.items() if name == script]
        texts = [row["last_error"]["text"] for row in calls if row["last_error"]]
        if not any(text.startswith(error) for text in texts):
            problems.append(f"{script}: expected the error {error!r}, found {texts}")
    memory = {script["name"]: script["memory"] for script in stats["scripts"]}
    if memory.get("memory.py", 0) < 300e6:
        problems.append(f"memory.py: expected 300 MB and more, found {memory}")
    return problems


def check_waits(waits, good, stats):
    """Nobody waits longer than with good scripts alone, but for one deadline at a time.

    Two scripts go past theirs, and may do so one right after the other.
    """
    usual = max(good) + TOLERANCE
    long = [wait for wait in waits if wait > usual]
    timeouts = sum(row["timeouts"] for row in rows(stats).values())
    shown = " ".join(f"{wait:.2f}" for wait in long)
    print(f"  waits over {usual:.2f} s: {len(long)} ({shown}), timeouts: {timeouts}")
    problems = [
        f"a user waited {wait:.2f} s, longer than two deadlines"
        for wait in long
        if wait > max(good) + 2 * (DEADLINE + TOLERANCE)
    ]
    if sum(long) > timeouts * (DEADLINE + usual):
        problems.append(f"users waited {sum(long):.1f} s for {timeouts} timeouts")
    if len(long) > timeouts:
        problems.append(f"users waited {len(long)} times for {timeouts} timeouts")
    return problems


def describe(name, waits, log):
    waits = sorted(waits)
    middle, late = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(
        f"{name}: {len(waits)} lines, waits p50 {middle * 1e3:.1f} ms, p99 {late * 1e3:.1f} ms, "
        f"max {waits[-1] * 1e3:.1f} ms, log {len(log)} bytes"
    )


def attempt(seconds):
    """Runs everything once; returns what is wrong, and the log."""
    good, log, _ = run([], max(5, seconds / 6))
    describe("good scripts alone", good, log)
    waits, log, stats = run([(f"{name}.py", source) for name, source in BAD.items()], seconds)
    describe("with ten bad ones", waits, log)
    problems = check_waits(waits, good, stats) + check_stats(stats)
    if len(log) > LOG_LIMIT:
        problems.append(f"the log has {len(log)} bytes, more than {LOG_LIMIT}")
    for name in BAD:
        if f":{name}.py]" not in log:
            problems.append(f"the log does not name {name}.py")
    return problems, log


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--attempts", type=int, default=1, help="for machines with other work")
    options = parser.parse_args()
    for _ in range(options.attempts):
        problems, log = attempt(options.seconds)
        for problem in problems:
            print("FAILED:", problem)
        if not problems:
            return 0
    shown = (line[:300] for line in log.split("\n"))
    print("\n".join(line for line in shown if line.startswith("PY: "))[-6000:])
    return 1


if __name__ == "__main__":
    sys.exit(main())
