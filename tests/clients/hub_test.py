"""What the end-to-end tests share: a hub of the generation under test, and its log when one fails.

ctest says in VH_HUB, VH_LIBRARY and VH_GENERATION what to run.
"""

import os
import unittest

import hub

ADMIN_PASSWORD = "secret"


class HubTest(unittest.TestCase):
    # The error a test provokes on purpose; without it there may be none.
    expected_in_log = ""

    def start(self, *scripts, options=(), generation=None):
        """A hub with these scripts, and an administrator registered; stopped after the test."""
        running = hub.Hub(
            os.environ["VH_HUB"],
            os.environ["VH_LIBRARY"],
            scripts,
            generation or os.environ["VH_GENERATION"],
            ["--register", f"admin:{ADMIN_PASSWORD}:5", *options],
        )
        self.addCleanup(self._finish, running)
        return running

    def _finish(self, running):
        crashed, log = running.has_crashed(), running.log()
        running.close()
        self.assertFalse(crashed, f"the hub ended before its time:\n{log}")
        if self.expected_in_log:
            self.assertRegex(log, self.expected_in_log)
        else:
            self.assertNotRegex(log, "Traceback|Error")

    def start_examples(self, *names, **options):
        return self.start(*(hub.EXAMPLES / f"{name}.py" for name in names), **options)

    @staticmethod
    def admin(running):
        return running.client("admin", password=ADMIN_PASSWORD)
