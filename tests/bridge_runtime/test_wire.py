"""Lines in, frames out: what a host of any language sees."""

import json
import time
import unittest

from support import BridgeTest

ECHO = """
def echo(self, data):
    return data
def raises(self):
    raise ValueError("an ä in it")
"""
# UTF-8 of one to four bytes, at the borders of each length.
TEXT = "a\x7f\x80ä\u07ff\u0800€\ufffd\uffff\U00010000😀\U0010ffff"


class Wire(BridgeTest):
    def test_ready_frame_tells_what_there_is(self):
        host = self.backend(ECHO)
        self.assertEqual(self.facts["commands"], ["echo", "raises"])
        self.assertEqual(self.facts["max_concurrent"], 1)
        self.assertEqual(self.facts["cancel"], "SIGINT")
        self.assertEqual(self.facts["pid"], host.process.pid)

    def test_exact_bytes(self):
        host = self.backend(ECHO)
        host.write(b'{"id":1,"cmd":"echo","params":{"data":{"greeting":"Hello"}}}\n')
        self.assertEqual(
            host.read_frame(), b'{"id":1,"status":"success","result":{"greeting":"Hello"}}'
        )
        host.write('{"id":2,"cmd":"echo","params":{"data":"ä\\u0000\\n"}}\n'.encode())
        self.assertEqual(
            host.read_frame(), '{"id":2,"status":"success","result":"ä\\u0000\\n"}'.encode()
        )

    def test_error_has_text_traceback_type_and_code(self):
        host = self.backend(ECHO)
        host.ask(3, "raises")
        frame = host.frame()
        self.assertEqual(list(frame), ["id", "status", "error", "traceback", "type", "code"])
        self.assertEqual(frame["error"], "an ä in it")
        self.assertEqual((frame["type"], frame["code"]), ("ValueError", "python"))
        self.assertIn("in raises", frame["traceback"])
        self.assertIn('raise ValueError("an ä in it")', frame["traceback"])
        self.assertNotIn("bridge_runtime", frame["traceback"])

    def test_event_has_no_id(self):
        host = self.backend("def shout(self):\n    self.send_event('noise', {'loud': True})")
        host.ask(1, "shout")
        self.assertEqual(
            host.read_frame(), b'{"cmd":"noise","status":"event","result":{"loud":true}}'
        )
        self.assertEqual(host.read_frame(), b'{"id":1,"status":"success","result":null}')

    def test_peer_that_writes_byte_by_byte(self):
        host = self.backend(ECHO)
        line = json.dumps({"id": 1, "cmd": "echo", "params": {"data": TEXT}}, ensure_ascii=False)
        for byte in (line + "\n").encode():
            host.write(bytes([byte]))
            # So that most bytes are read alone.
            time.sleep(0.001)
        self.assertEqual(host.frame(), {"id": 1, "status": "success", "result": TEXT})

    def test_text_is_split_at_every_byte(self):
        host = self.backend(ECHO)
        line = json.dumps({"id": 1, "cmd": "echo", "params": {"data": TEXT}}, ensure_ascii=False)
        data = (line + "\n").encode()
        for at in range(1, len(data)):
            host.write(data[:at])
            time.sleep(0.002)
            host.write(data[at:])
            self.assertEqual(host.frame(), {"id": 1, "status": "success", "result": TEXT}, at)

    def test_both_line_ends_and_blank_lines(self):
        host = self.backend(ECHO)
        host.write(b"\n\r\n   \n")
        host.send({"id": 1, "cmd": "echo", "params": {"data": 1}}, b"\r\n")
        host.send({"id": 2, "cmd": "echo", "params": {"data": 2}}, b" \t\r\n")
        host.write(b'  \t{"id":3,"cmd":"echo","params":{"data":3}}\n')
        self.assertEqual([host.frame()["result"] for _ in range(3)], [1, 2, 3])

    def test_many_requests_in_one_write_are_answered_in_order(self):
        host = self.backend(ECHO)
        lines = [
            json.dumps({"id": n, "cmd": "echo", "params": {"data": n}}).encode() for n in range(500)
        ]
        host.write(b"\n".join(lines) + b"\n")
        self.assertEqual([host.frame()["id"] for _ in lines], list(range(500)))

    def test_answer_does_not_wait_for_the_next_call(self):
        host = self.backend(ECHO + "def wait(self, path):\n    open(path).read()\n")
        import os

        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        first = json.dumps({"id": 1, "cmd": "echo", "params": {"data": 1}})
        second = json.dumps({"id": 2, "cmd": "wait", "params": {"path": str(fifo)}})
        host.write(f"{first}\n{second}\n".encode())
        # The second cannot end before its fifo is opened here.
        self.assertEqual(host.frame()["id"], 1)
        fifo.write_text("")
        self.assertEqual(host.frame()["id"], 2)

    def test_ids_come_back_as_they_came(self):
        host = self.backend(ECHO)
        texts = [
            *("0", "-1", "7", "1.5", "-0.0", "true", "false", "null", '""', '"a"', '"\\""'),
            *("[]", "{}", '[1,{"a":[null]}]', str(2**70), "1" * 5000, '"\\ud800"', '"ä"'),
            '{"$bytes":"AAE="}',
        ]
        for text in texts:
            host.write(b'{"id":%b,"cmd":"echo","params":{"data":1}}\n' % text.encode())
            expected = b'{"id":%b,"status":"success","result":1}' % text.encode()
            self.assertEqual(host.read_frame(), expected)
        for text in texts:
            host.write(b'{"id":%b,"cmd":"raises"}\n' % text.encode())
            self.assertTrue(host.read_frame().startswith(b'{"id":%b,"status"' % text.encode()))

    def test_request_without_id_is_answered_with_null(self):
        host = self.backend(ECHO)
        host.write(b'{"cmd":"echo","params":{"data":1}}\n')
        self.assertEqual(host.frame(), {"id": None, "status": "success", "result": 1})

    def test_lines_that_are_no_request(self):
        host = self.backend(ECHO)
        bad = [
            *(
                b"{",
                b"nonsense",
                b'{"id":1,"cmd":"echo"',
                b"[1]",
                b"1",
                b"null",
                b'"x"',
                b"[" * 500_000,
            ),
            *(b"\xff\xfe", b'{"id":1} x', b"\0", b'{"id":1e999,"cmd":"echo"}', b"[]]", b'{"a":1,}'),
        ]
        for line in bad:
            host.write(line + b"\n")
            frame = host.frame()
            self.assert_error(frame, "invalid")
            self.assertIsNone(frame["id"], line)
        self.assertEqual(host.call("echo", data=5), 5)

    def test_request_that_is_wrong_has_its_id(self):
        host = self.backend(ECHO)
        for line, part in [
            (b'{"id":4}', "cmd"),
            (b'{"id":4,"cmd":1}', "cmd"),
            (b'{"id":4,"cmd":["echo"]}', "cmd"),
            (b'{"id":4,"cmd":"echo","params":[]}', "params"),
            (b'{"id":4,"cmd":"echo","params":"x"}', "params"),
            (b'{"id":4,"cmd":"echo","params":0}', "params"),
            (b'{"id":4,"cmd":"echo","params":{"data":NaN}}', "NaN"),
            (b'{"id":4,"cmd":"echo","params":{"data":[-Infinity]}}', "Infinity"),
            (b'{"id":4,"cmd":"echo","params":{"data":1e999}}', "too large"),
            (b'{"id":4,"cmd":"echo","params":{"data":[[{"a":-1e999}]]}}', "too large"),
            (b'{"id":4,"cmd":"echo","params":{"data":"\\ud800"}}', "surrogate"),
            (
                b'{"id":4,"cmd":"echo","params":{"data":%b}}' % (b"[" * 128 + b"]" * 128),
                "params is nested",
            ),
            (b'{"id":4,"cmd":"echo","params":{"data":{"$bytes":"?"}}}', "base64"),
        ]:
            host.write(line + b"\n")
            frame = host.frame()
            self.assertEqual(frame["id"], 4, (line, frame))
            self.assert_error(frame, "invalid", part)
        self.assertEqual(host.call("echo", data=5), 5)

    def test_last_of_equal_keys_counts(self):
        host = self.backend(ECHO)
        host.write(b'{"id":1,"cmd":"echo","params":{"data":1,"data":2}}\n')
        self.assertEqual(host.frame()["result"], 2)

    def test_further_keys_of_a_request_are_no_matter(self):
        host = self.backend(ECHO)
        host.write(b'{"id":1,"cmd":"echo","timeout":500,"cancel":1,"x":[],"params":{"data":1}}\n')
        self.assertEqual(host.frame()["result"], 1)


