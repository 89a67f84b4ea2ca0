"""The hub itself, run by real clients over TCP, with scripts of the test's own."""

import signal
import unittest

import nmdc
from hub_test import HubTest

ECHO = (
    "echo.py",
    """import vh

def OnParsedMsgChat(nick, message):
    if message.startswith("echo "):
        vh.usermc("you said: " + message[5:], nick)
        return 0
    return 1
""",
)


class Login(HubTest):
    def test_password(self):
        hub = self.start()
        self.assertTrue(self.admin(hub).seen_after_echo(r"^\$LogedIn admin$"))

    def test_wrong_password(self):
        hub = self.start()
        with self.assertRaisesRegex(nmdc.Refused, "BadPass"):
            hub.client("admin", password="wrong")

    def test_missing_password(self):
        hub = self.start()
        with self.assertRaisesRegex(nmdc.Refused, "GetPass"):
            hub.client("admin")

    def test_taken_nick(self):
        hub = self.start()
        first = hub.client("twin")
        with self.assertRaisesRegex(nmdc.Refused, "ValidateDenide"):
            hub.client("twin")
        self.assertFalse(first.seen_after_echo(r"^\$Quit"))

    def test_owner_replaces_the_old_connection(self):
        hub = self.start()
        old = self.admin(hub)
        new = self.admin(hub)
        old.wait_closed()
        new.chat("still here")
        new.wait_chat("admin", "still here")

    def test_wrong_key(self):
        hub = self.start()
        client = hub.connect("cheat")
        client.wait_for(r"\$Lock ")
        client.send("$Key wrong")
        client.wait_closed()

    def test_script_can_turn_users_away(self):
        script = "def OnParsedMsgValidateNick(data):\n    return int('bad' not in data)\n"
        hub = self.start(("door.py", script))
        hub.client("good")
        with self.assertRaises(nmdc.Disconnected):
            hub.client("bad")


class Messages(HubTest):
    def setUp(self):
        self.hub = self.start()
        self.alice = self.hub.client("alice")
        self.bob = self.hub.client("bob")
        self.carol = self.hub.client("carol")

    def test_chat_reaches_all(self):
        self.alice.chat("50$ | 60$")
        for client in (self.alice, self.bob, self.carol):
            line = client.wait_chat("alice", "").string
            self.assertEqual(nmdc.unescaped(line), "<alice> 50$ | 60$")

    def test_nobody_speaks_for_others(self):
        self.alice.send("<bob> I am bob")
        self.assertFalse(self.alice.seen_after_echo("I am bob"))

    def test_pm_reaches_one(self):
        self.alice.pm("bob", "psst")
        self.bob.wait_pm("alice", "psst")
        self.assertFalse(self.carol.seen_after_echo("psst"))

    def test_passive_search_and_result(self):
        active = self.hub.client("active", active=True)
        self.alice.search("some file")
        active.wait_for(r"^\$Search Hub:alice F\?T\?0\?1\?some\$file$")
        active.search_result("alice", "some file.txt", 1234)
        result = self.alice.wait_for(r"^\$SR active some file\.txt\x051234 1/1\x05")
        self.assertFalse(result.string.endswith("alice"), "the hub keeps the last nick")
        self.assertFalse(self.bob.seen_after_echo(r"^\$S(R|earch) "))

    def test_connection_requests_reach_one(self):
        self.alice.send("$ConnectToMe bob 127.0.0.1:4000")
        self.bob.wait_for(r"^\$ConnectToMe bob 127\.0\.0\.1:4000$")
        self.alice.send("$RevConnectToMe alice bob")
        self.bob.wait_for(r"^\$RevConnectToMe alice bob$")
        self.assertFalse(self.carol.seen_after_echo("ConnectToMe"))

    def test_quit(self):
        self.alice.close()
        self.bob.wait_for(r"^\$Quit alice$")


class ScriptCommands(HubTest):
    """!pyload and its kin."""

    def setUp(self):
        self.hub = self.start(ECHO)
        self.boss = self.admin(self.hub)

    def command(self, line, answer):
        self.boss.chat(line)
        return self.boss.wait_for("(?s)" + answer).string

    def test_list_and_files(self):
        self.hub.add_script(("other.py", ""))
        listed = self.command("!pylist", "Loaded scripts: 1")
        self.assertIn("echo.py", listed)
        self.assertNotIn("other.py", listed)
        files = self.command("!pyfiles", "Files in")
        self.assertRegex(files, r"echo\.py \(loaded\)")
        self.assertRegex(files, r"other\.py(?! \(loaded\))")

    def test_unload_and_load(self):
        self.command("echo one", "you said: one")
        self.command("!pyunload echo.py", "Unloaded .*echo.py")
        self.command("echo two", "^<admin> echo two")
        self.command("!pyload echo.py", "Loaded .*echo.py")
        self.command("echo three", "you said: three")

    def test_reload_takes_the_new_text(self):
        self.hub.add_script((ECHO[0], ECHO[1].replace("you said", "you wrote")))
        self.command("!pyreload echo.py", "Reloaded .*echo.py")
        self.command("echo one", "you wrote: one")

    def test_broken_script(self):
        self.expected_in_log = r"SyntaxError"
        self.hub.add_script(("broken.py", "def OnTimer(:\n"))
        self.command("!pyload broken.py", "Could not load 'broken.py'")
        self.command("echo still", "you said: still")

    def test_missing_script(self):
        self.command("!pyload nothing.py", "Could not load 'nothing.py'")
        self.command("!pyunload nothing.py", "There is no script 'nothing.py'")

    def test_log_level(self):
        self.command("!pylog 6", "log level is now 6")
        self.command("!pylog 7", "Use: !pylog LEVEL")

    def test_users_may_not(self):
        guest = self.hub.client("guest")
        guest.chat("!pyunload echo.py")
        guest.wait_for("There is no command")
        self.command("echo still", "you said: still")


