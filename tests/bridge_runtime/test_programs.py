"""The programs `serve` and `execute`."""

import json
import os
import subprocess
import sys
import unittest

from support import BOOTSTRAP, HEAD, PATIENCE, RUNTIME, BridgeTest

BODY = "class B(PythonBridge):\n    def echo(self, a): return a\n"
WAYS = (("-c", BOOTSTRAP), ("-m", "bridge_runtime"), (str(RUNTIME / "bridge_runtime.py"),))


class Serve(BridgeTest):
    def serve(self, path, *arguments, way=WAYS[0], **options):
        return self.start(*way, "serve", path, *arguments, **options)

    def failed(self, text, code, *parts, status=1, **options):
        """The frame for a script that does not become a back end."""
        host = self.serve(self.write_script(text), **options)
        frames, errors = host.end()
        self.assertEqual([frame["id"] for frame in frames], [0], errors)
        self.assert_error(frames[0], code, *parts)
        self.assertEqual(host.process.returncode, status)
        self.errors = errors
        return frames[0]

    def test_script_is_the_main_module_as_python_has_it(self):
        folder = self.folder / "real"
        folder.mkdir()
        (folder / "beside.py").write_text("here = True\n")
        text = """
            import os, pickle, sys
            import bridge_runtime
            from bridge_runtime import PythonBridge
            import beside
            class Thing: pass
            class B(PythonBridge):
                def facts(self):
                    main = sys.modules["__main__"]
                    return {
                        "argv": sys.argv, "path": sys.path[0], "name": __name__, "file": __file__,
                        "main": main.B is B, "spec": __spec__,
                        "doc": __doc__, "loader": type(__loader__).__name__,
                        "pickles": type(pickle.loads(pickle.dumps(Thing()))) is Thing,
                        "one": bridge_runtime is sys.modules["bridge_runtime"],
                        "names": sorted(n for n in globals() if n.startswith("_")),
                    }
            if __name__ == "__main__":
                B().run()
            """
        path = self.write_script(text, "real/script.py")
        link = self.folder / "link.py"
        link.symlink_to(path)
        plain = self.start(link, "a", "--b", "ä ö")
        plain.ready()
        expected = plain.call("facts")
        for way in WAYS:
            host = self.serve(link, "a", "--b", "ä ö", way=way)
            host.ready()
            facts = host.call("facts")
            self.assertEqual({**facts, **expected}, facts, way)
            self.assertEqual(facts["argv"], [str(link), "a", "--b", "ä ö"])
            self.assertEqual(facts["path"], str(folder.resolve()))

    def test_relative_script_and_other_encodings(self):
        path = self.folder / "latin.py"
        head = "# coding: latin-1\n"
        path.write_bytes(
            (
                head + HEAD + "class B(PythonBridge):\n    def text(self): return 'ä'\nB().run()"
            ).encode("latin-1")
        )
        host = self.serve("latin.py")
        host.ready()
        self.assertEqual(host.call("text"), "ä")

    def test_module_that_is_not_found(self):
        frame = self.failed(
            "import os\nimport not_there_at_all", "python", "not_there_at_all", sys.executable
        )
        self.assertEqual(frame["type"], "ModuleNotFoundError")
        self.assertIn("line 2, in <module>", frame["traceback"])
        self.assertNotIn("bridge_runtime", frame["traceback"])
        self.assertEqual(self.errors, frame["traceback"])

    def test_script_that_raises(self):
        frame = self.failed("def f():\n    1 / 0\nf()", "python", "division by zero")
        self.assertIn("line 2, in f", frame["traceback"])
        self.assertEqual(frame["error"], "division by zero")

    def test_init_that_raises(self):
        text = HEAD + BODY + "    def __init__(self): raise ValueError('no model')\nB().run()"
        frame = self.failed(text, "python", "no model")
        self.assertIn("in __init__", frame["traceback"])

    def test_script_that_is_no_python(self):
        frame = self.failed("x = (\n", "python")
        self.assertEqual(frame["type"], "SyntaxError")
        self.assertIn("backend.py", frame["traceback"])

    def test_script_that_is_not_there(self):
        host = self.serve(self.folder / "nowhere.py")
        frames, errors = host.end()
        self.assert_error(frames[0], "not_found", "nowhere.py")
        self.assertIn("nowhere.py", errors)
        host = self.serve(self.folder)
        self.assert_error(host.end()[0][0], "not_found")

    def test_script_that_ends_without_run(self):
        frame = self.failed("print('a script')", "invalid", "no class", "run() was not called")
        self.assertEqual(frame["traceback"], "")
        self.failed(HEAD + BODY, "invalid", "without a call of run()", "B().run()")
        text = HEAD + BODY + "class C(B): pass\nclass D(PythonBridge): pass\nC()"
        frame = self.failed(text, "invalid", "C().run()", "D().run()")
        self.assertNotIn("B()", frame["error"])

    def test_script_that_exits(self):
        self.failed("import sys\nsys.exit(3)", "python", "before run() was called", "3")
        self.failed("raise SystemExit", "python", "before run() was called")

    def test_script_that_is_interrupted(self):
        text = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(600)"
        frame = self.failed(text, "python", "KeyboardInterrupt")
        self.assertIn("backend.py", frame["traceback"])
        self.assertNotIn("Traceback", self.errors)

    def test_init_without_super(self):
        text = HEAD + "class Lost(PythonBridge):\n    def __init__(self): pass\nLost().run()"
        self.failed(text, "invalid", "Lost.__init__() does not call super().__init__()")

    def test_run_in_a_thread(self):
        for daemon in (False, True):
            text = (
                HEAD
                + BODY
                + f"t = threading.Thread(target=lambda: (time.sleep(0.2), B().run()), daemon={daemon})\nt.start()\n"
            )
            text += "t.join()\n" if daemon else ""
            host = self.serve(self.write_script(text))
            host.ready()
            self.assertEqual(host.call("echo", a=1), 1)
            self.assertEqual(host.end(), ([], ""))
            self.assertEqual(host.process.returncode, 0)

    def test_after_run_it_is_a_script_like_others(self):
        for line, status, part in [
            ("1 / 0", 1, "line 5, in <module>"),
            ("sys.exit(4)", 4, ""),
            ("print('x')", 0, "x\n"),
        ]:
            host = self.serve(
                self.write_script(
                    f"import sys\nfrom bridge_runtime import PythonBridge\n{BODY}B().run(); {line}"
                )
            )
            host.ready()
            frames, errors = host.end()
            self.assertEqual((frames, host.process.returncode), ([], status))
            self.assertIn(part, errors)
            self.assertNotIn("bridge_runtime.py", errors)

    def test_prints_at_the_top_level(self):
        text = (
            "import os\nprint('printed')\nos.write(1, b'raw\\n')\nprint('flushed', flush=True)\n"
            + HEAD
            + BODY
            + "B().run()"
        )
        host = self.serve(self.write_script(text))
        host.ready()
        frames, errors = host.end()
        self.assertEqual((frames, errors), ([], "printed\nraw\nflushed\n"))

    def test_multiprocessing(self):
        text = (
            HEAD
            + """
import multiprocessing
def square(n): return n * n
class B(PythonBridge):
    def squares(self, how):
        with multiprocessing.get_context(how).Pool(1) as pool:
            return pool.map(square, [2, 3])
if __name__ == "__main__":
    B().run()
"""
        )
        host = self.serve(self.write_script(text))
        host.ready()
        for how in ("spawn", "fork"):
            self.assertEqual(host.call("squares", how=how), [4, 9])
        self.assertEqual(host.end()[0], [])

    def test_usage(self):
        for arguments in ([], ["serve"], ["other"], ["execute", "x"]):
            command = [sys.executable, *WAYS[0], *arguments]
            env = {**os.environ, "PYTHONPATH": str(RUNTIME)}
            done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertIn(b"usage:", done.stderr)
            self.assertEqual((done.returncode, done.stdout), (1, b""))