class Sizes(BridgeTest):
    def limited(self, body=ECHO):
        return self.backend(body, before="bridge_runtime.MAX_FRAME = 100_000")

    def test_line_that_is_too_long_is_refused_with_its_id(self):
        host = self.limited()
        host.ask(1, "echo", data="x" * 300_000)
        frame = host.frame()
        self.assertEqual(frame["id"], 1)
        self.assert_error(frame, "too_large", "100,000")
        # It is told once, and what follows is understood.
        self.assertEqual(host.call("echo", data=2), 2)

    def test_line_that_is_a_little_too_long(self):
        host = self.limited()
        for length in (99_000, 100_000, 101_000):
            host.ask(length, "echo", data="x" * length)
            host.ask("next", "echo", data=1)
            frame = host.frame()
            self.assertEqual(frame["id"], length)
            if length == 99_000:
                self.assertEqual(frame["result"], "x" * length)
            else:
                self.assert_error(frame, "too_large", "a line of more than")
            self.assertEqual(host.frame()["id"], "next")

    def test_line_that_is_too_long_is_not_kept(self):
        before = "import resource\nbridge_runtime.MAX_FRAME = 100_000"
        body = ECHO + "def peak(self): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        host = self.backend(body, before=before)
        peak = host.call("peak")
        host.write(b'{"id":1,"cmd":"echo","params":{"data":"')
        for _ in range(60):
            host.write(b"x" * (1 << 20))
        host.write(b'"}}\n')
        self.assert_error(host.answer(1), "too_large")
        self.assertLess(host.call("peak") - peak, 20_000, "KiB more")

    def test_result_that_is_too_large(self):
        host = self.limited(ECHO + "def many(self, n): return 'x' * n\n")
        self.assertEqual(host.call("many", n=99_000), "x" * 99_000)
        self.assert_error(host.call("many", n=100_000), "too_large", "100,000")
        self.assertEqual(host.call("echo", data=2), 2)

    def test_event_that_is_too_large(self):
        host = self.limited("def shout(self): self.send_event('noise', 'x' * 200_000)")
        self.assert_error(host.call("shout"), "too_large", "100,000")

    def test_64_mebibytes(self):
        host = self.backend(
            "def size(self, data): return len(data)\ndef many(self, n): return 'x' * n"
        )
        limit = 64 << 20
        host.write(b'{"id":1,"cmd":"size","params":{"data":"')
        piece = b"x" * (1 << 20)
        for _ in range(63):
            host.write(piece)
        host.write(b"x" * 1_000_000 + b'"}}\n')
        self.assertEqual(host.frame()["result"], 63 * len(piece) + 1_000_000)
        self.assertEqual(len(host.call("many", n=limit - 1000)), limit - 1000)
        self.assert_error(host.call("many", n=limit), "too_large", "67,108,864")

    def test_long_messages_are_cut(self):
        host = self.backend("def fails(self): raise ValueError('x' * 5_000_000)")
        frame = host.call("fails")
        self.assertEqual(frame["error"], "x" * 100_000)
        self.assertLessEqual(len(frame["traceback"]), 100_000)


if __name__ == "__main__":
    unittest.main()
