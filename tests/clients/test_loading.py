"""What an operator may load with !pyload, and whether the answers are true."""

import os
import unittest

from hub_test import HubTest

HELLO = "import vh\nvh.mc('hello from ' + __file__)\n"
REFUSES = "# vh: on_error = refuse\ndef OnParsedMsgChat(nick, text): return 1\n"


class OnlyScripts(HubTest):
    def setUp(self):
        self.hub = self.start()
        self.boss = self.admin(self.hub)
        self.outside = self.new_folder()
        (self.outside / "evil.py").write_text(HELLO)

    def refused(self, name, reason="does not lie below"):
        self.boss.chat(f"!pyload {name}")
        self.boss.wait_for(f"Could not load .*{reason}")
        self.assertFalse(self.boss.seen_after_echo("hello from"), name)

    def test_files_elsewhere(self):
        (self.hub.folder / "beside.py").write_text(HELLO)
        (self.hub.scripts / "sub").mkdir()
        self.refused(self.outside / "evil.py")
        self.refused("../beside.py")
        self.refused("sub/../../beside.py")
        self.refused(f"{self.hub.scripts}/../beside.py")
        # A folder whose name only begins like the scripts' own.
        near = self.hub.folder / "scripts2"
        near.mkdir()
        (near / "evil.py").write_text(HELLO)
        self.refused(near / "evil.py")
        self.refused(f"/proc/{os.getpid()}/root{self.outside}/evil.py")

    def test_a_way_up_and_back(self):
        self.hub.add_script(("inside.py", HELLO))
        self.refused("../scripts/inside.py")

    def test_links_out(self):
        (self.hub.scripts / "link.py").symlink_to(self.outside / "evil.py")
        (self.hub.scripts / "folder").symlink_to(self.outside)
        self.refused("link.py")
        self.refused("folder/evil.py")
        (self.hub.scripts / "dangling.py").symlink_to(self.hub.scripts / "nothing")
        self.refused("dangling.py", "No such file")
        (self.hub.scripts / "loop.py").symlink_to("loop.py")
        self.refused("loop.py", "symbolic links")

    def test_what_is_no_script(self):
        os.mkfifo(self.hub.scripts / "pipe.py")
        (self.hub.scripts / "folder.py").mkdir()
        (self.hub.scripts / "notes.txt").write_text(HELLO)
        (self.hub.scripts / "device.py").symlink_to("/dev/zero")
        for name in ("pipe.py", "folder.py", "notes.txt"):
            self.refused(name, "no file whose name ends in")
        self.refused("device.py")
        self.refused("", "")
        self.refused(".", "")
        self.refused("x" * 5000, "")

    def test_what_is_a_script(self):
        (self.hub.scripts / "sub").mkdir()
        (self.hub.scripts / "sub" / "deep.py").write_text(HELLO)
        self.hub.add_script(("plain.py", HELLO))
        (self.hub.scripts / "second.py").symlink_to("plain.py")
        for name in ("sub/deep.py", self.hub.scripts / "plain.py"):
            self.boss.chat(f"!pyload {name}")
            self.boss.wait_for("Loaded")
        for name in ("plain.py", "second.py", "./plain.py", "sub//deep.py"):
            self.boss.chat(f"!pyload {name}")
            self.boss.wait_for("Could not load")
        self.boss.chat("!pyreload deep.py")
        self.boss.wait_for(r"Reloaded \[ 0 \]|Reloaded \[ 1 \]")
        self.boss.chat("!pyunload plain.py")
        self.boss.wait_for("Unloaded .*plain.py")


class Answers(HubTest):
    expected_in_log = "SyntaxError"

    def test_a_stub_is_no_success(self):
        hub = self.start(("filter.py", REFUSES))
        boss = self.admin(hub)
        hub.add_script(("filter.py", REFUSES + "no Python\n"))
        for command in ("!pyreload", "!pyreload"):
            boss.chat(f"{command} filter.py")
            answer = boss.wait_for(r"(?s)^<HubSecurity> (.*filter\.py.*)").group(1)
            self.assertRegex(answer, "^Could not load filter.py: .*SyntaxError")
            self.assertRegex(answer, r"A stub stands in for it as \[ 0 \]")
        boss.chat("!pyunload filter.py")
        boss.wait_for("Unloaded")
        boss.chat("!pyload filter.py")
        boss.wait_for("Could not load filter.py: .*SyntaxError")
        boss.chat("!pylist")
        boss.wait_for(r"filter\.py \(a stub")
        hub.add_script(("filter.py", REFUSES))
        boss.chat("!pyreload filter.py")
        boss.wait_for(r"Reloaded \[ 0 \] filter\.py$")

    def test_a_number_is_no_script(self):
        """Numbers of which only the low bits fit an id."""
        self.expected_in_log = ""
        hub = self.start(("only.py", ""))
        boss = self.admin(hub)
        for number in ("4294967296", "-4294967296", "18446744073709551616", "-1", "1"):
            boss.chat(f"!pyunload {number}")
            boss.wait_for("There is no script")
        boss.chat("!pyunload 0")
        boss.wait_for("Unloaded")


if __name__ == "__main__":
    unittest.main()