class BadScripts(HubTest):
    def test_raising_hook_blocks_nobody(self):
        self.expected_in_log = r"ZeroDivisionError"
        hooks = ("OnUserLogin(nick)", "OnParsedMsgChat(nick, text)")
        script = "".join(f"def {hook}:\n    1 / 0\n\n" for hook in hooks)
        hub = self.start(("raises.py", script))
        first, second = hub.client("first"), hub.client("second")
        first.chat("hello")
        second.wait_chat("first", "hello")
        hub.wait_log("ZeroDivisionError")

    def test_exit_in_a_hook_does_not_end_the_hub(self):
        self.expected_in_log = r"SystemExit"
        script = "import sys\n\ndef OnParsedMsgChat(nick, text):\n    sys.exit(3)\n"
        hub = self.start(("leaves.py", script))
        client = hub.client("client")
        client.chat("hello")
        client.wait_chat("client", "hello")

    def test_broken_neighbour(self):
        self.expected_in_log = r"SyntaxError"
        hub = self.start(("a_broken.py", "def\n"), ECHO)
        client = hub.client("client")
        client.chat("echo one")
        client.wait_for("you said: one")


class Encoding(HubTest):
    OPTIONS = ("--encoding", "CP1251")

    def test_bytes_on_the_wire(self):
        hub = self.start(ECHO, options=self.OPTIONS)
        client = hub.client("Вася", encoding="cp1251")
        client.send_bytes("<Вася> echo Привет".encode("cp1251") + b"|")
        answer = client.wait_for("you said: (.*)")
        self.assertEqual(answer.group(1), "Привет")

    def test_scripts_see_text(self):
        script = (
            "import vh\n\ndef OnParsedMsgChat(nick, text):\n"
            "    vh.usermc('%d letters: %s \\u2603' % (len(text), text.upper()), nick)\n"
            "    return 0\n"
        )
        hub = self.start(("upper.py", script), options=self.OPTIONS)
        client = hub.client("Вася", encoding="cp1251")
        client.chat("привет")
        client.wait_for(r"6 letters: ПРИВЕТ \?$")

    def test_every_byte_returns(self):
        """All bytes that may stand in a line, those CP1251 does not define included."""
        hub = self.start(ECHO, options=self.OPTIONS)
        client = hub.client("client", encoding="latin-1")
        text = bytes(byte for byte in range(1, 256) if byte not in b"$|").decode("latin-1")
        client.send(f"<client> echo {text}")
        self.assertEqual(client.wait_for("(?s)you said: (.*)").group(1), text)

    def test_invalid_utf8_reaches_scripts(self):
        hub = self.start(ECHO)
        client = hub.client("client")
        client.send_bytes(b"<client> echo \xff\xfe caf\xe9|")
        answer = client.wait_for("you said: (.*)").group(1)
        self.assertEqual(answer.encode("utf-8", "surrogateescape"), b"\xff\xfe caf\xe9")


class Stopping(HubTest):
    TOLD = (
        "told.py",
        "def OnUnLoad(code): open(__file__ + '.stopped', 'w').close()\n"
        "def UnLoad(): open(__file__ + '.unloaded', 'w').close()\n",
    )

    def notes(self, hub):
        return sorted(path.suffix for path in hub.scripts.glob("told.py.*"))

    def test_sigint_ends_with_success(self):
        hub = self.start(ECHO)
        client = hub.client("client")
        self.assertEqual(hub.stop(), 0)
        client.wait_closed()

    def test_sigterm_is_not_handled(self):
        hub = self.start(self.TOLD)
        client = hub.client("client")
        self.assertEqual(hub.terminate(), -signal.SIGTERM)
        client.wait_closed()
        self.assertEqual(self.notes(hub), [], "no script is told, as in real hubs")

    def test_sigterm_without_the_habit(self):
        hub = self.start(self.TOLD, options=("--without-habit", "sigterm"))
        self.assertEqual(hub.terminate(), 0)
        self.assertEqual(self.notes(hub), [".stopped", ".unloaded"])

    def test_scripts_are_told(self):
        hub = self.start(self.TOLD)
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(self.notes(hub), [".stopped", ".unloaded"])


class Transcript(HubTest):
    def conversation(self, file):
        """One fixed run; returns what passed between hub and library."""
        hub = self.start_examples("welcome", "chat_filter", options=("--transcript", str(file)))
        boss = self.admin(hub)
        alice = hub.client("alice")
        alice.chat("damn rain")
        boss.wait_chat("alice", "darn rain")
        alice.chat("+stats")
        alice.wait_chat("Welcome", "Statistics")
        alice.close()
        boss.wait_for(r"^\$Quit alice$")
        boss.chat("!pyreload welcome.py")
        boss.wait_for("Reloaded")
        self.assertEqual(hub.stop(), 0)
        # How often the timer rang depends on the machine.
        lines = file.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if "OnTimer" not in line]

    def test_two_runs_are_equal(self):
        hub = self.start()
        first = self.conversation(hub.folder / "first")
        second = self.conversation(hub.folder / "second")
        self.assertGreater(len(first), 10)
        self.assertIn("darn rain", "\n".join(first))
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main()
