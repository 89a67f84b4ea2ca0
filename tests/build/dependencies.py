"""What tools/check-dependencies checks with and without cargo-deny and advisories on the machine.

usage: dependencies.py

Cargo is a program of ours, which writes down what it is asked for.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CARGO = """#!/bin/sh
echo "$*" >> "$ASKED"
case $* in
  *--version*) exit "$HAS_DENY" ;;
  *advisories*)
    echo "$ADVISORIES"
    sed -n 's/^db-path = /from /p' "$(echo "$*" | sed 's/.*--config \\([^ ]*\\).*/\\1/')"
    [ "$ADVISORIES" = "advisories ok" ] ;;
  *) echo "$OTHERS"; [ "$OTHERS" = "bans ok" ] ;;
esac
"""


class Dependencies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cargo = self.folder / "cargo"
        self.cargo.write_text(CARGO)
        self.cargo.chmod(0o755)

    def check(self, advisories="advisories ok", others="bans ok", has_deny=True, **settings):
        """(exit code, lines of output, what cargo was asked for)"""
        asked = self.folder / "asked"
        asked.write_text("")
        environment = {
            **os.environ,
            "CARGO": str(self.cargo),
            "CARGO_HOME": str(self.folder / "home"),
            "ASKED": str(asked),
            "HAS_DENY": "0" if has_deny else "101",
            "ADVISORIES": advisories,
            "OTHERS": others,
            **settings,
        }
        if "VH_ADVISORY_DBS" not in settings:
            environment.pop("VH_ADVISORY_DBS", None)
        done = subprocess.run(
            [ROOT / "tools" / "check-dependencies"],
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout.splitlines(), asked.read_text().splitlines()

    def new_database(self, folder):
        (folder / "advisory-db-0123456789abcdef").mkdir(parents=True)
        return str(folder)

    def test_without_cargo_deny(self):
        code, lines, _ = self.check(has_deny=False)
        self.assertEqual(code, 0)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("left out: all of deny.toml", lines[0])

    def test_without_a_database(self):
        code, lines, asked = self.check()
        self.assertEqual(code, 0)
        self.assertEqual(lines[0], "bans ok")
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("left out: the advisories; no database is in", lines[1])
        self.assertIn("deny --locked check bans licenses sources", asked)

    def test_a_folder_without_a_database_in_it(self):
        home = self.folder / "home" / "advisory-dbs"
        home.mkdir(parents=True)
        (home / "db.lock").touch()
        code, lines, _ = self.check()
        self.assertEqual(code, 0)
        self.assertIn("no database is in", lines[-1])

    def test_with_one_in_the_usual_place(self):
        place = self.new_database(self.folder / "home" / "advisory-dbs")
        code, lines, asked = self.check()
        self.assertEqual((code, lines), (0, ["bans ok", "advisories ok", f'from "{place}"']))
        self.assertRegex(asked[-1], "--offline .*check advisories$")

    def test_with_one_elsewhere(self):
        self.new_database(self.folder / "home" / "advisory-dbs")
        place = self.new_database(self.folder / "other")
        _, lines, _ = self.check(VH_ADVISORY_DBS=place)
        self.assertIn(f'from "{place}"', lines)

    def test_what_is_found_fails(self):
        place = self.new_database(self.folder / "other")
        code, lines, _ = self.check("error: a hole\nadvisories FAILED", VH_ADVISORY_DBS=place)
        self.assertEqual((code, lines[2]), (1, "advisories FAILED"))
        for databases in (place, str(self.folder / "none")):
            code, lines, _ = self.check(others="bans FAILED", VH_ADVISORY_DBS=databases)
            self.assertNotEqual(code, 0)
            self.assertEqual(lines, ["bans FAILED"])

    def test_a_database_that_cannot_be_used(self):
        place = self.new_database(self.folder / "other")
        code, lines, _ = self.check("fatal: no network\nmore", VH_ADVISORY_DBS=place)
        self.assertEqual(code, 0)
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("left out: the advisories; cargo-deny cannot use", lines[1])
        self.assertIn(": fatal: no network", lines[1])


if __name__ == "__main__":
    unittest.main()
