"""What tools/check-sizes finds too long, and what it counts.

usage: sizes.py
"""

import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def function(lines, head="fn long() {", filling="    work();"):
    return "\n".join([head, *[filling] * (lines - 2), "}"]) + "\n"


class Sizes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        subprocess.run(["git", "init", "--quiet"], cwd=self.folder, check=True)

    def check(self, **sources):
        """What is said of files of these texts: the exit code and the lines."""
        for name, source in sources.items():
            (self.folder / f"{name}.rs").write_text(source)
        done = subprocess.run(
            [ROOT / "tools" / "check-sizes", self.folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout.splitlines()

    def passes(self, source):
        self.assertEqual((0, []), self.check(a=source))

    def fails(self, source, *sentences):
        code, lines = self.check(a=source)
        self.assertEqual((1, [f"check-sizes: {sentence}" for sentence in sentences]), (code, lines))

    def test_a_function(self):
        self.passes(function(60))
        self.fails(function(61), "a.rs:1: fn long has 61 lines, 60 at most: split it")

    def test_a_file(self):
        self.passes("const A: u8 = 1;\n" * 500)
        sentence = "a.rs: 501 lines, 500 at most: give each of its purposes a file"
        self.fails("const A: u8 = 1;\n" * 501, sentence)
        self.fails("const A: u8 = 1;\n" * 500 + "// The end.", sentence)

    def test_unit_tests_count(self):
        source = "#[cfg(test)]\nmod tests {\n" + function(61) + "}\n"
        self.fails(source, "a.rs:3: fn long has 61 lines, 60 at most: split it")

    def test_the_head_counts(self):
        head = "pub unsafe fn long<T>(\n    first: [u8; 4],\n    second: T,\n) -> [T; 2]\nwhere\n    T: Copy,\n{"
        self.passes(function(54, head))
        self.fails(function(55, head), "a.rs:1: fn long has 61 lines, 60 at most: split it")

    def test_functions_in_functions(self):
        inner = function(61, "    fn inner() {", "        work();")
        source = function(3, filling=inner)
        inside, around = "fn inner has 61 lines", "fn long has 64 lines"
        self.fails(
            source,
            *(f"a.rs:{n}: {what}, 60 at most: split it" for n, what in ((2, inside), (1, around))),
        )

    def test_functions_of_macros(self):
        source = (
            "macro_rules! make {\n    ($name:ident) => {\n"
            + function(61, "fn $name() {")
            + "    };\n}\n"
        )
        self.fails(source, "a.rs:3: fn $name has 61 lines, 60 at most: split it")

    def test_two_short_ones_are_not_one_long_one(self):
        declared = "trait Kind {\n    fn declared(&self) -> [u8; 2];\n}\n"
        pointer = "static F: fn(u8) = short;\n"
        self.passes((declared + pointer + function(50)) * 4)

    def test_braces_in_texts_and_comments(self):
        for line in (
            '    say("}} \\" }");',
            '    say(r#"}" }"#);',
            "    say(b'}', '\\'', '}');",
            "    // } isn't the end",
            "    /* } /* } */ } */",
            "    hold::<'static>('}');",
        ):
            self.passes(function(60, filling=line))
            self.fails(
                function(61, filling=line), "a.rs:1: fn long has 61 lines, 60 at most: split it"
            )

    def test_all_that_is_found_is_told(self):
        code, lines = self.check(a=function(61), b=function(601), c=function(60))
        self.assertEqual((1, 3), (code, len(lines)), lines)

    def test_what_git_ignores_is_left_out(self):
        (self.folder / ".gitignore").write_text("made.rs\n")
        self.assertEqual((0, []), self.check(a="", made=function(61)))

    def test_a_folder_without_sources(self):
        code, lines = self.check()
        self.assertEqual(1, code)
        self.assertIn("there is no Rust file", lines[0])

    def test_this_checkout(self):
        done = subprocess.run([ROOT / "tools" / "check-sizes"], stderr=subprocess.PIPE, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))


if __name__ == "__main__":
    unittest.main()
