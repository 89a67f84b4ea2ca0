"""Which methods are commands, their parameters, errors, how a back end begins and ends."""

import json
import subprocess
import sys
import unittest

from support import HEAD, RUNTIME, BridgeTest

MANY = """
def plain(self): return "plain"
@staticmethod
def static(a=1): return a
@classmethod
def of_class(cls, a): return [cls.__name__, a]
@functools.lru_cache(maxsize=None)
def cached(self, a): return a * 2
@property
def prop(self): raise RuntimeError("a property is not asked")
@functools.cached_property
def cached_prop(self): raise RuntimeError("a property is not asked")
def _private(self): return 1
def __secret(self): return 1
def run(self): super().run()
def send_event(self, name, data=None): super().send_event(name, data)
class Inner: pass
data = 5
def __call__(self): return 1
def wrapped(self, *args, **kwargs): return [list(args), kwargs]
def state_of(self): return self.state
"""
ABOVE = """
import functools
class Mixin:
    def mixed(self): return "mixed"
    def plain(self): return "hidden"
class Backend_(PythonBridge):
    def inherited(self): return "inherited"
"""


class Names(BridgeTest):
    def setUp(self):
        super().setUp()
        text = HEAD + ABOVE + "class Backend(Mixin, Backend_):\n"
        text += (
            "    def __init__(self):\n        super().__init__()\n        self.late = lambda: 1\n"
        )
        text += "".join("    " + line + "\n" for line in MANY.splitlines()) + "Backend().run()\n"
        path = self.folder / "backend.py"
        path.write_text(text)
        self.host = self.start(path)
        self.facts = self.host.ready()

    def test_commands_are_public_methods_below_the_class(self):
        commands = [
            "cached",
            "inherited",
            "mixed",
            "of_class",
            "plain",
            "state_of",
            "static",
            "wrapped",
        ]
        self.assertEqual(self.facts["commands"], commands)
        for name, params, result in [
            ("plain", {}, "plain"),
            ("inherited", {}, "inherited"),
            ("mixed", {}, "mixed"),
            ("static", {}, 1),
            ("static", {"a": 2}, 2),
            ("of_class", {"a": 2}, ["Backend", 2]),
            ("cached", {"a": 2}, 4),
            ("wrapped", {"self_": 1}, [[], {"self_": 1}]),
            ("state_of", {}, {}),
        ]:
            self.assertEqual(self.host.call(name, **params), result, name)

    def test_everything_else_is_unknown(self):
        for name in [
            *(
                "prop",
                "cached_prop",
                "_private",
                "__secret",
                "_Backend__secret",
                "__class__",
                "__init__",
            ),
            *(
                "run",
                "send_event",
                "Inner",
                "data",
                "__call__",
                "late",
                "state",
                "_running",
                "",
                "x.y",
            ),
            *(
                "max_concurrent",
                "__dict__",
                "_PythonBridge__server",
                "plain\0",
                "PLAIN",
                "__reduce__",
            ),
        ]:
            self.assert_error(self.host.call(name), "not_found")
        self.assertEqual(self.host.call("plain"), "plain")

    def test_near_names_are_told(self):
        self.assert_error(self.host.call("plian"), "not_found", '"plian"', "near", "plain")
        frame = self.host.call("zzzzzz")
        self.assert_error(frame, "not_found", '"zzzzzz"')
        self.assertNotIn("near", frame["error"])


class Parameters(BridgeTest):
    def test_missing_null_and_empty_params_are_none(self):
        host = self.backend("def n(self, **params): return len(params)")
        for text in ("", ',"params":null', ',"params":{}'):
            host.write(('{"id":1,"cmd":"n"%s}\n' % text).encode())
            self.assertEqual(host.frame()["result"], 0)

    def test_wrong_parameters_are_named_with_the_method(self):
        body = """
        def greet(self, name, greeting="Hello", *, loud=False): return greeting + name
        def keyword(self, *, a, b=1): return a
        def nothing(self): return 0
        async def later(self, a): return a
        @staticmethod
        def static(a): return a
        @classmethod
        def of_class(cls, a): return a
        @functools.lru_cache()
        def cached(self, a): return a
        def any(self, a, **others): return others
        """
        host = self.backend(body, before="import functools")
        for name, params, parts in [
            ("greet", {}, ["greet", '"name"']),
            ("greet", {"nam": 1}, ["greet", '"nam"', "name, greeting, loud"]),
            ("greet", {"name": 1, "x": 1, "y": 2}, ["greet", '"x"', '"y"']),
            ("keyword", {}, ["keyword", '"a"']),
            ("keyword", {"b": 1}, ["keyword", '"a"']),
            ("nothing", {"x": 1}, ["nothing", '"x"', "none"]),
            ("later", {}, ["later", '"a"']),
            ("later", {"b": 1}, ["later", '"b"']),
            ("static", {}, ["static", '"a"']),
            ("of_class", {"cls": 1, "a": 1}, ["of_class", "cls"]),
            ("greet", {"self": 1, "name": "x"}, ["greet", "self"]),
            ("cached", {"b": 1}, ["cached", "b"]),
            ("any", {"b": 1}, ["any", '"a"']),
        ]:
            frame = (
                host.call(name, **params) if "self" not in params else self.call(host, name, params)  # type: ignore[arg-type, operator]
            )
            self.assert_error(frame, "invalid", *parts)
            self.assertEqual((frame["type"], frame["traceback"]), ("TypeError", ""))
        self.assertEqual(host.call("greet", name="A", greeting="B"), "BA")
        self.assertEqual(host.call("later", a=5), 5)

    def call(self, host, name, params):
        host.send({"id": "call", "cmd": name, "params": params})
        return host.answer("call")

    def test_type_errors_of_the_command_itself_are_its_own(self):
        body = """
        def adds(self): return 1 + "x"
        def calls(self): return self.other()
        def other(self, a): return a
        async def later(self): return 1 + "x"
        """
        host = self.backend(body)
        for name in ("adds", "calls", "later"):
            frame = host.call(name)
            self.assert_error(frame, "python")
            self.assertIn(f"in {name}", frame["traceback"])


