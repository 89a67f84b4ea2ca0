"""The comparison itself: it finds what differs, and accepts what rows accept and nothing more."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import compare

HERE = Path(__file__).resolve().parent


def row(**fields):
    return compare.Row({"runs": "libraries", "reason": "because", **fields})


class Lines(unittest.TestCase):
    def test_equal_lines(self):
        self.assertEqual(compare.differences(["a", "b"], ["a", "b"], []), [])

    def test_different_lines(self):
        self.assertEqual(compare.differences(["a", "b"], ["a", "c"], []), ["-b", "+c"])

    def test_one_side_only(self):
        rows = [row(only_new=r"extra \d")]
        self.assertEqual(compare.differences(["a"], ["a", "extra 1"], rows), [])
        self.assertEqual(compare.differences(["a", "extra 1"], ["a"], rows), ["-extra 1"])
        self.assertEqual(compare.differences(["a"], ["a", "extra 1 more"], rows), ["+extra 1 more"])

    def test_in_place_of_another(self):
        rows = [row(old=r"(hook .*) -> l\(0\)", new=r"\1 -> l(1)")]
        self.assertEqual(compare.differences(["hook a -> l(0)"], ["hook a -> l(1)"], rows), [])
        self.assertEqual(
            compare.differences(["hook a -> l(0)"], ["hook b -> l(1)"], rows),
            ["-hook a -> l(0)", "+hook b -> l(1)"],
        )

    def test_use_is_noted(self):
        used, unused = row(only_old="a"), row(only_old="z")
        compare.differences(["a"], [], [used, unused])
        self.assertEqual((used.used, unused.used), (True, False))


class Rows(unittest.TestCase):
    def test_a_row_needs_a_reason_and_one_form(self):
        for fields in (
            {"reason": "", "only_old": "a"},
            {"only_old": "a", "only_new": "b"},
            {"old": "a"},
            {"runs": "somewhere", "only_old": "a"},
            {"only_old": "a", "misspelled": "b"},
        ):
            with self.assertRaises(ValueError):
                row(**fields)

    def test_where_a_row_holds(self):
        limited = row(only_old="a", scene="events", generation="python3")
        self.assertTrue(limited.holds_in("libraries", "events", "python3"))
        self.assertFalse(limited.holds_in("libraries", "events", "classic"))
        self.assertFalse(limited.holds_in("libraries", "named", "python3"))
        self.assertFalse(limited.holds_in("generations", "events", "python3"))


class TwoLibraries(unittest.TestCase):
    """ctest says in VH_HOST, VH_LIBRARY and VH_BLOCKING_LIBRARY what to run."""

    def compare(self, old):
        command = [sys.executable, "-B", str(HERE / "run.py"), "--host", os.environ["VH_HOST"]]
        environment = {**os.environ, "OLD": old, "NEW": os.environ["VH_LIBRARY"]}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_a_library_does_the_same_twice(self):
        code, output = self.compare(os.environ["VH_LIBRARY"])
        self.assertEqual(code, 0, output)
        self.assertNotIn("differ\n", output)

    def test_another_library_differs(self):
        code, output = self.compare(os.environ["VH_BLOCKING_LIBRARY"])
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"classic events: \d+ lines differ\n  -hook 0 OnNewConn .* l\(0\)")
        self.assertRegex(output, r"python3 answers: \d+ lines differ")
        # What the old python3 library did with None is accepted there, and only there.
        self.assertEqual(output.count('-hook 0 OnParsedMsgChat ss("user", "None") -> l(0)'), 2)


if __name__ == "__main__":
    unittest.main()
