"""What tools/check-layers finds in Rust sources, and that it finds nothing in ours.

usage: layers.py
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Layers(unittest.TestCase):
    def check(self, **sources):
        """What is said of files of these texts: the lines, without the command's name."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in sources.items():
                file = Path(folder, "src", *name.split("__")).with_suffix(".rs")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return self.run_it(folder)

    def run_it(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-B", ROOT / "tools" / "check-layers", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        lines = [line.removeprefix("check-layers: ") for line in done.stdout.splitlines()]
        self.assertEqual(1 if lines else 0, done.returncode, lines)
        return lines

    def test_our_own_modules_keep_to_their_layers(self):
        self.assertEqual([], self.run_it())

    def test_what_goes_down_is_allowed(self):
        sources = {"guard": "use crate::{clock, hub};", "clock": "", "hub": "use crate::clock::tick;"}
        self.assertEqual([], self.check(**sources))

    def test_what_goes_up_is_told_in_whatever_form(self):
        told = (
            "guard::slot of the layer guard uses python::call of python, which is above it: move what it needs "
            "down, or declare a trait for it below"
        )
        for source in [
            "use crate::python::call;",
            "use crate::{clock, python::{call::hook, load}};",
            "pub use crate::python::call::hook;",
            "pub(crate) use super::super::python::call as other;",
            "fn f() { crate::python::call::hook(); }",
            "use crate::python::{\n    call,\n};",
            "#[cfg(test)]\nuse crate::python::call;\nfn f() {}",
            "#[cfg(test)]\nmod tests;\nuse crate::python::call;",
            "const QUOTE: u8 = b'\"';\nuse crate::python::call;\nconst OTHER: char = '\\'';",
        ]:
            sources = {"guard__slot": source, "python__call": "", "python__load": "", "clock": ""}
            lines = [line for line in self.check(**sources) if "python::call " in line]
            self.assertEqual([told], lines, source)

    def test_comments_texts_and_unit_tests_may_name_what_they_want(self):
        for source in [
            "// use crate::python::call;",
            "/// See [`crate::python::call`].\nfn f() {}",
            'const A: &str = "crate::python::call";',
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::python::call;\n}",
        ]:
            self.assertEqual([], self.check(guard=source, python__call=""), source)

    def test_folders_that_use_each_other(self):
        sources = {"hub": "use crate::sql;", "sql": "use crate::hub;"}
        self.assertEqual(["these use each other in a circle: hub, sql"], self.check(**sources))
        longer = {"hub": "use crate::sql;", "sql": "use crate::targs;", "targs": "use crate::hub;"}
        self.assertEqual(["these use each other in a circle: hub, sql, targs"], self.check(**longer))
        inside = {"guard__slot": "use super::crash;", "guard__crash": "use super::slot;"}
        self.assertEqual([], self.check(**inside))

    def test_a_module_without_a_layer(self):
        told = "src/new/thing.rs is in no layer: put it into LAYERS of tools/check-layers"
        self.assertEqual([told], self.check(new__thing=""))


if __name__ == "__main__":
    unittest.main()
