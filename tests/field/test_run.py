"""That the driver notices what goes wrong: planted cases must fail, and say why.

Needs VH_FIELD_HOST, the program field_host, and VH_LIBRARY.
"""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

RUN = Path(__file__).resolve().parent / "run.py"
OK = 'def check():\n    return "ok"\n'


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vh-field-test-")
        self.addCleanup(folder.cleanup)
        self.cases = Path(folder.name)

    def write(self, name, source):
        file = self.cases / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")

    def run_driver(self, *options):
        command = [sys.executable, "-B", str(RUN), "--host", os.environ["VH_FIELD_HOST"]]
        command += ["--library", os.environ["VH_LIBRARY"], "--cases", str(self.cases), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        return done.returncode, done.stdout + done.stderr

    def assert_fails(self, source, *parts):
        self.write("planted.py", source)
        code, output = self.run_driver("--runtime", "main")
        self.assertEqual(code, 1, output)
        self.assertIn("0 passed, 1 failed", output)
        for part in ("FAILED  planted, main", *parts):
            self.assertIn(part, output)

    def assert_refused(self, source, part):
        self.write("planted.py", source)
        code, output = self.run_driver()
        self.assertEqual(code, 1, output)
        self.assertIn(part, output)

    def test_what_is_right_passes(self):
        self.write("right.py", OK)
        code, output = self.run_driver("--runtime", "main", "--names")
        self.assertEqual(code, 0, output)
        self.assertIn("passed  right, main", output)
        self.assertIn("1 passed, 0 failed", output)

    def test_another_answer(self):
        self.assert_fails(
            'def check():\n    return "wrong"\n',
            "  load\n",
            "expected  check: ok",
            "got       wrong",
        )

    def test_an_answer_after_a_reload(self):
        source = """
            # field: expect = 0
            import vh

            times = vh.state.setdefault("times", 0)
            vh.state["times"] += 1


            def check():
                return str(times)
            """
        self.write("planted.py", source)
        code, output = self.run_driver("--runtime", "main")
        self.assertEqual(code, 1, output)
        for step in ("first reload", "second reload", "first script again"):
            self.assertIn(f"  {step}\n", output)
        self.assertNotIn("  load\n", output)

    def test_what_only_the_second_script_tells(self):
        self.write("parts/other.py", 'def check():\n    return "other"\n')
        self.assert_fails("# field: second = other.py\n" + OK, "second script\n", "got       other")

    def test_an_exception(self):
        self.assert_fails("def check():\n    1 / 0\n", "ZeroDivisionError: division by zero")

    def test_a_script_that_does_not_load(self):
        self.assert_fails("1 / 0\n", "ZeroDivisionError: division by zero")

    def test_a_failing_hook(self):
        source = "# field: hook = OnUserLogin nick\ndef OnUserLogin(nick):\n    1 / 0\n"
        self.assert_fails(source + OK, "OnUserLogin nick: success", "ZeroDivisionError")

    def test_a_missing_call(self):
        self.assert_fails('# field: calls = mc ss "hello"\n' + OK, "a call of the hub like")

    def test_a_warning(self):
        source = 'import vh\ndef check():\n    vh.log("mind the gap")\n    return "ok"\n'
        self.assert_fails(source, "no warning and no error", "mind the gap")

    def test_a_missing_line_of_the_log(self):
        self.assert_fails("# field: log = mind the gap\n" + OK, "a line like 'mind the gap'")

    def test_a_missing_print(self):
        self.assert_fails("# field: prints = hello\n" + OK, "a line like 'hello'")

    def test_a_finalizer_that_raises(self):
        source = """
            # field: log = .
            class Raises:
                def __del__(self):
                    1 / 0


            def check():
                Raises()
                return "ok"
            """
        self.assert_fails(source, "no 'Exception ignored'")

    def test_a_crash(self):
        source = "import ctypes\ndef check():\n    ctypes.string_at(0)\n"
        self.assert_fails(source, "the host ended by SIGSEGV")

    def test_a_failing_before_unload(self):
        self.assert_fails("def before_unload():\n    1 / 0\n" + OK, "before_unload: success")

    def test_no_case(self):
        code, output = self.run_driver()
        self.assertEqual(code, 1, output)
        self.assertIn("0 passed, 0 failed", output)

    def test_settings_that_are_not_understood(self):
        for setting, part in (
            ("expected = ok", "no setting 'expected'"),
            ("runtimes = submarine", "no runtime submarine"),
            ("pythons = 2.7", "no version"),
            ("without = somewhere 3.9", "no runtime somewhere"),
            ("without = sub", "no version"),
            ("second = nobody.py", "no script nobody.py"),
            ("files = nothing", "no folder"),
            ("log = (", "no regular expression"),
        ):
            with self.subTest(setting):
                self.assert_refused(f"# field: {setting}\n" + OK, part)

    def test_the_pythons_of_a_case(self):
        self.write("right.py", OK)
        self.write("old.py", "# field: pythons = 3.5-3.7 3.8\n" + OK)
        self.write("elsewhere.py", "# field: without = main 3.9-3.99\n" + OK)
        code, output = self.run_driver("--runtime", "main", "--names")
        self.assertEqual(code, 0, output)
        self.assertIn("1 passed, 0 failed", output)


if __name__ == "__main__":
    unittest.main()
