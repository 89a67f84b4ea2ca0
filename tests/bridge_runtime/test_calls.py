"""Coroutines, several calls at once, cancelling, signals, and how it ends when the host does."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

from support import PATIENCE, RUNTIME, BridgeTest

# Commands that tell when they began, and wait for the host to let them go on: by a file.
GATES = """
def enter(name):
    open(os.path.join(folder, name + ".entered"), "x").close()
def is_open(name):
    return os.path.exists(os.path.join(folder, name + ".open"))
folder = os.path.dirname(os.path.abspath(__file__))
"""
GATED = """
def echo(self, data=None): return data
def wait(self, name):
    enter(name)
    while not is_open(name):
        time.sleep(0.001)
    return name
def sleep(self, name):
    enter(name)
    time.sleep(600)
def spin(self, name):
    enter(name)
    while True:
        pass
def stubborn(self, name):
    try:
        enter(name)
        time.sleep(600)
    except Cancelled:
        return "went on"
def cleans(self, name):
    try:
        enter(name)
        time.sleep(600)
    finally:
        self.send_event("cleaned", name)
def other_error(self, name):
    try:
        enter(name)
        time.sleep(600)
    except Cancelled:
        raise ValueError("instead")
async def await_gate(self, name):
    enter(name)
    while not is_open(name):
        await asyncio.sleep(0.001)
    return name
async def await_long(self, name):
    enter(name)
    await asyncio.sleep(600)
async def await_spin(self, name):
    enter(name)
    while True:
        pass
async def await_sleep(self, name):
    enter(name)
    time.sleep(600)
