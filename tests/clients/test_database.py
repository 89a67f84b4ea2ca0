"""The hub's database: nobody else may open it, and one that cannot be written ends no hub."""

import contextlib
import os
import re
import resource
import sqlite3
import stat
import subprocess
import sys
import time
import unittest

import nmdc
from hub_test import HubTest

# Holds a lock on a database in a process of its own, until its input ends.
HOLDER = """
import sqlite3, sys
path, how = sys.argv[1:]
connection = sqlite3.connect(path, timeout=0, isolation_level=None)
connection.execute("BEGIN " + how)
print("held", flush=True)
sys.stdin.read()
"""


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


class Rights(HubTest):
    def hub_files(self, folder):
        return [path for path in folder.iterdir() if path.name.startswith("hub.db")]

    def check_private(self, folder):
        files = self.hub_files(folder)
        self.assertIn("hub.db", {path.name for path in files})
        for path in files:
            self.assertEqual(rights(path), 0o600, path)

    def start_in(self, folder):
        """A hub whose folder this is, under the mildest umask."""
        before = os.umask(0)
        try:
            return self.start(options=["--config", str(folder)], folder=self.new_folder())
        finally:
            os.umask(before)

    def test_what_the_hub_makes_is_private(self):
        folder = self.new_folder() / "made" / "here"
        hub = self.start_in(folder)
        admin = self.admin(hub)
        admin.chat("!reg somebody 1 word")
        admin.wait_for("is registered")
        self.assertEqual(rights(folder), 0o700)
        self.assertGreater(len(self.hub_files(folder)), 1, "no journal is there to look at")
        self.check_private(folder)
        self.assertNotIn("warning", hub.log())

    def test_an_old_journal_is_private_too(self):
        script = "import vh\nvh.SQL('PRAGMA journal_mode=%s')\nvh.SQL('CREATE TABLE t(x)')\n"
        for mode in ("PERSIST", "TRUNCATE"):
            with self.subTest(mode=mode):
                folder = self.new_folder()
                before = os.umask(0)
                try:
                    self.start(("old.py", script % mode), folder=folder)
                finally:
                    os.umask(before)
                self.check_private(folder)

    def test_what_was_open_is_closed(self):
        folder = self.new_folder()
        sqlite3.connect(folder / "hub.db").close()
        for name in ("hub.db", "hub.db-journal", "hub.db-wal", "hub.db-shm"):
            (folder / name).touch()
            (folder / name).chmod(0o666)
        hub = self.start_in(folder)
        self.check_private(folder)
        self.assertRegex(hub.log(), r"other users could open \S*hub\.db until now")

    def test_an_open_folder_is_told(self):
        for mode, what in ((0o755, "look into"), (0o750, "look into"), (0o777, "write into")):
            with self.subTest(mode=oct(mode)):
                folder = self.new_folder()
                folder.chmod(mode)
                hub = self.start_in(folder)
                told = rf"other users of this machine may {what} {re.escape(str(folder))}"
                self.assertRegex(hub.log(), told)
                self.assertEqual(rights(folder), mode, "the owner decides")
                self.check_private(folder)


class Trouble(HubTest):
    expected_in_log = "error: "
    # What a command may take longer than one on a free machine; a wait of the hub's own would take
    # all its users along.
    PATIENCE = 5.0  # seconds

    def setUp(self):
        self.hub = self.start(accounts=[("boss", 10, "word")])
        self.boss = self.hub.client("boss", password="word")
        self.guest = self.hub.client("guest")
        self.boss.chat("!ban banned 3h")
        self.boss.wait_for("banned is banned")

    def hold(self, how):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(self.hub.folder / "hub.db"), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        self.assertEqual(holder.stdout.readline(), b"held\n")
        return holder

    def sql(self, query):
        with contextlib.closing(sqlite3.connect(self.hub.folder / "hub.db")) as database:
            database.execute(query)

    def everything_fails(self, answer):
        """Each command that writes tells of it, others go on meanwhile, and nobody is lost."""
        commands = [
            *("!ban nobody 3h", "!reg other 1 word", "!delreg admin", "!class admin 3"),
            *("!topic new", "!set hub_name new", "+passwd other", "!unban banned"),
        ]
        start = time.monotonic()
        for command in commands:
            with self.subTest(command=command):
                self.boss.chat(command)
                self.boss.wait_chat("HubSecurity", answer)
        self.guest.chat("still here")
        self.boss.wait_chat("guest", "still here")
        self.assertLess(time.monotonic() - start, self.PATIENCE)

    def everything_works(self):
        self.boss.chat("!topic back again")
        self.boss.wait_for(r"^\$HubTopic back again$")
        self.boss.chat("!reg another 1 word")
        self.boss.wait_for("another is registered")
        self.hub.client("another", password="word")

    def test_a_lock_of_another_process(self):
        for how in ("IMMEDIATE", "EXCLUSIVE"):
            with self.subTest(how=how):
                holder = self.hold(how)
                self.everything_fails("another program holds the hub's database")
                holder.stdin.close()
                holder.wait()
        self.everything_works()

    def test_who_is_kicked_goes_all_the_same(self):
        self.hold("EXCLUSIVE")
        self.boss.chat("!kick guest out")
        self.boss.wait_chat("HubSecurity", "That failed")
        self.guest.wait_closed()

    def test_who_cannot_be_looked_up_stays_out(self):
        for table in ("bans", "registrations"):
            with self.subTest(table=table):
                self.sql(f"ALTER TABLE {table} RENAME TO gone")
                for nick in ("newcomer", "banned", "admin"):
                    client = self.hub.connect(nick, password="secret")
                    with self.assertRaises(nmdc.Disconnected):
                        client.login()
                    self.assertFalse(any("$Hello" in command for command in client.received))
                self.sql(f"ALTER TABLE gone RENAME TO {table}")
        self.everything_works()

    def test_a_file_that_may_not_grow(self):
        """As a full disk, which only root can make: the kernel refuses each byte behind the limit."""
        size = (self.hub.folder / "hub.db-wal").stat().st_size
        resource.prlimit(self.hub.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        self.everything_fails("the hub's log tells why")
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(self.hub.pid, resource.RLIMIT_FSIZE, unlimited)
        self.everything_works()

    def test_a_full_database(self):
        script = "import vh\nvh.SQL('PRAGMA max_page_count=1')\nnumber = 0\n"
        script += "while vh.AddRegUser(f'nick{number}', 1, 'word', 'admin'): number += 1\n"
        self.hub.add_script(("fill.py", script))
        self.boss.chat("!pyload fill.py")
        self.boss.wait_for("Loaded")
        self.boss.chat("!reg other 1 word")
        self.boss.wait_chat("HubSecurity", "the hub's log tells why")
        self.assertIn("full", self.hub.log())
        self.guest.chat("still here")
        self.boss.wait_chat("guest", "still here")


if __name__ == "__main__":
    unittest.main()