class Execute(BridgeTest):
    def run_line(self, line, way=WAYS[0]):
        command = [sys.executable, *way, "execute"]
        env = {**os.environ, "PYTHONPATH": str(RUNTIME)}
        done = subprocess.run(
            command,
            input=line,
            env=env,
            timeout=PATIENCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        frames = done.stdout.split(b"\0")
        self.assertEqual((len(frames), frames[-1]), (2, b""), done)
        self.errors = done.stderr.decode()
        return json.loads(frames[0])

    def execute(self, code, **params):
        return self.run_line(json.dumps({"code": code, "params": params}).encode() + b"\n")

    def result(self, code, **params):
        frame = self.execute(code, **params)
        self.assertEqual(frame["status"], "success", frame)
        return frame["result"]

    def test_what_the_original_documents(self):
        self.assertEqual(self.result("return {'hello': 'world'}"), {"hello": "world"})
        code = '\nimport json\ndata = {"sum": 2 + 2, "items": [1, 2, 3]}\nreturn json.dumps(data)\n'
        self.assertEqual(self.result(code), '{"sum": 4, "items": [1, 2, 3]}')
        self.assertEqual(
            self.result('\nvalue = 42\nreturn {"squared": value ** 2}\n'), {"squared": 1764}
        )
        code = '\nimport datetime\nreturn {"now": datetime.datetime.now().isoformat()}\n'
        self.assertIn("T", self.result(code)["now"])
        # All that the original could do.
        self.assertEqual(self.result("1 + 1"), 2)

    def test_every_way_to_start_it(self):
        for way in WAYS:
            self.assertEqual(self.run_line(b'{"code":"return 5"}', way)["result"], 5)

    def test_params_are_variables(self):
        self.assertEqual(
            self.result("a += b\nreturn [a, c]", a=1, b=2, c={"x": [None]}), [3, {"x": [None]}]
        )
        self.assertEqual(
            self.result("def f(): return a\nreturn [f() for _ in range(2)]", a="ä"), ["ä", "ä"]
        )
        self.assertEqual(self.result("return type(a).__name__", a={"$bytes": "AA=="}), "bytes")
        for name in ("a b", "1a", "", "a, b", "class", "None", "x=1", "*a", "__debug__"):
            self.assert_error(self.execute("return 1", **{name: 1}), "invalid")

    def test_nothing_is_returned(self):
        for code in (
            "",
            "pass",
            "x = 1",
            "\n\n# only a comment\n",
            "return",
            "if False:\n    return 1",
        ):
            self.assertIsNone(self.result(code))

    def test_indented_code_with_strings_of_several_lines(self):
        code = (
            '\n    text = """first\n  second\n\tthird\n"""\n    if text:\n        return text\n    '
        )
        self.assertEqual(self.result(code), "first\n  second\n\tthird\n")
        self.assertEqual(self.result('text = """a\n    b"""\nreturn text'), "a\n    b")
        self.assertEqual(self.result("\tx = 1\n\treturn x"), 1)
        self.assertEqual(self.result("    return 1\n"), 1)
        self.assertEqual(self.result("  # a comment\n  x = 2\n\n  return x\n  "), 2)
        frame = self.execute("    x = 1\n  return x")
        self.assertEqual(frame["type"], "IndentationError")
        self.assertIn('File "<execute>", line 2', frame["traceback"])

    def test_further_statements(self):
        code = (
            "from __future__ import annotations\nclass A:\n    x: B = 1\nreturn A.__annotations__"
        )
        self.assertEqual(self.result(code), {"x": "B"})
        self.assertEqual(self.result("async def f(): return 7\nreturn f()"), 7)
        self.assertEqual(self.result("global g\ng = 3\ndef f(): return g\nreturn f()"), 3)
        self.assertEqual(self.result("try:\n    return 1\nfinally:\n    pass"), 1)

    def test_errors_tell_the_line(self):
        code = "import json\n\ndef inner():\n    return 1 / 0\n\nreturn inner()\n"
        for text, lines in (
            (code, (6, 4)),
            ("\n".join("    " + line for line in code.splitlines()), (6, 4)),
        ):
            frame = self.execute(text)
            self.assert_error(frame, "python", "division by zero")
            trace = frame["traceback"]
            self.assertIn(
                f'File "<execute>", line {lines[0]}, in execute\n    return inner()', trace
            )
            self.assertIn(f'File "<execute>", line {lines[1]}, in inner\n    return 1 / 0', trace)
            self.assertNotIn("bridge_runtime", trace)

    def test_syntax_errors_tell_the_line(self):
        for code in ("x = 1\ny = = 2\n", "    x = 1\n    y = = 2\n"):
            frame = self.execute(code)
            self.assert_error(frame, "python")
            self.assertEqual(frame["type"], "SyntaxError")
            self.assertIn('File "<execute>", line 2', frame["traceback"])
            self.assertIn("y = = 2", frame["traceback"])
        for code in ("return 1\nbreak", "nonlocal x", "await x", "from math import *"):
            self.assertEqual(self.execute(code)["type"], "SyntaxError", code)

    def test_type_error_of_the_code_is_its_own(self):
        self.assert_error(self.execute("return 1 + 'x'"), "python")
        self.assert_error(self.execute("return (lambda: 1)(2)"), "python")

    def test_other_errors(self):
        self.assert_error(self.execute("return {1}"), "invalid", "result is a set")
        self.assert_error(self.execute("raise SystemExit(2)"), "python", "2")
        self.assert_error(self.execute("import not_there"), "python", "not_there")
        for line in (
            b"",
            b"x",
            b"[]",
            b"{}",
            b'{"code":1}',
            b'{"code":"1","params":[]}',
            b'{"code":"\\ud800"}',
        ):
            self.assert_error(self.run_line(line + b"\n"), "invalid")

    def test_id(self):
        self.assertEqual(self.run_line(b'{"code":"1"}\n')["id"], 0)
        self.assertEqual(self.run_line(b'{"id":"a","code":"1"}\n')["id"], "a")
        self.assertEqual(self.run_line(b'{"id":[1],"code":"x"}\n')["id"], [1])

    def test_prints_and_input(self):
        code = "print('out')\nimport os, sys\nos.system('echo shell')\nreturn sys.stdin.read()"
        self.assertEqual(self.result(code), "")
        self.assertEqual(sorted(self.errors.split()), ["out", "shell"])

    def test_large_code(self):
        text = "x" * 500_000
        self.assertEqual(self.result(f"return len('{text}')"), 500_000)


if __name__ == "__main__":
    unittest.main()