class Errors(BridgeTest):
    def test_every_exception_is_an_answer(self):
        body = """
        def fails(self, text): raise eval(text)
        def empty(self): raise KeyError
        def strange(self): raise Strange()
        def deep(self): return self.deep()
        def fine(self): return 1
        """
        before = """
        class Strange(Exception):
            def __str__(self): raise ZeroDivisionError
        """
        host = self.backend(body, before=before)
        for text, message in [
            ("ValueError('why')", "why"),
            ("SystemExit(3)", "3"),
            ("KeyboardInterrupt('k')", "k"),
            ("GeneratorExit('g')", "g"),
            ("BaseException('b')", "b"),
            ("MemoryError()", "MemoryError"),
            ("KeyError('x')", "'x'"),
            ("StopIteration(1)", "1"),
            ("asyncio.CancelledError('c')", "c"),
            ("OSError(5000, 'not there')", "[Errno 5000] not there"),
        ]:
            frame = host.call("fails", text=text)
            self.assert_error(frame, "python")
            self.assertEqual(frame["error"], message)
            self.assertEqual(frame["type"], text.partition("(")[0].rpartition(".")[2])
            self.assertIn("in fails", frame["traceback"])
        self.assertEqual(host.call("empty")["error"], "KeyError")
        frame = host.call("strange")
        self.assertEqual((frame["error"], frame["type"]), ("Strange", "Strange"))
        self.assertEqual(host.call("deep")["type"], "RecursionError")
        self.assertEqual(host.call("fine"), 1)

    def test_traceback_has_the_chain_and_no_frames_of_ours(self):
        body = """
        def outer(self):
            try:
                self.inner()
            except ZeroDivisionError as error:
                raise ValueError("outer") from error
        def inner(self):
            try:
                self.send_event("x", {1})
            except BridgeError:
                1 / 0
        async def later(self):
            await asyncio.sleep(0)
            self.inner()
        """
        host = self.backend(body)
        for name in ("outer", "later"):
            frame = host.call(name)
            trace = frame["traceback"]
            self.assertIn(f"in {name}", trace)
            self.assertIn("in inner", trace)
            self.assertIn("1 / 0", trace)
            self.assertIn("data is a set", trace)
            self.assertNotIn("bridge_runtime.py", trace)

    def test_no_memory(self):
        body = """
        def takes(self):
            resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
            return len(bytearray(1 << 40))
        def fine(self): return 1
        """
        host = self.backend(body, before="import resource")
        frame = host.call("takes")
        self.assert_error(frame, "python")
        self.assertEqual(frame["type"], "MemoryError")
        self.assertEqual(host.call("fine"), 1)


