"""What VH_PYTHON_LOG shows, in processes of their own: it is read once.

usage: log_filter_test.py PROGRAM
"""

import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop()


class LogFilter(unittest.TestCase):
    def log(self, text, level):
        environment = dict(os.environb)
        environment[b"VH_PYTHON_LOG"] = text if isinstance(text, bytes) else text.encode()
        environment[b"VH_TEST_LOG_LEVEL"] = b"%d" % level
        command = [PROGRAM, "--gtest_filter=LogFilter.Show"]
        output = subprocess.run(command, env=environment, capture_output=True, timeout=60)
        self.assertEqual(output.returncode, 0, output.stdout)
        return [line for line in output.stdout.decode().split("\n") if line.startswith("PY: ")]

    def script_lines(self, text, level):
        return [line[-2:] for line in self.log(text, level) if "] level " in line]

    def test_without_one_the_level_decides(self):
        self.assertEqual(self.script_lines("", 0), ["30"])
        self.assertEqual(self.script_lines("", 2), ["30", "20", "10"])

    def test_it_decides_for_what_it_names(self):
        self.assertEqual(self.script_lines("script=info", 0), ["30", "20"])
        self.assertEqual(self.script_lines("script=off", 3), [])
        self.assertEqual(self.script_lines("vh_python_wrapper::hub=off", 2), ["30", "20", "10"])

    def test_the_rest_is_up_to_the_level(self):
        lines = self.log("script=off", 2)
        self.assertTrue(any("loaded from" in line for line in lines), lines)
        lines = self.log("vh_python_wrapper::scripts=info", 0)
        self.assertTrue(any("loaded from" in line for line in lines), lines)
        self.assertFalse(any("evaluate -> " in line for line in lines), lines)

    def test_one_for_everything(self):
        self.assertEqual(self.script_lines("debug", 0), ["30", "20", "10"])
        self.assertEqual(self.log("off", 3), [])

    def test_nonsense_is_told(self):
        lines = self.log("script=loud", 0)
        self.assertIn("VH_PYTHON_LOG", lines[0])
        self.assertEqual(self.script_lines("script=loud", 0), ["30"])
        for text in ("bogus=", "script[x]=debug", "hub=off"):
            lines = self.log(f"{text},script=info", 0)
            self.assertEqual([text in line for line in lines], [True, False, False], lines)

    def test_what_is_not_utf_8_is_told(self):
        for text in (b"\xff", b"script=info,\xff", b"script=off\xc3", b"\xed\xb3\xbf=debug"):
            lines = self.log(text, 0)
            self.assertRegex(
                lines[0],
                r'variable VH_PYTHON_LOG is ".*", which is not UTF-8; it is taken as not set',
            )
            self.assertEqual([line[-2:] for line in lines if "] level " in line], ["30"])


if __name__ == "__main__":
    unittest.main()
