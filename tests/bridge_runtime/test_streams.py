"""What scripts print, read, start and send disturbs nothing on the wire."""

import json
import os
import pty
import select
import socket
import subprocess
import sys
import unittest

from support import HEAD, PATIENCE, RUNTIME, BridgeTest, Host


class Output(BridgeTest):
    def test_prints_land_on_stderr(self):
        body = """
        def prints(self):
            print("by print")
            sys.stdout.write("by write\\n")
            sys.__stdout__.write("by the first stdout\\n")
            sys.stdout.buffer.write(b"by bytes\\n")
            sys.stdout.flush()
            os.write(1, b"by fd 1\\0\\n")
            os.system("echo by a shell")
            subprocess.run([sys.executable, "-c", "print('by a child')"])
            return subprocess.check_output(["echo", "taken"]).decode()
        """
        host = self.backend(body)
        self.assertEqual(host.call("prints"), "taken\n")
        frames, errors = host.end()
        self.assertEqual(frames, [])
        for text in ("print", "write", "the first stdout", "bytes", "fd 1\0", "a shell", "a child"):
            self.assertIn(f"by {text}\n", errors)

    def test_prints_of_c_code(self):
        body = """
        def prints(self):
            libc = ctypes.CDLL(None)
            libc.puts(b"by C")
            libc.fflush(None)
        """
        host = self.backend(body, before="import ctypes")
        self.assertIsNone(host.call("prints"))
        self.assertEqual(host.end(), ([], "by C\n"))

    def test_each_line_is_written_at_once(self):
        host = self.backend("def prints(self): print('a line')\n")
        host.call("prints")
        # The child still runs.
        self.assertEqual(host.errors(), "a line\n")

    def test_what_was_printed_before_lands_on_stderr_too(self):
        text = """
        print("first, and not flushed")
        from bridge_runtime import PythonBridge
        print("second")
        class B(PythonBridge):
            print("third")
        print("fourth")
        B().run()
        """
        for env in ({}, {"VH_BRIDGE": "1"}):
            # Where Python would write it at once, the host starts the script with `serve`.
            env = {**env, "PYTHONUNBUFFERED": ""}
            host = self.start(self.write_script(text), env=env)
            host.ready()
            words = [line.partition(",")[0] for line in host.end()[1].splitlines()]
            self.assertEqual(words, ["first", "second", "third", "fourth"])

    def test_taken_at_import_when_the_host_says_so(self):
        text = """
        import os, sys
        from bridge_runtime import PythonBridge
        os.write(1, b"raw\\n")
        class B(PythonBridge):
            def variable(self): return os.environ.get("VH_BRIDGE")
        B().run()
        """
        host = self.start(self.write_script(text), env={"VH_BRIDGE": "1"})
        host.ready()
        # What the script starts must not take its stdin and stdout.
        self.assertIsNone(host.call("variable"))
        self.assertEqual(host.end(), ([], "raw\n"))

    def test_import_alone_takes_nothing(self):
        code = "import bridge_runtime; print('out'); print(input())"
        for env in ({}, {"VH_BRIDGE": "0"}, {"VH_BRIDGE": ""}):
            env = {**os.environ, "PYTHONPATH": str(RUNTIME), **env}
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, input=b"in\n", stdout=subprocess.PIPE, env=env)
            self.assertEqual(done.stdout, b"out\nin\n")

    def test_making_one_takes_no_terminal_and_no_file(self):
        code = (
            "import bridge_runtime; b = bridge_runtime.PythonBridge(); print('out'); print(input())"
        )
        env = {**os.environ, "PYTHONPATH": str(RUNTIME), "VH_BRIDGE": "1"}
        command = [sys.executable, "-c", code]
        path = self.folder / "in"
        path.write_text("in\n")
        with open(path) as source:
            done = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, env=env)
        self.assertEqual(done.stdout, b"out\nin\n")
        master, slave = pty.openpty()
        try:
            os.write(master, b"in\n")
            done = subprocess.run(command, stdin=slave, stdout=subprocess.PIPE, env=env)
            self.assertEqual(done.stdout, b"out\nin\n")
        finally:
            os.close(master)
            os.close(slave)

    def test_stderr_that_is_closed(self):
        body = "def prints(self):\n        print('lost')\n        return os.write(1, b'lost')"
        path = self.write_script(f"{HEAD}class B(PythonBridge):\n    {body}\nB().run()\n")
        command = ["sh", "-c", f"exec {sys.executable} {path} 2>&-"]
        host = Host(command, self.folder)
        self.addCleanup(host.close)
        host.ready()
        self.assertEqual(host.call("prints"), 4)
        self.assertEqual(host.end()[0], [])