class Life(BridgeTest):
    BODY = """
    def stop(self):
        self._running = False
        return "stopped"
    def is_running(self): return self._running
    """
    AFTER = 'print("after run", backend._running, file=sys.stderr)'

    def test_shutdown_answers_and_ends(self):
        host = self.backend(self.BODY, after=self.AFTER)
        self.assertIs(host.call("is_running"), True)
        host.ask(1, "shutdown")
        host.ask(2, "is_running")
        frames = host.rest()
        self.assertEqual(
            frames[0], {"id": 1, "status": "success", "result": {"status": "shutdown"}}
        )
        for frame in frames[1:]:
            self.assertEqual((frame["id"], frame["code"]), (2, "closed"))
        self.assertEqual(host.wait(), 0)
        self.assertEqual(host.errors(), "after run False\n")

    def test_after_running_is_false_the_answer_is_sent_and_those_that_wait_are_closed(self):
        host = self.backend(self.BODY, after=self.AFTER)
        lines = [
            {"id": 1, "cmd": "is_running"},
            {"id": 2, "cmd": "stop"},
            {"id": 3, "cmd": "is_running"},
            {"id": 4, "cmd": "nowhere"},
            {"cancel": 3},
            {"id": "five", "cmd": "stop"},
        ]
        lines.remove({"cancel": 3})
        host.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        frames = host.rest()
        self.assertEqual([frame["id"] for frame in frames], [1, 2, 3, 4, "five"])
        self.assertEqual([frame.get("result") for frame in frames[:2]], [True, "stopped"])
        for frame in frames[2:]:
            self.assert_error(frame, "closed", "ended")
        self.assertEqual(host.wait(), 0)
        self.assertEqual(host.errors(), "after run False\n")

    def test_ready_is_a_command(self):
        host = self.backend(self.BODY)
        self.assertEqual(host.call("ready"), {"status": "ready", "python_version": sys.version})

    def test_ready_and_shutdown_can_be_replaced(self):
        body = """
        def ready(self): return {**super().ready(), "models": 2}
        def shutdown(self):
            print("cleaned up")
            return "bye"
        """
        host = self.backend(body)
        self.assertEqual(self.facts["status"], "ready")
        self.assertEqual(host.call("ready")["models"], 2)
        self.assertEqual(host.call("shutdown"), "bye")
        self.assertEqual(host.rest(), [])
        self.assertEqual(host.wait(), 0)
        self.assertEqual(host.errors(), "cleaned up\n")

    def test_end_of_input_ends_it_quietly(self):
        host = self.backend(self.BODY, after=self.AFTER)
        host.call("is_running")
        self.assertEqual(host.end(), ([], "after run False\n"))
        self.assertEqual(host.process.returncode, 0)

    def test_requests_before_the_end_of_input_are_answered(self):
        host = self.backend(self.BODY)
        host.write(b'{"id":1,"cmd":"is_running"}\n{"id":2,"cmd":"is_running"}')
        frames, errors = host.end()
        self.assertEqual([frame["result"] for frame in frames], [True, True])
        self.assertEqual(errors, "")

    def test_init_that_does_not_call_super(self):
        for init in ("def __init__(self): self.x = 1", "def __init__(self): pass"):
            text = f"{HEAD}class Lost(PythonBridge):\n    {init}\nLost().run()\nprint('never')"
            host = self.start(self.write_script(text))
            frames, errors = host.end()
            self.assertEqual([frame["id"] for frame in frames], [0])
            self.assert_error(
                frames[0], "invalid", "Lost.__init__() does not call super().__init__()"
            )
            self.assertIn("Lost.__init__() does not call super().__init__()", errors)
            self.assertEqual(host.process.returncode, 1)
            self.assertEqual(len(errors.splitlines()), 1)

    def test_limit_that_is_none(self):
        for limit in ("0", "-1", "'2'", "True", "1.5"):
            text = f"{HEAD}class B(PythonBridge):\n    max_concurrent = {limit}\nB().run()"
            host = self.start(self.write_script(text))
            frames, errors = host.end()
            self.assert_error(frames[0], "invalid", "max_concurrent", limit)
            self.assertIn("max_concurrent", errors)

    def test_without_stdin(self):
        path = self.write_script(HEAD + "PythonBridge().run()")
        done = subprocess.run(
            f"exec {sys.executable} {path} <&-",
            shell=True,
            env={"PYTHONPATH": str(RUNTIME)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"there is no stdin or stdout", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_files_for_stdin_and_stdout(self):
        body = "def echo(self, a): return a\n"
        body += "    async def later(self, a):\n        await asyncio.sleep(0)\n        return a"
        path = self.write_script(f"{HEAD}class B(PythonBridge):\n    {body}\nB().run()\n")
        requests = self.folder / "requests"
        lines = [
            {"id": n, "cmd": "later" if n % 3 == 0 else "echo", "params": {"a": n}}
            for n in range(9)
        ]
        requests.write_text("".join(json.dumps(line) + "\n" for line in lines))
        with open(requests) as source, open(self.folder / "answers", "w+b") as target:
            env = {"PYTHONPATH": str(RUNTIME)}
            done = subprocess.run([sys.executable, str(path)], stdin=source, stdout=target, env=env)
            target.seek(0)
            frames = [json.loads(data) for data in target.read().split(b"\0")[:-1]]
        self.assertEqual(done.returncode, 0)
        self.assertEqual([frame.get("result") for frame in frames[1:]], list(range(9)))


if __name__ == "__main__":
    unittest.main()
