"""What holds on every database: the test cases of each begin with these."""

import unittest

from hub import ATTACKS, ENCODINGS, Hub

SECRET = b"SELECT secret FROM users WHERE nick = ?"


class Cases(unittest.TestCase):
    """The cases, without a database."""

    # How many questions find out what the database is.
    FIRST: int

    def hub(self, encoding="UTF-8"):
        """A hub with a new connection, on which a table users has a secret."""
        raise NotImplementedError

    def prepare(self, hub):
        hub.direct("CREATE TABLE users (nick VARCHAR(300) PRIMARY KEY, secret VARCHAR(20))")
        hub.direct("INSERT INTO users VALUES ('admin', 'password')")

    def check_attacks(self, hub, name):
        for way in ("by_parameter", "by_quote"):
            self.assertEqual([True, [["password"]]], hub.call(way, SECRET, b"admin"), name)
            for attack in ATTACKS:
                succeeded, rows = hub.call(way, SECRET, attack)
                # A database may refuse bytes that are no text in its character set.
                self.assertEqual([], rows, f"{way} {attack!r} {name}")

    def check_read_back(self, hub, name, refused=()):
        for attack in ATTACKS:
            text = hub.raw("identity", attack)
            got = hub.call("read_back", b"SELECT ?, HEX(?)", attack)
            wanted = text.hex().upper()
            if attack in refused:
                self.assertIn(got, [wanted, "refused"], f"{attack!r} {name}")
            else:
                self.assertEqual(wanted, got, f"{attack!r} {name}")

    def test_attacks_fail_in_every_encoding(self):
        for encoding in ENCODINGS:
            with self.hub(encoding) as hub:
                self.check_attacks(hub, encoding)
                self.check_read_back(hub, encoding)

    def test_the_database_is_asked_once(self):
        with self.hub() as hub:
            hub.queries()
            asked = self.questions(hub)
            self.assertEqual(self.FIRST, asked)
            self.assertEqual(0, self.questions(hub))
            hub.evaluate("vh.SQL('SELECT 1')")
            self.assertEqual(0, self.questions(hub))

    def test_the_database_is_asked_again_after_a_failure(self):
        with self.hub() as hub:
            self.questions(hub)
            self.assertEqual([False, []], hub.evaluate("vh.SQL('no query')"))
            self.assertEqual(self.FIRST, self.questions(hub))
            # That a value is refused does not concern the database.
            self.assertIn("ValueError", hub.evaluate("vh.SQL('SELECT ?', ('\\0',))"))
            self.assertEqual(0, self.questions(hub))

    def questions(self, hub):
        """How many queries of the library itself come with one of the script."""
        hub.queries()
        self.assertEqual([True, [["x"]]], hub.evaluate("vh.SQL('SELECT ?', ('x',))"))
        return len(hub.queries()) - 1

    def test_values(self):
        with self.hub() as hub:
            for value, wanted in [
                ("None", None),
                ("5", "5"),
                ("-5", "-5"),
                ("True", "1"),
                ("False", "0"),
                ("2**63-1", str(2**63 - 1)),
                ("-2**63", str(-(2**63))),
                ("b'bytes'", "bytes"),
                ("''", ""),
                ("__import__('http').HTTPStatus.OK", "200"),
                ("type('Text', (str,), {})('text')", "text"),
            ]:
                got = hub.evaluate(f"vh.SQL('SELECT ?', ({value},))")
                self.assertEqual([True, [[wanted]]], got, value)
            for value in ("0.1", "1e300", "-2.5e-300", "3.0"):
                ok, rows = hub.evaluate(f"vh.SQL('SELECT ?', ({value},))")
                self.assertTrue(ok, value)
                self.assertEqual(float(value), float(rows[0][0]), value)
            self.assertEqual(
                [True, [["00005C27FF"]]],
                hub.evaluate("vh.SQL('SELECT HEX(?)', [b'\\0\\0\\\\\\'\\xff'])"),
            )
            self.assertEqual([True, [["3"]]], hub.evaluate("vh.SQL('SELECT 1-?', (-2,))"))

    def test_what_is_refused_says_so(self):
        with self.hub() as hub:
            hub.queries()
            for expression, kind, words in [
                ("vh.SQL('SELECT ?', ('a\\0b',))", "ValueError", "parameter 1 holds a NUL"),
                ("vh.SQL('SELECT ?, ?', (1, float('nan')))", "ValueError", "parameter 2"),
                ("vh.quote(float('-inf'))", "ValueError", "quote() argument 1"),
                ("vh.SQL('SELECT ?', (2**64,))", "OverflowError", "parameter 1"),
                ("vh.SQL('SELECT ?', 'nick')", "TypeError", "(value,)"),
                ("vh.SQL('SELECT ?', ({},))", "TypeError", "not dict"),
                ("vh.SQL('SELECT ?', ([1],))", "TypeError", "a ? of its own"),
                (
                    "vh.SQL('SELECT ?', (__import__('decimal').Decimal(1),))",
                    "TypeError",
                    "str(value)",
                ),
                ("vh.SQL('SELECT ?', {'a': 1})", "TypeError", "tuple or list"),
                ("vh.SQL('SELECT ?', 5, 6)", "TypeError", "limit"),
                ("vh.SQL('SELECT ?', (1, 2))", "ValueError", "1 ? in places of values"),
                ("vh.SQL('SELECT \"?\"', (1,))", "ValueError", "0 ? in places of values"),
                ("vh.SQL('SELECT ', (1,))", "ValueError", "0 ?"),
                ("vh.SQL('SELECT ?', ())", "ValueError", "0 parameters"),
                ('vh.SQL("SELECT \'?", ())', "ValueError", "no end"),
            ]:
                told = hub.evaluate(expression)
                self.assertTrue(
                    str(told).startswith(kind) and words in told, f"{expression}: {told}"
                )
            sent = [
                query for query in hub.queries() if b"/*!" not in query and b"sqlite_" not in query
            ]
            self.assertEqual([], sent)

    def test_the_limit_is_where_it_was(self):
        with self.hub() as hub:
            query = "'SELECT 1 UNION SELECT 2 UNION SELECT 3'"
            for arguments, count in [
                ("", 3),
                (", 2", 2),
                (", None", 3),
                (", None, 1", 1),
                (", limit=2", 2),
                (", (), 2", 2),
                (", [], limit=1", 1),
                (", params=None, limit=1", 1),
            ]:
                ok, rows = hub.evaluate(f"vh.SQL({query}{arguments})")
                self.assertEqual((True, count), (ok, len(rows)), arguments)
            # Without parameters ? is nothing special.
            self.assertEqual([True, [["?"]]], hub.evaluate("vh.SQL(\"SELECT '?'\", 5)"))
            self.assertEqual([True, [["?"]]], hub.evaluate("vh.SQL(\"SELECT '?'\")"))

    def test_threads(self):
        with self.hub() as hub:
            hub.evaluate(
                "exec('import threading\\ndef ask(): done.append(vh.SQL(\\'SELECT ?\\', (\"a\",)))"
                "\\ndone = []\\nthreading.Thread(target=ask).start()', globals())"
            )
            for _ in range(600):
                got = hub.evaluate("[__import__('time').sleep(0.05), done][1]")
                if got:
                    break
            self.assertEqual([[True, [["a"]]]], got)


def start(test, encoding, *database):
    hub = Hub(encoding)
    try:
        hub.do("database", *database)
        test.prepare(hub)
    except BaseException:
        hub.__exit__(RuntimeError, None, None)
        raise
    return hub