class Input(BridgeTest):
    def test_script_that_reads_stdin_eats_no_frames(self):
        body = """
        def reads(self):
            return [sys.stdin.read(), os.read(0, 100).decode(), subprocess.check_output(["cat"]).decode()]
        def asks(self):
            return input()
        def fine(self): return 1
        """
        host = self.backend(body)
        host.ask(1, "reads")
        host.ask(2, "fine")
        host.ask(3, "asks")
        host.ask(4, "fine")
        self.assertEqual(host.answer(1)["result"], ["", "", ""])
        self.assertEqual(host.answer(2)["result"], 1)
        self.assertEqual(host.answer(3)["type"], "EOFError")
        self.assertEqual(host.answer(4)["result"], 1)

    def test_the_wire_is_not_inherited(self):
        body = """
        def fds(self):
            code = "import os; print(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{n}')))"
            return subprocess.check_output([sys.executable, "-c", code], close_fds=False).decode()
        def mine(self):
            return sorted(os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{n}"))
        """
        host = self.backend(body)
        wire = [
            os.readlink(f"/proc/self/fd/{f.fileno()}")
            for f in (host.process.stdin, host.process.stdout)
        ]
        mine, theirs = host.call("mine"), host.call("fds")
        for pipe in wire:
            self.assertEqual(mine.count(pipe), 1)
            self.assertNotIn(pipe, theirs)

    def test_forked_process_has_no_wire(self):
        body = """
        def forks(self):
            child = os.fork()
            if child == 0:
                try:
                    self.send_event("wrong", 1)
                except SystemExit:
                    os._exit(7)
                os._exit(8)
            return os.WEXITSTATUS(os.waitpid(child, 0)[1])
        def leaves_one(self):
            if os.fork() == 0:
                while os.path.exists(__file__):
                    time.sleep(0.05)
            os._exit(0)
        def pool(self):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                return pool.map(abs, [-1, -2])
        """
        host = self.backend(body, before="import multiprocessing, warnings")
        self.assertEqual(host.call("forks"), 7)
        self.assertEqual(host.call("pool"), [1, 2])
        # The wire ends with its process, whatever that has left behind.
        host.ask(1, "leaves_one")
        self.assertEqual(host.rest(), [])

    def test_wire_of_sockets(self):
        ours, theirs = socket.socketpair()
        text = f"{HEAD}class B(PythonBridge):\n    def echo(self, a): return a\nB().run()\n"
        env = {**os.environ, "PYTHONPATH": str(RUNTIME)}
        command = [sys.executable, str(self.write_script(text))]
        child = subprocess.Popen(command, stdin=theirs, stdout=theirs, env=env)  # type: ignore[call-overload]
        theirs.close()
        ours.settimeout(PATIENCE)
        with ours, ours.makefile("rb") as file:
            data = "x" * 500_000
            ours.sendall(
                json.dumps({"id": 1, "cmd": "echo", "params": {"a": data}}).encode() + b"\n"
            )
            got = b""
            while got.count(b"\0") < 2:
                got += file.read1(1 << 16)
            self.assertEqual(json.loads(got.split(b"\0")[1])["result"], data)
        self.assertEqual(child.wait(PATIENCE), 0)


