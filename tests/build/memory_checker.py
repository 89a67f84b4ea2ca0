"""What check_memory.py makes of the reports of a run."""

import contextlib
import io
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import check_memory  # noqa: E402

LEAK = """
Direct leak of {size} byte(s) in 1 object(s) allocated from:
    #0 0x7f12 in __interceptor_malloc ../../libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x7f13 in alloc /rustc/5980/library/alloc/src/alloc.rs:95
    #2 0x7f14 in start {root}/crates/core/src/spawn.rs:{line}
"""
WRONG_ACCESS = """
==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x61400
    #0 0x7f14 in read {root}/crates/host/src/targs/view.rs:12
"""


def leak(size=88, line=60):
    return LEAK.format(root=check_memory.ROOT, size=size, line=line)


class Reports(unittest.TestCase):
    def check(self, *reports, status=0):
        """The exit status of a check whose runs leave these reports, and what it prints."""
        self.left = list(reports)

        def run(_command, report):
            report.write_text(self.left.pop(0))
            return status

        check_memory.RUNNERS["of the test"] = run
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            result = check_memory.main("of the test")
        return result, printed.getvalue()

    def test_one_run_is_enough_where_nothing_is_wrong(self):
        self.assertEqual(self.check("", leak())[0], 0)
        self.assertEqual(len(self.left), 1)

    def test_a_leak_of_two_runs_fails(self):
        result, printed = self.check(leak(size=88), leak(size=176))
        self.assertEqual(result, 1)
        told = "problem: Direct leak of 176 byte(s) in 1 object(s) < crates/core/src/spawn.rs:60"
        self.assertIn(told, printed)

    def test_a_leak_of_one_run_is_told_and_passes(self):
        result, printed = self.check(leak(), "")
        self.assertEqual(result, 0)
        self.assertIn("looked at again: Direct leak of 88 byte(s)", printed)

    def test_another_leak_in_the_second_run_is_not_the_same(self):
        self.assertEqual(self.check(leak(line=60), leak(line=61))[0], 0)

    def test_a_wrong_access_fails_at_once(self):
        wrong = WRONG_ACCESS.format(root=check_memory.ROOT)
        self.assertEqual(self.check(wrong, "")[0], 1)
        self.assertEqual(len(self.left), 1)

    def test_a_wrong_access_of_the_second_run_fails(self):
        wrong = WRONG_ACCESS.format(root=check_memory.ROOT)
        self.assertEqual(self.check(leak(), wrong)[0], 1)

    def test_a_program_that_fails_fails(self):
        self.assertEqual(self.check("", status=1)[0], 1)


if __name__ == "__main__":
    unittest.main()
