"""Pythons the library cannot be built for are refused with a sentence that says so.

usage: refusals.py CMAKE CARGO BUILD_FOLDER

The Pythons are this one, made to say other things of itself.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CMAKE, CARGO, BUILD = sys.argv[1:4]

# Read before anything else of the Python's own.
SAYS = """
import sys, sysconfig
truth = sysconfig.get_config_var
sys.version_info = ({version}, 0, "final", 0)
sysconfig.get_config_var = lambda name: {gil_disabled} if name == "Py_GIL_DISABLED" else truth(name)
"""
PROGRAM = """#!/bin/sh
PYTHONPATH='{folder}' exec '{python}' "$@"
"""


class Refusals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def python(self, version, gil_disabled):
        says = SAYS.format(version=version, gil_disabled=gil_disabled)
        (self.folder / "sitecustomize.py").write_text(says)
        program = self.folder / "python"
        program.write_text(PROGRAM.format(folder=self.folder, python=sys.executable))
        program.chmod(0o755)
        return program

    def refused(self, *command, **environment):
        """What a build says that fails, without its line breaks."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertNotEqual(0, done.returncode, done.stdout)
        return " ".join(done.stdout.split())

    def refused_by_cmake(self, python):
        return self.refused(CMAKE, "-S", ".", "-B", self.folder / "build", f"-DVH_PYTHON={python}")

    def refused_by_cargo(self, python):
        command = [CARGO, "check", "--locked", "--lib", "--target-dir", Path(BUILD, "refusals")]
        return self.refused(*command, PYO3_PYTHON=str(python))

    def test_free_threaded(self):
        python = self.python("3, 14", gil_disabled=1)
        sentence = "is a free-threaded build of Python, which the library does not support"
        self.assertIn(sentence, self.refused_by_cmake(python))
        self.assertIn(sentence, self.refused_by_cargo(python))

    def test_too_old(self):
        python = self.python("3, 8", gil_disabled=None)
        self.assertIn("is not a Python 3.9 or newer", self.refused_by_cmake(python))
        self.assertIn("version (3.8) is lower than", self.refused_by_cargo(python))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