class Events(BridgeTest):
    def test_threads_send_while_calls_run(self):
        body = """
        def start(self, threads, count):
            def stream(number):
                for n in range(count):
                    self.send_event("data", {"thread": number, "n": n, "text": letters[number] * 9000})
            self.threads = [threading.Thread(target=stream, args=(n,)) for n in range(threads)]
            for thread in self.threads:
                thread.start()
        def echo(self, data): return data
        def join(self):
            for thread in self.threads:
                thread.join()
        """
        host = self.backend(body, before="letters = 'abcdeäöü'")
        threads, count, calls = 8, 250, 300
        host.ask("start", "start", threads=threads, count=count)
        for number in range(calls):
            # All fit a pipe: this host does not read meanwhile.
            host.ask(number, "echo", data=number)
        host.ask("join", "join")
        seen, answers = {number: [] for number in range(threads)}, []
        while len(answers) < calls + 2:
            frame = host.frame()
            if frame["status"] == "event":
                result = frame["result"]
                self.assertEqual(result["text"], "abcdeäöü"[result["thread"]] * 9000)
                seen[result["thread"]].append(result["n"])
            else:
                self.assertEqual(frame["status"], "success")
                answers.append(frame["id"])
        self.assertEqual(answers, ["start", *range(calls), "join"])
        for numbers in seen.values():
            self.assertEqual(numbers, list(range(count)))

    def test_events_before_run_follow_the_ready_frame(self):
        init = "self.send_event('early', 1)\nthreading.Thread(target=self.send_event, args=('early', 2)).start()\ntime.sleep(0.05)"
        host = self.backend("def x(self): self.send_event('late')", init=init)
        self.assertEqual([host.event("early"), host.event("early")], [1, 2])
        host.call("x")
        self.assertIsNone(host.event("late"))

    def test_name_that_is_no_text(self):
        host = self.backend("def x(self): self.send_event(1, 2)")
        self.assert_error(host.call("x"), "invalid", "name of an event", "an int")

    def test_signal_handler_that_sends_while_a_frame_is_written(self):
        body = """
        def sends(self):
            def in_the_middle(*_):
                self.send_event("inner", "i" * 100_000)
            signal.signal(signal.SIGALRM, in_the_middle)
            for n in range(400):
                signal.setitimer(signal.ITIMER_REAL, 0.0001 * (1 + n % 5))
                self.send_event("outer", "o" * 100_000)
            signal.setitimer(signal.ITIMER_REAL, 0)
        """
        host = self.backend(body, before="import signal")
        host.ask(1, "sends")
        outer = inner = 0
        while outer < 400:
            frame = host.frame()
            letter = frame["cmd"][0]
            self.assertEqual(frame["result"], letter * 100_000)
            outer, inner = outer + (letter == "o"), inner + (letter == "i")
        host.answer(1)
        self.assertGreater(inner, 0)

    def test_signal_handler_that_raises_while_a_frame_is_written(self):
        body = """
        def sends(self):
            raised = 0
            def give_up(*_):
                raise TimeoutError
            signal.signal(signal.SIGALRM, give_up)
            for n in range(400):
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0001 * (1 + n % 5))
                    self.send_event("n", [n, "o" * 100_000])
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except TimeoutError:
                    raised += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            return raised
        """
        host = self.backend(body, before="import signal")
        host.ask(1, "sends")
        frames = []
        while not frames or "id" not in frames[-1]:
            frames.append(host.frame())
        self.assertGreater(frames[-1].get("result", 0), 0, frames[-1])
        numbers = [frame["result"][0] for frame in frames[:-1]]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_host_that_reads_nothing_loses_nothing(self):
        host = self.backend(
            "def many(self, n):\n    for i in range(n): self.send_event('e', [i, 'x' * 9000])"
        )
        host.ask(1, "many", n=100)
        # The child waits, with a full pipe, and the host can still write.
        for number in range(100):
            host.ask(number + 10, "many", n=0)
        self.assertFalse(select.select([], [], [], 0.2)[0])
        self.assertEqual([host.event("e")[0] for _ in range(100)], list(range(100)))
        for number in range(100):
            host.answer(number + 10)


if __name__ == "__main__":
    unittest.main()
