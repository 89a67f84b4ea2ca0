"""A MariaDB server of the tests' own: a new folder, a socket in it, no network."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

INSTALL = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db") or ""
SERVER = (
    shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or ""
)


class Server:
    def __init__(self):
        # The path of a socket may have some 100 characters, so it is no folder of the build.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vh-sql-"))
        self.socket = self.folder / "socket"
        # Root's server must be told to be so.
        user = pwd.getpwuid(os.getuid()).pw_name
        self.options = [f"--user={user}", f"--datadir={self.folder / 'data'}"]
        self.log = open(self.folder / "log", "wb")
        self.process = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        first_tables = subprocess.run(
            [
                INSTALL,
                "--no-defaults",
                *self.options,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            stdout=self.log,
            stderr=self.log,
        )
        if first_tables.returncode != 0:
            raise RuntimeError(f"{INSTALL} failed: {self.said()}")
        self.process = subprocess.Popen(
            [
                SERVER,
                "--no-defaults",
                *self.options,
                f"--socket={self.socket}",
                f"--pid-file={self.folder / 'pid'}",
                "--skip-networking",
            ],
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + 120
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MariaDB does not start: {self.said()}")
            time.sleep(0.1)

    def said(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)
