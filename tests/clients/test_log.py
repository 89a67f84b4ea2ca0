"""The hub's own log: users forge nothing in it, steer no terminal, fill no disk; no passwords."""

import os
import re
import stat
import unittest

import nmdc
from hub_test import HubTest

VERBOSE = ("--log-level", "4")


class Log(HubTest):
    def own_lines(self, hub):
        """The hub's lines; scripts and the library write others."""
        return re.findall(r"(?m)^vh_hub: .*$", hub.log())

    def say(self, client, line):
        client.send_bytes(line + b"|")
        self.assertFalse(client.seen_after_echo("^never$"))


class Text(Log):
    def test_controls_are_escaped(self):
        hub = self.start(options=VERBOSE)
        alice = hub.client("alice")
        before = len(hub.log().splitlines())
        steering = [bytes([byte]) for byte in (*range(1, 0x20), 0x7F)]
        steering += [
            char.encode() for char in "\x80\x85\x9b\x9f\u2028\u2029\u202e\u2066\u200f\u061c"
        ]
        steering += [
            b"\x9b",
            b"\xff",
            b"\xc3",
            b"\xe2\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xc0\x8a",
        ]
        for text in steering:
            self.say(alice, b"<alice> before" + text + b"vh_hub: forged")
        raw = (hub.folder / "output.log").read_bytes()
        for text in steering:
            if text not in b"\n":
                self.assertNotIn(text, raw.replace(b"\n", b""))
            escaped = "".join(f"\\x{byte:02x}" for byte in text)
            self.assertIn(f"before{escaped}vh_hub: forged", hub.log())
        self.assertNotRegex(hub.log(), "(?m)^vh_hub: forged")
        # One line each, and one of the echo.
        self.assertLessEqual(len(hub.log().splitlines()) - before, 2 * len(steering))

    def test_text_stays_text(self):
        hub = self.start(options=VERBOSE)
        self.say(hub.client("alice"), "<alice> Привет, 你好 🎉 é".encode())
        self.assertIn("Привет, 你好 🎉 é", hub.log())

    def test_long_lines_are_cut(self):
        hub = self.start(options=VERBOSE)
        alice = hub.client("alice")
        for line in (b"$Odd " + b"x" * 100_000, b"$Odd " + b"\x01" * 100_000):
            self.say(alice, line)
        self.assertEqual(len(re.findall(r"\.\.\. \(1000\d\d bytes\)$", hub.log(), re.M)), 4)
        self.assertLess(max(map(len, self.own_lines(hub))), 17_000)


class Amount(Log):
    def test_the_same_line_is_counted(self):
        hub = self.start(options=("--log-level", "2"))
        alice = hub.client("alice")
        for _ in range(400):
            alice.send("$Odd thing")
        self.assertFalse(alice.seen_after_echo("^never$"))
        self.assertEqual(len(re.findall("unknown message of .*Odd thing", hub.log())), 1)
        hub.wait_log("399 times more: unknown message", timeout=60)

    def test_different_lines_have_a_limit(self):
        hub = self.start(options=("--log-level", "2"))
        boss = self.admin(hub)
        boss.chat("!set flood_messages 0")
        boss.wait_for("is now")
        for number in range(3000):
            boss.send(f"$Odd {number} " + "x" * 1000)
        self.assertFalse(boss.seen_after_echo("^never$"))
        # Two minutes' worth, for a slow machine.
        self.assertLess(len(hub.log()), 2 * 300_000)
        # Errors are told still.
        self.expected_in_log = "error: there is no file to load|error: "
        hub.add_script(("broken.py", "def\n"))
        boss.chat("!pyload broken.py")
        boss.wait_for("Could not load")
        self.assertRegex(hub.log(), "vh_hub: error: could not load .*broken.py")


class Passwords(Log):
    SECRET = "hunter2"

    def test_no_password_is_told(self):
        hub = self.start(accounts=[("owner", 10, self.SECRET)], options=VERBOSE)
        with self.assertRaises(nmdc.Refused):
            hub.client("owner", password=f"{self.SECRET} wrong")
        owner = hub.client("owner", password=self.SECRET)
        lines = (
            f"$MyPass {self.SECRET}",
            f"$mypass {self.SECRET}",
            f" $MyPass {self.SECRET}",
            f"$MyPass\t{self.SECRET}",
            f"<owner> +passwd {self.SECRET}",
            f"<owner> !PASSWD  {self.SECRET}",
            "<owner> +passwd",
            f"<owner> !reg friend 1 {self.SECRET}",
            f"<owner> !reg  other  1  {self.SECRET}",
            f"<owner> !regnew other {self.SECRET} {self.SECRET}",
            f"<owner> !setpassword other {self.SECRET}",
            f"$To: HubSecurity From: owner $<owner> +passwd {self.SECRET}",
            f"$To: HubSecurity From: owner $<owner> !reg third 1 {self.SECRET}",
            f"$To: nobody From: owner $<owner> +passwd {self.SECRET}",
            f"$MCTo: HubSecurity $owner +passwd {self.SECRET}",
        )
        for line in lines:
            self.say(owner, line.encode())
        known = [line for line in self.own_lines(hub) if self.SECRET in line]
        # The nick stands where !reg has a nick and a class: it is a guess what scripts' commands take.
        self.assertEqual([line for line in known if "regnew" not in line], [])
        self.assertIn("!reg friend 1 ***", hub.log())
        self.assertIn("$MyPass ***", hub.log())

    def test_a_transcript_is_private(self):
        before = os.umask(0)
        try:
            folder = self.new_folder()
            file = folder / "transcript"
            self.start(
                ("any.py", "def OnUserLogin(nick): pass\n"), options=("--transcript", str(file))
            )
        finally:
            os.umask(before)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)


if __name__ == "__main__":
    unittest.main()
