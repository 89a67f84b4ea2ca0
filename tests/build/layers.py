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
                crate, *module = name.split("__")
                file = Path(folder, "crates", crate, "src", *module).with_suffix(".rs")
                if module == ["manifest"]:
                    file = Path(folder, "crates", crate, "Cargo.toml")
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
        sources = {
            "guard__lib": "use vh_core::clock;\nuse vh_host::hub;",
            "guard__manifest": "[package]\n\n[dependencies]\nvh_core.workspace = true\n",
            "core__clock": "",
            "host__hub": "use vh_core::clock::tick;",
        }
        self.assertEqual([], self.check(**sources))

    def test_what_goes_up_is_told_in_whatever_form(self):
        told = (
            "guard::slot uses cpython::call, which is above it: move what it needs down, or declare a trait for "
            "it below"
        )
        for source in [
            "use vh_cpython::call;",
            "use vh_cpython::{call::hook, load};",
            "pub use vh_cpython::call::hook;",
            "pub(crate) use vh_cpython::call as other;",
            "fn f() { vh_cpython::call::hook(); }",
            "use vh_cpython::{\n    call,\n};",
            "#[cfg(test)]\nuse vh_cpython::call;\nfn f() {}",
            "#[cfg(test)]\nmod tests;\nuse vh_cpython::call;",
            "const QUOTE: u8 = b'\"';\nuse vh_cpython::call;\nconst OTHER: char = '\\'';",
        ]:
            sources = {
                "guard__slot": source,
                "cpython__call": "",
                "cpython__load": "",
                "core__clock": "",
            }
            lines = [line for line in self.check(**sources) if "cpython::call," in line]
            self.assertEqual([told], lines, source)

    def test_a_dependency_that_goes_up(self):
        manifest = (
            "[package]\n\n[dependencies]\nvh_scripts.workspace = true\n\n[dev-dependencies]\n"
        )
        told = "crates/host/Cargo.toml names vh_scripts, which is above it"
        self.assertEqual([told], self.check(host__lib="", host__manifest=manifest, scripts__lib=""))

    def test_a_whole_crate_above(self):
        lines = self.check(core__clock="use vh_scripts::Registry;", scripts__lib="")
        self.assertEqual(1, len(lines), lines)
        self.assertIn("core::clock uses scripts::lib, which is above it", lines[0])

    def test_comments_texts_and_unit_tests_may_name_what_they_want(self):
        for source in [
            "// use vh_cpython::call;",
            "/// See [`vh_cpython::call`].\nfn f() {}",
            'const A: &str = "vh_cpython::call";',
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use vh_cpython::call;\n}",
        ]:
            self.assertEqual([], self.check(guard__slot=source, cpython__call=""), source)

    def test_folders_that_use_each_other(self):
        sources = {"host__hub": "use crate::sql;", "host__sql": "use crate::hub;"}
        told = "these use each other in a circle: host::hub, host::sql"
        self.assertEqual([told], self.check(**sources))
        longer = {
            "host__hub": "use crate::sql;",
            "host__sql": "use crate::targs;",
            "host__targs": "use super::hub;",
        }
        self.assertEqual([f"{told}, host::targs"], self.check(**longer))
        inside = {"guard__slot": "use super::crash;", "guard__crash": "use super::slot;"}
        self.assertEqual([], self.check(**inside))
        inside = {"host__sql": "use self::table::T;", "host__sql__table": "use super::f;"}
        self.assertEqual([], self.check(**inside))

    def test_a_crate_without_a_layer(self):
        told = "crates/new is no layer: put it into LAYERS of tools/check-layers"
        self.assertEqual([told], self.check(new__thing=""))


if __name__ == "__main__":
    unittest.main()
