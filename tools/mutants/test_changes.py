#!/usr/bin/env python3
"""Each change of the table can be made, and each source file has some."""

import re
import unittest
from collections import Counter

from changes import CHANGES, ROOT, times_found

# What holds no behaviour: lists of modules, traits, and code that is generated or only asserted.
WITHOUT = {
    "src/lib.rs",
    "crates/core/src/lib.rs",
    "crates/core/src/parts.rs",
    "crates/host/src/lib.rs",
    "crates/guard/src/lib.rs",
    "crates/cpython/src/lib.rs",
    "crates/guard/src/interrupt.rs",
    "crates/scripts/src/runtime.rs",
    "crates/host/src/types.rs",
    "crates/core/src/panics/injection.rs",
}


class Changes(unittest.TestCase):
    def test_each_old_text_is_found_exactly_once(self):
        wrong = [
            f"{change.file}: {times_found(change)} times: {change.old!r}"
            for change in CHANGES
            if times_found(change) != 1
        ]
        self.assertEqual([], wrong, "these places have changed: write the table's texts anew")

    def test_each_change_changes_something_and_says_what_is_wrong(self):
        for change in CHANGES:
            self.assertNotEqual(change.old, change.new, change.wrong)
            self.assertTrue(change.wrong and change.suites, change)
            re.compile(change.suites)
            self.assertRegex(change.python, r"^((<|>=)3\.\d+)?$")

    def test_no_change_is_made_twice(self):
        twice = [
            one for one, n in Counter((c.file, c.old, c.new) for c in CHANGES).items() if n > 1
        ]
        self.assertEqual([], twice)

    def test_each_source_file_has_two(self):
        folders = [ROOT / "src", *ROOT.glob("crates/[!t]*/src")]
        files = {str(path.relative_to(ROOT)) for folder in folders for path in folder.rglob("*.*")}
        sources = {file for file in files if file.endswith((".rs", ".py", ".c", ".cpp"))}
        # What only unit tests need.
        tests = re.compile(r"/tests\.rs$|/src/tests/|/fake\w*\.rs$")
        sources -= {file for file in sources if tests.search(file)}
        counts = Counter(change.file for change in CHANGES)
        missing = sorted(file for file in sources - WITHOUT if counts[file] < 2)
        self.assertEqual([], missing)


if __name__ == "__main__":
    unittest.main()
