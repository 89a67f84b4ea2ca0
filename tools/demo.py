"""Shows the hub at work: it runs the example scripts, two clients talk, we print what they see.

Ends with an error when an expected line does not come.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "clients"))

import hub as hub_process  # noqa: E402
import nmdc  # noqa: E402

NEXT_STEPS = """
That was the demo. To go on:
  make hub                    keeps such a hub running, for any Direct Connect client
  make test                   runs all tests
  make install PREFIX=...     puts the library into a real Verlihub, keeping the old one as .orig;
                              PREFIX is the folder that Verlihub was installed to
"""


class Screen:
    """Prints what each client reads, as people would see it, so that every line has its reader."""

    CHAT = re.compile(r"(?s)^<(?P<nick>[^>]+)> (?P<text>.*)$")
    PM = re.compile(r"(?s)^\$To: \S+ From: (?P<nick>\S+) \$<[^>]+> (?P<text>.*)$")

    def does(self, who, what):
        print(f"\n{who} {what}")

    def reads(self, reader, command):
        for pattern, kind in ((self.PM, " (privately)"), (self.CHAT, "")):
            found = pattern.match(command)
            if found:
                text = nmdc.unescaped(found["text"]).replace("\r\n", "\n" + " " * 8)
                print(f"    {reader} reads{kind}:  <{found['nick']}> {text}")
                return
        raise ValueError(f"neither chat nor a private message: {command!r}")


class Talk:
    """What the clients do, each step with the lines that must come of it."""

    def __init__(self, hub, screen):
        self.hub = hub
        self.screen = screen
        self.clients = {}

    def login(self, nick, expected, **options):
        self.screen.does(nick, "logs in")
        self.clients[nick] = self.hub.client(nick, **options)
        self._expect({nick: expected})

    def says(self, nick, text, **expected):
        """`expected`: for each reader a pattern of the line to come."""
        self.screen.does(nick, f"types:  {text}")
        self.clients[nick].chat(text)
        self._expect(expected)

    def leaves(self, nick):
        self.screen.does(nick, "leaves")
        self.clients.pop(nick).close()
        for other in self.clients.values():
            other.wait_for(rf"^\$Quit {re.escape(nick)}$")

    def does_not_read(self, nick, pattern):
        if self.clients[nick].seen_after_echo(pattern):
            raise AssertionError(f"{nick} should not have read {pattern!r}")
        print(f"    {nick} reads nothing of it")

    def _expect(self, expected):
        for reader, pattern in expected.items():
            found = self.clients[reader].wait_for("(?s)" + pattern)
            self.screen.reads(reader, found.string)


def conversation(hub, script_count):
    talk = Talk(hub, Screen())
    talk.login("admin", "At your service, admin", password="secret")
    talk.login("alice", "Welcome, alice!", share=5 * 1024**3)

    talk.says("alice", "Hello everybody!", alice="Hello everybody", admin="Hello everybody")
    talk.says("alice", "damn, it rains", admin="darn, it rains")
    talk.says("alice", "any warez here?", alice="was not shown")
    talk.does_not_read("admin", "any warez")

    talk.says("admin", "!filter replace rain = liquid sunshine", admin="will be shown as")
    talk.says("alice", "so much rain", admin="so much liquid sunshine")

    talk.says("alice", "+stats", alice="Statistics of this hub")
    talk.says("alice", "+uptime", alice="has been running")
    talk.leaves("alice")

    talk.says("admin", "+seen alice", admin="alice was here just now")
    talk.says("admin", "+note alice The meeting is at eight.", admin="will read your note")
    talk.login("alice", "Note from admin, just now: The meeting is at eight")
    talk.says("admin", "!pylist", admin=f"Loaded scripts: {script_count}\\b")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hub", required=True, help="the program vh_hub")
    parser.add_argument("--library", required=True, help="libvh_python_wrapper.so")
    arguments = parser.parse_args()

    scripts = sorted(hub_process.EXAMPLES.glob("*.py"))
    with hub_process.Hub(
        arguments.hub,
        arguments.library,
        scripts,
        options=["--topic", "The demo"],
        accounts=[("admin", 5, "secret")],
    ) as hub:
        print(f"The hub listens on {hub.address[0]}:{hub.address[1]} and runs these scripts:")
        for script in scripts:
            print(f"    {script.relative_to(ROOT)}")
        try:
            conversation(hub, len(scripts))
        except (AssertionError, OSError, nmdc.Disconnected, nmdc.Refused) as error:
            print(f"\nThe demo failed: {error}\n\nThe hub's log:\n{hub.log()}", file=sys.stderr)
            return 1
        if hub.stop() != 0:
            print(f"\nThe hub did not stop cleanly. Its log:\n{hub.log()}", file=sys.stderr)
            return 1
    print(NEXT_STEPS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
