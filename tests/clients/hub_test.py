"""What the end-to-end tests share: a hub of the generation under test, and its log when one fails.

ctest says in VH_HUB, VH_LIBRARY and VH_GENERATION what to run.
"""

import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import hub

ADMIN_PASSWORD = "secret"

# For scripts that crash. The hub has replaced the library's handler when the scripts were loaded; the
# library looks now and then whether it is still there, on a thread of its own, which a busy machine may
# keep waiting.
AWAIT_HANDLER = """
def has_librarys_handler():
    import ctypes, os
    action = (ctypes.c_void_p * 32)()
    ctypes.CDLL(None).sigaction(11, None, action)
    with open("/proc/self/maps") as maps:
        for line in maps:
            first, last = (int(number, 16) for number in line.split()[0].split("-"))
            if first <= (action[0] or 0) < last:
                return os.path.basename(os.environ["VH_LIBRARY"]) in line

def await_handler():
    import time
    end = time.monotonic() + 60
    while not has_librarys_handler():
        if time.monotonic() > end:
            raise TimeoutError("the library's handler is not there")
        time.sleep(0.001)
"""


def set_environment(test, name, value):
    """Sets a variable of the environment for the rest of a test."""
    patch = mock.patch.dict(os.environ, {name: value})
    patch.start()
    test.addCleanup(patch.stop)


class HubTest(unittest.TestCase):
    # The error a test provokes on purpose; without it there may be none.
    expected_in_log = ""
    # Whether the hub is to end before it is asked to.
    ends_by_itself = False

    def start(self, *scripts, options=(), generation=None, folder=None, accounts=()):
        """A hub with these scripts, and an administrator registered; stopped after the test.

        A `folder` is kept, for the next hub.
        """
        running = hub.Hub(
            os.environ["VH_HUB"],
            os.environ["VH_LIBRARY"],
            scripts,
            generation or os.environ["VH_GENERATION"],
            options,
            folder,
            [("admin", 5, ADMIN_PASSWORD), *accounts],
        )
        self.addCleanup(self._finish, running)
        return running

    def _finish(self, running):
        crashed, log = running.has_crashed(), running.log()
        running.close()
        if not self.ends_by_itself:
            self.assertFalse(crashed, f"the hub ended before its time:\n{log}")
        if self.expected_in_log:
            self.assertRegex(log, self.expected_in_log)
        else:
            self.assertNotRegex(log, "Traceback|Error")

    def start_examples(self, *names, **options):
        return self.start(*(hub.EXAMPLES / f"{name}.py" for name in names), **options)

    def new_folder(self):
        folder = Path(tempfile.mkdtemp(prefix="vh-hub-"))
        self.addCleanup(shutil.rmtree, folder)
        return folder

    @staticmethod
    def admin(running):
        return running.client("admin", password=ADMIN_PASSWORD)
