"""A hub with a database, for the tests beside: drives sql_host, and the script that it loads."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).with_name("script.py")

# Encodings of hubs, with their names in Python.
ENCODINGS = {
    "UTF-8": "utf-8",
    "CP1250": "cp1250",
    "CP1251": "cp1251",
    "CP1252": "cp1252",
    "CP1254": "cp1254",
    "CP866": "cp866",
    "KOI8-R": "koi8-r",
    "ISO-8859-2": "iso-8859-2",
    "GBK": "gbk",
    "GB18030": "gb18030",
    "Big5": "big5",
    "Shift_JIS": "cp932",
    "EUC-JP": "euc-jp",
    "EUC-KR": "euc-kr",
}

# What users may call themselves. The first three read a secret where `'` alone is doubled, or where
# backslashes are, too.
ATTACKS = [
    b"\\' OR 1=1 -- ",
    b"\xbf\\' OR 1=1 -- ",
    b"\x95\\' OR 1=1 -- ",
    b"\xbf' OR 1=1 -- ",
    b"\x95\x5c",
    b"' OR 1=1 -- ",
    b"\\",
    b"\\\\' OR 1=1 #",
    b"a\\'b''c\\\\'",
    b"\xff\\' OR 1=1 -- ",
    b"\xbf\x5c\x5c' OR 1=1 #",
    b"\xe3\x81\x82\\' OR 1=1 -- ",
    b"\x81\x30\x81\\' OR 1=1 -- ",
    b'" OR 1=1 -- ',
    b"` OR ? -- /* ",
    b"%_?\x1a\n\r\t",
    b"\xe4\xb8\x80\xef\xbc\x87 OR 1=1 -- ",
    bytes(range(1, 256)),
]


class Hub:
    def __init__(self, encoding="UTF-8"):
        self.python_encoding = ENCODINGS.get(encoding, "utf-8")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.environ["VH_SQL_HOST"], os.environ["VH_LIBRARY"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.do("begin", encoding)
        self.script = self.do("load", str(SCRIPT))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.do("end")
        finally:
            self.process.stdin.close()
            self.process.stdout.close()
            status = self.process.wait()
            self.log.seek(0)
            if kind or status:
                sys.stderr.write(self.log.read().decode(errors="replace"))
            self.log.close()
        assert status == 0, f"the host ended with {status}"

    def do(self, *words):
        """A command; what it tells."""
        self.process.stdin.write((" ".join(words) + "\n").encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode(errors="replace").rstrip("\n")
        verdict, _, told = answer.partition(" ")
        if verdict != "ok":
            raise RuntimeError(f"{words[0]}: {answer or 'the host is gone'}")
        return told

    def raw(self, function, *arguments):
        """What a function of the script gives for bytes as the hub has them."""
        words = [argument.hex() or "-" for argument in arguments]
        told = self.do("call", self.script, function, *words)
        return b"" if told == "-" else bytes.fromhex(told)

    def call(self, function, *arguments):
        """The same for a function that gives JSON."""
        return json.loads(self.raw(function, *arguments))

    def evaluate(self, expression):
        """The value of an expression in the script; an exception is a text."""
        return self.call("evaluate", expression.encode(self.python_encoding))

    def direct(self, query):
        """A query that the library does not see."""
        query = query if isinstance(query, bytes) else query.encode()
        self.do("direct", query.hex())

    def queries(self):
        return [bytes.fromhex(query) for query in self.do("queries").split()]
