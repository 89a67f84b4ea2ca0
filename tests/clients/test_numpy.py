"""numpy, which only one interpreter of a process can import, in two scripts at once."""

import sys
import unittest
from pathlib import Path

from hub_test import HubTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "packages"))
from environment import NUMPY, environment  # noqa: E402

RELOADS = 20

SCRIPT = """{header}
# vh: venv = {venv}
import numpy
import vh

# Other in each script and after each reload.
matrix = numpy.array([[{number}, 1], [1, 1]], dtype=float)


def OnParsedMsgChat(nick, message):
    global matrix
    if message != "{name} determinant":
        return 1
    answer = round(numpy.linalg.det(matrix))
    matrix[0, 0] += 1
    vh.usermc(f"{name} has {{answer}}", nick)
    return 0
"""


class Numpy(HubTest):
    def check_two_scripts(self, header):
        """Both answer, each from its own state, which a reload of the other does not touch."""
        venv = environment(NUMPY)
        scripts = {"first": 10, "second": 20}
        self.hub = self.start(
            *(
                (f"{name}.py", SCRIPT.format(header=header, venv=venv, name=name, number=number))
                for name, number in scripts.items()
            )
        )
        admin = self.admin(self.hub)

        def ask(name):
            admin.chat(f"{name} determinant")
            return int(admin.wait_for(rf"{name} has (\d+)").group(1))

        other = scripts["second"] - 1
        for _ in range(RELOADS):
            self.assertEqual(ask("first"), scripts["first"] - 1)
            self.assertEqual(ask("first"), scripts["first"])
            self.assertEqual(ask("second"), other)
            other += 1
            admin.chat("!pyreload first.py")
            admin.wait_for(r"Reloaded .*first\.py")
        for _ in range(RELOADS):
            self.assertEqual(ask("second"), other)
            admin.chat("!pyreload second.py")
            admin.wait_for(r"Reloaded .*second\.py")
            other = scripts["second"] - 1
        self.assertEqual(ask("first"), scripts["first"] - 1)
        self.assertEqual(self.hub.stop(), 0)

    def test_in_main(self):
        self.check_two_scripts("# vh: runtime = main")

    def test_in_processes(self):
        self.check_two_scripts("# vh: runtime = worker")

    def test_without_a_wish(self):
        self.check_two_scripts("# A script that does not say where it wants to run.")
        self.assertRegex(self.hub.log(), "numpy.*main|main.*numpy")


if __name__ == "__main__":
    unittest.main()
