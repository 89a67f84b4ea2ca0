"""vh.SQL with parameters and vh.quote on a MariaDB of the test's own, with all its character sets."""

import os
import sys

import cases
import server
from hub import ATTACKS, ENCODINGS

# Those of a connection; in the last five a second byte may be a backslash.
CHARSETS = """utf8mb4 utf8mb3 latin1 latin2 latin5 latin7 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866
koi8r koi8u greek hebrew binary ujis eucjpms euckr gb2312 tis620 swe7 ascii
gbk big5 sjis cp932""".split()
HIDING = ["gbk", "big5", "sjis", "cp932"]
MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]

running = None


if not (server.INSTALL and server.SERVER and os.environ["VH_MARIADB"]):
    print(
        "there is no MariaDB: apt-get install mariadb-server-core mariadb-client-core libmariadb-dev"
    )
    sys.exit(77)


def setUpModule():
    global running
    running = server.Server()


def tearDownModule():
    running.stop()


class MariaDbTest(cases.Cases):
    FIRST = 1

    def hub(self, encoding="UTF-8", settings=()):
        self.settings = settings
        return cases.start(self, encoding, "mariadb", str(running.socket))

    def prepare(self, hub):
        hub.direct("DROP DATABASE IF EXISTS hub")
        hub.direct("CREATE DATABASE hub CHARACTER SET utf8mb4")
        hub.direct("USE hub")
        # Any byte is a character, as on a hub whose database was made long ago.
        hub.direct("SET NAMES latin1")
        super().prepare(hub)
        for setting in self.settings:
            hub.direct(setting)

    def connections(self):
        for charset in CHARSETS:
            for mode in MODES:
                yield charset, mode, [f"SET NAMES {charset}", f"SET sql_mode = '{mode}'"]

    def test_attacks_fail_on_every_connection(self):
        for encoding in ("UTF-8", "GBK", "Big5", "Shift_JIS", "CP1251"):
            with self.hub(encoding) as hub:
                for charset, mode, settings in self.connections():
                    # By the script, so that the library notices.
                    for setting in settings:
                        self.assertEqual([True, []], hub.evaluate(f'vh.SQL("{setting}")'))
                    name = f"{encoding} {charset} {mode}"
                    self.check_attacks(hub, name)
                    self.check_read_back(hub, name, ATTACKS if "NO_BACKSLASH" in mode else ())

    def test_what_was_advised_before_reads_the_secret(self):
        attack = b"\\' OR 1=1 -- "
        for encoding, charset, way, nick in [
            ("UTF-8", "utf8mb4", "by_doubling", attack),
            ("UTF-8", "gbk", "by_doubling_backslashes", b"\xbf" + attack),
            ("UTF-8", "big5", "by_doubling_backslashes", b"\xbf" + attack),
            ("UTF-8", "sjis", "by_doubling_backslashes", b"\x95" + attack),
            ("UTF-8", "cp932", "by_doubling_backslashes", b"\x95" + attack),
            # One character of the hub, and a backslash for the database.
            ("GBK", "latin1", "by_doubling_backslashes", b"\xbf" + attack),
            ("Shift_JIS", "latin1", "by_doubling_backslashes", b"\x95" + attack),
        ]:
            with self.hub(encoding, [f"SET NAMES {charset}"]) as hub:
                name = f"{encoding} {charset}"
                got = hub.call(way, cases.SECRET, nick)
                self.assertEqual([True, [["password"]]], got, name)
                for way in ("by_parameter", "by_quote"):
                    self.assertEqual([True, []], hub.call(way, cases.SECRET, nick), name)

    def test_a_connection_that_changed_unseen_is_safe(self):
        """As after it was lost and made anew: what was found out before does not hold any more."""
        for before in ("utf8mb4", "latin1", "gbk", "sjis"):
            for mode in MODES:
                with self.hub("UTF-8", [f"SET NAMES {before}", f"SET sql_mode = '{mode}'"]) as hub:
                    literals = [hub.raw("quoted", attack) for attack in ATTACKS]
                    for after in ("utf8mb4", "latin1", *HIDING):
                        for mode_after in MODES:
                            hub.direct(f"SET NAMES {after}")
                            hub.direct(f"SET sql_mode = '{mode_after}'")
                            self.check_literals(
                                hub, literals, f"{before} {mode} {after} {mode_after}"
                            )

    def check_literals(self, hub, literals, name):
        for literal in literals:
            got = hub.call("run", b"SELECT COUNT(*) FROM users WHERE nick = " + literal)
            # Bytes that are no text in the character set may be refused.
            self.assertIn(got, [[True, [["0"]]], [False, []]], f"{literal} {name}")

    def test_every_encoding_on_its_own_character_set(self):
        """Nicks that are well formed are stored, found again and read back byte by byte."""
        for encoding, charset, nicks in [
            ("UTF-8", "utf8mb4", ["Ж\\'", "日本\\", "ſ'", "\U0001f600\\"]),
            ("CP1250", "cp1250", ["Žluť\\'"]),
            ("CP1251", "cp1251", ["Вася\\'", "я\\"]),
            ("CP1252", "latin1", ["ÿ\\'"]),
            ("CP1254", "latin5", ["İ\\'"]),
            ("CP866", "cp866", ["Вася\\'"]),
            ("KOI8-R", "koi8r", ["Вася\\'"]),
            ("ISO-8859-2", "latin2", ["Žluť\\'"]),
            ("GBK", "gbk", ["縗", "運\\'", "誠縗\\"]),
            ("GB18030", "gbk", ["縗", "運\\'"]),
            ("Big5", "big5", ["功", "許功蓋", "育\\'"]),
            ("Shift_JIS", "sjis", ["表", "ソ能\\'", "予表\\"]),
            ("Shift_JIS", "cp932", ["表", "ソ能\\'", "予表\\"]),
            ("EUC-JP", "ujis", ["表\\'"]),
            ("EUC-JP", "eucjpms", ["表\\'"]),
            ("EUC-KR", "euckr", ["가나\\'"]),
        ]:
            for mode in MODES:
                settings = [f"SET NAMES {charset}", f"SET sql_mode = '{mode}'"]
                with self.hub(encoding, settings) as hub:
                    for column in (charset, "utf8mb4"):
                        for nick in nicks:
                            # The database itself makes another character of sjis' backslash.
                            if (charset, column) == ("sjis", "utf8mb4") and "\\" in nick:
                                continue
                            encoded = nick.encode(ENCODINGS[encoding])
                            self.check_stored(hub, column, encoded, f"{charset} {mode} {column}")

    def check_stored(self, hub, column, nick, name):
        hub.direct("DROP TABLE IF EXISTS seen")
        hub.direct(f"CREATE TABLE seen (nick VARCHAR(50) CHARACTER SET {column} PRIMARY KEY)")
        for way in ("by_parameter", "by_quote"):
            hub.direct("DELETE FROM seen")
            self.assertEqual(True, hub.call(way, b"INSERT INTO seen VALUES (?)", nick)[0], name)
            text = hub.raw("identity", nick).decode(hub.python_encoding)
            found = hub.call(way, b"SELECT nick FROM seen WHERE nick = ?", nick)
            self.assertEqual([True, [[text]]], found, name)
            # By the index.
            plan = hub.call(way, b"EXPLAIN SELECT * FROM seen WHERE nick = ?", nick)[1]
            self.assertEqual("const", plan[0][3], f"{nick} {name} {plan}")

    def test_a_parameter_matches_what_the_plain_text_matches(self):
        collations = [
            "utf8mb4_general_ci",
            "utf8mb4_bin",
            "utf8mb4_unicode_ci",
            "latin1_swedish_ci",
        ]
        for names in ("latin1", "utf8mb4", "utf8mb4 COLLATE utf8mb4_unicode_ci", "gbk"):
            with self.hub("UTF-8", [f"SET NAMES {names}"]) as hub:
                for collation in collations:
                    charset = collation.split("_")[0]
                    hub.direct("DROP TABLE IF EXISTS seen")
                    hub.direct(
                        f"CREATE TABLE seen (nick VARCHAR(50) CHARACTER SET {charset}"
                        f" COLLATE {collation} PRIMARY KEY)"
                    )
                    hub.direct(
                        "INSERT INTO seen VALUES ('Admin'), ('O\\'Neill'), ('back\\\\slash')"
                    )
                    self.check_matches(hub, f"{names} {collation}")

    def check_matches(self, hub, name):
        for nick, plain in [
            (b"admin", b"'admin'"),
            (b"ADMIN ", b"'ADMIN '"),
            (b"o'neill", b"'o\\'neill'"),
            (b"BACK\\slash", b"'BACK\\\\slash'"),
        ]:
            for query in (
                b"SELECT nick FROM seen WHERE nick = ?",
                b"SELECT nick FROM seen WHERE nick LIKE ?",
                b"SELECT nick FROM seen WHERE nick IN ('x', ?)",
                b"SELECT nick FROM seen WHERE nick = CONCAT('', ?)",
                b"SELECT COLLATION(?)",
                b"SELECT COERCIBILITY(?)",
                b"SELECT 'admin' = ?",
                b"EXPLAIN SELECT nick FROM seen WHERE nick = ?",
            ):
                wanted = hub.evaluate(f"vh.SQL({query.replace(b'?', plain).decode()!r})")
                got = hub.call("by_parameter", query, nick)
                self.assertEqual(wanted, got, f"{query!r} {nick!r} {name}")

    def test_literals_become_another_character_set(self):
        """SET CHARACTER SET: the connection's is that of the database, the client's another."""
        for charset in ("gbk", "sjis", "latin1"):
            with self.hub("GBK" if charset == "gbk" else "Shift_JIS") as hub:
                self.assertEqual([True, []], hub.evaluate(f"vh.SQL('SET CHARACTER SET {charset}')"))
                self.check_attacks(hub, charset)

    def test_settings_that_a_script_changes_are_noticed(self):
        with self.hub("UTF-8") as hub:
            self.assertEqual("'\\\\'", hub.evaluate("vh.quote('\\\\')"))
            hub.evaluate("vh.SQL(\"SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'\")")
            self.assertEqual("_latin1 X'5C'", hub.evaluate("vh.quote('\\\\')"))
            hub.evaluate("vh.SQL(\"SET sql_mode = ''\")")
            self.assertEqual("'\\\\'", hub.evaluate("vh.quote('\\\\')"))

    def test_large_numbers(self):
        with self.hub() as hub:
            self.assertEqual(
                [True, [[str(2**64 - 1)]]], hub.evaluate("vh.SQL('SELECT ?', (2**64-1,))")
            )
