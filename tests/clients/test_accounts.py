"""Accounts that a hub registers at its start: none half read, no password for others to see."""

import os
import subprocess
import unittest
from pathlib import Path

from hub_test import HubTest


class Accounts(HubTest):
    def refused(self, text, mode=0o600, name="accounts"):
        """What the hub says as it refuses a file; it must make nothing, and tell no password."""
        folder = self.new_folder()
        file = folder / name
        file.write_bytes(text)
        file.chmod(mode)
        said = self.refused_option(folder, file)
        self.assertIn(str(file), said)
        return said

    def refused_option(self, folder, value, **options):
        command = [os.environ["VH_HUB"], "--config", folder / "hub"]
        command += ["--library", os.environ["VH_LIBRARY"], "--port", "0", "--register", value]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, **options)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 2, said)
        self.assertFalse((folder / "hub").exists(), "it made its folder")
        self.assertNotIn("secret", said)
        return said

    def test_a_file(self):
        folder = self.new_folder()
        file = folder / "accounts"
        file.write_bytes(b"boss 10 secret of  two words\r\n\n  guest 1 other\n")
        file.chmod(0o600)
        hub = self.start(options=["--register", str(file)], folder=folder)
        boss = hub.client("boss", password="secret of  two words")
        self.assertTrue(boss.seen_after_echo(r"^\$LogedIn boss$"))
        hub.client("guest", password="other")

    def test_no_password_is_in_the_list_of_processes(self):
        hub = self.start(accounts=[("boss", 10, "hidden words")])
        hub.client("boss", password="hidden words")
        for name in ("cmdline", "environ"):
            self.assertNotIn(b"hidden", Path(f"/proc/{hub.pid}/{name}").read_bytes())

    def test_lines_that_are_refused(self):
        for number, line in enumerate(
            (
                b"boss",
                b"boss 10",
                b"boss 10 ",
                b" 10 secret",
                b"secret boss 10",
                b"boss:secret:10",
                b"boss 6 secret",
                b"boss 11 secret",
                b"boss 4294967306 secret",
                b"boss 99999999999999999999 secret",
                b"bo$s 10 secret",
                b"<boss> 10 secret",
                b"bo\x1bss 10 secret",
                b"bo\x00ss 10 secret",
                b"n" * 256 + b" 10 secret",
                b"boss 10 secret" + b"x" * 128,
                b"boss 10 sec|ret",
                b"boss 10 secret\x00",
                b"boss 10 secret\x07",
                b"FIRST 10 secret",
            )
        ):
            with self.subTest(line=line):
                before = b"\n" * number
                said = self.refused(b"first 5 secret\n" + before + line + b"\nlast 5 secret\n")
                self.assertIn(f"line {number + 2}:", said)

    def test_files_that_are_refused(self):
        self.assertIn("holds no account", self.refused(b""))
        self.assertIn("MiB", self.refused(b"boss 10 secret\n" * 80000))
        for mode in (0o640, 0o604, 0o620, 0o602, 0o610):
            with self.subTest(mode=oct(mode)):
                self.assertIn("chmod 600", self.refused(b"boss 10 secret\n", mode))
        folder = self.new_folder()
        self.assertIn("No such file", self.refused_option(folder, folder / "nothing"))
        self.assertIn("folder", self.refused_option(folder, folder))

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_a_file_of_another_user_is_refused(self):
        folder = self.new_folder()
        file = folder / "accounts"
        file.write_bytes(b"boss 10 secret\n")
        file.chmod(0o600)
        os.chown(file, 1, 1)
        self.assertIn("belongs to another user", self.refused_option(folder, file))

    def test_the_old_form_is_refused_without_telling_it(self):
        said = self.refused_option(self.new_folder(), "boss:secret:10")
        self.assertIn("everybody could see", said)

    def test_a_bad_line_of_standard_input(self):
        folder = self.new_folder()
        said = self.refused_option(folder, "-", input=b"boss 10 secret\nboss2 10\n")
        self.assertIn("standard input, line 2:", said)


if __name__ == "__main__":
    unittest.main()
