"""vh.SQL with parameters and vh.quote on SQLite, and on databases that are none of those known."""

import unittest

import cases
from hub import Hub


class SqliteTest(cases.Cases):
    # It is asked whether it is MySQL, and for its version.
    FIRST = 2

    def hub(self, encoding="UTF-8"):
        return cases.start(self, encoding, "sqlite")

    def test_whole_numbers_beyond_64_bits_are_refused(self):
        with self.hub() as hub:
            self.assertIn("OverflowError", hub.evaluate("vh.quote(2**63)"))


class OtherTest(unittest.TestCase):
    def test_an_unknown_database_is_refused(self):
        with Hub() as hub:
            hub.do("database", "other")
            for expression in ("vh.quote('a')", "vh.SQL('SELECT ?', (1,))"):
                told = hub.evaluate(expression)
                self.assertIn("RuntimeError", told)
                self.assertIn("none of MySQL, MariaDB and SQLite", told)
            self.assertFalse([query for query in hub.queries() if b"?" in query])

    def test_a_database_that_does_not_answer_is_asked_again(self):
        with Hub() as hub:
            hub.do("database", "none")
            self.assertIn("does not answer", hub.evaluate("vh.quote('a')"))
            hub.do("database", "sqlite")
            self.assertEqual("'a'", hub.evaluate("vh.quote('a')"))