async def await_stubborn(self, name):
    try:
        enter(name)
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        return "went on"
"""


class CallTest(BridgeTest):
    def entered(self, *names):
        """Waits until commands have begun."""
        deadline = time.monotonic() + PATIENCE
        while not all((self.folder / f"{name}.entered").exists() for name in names):
            self.assertLess(time.monotonic(), deadline, f"{names}: {self.host.errors()}")
            time.sleep(0.001)

    def open_gate(self, name):
        (self.folder / f"{name}.open").touch()

    def has_entered(self, name):
        return (self.folder / f"{name}.entered").exists()

    def gated(self, limit=None, body="", **options):
        attributes = "" if limit is None else f"max_concurrent = {limit}"
        before = GATES + options.pop("before", "")
        self.host = self.backend(
            GATED + textwrap.dedent(body), before=before, attributes=attributes, **options
        )
        return self.host

    def assert_cancelled(self, frame):
        self.assert_error(frame, "cancelled", "the call was cancelled")


class Coroutines(CallTest):
    LOOP = """
    async def which(self):
        self.lock = getattr(self, "lock", None) or asyncio.Lock()
        async with self.lock:
            await asyncio.sleep(0)
        return [id(asyncio.get_running_loop()), threading.current_thread() is threading.main_thread()]
    async def fails(self):
        await asyncio.sleep(0)
        raise ValueError("later")
    async def leaves(self):
        async def ticks():
            n = 0
            while True:
                self.send_event("tick", n)
                n += 1
                await asyncio.sleep(0.001)
        self.task = asyncio.ensure_future(ticks())
    def runs_its_own(self):
        async def one(): return 1
        return asyncio.run(one())
    def returns_one(self):
        return self.which()
    async def exits(self): raise SystemExit(3)
    async def stops_loop(self):
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
        return "still"
    async def returns_set(self): return {1}
    def thread(self): return threading.current_thread() is threading.main_thread()
    """

    def test_one_loop_for_all_calls(self):
        for limit in (None, 4):
            host = self.gated(limit, self.LOOP)
            first = host.call("which")
            self.assertEqual(host.call("which"), first)
            self.assertEqual(host.call("returns_one"), first)
            self.assertEqual(first[1], True)
            host.end()

    def test_outcomes(self):
        for limit in (None, 4):
            host = self.gated(limit, self.LOOP)
            self.assertEqual(host.call("echo", data=1), 1)
            frame = host.call("fails")
            self.assert_error(frame, "python", "later")
            self.assertIn("in fails", frame["traceback"])
            self.assertNotIn("bridge_runtime.py", frame["traceback"])
            self.assertEqual(host.call("exits")["type"], "SystemExit")
            self.assertEqual(host.call("runs_its_own"), 1)
            self.assertEqual(host.call("stops_loop"), "still")
            self.assert_error(host.call("returns_set"), "invalid", "result is a set")
            self.assertEqual(host.call("thread"), limit is None)
            self.assertEqual(host.end()[0], [])

    def test_tasks_go_on_while_nothing_is_asked(self):
        for limit in (None, 4):
            host = self.gated(limit, self.LOOP)
            host.ask(1, "leaves")
            host.answer(1)
            self.assertEqual([host.event("tick") for _ in range(20)], list(range(20)))
            self.assertEqual(host.call("echo", data=5), 5)
            host.event("tick")
            self.assertEqual(host.end()[1], "")
            self.assertEqual(host.process.returncode, 0)

    def test_one_after_the_other_by_default(self):
        host = self.gated()
        host.ask(1, "await_gate", name="a")
        host.ask(2, "await_gate", name="b")
        host.ask(3, "echo", data=3)
        self.entered("a")
        self.assertFalse(self.has_entered("b"))
        self.open_gate("b")
        time.sleep(0.05)
        self.assertFalse(self.has_entered("b"))
        self.open_gate("a")
        self.assertEqual([host.frame()["id"] for _ in range(3)], [1, 2, 3])


class AtOnce(CallTest):
    def test_eight_at_once_and_the_ninth_waits(self):
        for command in ("wait", "await_gate"):
            host = self.gated(8)
            names = [f"{command}{n}" for n in range(9)]
            for name in names:
                host.ask(name, command, name=name)
            # All eight are inside at the same time.
            self.entered(*names[:8])
            time.sleep(0.05)
            self.assertFalse(self.has_entered(names[8]))
            self.open_gate(names[5])
            self.assertEqual(host.frame()["id"], names[5])
            self.entered(names[8])
            for name in reversed(names):
                self.open_gate(name)
            self.assertEqual({host.frame()["id"] for _ in range(8)}, set(names) - {names[5]})
            host.end()

    def test_threads_and_coroutines_share_the_limit(self):
        host = self.gated(2)
        for name, command in [
            ("a", "wait"),
            ("b", "await_gate"),
            ("c", "await_gate"),
            ("d", "wait"),
        ]:
            host.ask(name, command, name=name)
        self.entered("a", "b")
        time.sleep(0.05)
        self.assertFalse(self.has_entered("c") or self.has_entered("d"))
        self.open_gate("a")
        self.assertEqual(host.frame()["id"], "a")
        self.entered("c")
        self.assertFalse(self.has_entered("d"))
        self.open_gate("b")
        self.assertEqual(host.frame()["id"], "b")
        self.entered("d")
        self.open_gate("c")
        self.open_gate("d")
        self.assertEqual({host.frame()["id"], host.frame()["id"]}, {"c", "d"})

    def test_those_that_wait_begin_in_order(self):
        body = "def note(self, n):\n    self.order = getattr(self, 'order', []) + [n]\n    return self.order\n"
        host = self.gated(2, body)
        host.ask("a", "wait", name="a")
        host.ask("b", "wait", name="b")
        self.entered("a", "b")
        for n in range(50):
            host.ask(n, "note", n=n)
        self.open_gate("a")
        for n in range(50):
            self.assertEqual(host.answer(n)["result"], list(range(n + 1)))
        self.open_gate("b")
        host.answer("b")

    def test_many_calls_through_few_threads(self):
        body = "async def later(self, data):\n    await asyncio.sleep(0)\n    return data\n"
        body += "def threads(self): return threading.active_count()\n"
        host = self.gated(4, body)
        for n in range(1000):
            host.ask(n, "later" if n % 3 == 0 else "echo", data=n)
        for n in range(1000):
            self.assertEqual(host.answer(n)["result"], n)
        # Those of the pool, one for `shutdown`, the main thread.
        self.assertLessEqual(host.call("threads"), 6)

    def test_limit_of_one_object(self):
        host = self.gated(init="self.max_concurrent = 2")
        self.assertEqual(self.facts["max_concurrent"], 2)
        host.ask("a", "wait", name="a")
        host.ask("b", "wait", name="b")
        self.entered("a", "b")

    def test_shutdown_does_not_wait_for_a_place(self):
        host = self.gated(2)
        for name in ("a", "b", "c"):
            host.ask(name, "wait", name=name)
        self.entered("a", "b")
        host.ask("end", "shutdown")
        self.assertEqual(host.answer("end")["result"], {"status": "shutdown"})
        self.assert_error(host.answer("c"), "closed")
        host.ask("d", "echo", data=1)
        self.assert_error(host.answer("d"), "closed")
        # Those that run are answered before it ends.
        self.open_gate("a")
        self.assertEqual(host.answer("a")["result"], "a")
        self.open_gate("b")
        self.assertEqual([frame["id"] for frame in host.rest()], ["b"])
        self.assertEqual(host.wait(), 0)

    def test_running_is_false(self):
        body = "def stop(self):\n    self._running = False\n    return 'stopped'\n"
        body += "async def stop_later(self): return self.stop()\n"
        for command in ("stop", "stop_later"):
            host = self.gated(3, body)
            host.ask(1, command)
            self.assertEqual(host.answer(1)["result"], "stopped")
            self.assertEqual(host.rest(), [])
            self.assertEqual((host.wait(), host.errors()), (0, ""))


class Cancelling(CallTest):
    def test_call_that_runs_in_the_main_thread(self):
        host = self.gated()
        for number, name in enumerate(("sleep", "spin", "await_long", "await_spin", "await_sleep")):
            host.ask(number, name, name=name)
            self.entered(name)
            host.cancel(number)
            frame = host.answer(number)
            self.assert_cancelled(frame)
            # Python 3.8 tells no place for a coroutine.
            if not name.startswith("await") or sys.version_info >= (3, 9):
                self.assertIn(f"in {name}", frame["traceback"])
            self.assertEqual(host.call("echo", data=name), name)
        self.assertEqual(host.end(), ([], ""))

    def test_call_in_a_thread_or_a_loop_beside_others(self):
        host = self.gated(4)
        host.ask("stays", "wait", name="stays")
        for number, name in enumerate(("spin", "await_long", "await_spin", "await_sleep")):
            host.ask(number, name, name=name)
            self.entered(name)
            host.cancel(number)
            self.assert_cancelled(host.answer(number))
            self.assertEqual(host.call("echo", data=name), name)
        self.open_gate("stays")
        self.assertEqual(host.answer("stays")["result"], "stays")
        self.assertEqual(host.end(), ([], ""))

    def test_thread_is_cancelled_without_a_signal(self):
        host = self.gated(2)
        for number, name in enumerate(("spin", "await_long")):
            host.ask(number, name, name=name)
            self.entered(name)
            host.cancel(number, with_signal=False)
            self.assert_cancelled(host.answer(number))

    def test_coroutine_is_cancelled_without_a_signal(self):
        host = self.gated()
        host.ask(1, "await_long", name="x")
        self.entered("x")
        host.cancel(1, with_signal=False)
        self.assert_cancelled(host.answer(1))

    def test_call_that_waits_never_begins(self):
        for limit, command in (
            (None, "wait"),
            (None, "await_gate"),
            (1, "wait"),
            (2, "wait"),
            (2, "await_gate"),
        ):
            host = self.gated(limit)
            names = [f"{limit}-{command}-{n}" for n in range((limit or 1) + 2)]
            for name in names:
                host.ask(name, command, name=name)
            running, waiting, last = names[:-2], names[-2], names[-1]
            self.entered(*running)
            host.cancel(waiting)
            frame = host.answer(waiting)
            self.assert_cancelled(frame)
            self.assertEqual(frame["traceback"], "")
            for name in running:
                self.open_gate(name)
                self.assertEqual(host.answer(name)["result"], name)
            self.open_gate(last)
            self.assertEqual(host.answer(last)["result"], last)
            self.assertFalse(self.has_entered(waiting))
            self.assertEqual(host.end(), ([], ""))

    def test_cancel_in_the_same_write(self):
        for limit in (None, 2):
            host = self.gated(limit)
            lines = [
                {"id": 1, "cmd": "echo", "params": {"data": 1}},
                {"id": [2], "cmd": "sleep", "params": {"name": f"{limit}"}},
                {"id": 3, "cmd": "echo", "params": {"data": "cancel", "x": {"cancel": 3}}},
                {"cancel": [2]},
            ]
            host.write("".join(json.dumps(line) + "\n" for line in lines).encode())
            self.assert_cancelled(host.answer([2]))
            self.assertEqual(host.answer(1)["result"], 1)
            self.assert_error(host.answer(3), "invalid", '"x"')
            self.assertFalse(self.has_entered(f"{limit}"))
            host.end()

    def test_cancel_that_comes_late_or_never_fits(self):
        for limit in (None, 3):
            host = self.gated(limit)
            self.assertEqual(host.call("echo", data=1), 1)
            for ident in ("call", 77, None, True, {"a": 1}):
                host.cancel(ident)
            self.assertEqual(host.call("echo", data=2), 2)
            # 1 and true are different ids.
            host.ask(1, "wait", name=f"{limit}")
            self.entered(f"{limit}")
            host.cancel(True)
            self.open_gate(f"{limit}")
            self.assertEqual(host.answer(1)["result"], f"{limit}")
            self.assertEqual(host.end(), ([], ""))

    def test_signal_without_a_cancel_does_nothing(self):
        host = self.gated()
        for n in range(20):
            host.process.send_signal(signal.SIGINT)
            self.assertEqual(host.call("echo", data=n), n)
        host.ask(1, "wait", name="x")
        self.entered("x")
        for _ in range(20):
            host.process.send_signal(signal.SIGINT)
        self.open_gate("x")
        self.assertEqual(host.answer(1)["result"], "x")
        self.assertEqual(host.end(), ([], ""))
        self.assertEqual(host.process.returncode, 0)

    def test_script_may_handle_it(self):
        for limit, names in ((None, ("stubborn", "await_stubborn")), (2, ("await_stubborn",))):
            host = self.gated(limit)
            for name in names:
                host.ask(1, name, name=f"{name}{limit}")
                self.entered(f"{name}{limit}")
                host.cancel(1)
                self.assertEqual(host.answer(1)["result"], "went on")
            host.end()
        host = self.gated()
        host.ask(1, "cleans", name="c")
        self.entered("c")
        host.cancel(1)
        self.assertEqual(host.event("cleaned"), "c")
        self.assert_cancelled(host.answer(1))
        host.ask(2, "other_error", name="o")
        self.entered("o")
        host.cancel(2)
        self.assert_error(host.answer(2), "python", "instead")

    def test_lines_behind_the_cancel_are_not_lost(self):
        host = self.gated()
        host.ask(1, "sleep", name="x")
        self.entered("x")
        for n in range(10, 200):
            host.ask(n, "echo", data="y" * 200)
        host.send({"cancel": 11})
        host.send({"cancel": 1})
        host.write(b'{"id":200,"cmd":"ec')
        # Again and again, for a signal that comes right before a call sleeps does not wake it.
        while not host.has_frame():
            host.process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        frames = [host.frame(), host.frame()]
        self.assertEqual(sorted(frame["id"] for frame in frames), [1, 11])
        for frame in frames:
            self.assert_cancelled(frame)
        host.write(b'ho","params":{"data":200}}\n')
        answers = [host.frame()["id"] for _ in range(190)]
        self.assertEqual(answers, [n for n in range(10, 201) if n != 11])

    def test_cancel_behind_more_than_a_pipe_holds(self):
        host = self.gated()
        host.ask(1, "sleep", name="x")
        self.entered("x")

        def write():
            for n in range(2, 100):
                host.ask(n, "echo", data=str(n) * 2000)
            host.send({"cancel": 1})

        writer = threading.Thread(target=write)
        writer.start()
        # Each signal has the child read what there is; the last one comes after the cancel.
        while not host.has_frame():
            host.process.send_signal(signal.SIGINT)
            time.sleep(0.01)
        self.assert_cancelled(host.frame())
        for n in range(2, 100):
            self.assertEqual(host.frame()["result"], str(n) * 2000)
        writer.join()

    def test_signal_while_events_are_written(self):
        body = """
        def streams(self, name):
            enter(name)
            while True:
                self.send_event("e", "x" * 50_000)
        """
        for limit in (None, 2):
            host = self.gated(limit, body)
            for n in range(10):
                name = f"{limit}-{n}"
                host.ask(n, "streams", name=name)
                self.entered(name)
                host.event("e")
                host.cancel(n)
                while True:
                    frame = host.frame()
                    if frame["status"] != "event":
                        break
                    self.assertEqual(frame["result"], "x" * 50_000)
                self.assert_cancelled(frame)
                self.assertEqual(frame["id"], n)
                host.kept.clear()
            self.assertEqual(host.call("echo", data=1), 1)
            host.end()

    def test_each_call_is_answered_once_when_cancels_race(self):
        body = """
        def short(self, n):
            for _ in range(n): pass
            return n
        async def short_later(self, n):
            for _ in range(n % 7): await asyncio.sleep(0)
            return n
        """
        for limit in (None, 4):
            host = self.gated(limit, body)
            total, cancelled = 1500, 0
            for n in range(total):
                host.ask(n, "short_later" if n % 4 == 0 else "short", n=n * 37 % 3000)
                if n % 2:
                    host.cancel(n - n * 13 % 3)
                if n % 50 == 49:
                    frames = [host.frame() for _ in range(50)]
                    for frame in frames:
                        self.assertEqual(frame.get("code", "cancelled"), "cancelled", frame)
                    cancelled += sum("code" in frame for frame in frames)
                    seen = sorted(frame["id"] for frame in frames)
                    self.assertEqual(seen, list(range(n - 49, n + 1)))
            self.assertGreater(cancelled, 0)
            self.assertEqual(host.call("echo", data=1), 1)
            self.assertEqual(host.end(), ([], ""))


class Ends(CallTest):
    """Nothing is left when the host is gone."""

    def assert_quiet(self, host, code=0):
        self.assertEqual(host.wait(), code)
        self.assertEqual(host.errors(), "")

    def test_end_of_input_while_calls_run(self):
        for limit, names in ((None, ["await_long"]), (4, ["spin", "sleep", "await_long"])):
            host = self.gated(limit)
            for name in names:
                host.ask(name, name, name=f"{name}{limit}")
            self.entered(*(f"{name}{limit}" for name in names))
            host.close_input()
            self.assertEqual([f for f in host.rest() if f.get("code") != "cancelled"], [])
            self.assert_quiet(host)

    def test_end_of_input_is_seen_with_a_signal_in_the_main_thread(self):
        host = self.gated()
        host.ask(1, "sleep", name="s")
        self.entered("s")
        host.close_input()
        host.process.send_signal(signal.SIGINT)
        host.rest()
        self.assert_quiet(host)

    def test_host_that_reads_no_more(self):
        for limit in (None, 3):
            host = self.gated(limit)
            host.process.stdout.close()
            host.ask(1, "echo", data=1)
            self.assert_quiet(host)

    def test_thread_that_sends_to_nobody(self):
        init = """
        def stream():
            try:
                while True:
                    self.send_event("e", "x" * 10_000)
            except Exception:
                print("an exception")
        threading.Thread(target=stream).start()
        """
        host = self.gated(init=init)
        host.event("e")
        host.process.stdout.close()
        host.close_input()
        self.assert_quiet(host)

    def test_command_that_sends_to_nobody(self):
        body = """
        def stream(self):
            while True:
                self.send_event("e", "x" * 10_000)
        """
        for limit in (None, 3):
            host = self.gated(limit, body)
            host.ask(1, "stream")
            host.event("e")
            host.process.stdout.close()
            self.assert_quiet(host)

    def test_threads_of_the_script_do_not_keep_it(self):
        host = self.gated(
            before="bridge_runtime.GRACE = 0.3",
            init="threading.Thread(target=time.sleep, args=(600,)).start()",
        )
        host.close_input()
        self.assert_quiet(host)

    def test_interrupt_of_a_terminal(self):
        """Signals of a terminal go to all its processes; the host decides what comes of it."""
        host = self.gated(start_new_session=True)
        os.killpg(host.process.pid, signal.SIGINT)
        self.assertEqual(host.call("echo", data=1), 1)
        self.assertEqual(host.end(), ([], ""))

    def test_by_hand_at_a_terminal(self):
        path = self.write_script(
            "from bridge_runtime import PythonBridge\n"
            "class B(PythonBridge):\n    def echo(self, a): return a\n"
            "B().run()\nprint('after')\n"
        )
        code = f"""
import os, pty, signal, sys, time
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, {str(path)!r}])
def until(text):
    data = b""
    while text not in data:
        try:
            data += os.read(master, 1000)
        except OSError:
            break
    return data
out = until(b'"id":0')
os.write(master, b'{{"id":1,"cmd":"echo","params":{{"a":5}}}}\\n')
out += until(b'"result":5')
os.write(master, b"\\x03")
out += until(b"never")
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(out)
print("status", status)
"""
        env = {**os.environ, "PYTHONPATH": str(RUNTIME)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, stdout=subprocess.PIPE, env=env, timeout=PATIENCE)
        text = done.stdout.decode()
        self.assertIn("after", text)
        self.assertNotIn("Traceback", text)
        self.assertIn("status 0", text)


if __name__ == "__main__":
    unittest.main()
