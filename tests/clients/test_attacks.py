"""What users, who choose nicks, lines and bytes, try against the example scripts."""

import itertools
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import types
import unicodedata
import unittest
from pathlib import Path
from typing import Any

from hub import EXAMPLES
from hub_test import HubTest

ALL = ("chat_filter", "flood_guard", "host_bridge", "pystats", "seen_notes", "welcome")
# Letters whose other case is longer, is none, or is that of another letter; marks; what is no text.
NASTY = (
    "aAiI\u0130\u0131sS\u017f\u00df\u1e9e\ufb01\u01c5\u0149\u0345\u03c2\u03a3kK\u212a\u0439"
    "\u0301\u0307\u0338\u200b\u202e \u00a0\t.+*()[]\\|$^\udcff\udc80\U0001d5d0\ufdfa"
)


class Alone:
    """A script of the examples outside of a hub, with a `vh` made of these functions."""

    def __init__(self, test, name, files=(), **functions):
        folder = Path(tempfile.mkdtemp(prefix="vh-example-"))
        test.addCleanup(shutil.rmtree, folder)
        path = Path(shutil.copy(EXAMPLES / f"{name}.py", folder))
        for file, text in files:
            (folder / file).write_text(text, encoding="utf-8")
        vh: Any = types.ModuleType("vh")
        vh.said = []
        vh.usermc = lambda text, nick: vh.said.append((nick, text))
        vh.GetUserClass = lambda nick: 0
        vh.name_and_version = lambda *_: None
        vh.log = lambda _: None
        vars(vh).update(functions)
        self.vh = vh
        self.names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
        before = sys.modules.get("vh")
        sys.modules["vh"] = vh
        try:
            exec(compile(path.read_text(encoding="utf-8"), path, "exec"), self.names)
        finally:
            sys.modules.pop("vh")
            if before:
                sys.modules["vh"] = before

    def __getattr__(self, name):
        return self.names[name]


def seconds(work):
    start = time.thread_time()
    work()
    return time.thread_time() - start


def ratio(small, large, turns=5):
    """How many times as long one takes as the other; they take turns, and the quickest counts."""
    pairs = [(seconds(small), seconds(large)) for _ in range(turns)]
    return min(large for _, large in pairs) / min(small for small, _ in pairs)


# What the scripts must bear by themselves: real hubs may let through what the demo hub's own limits stop.
NO_LIMIT = ("00_no_limit.py", 'import vh\nvh.SetConfig("config", "max_chat", "1000000")\n')


class AttackTest(HubTest):
    def start_examples(self, *names, **options):
        return self.start(NO_LIMIT, *(EXAMPLES / f"{name}.py" for name in names), **options)


class ChatFilterInHub(AttackTest):
    def setUp(self):
        self.hub = self.start_examples("chat_filter")
        self.alice, self.bob = self.hub.client("alice"), self.hub.client("bob")

    def whisper(self, text):
        self.alice.send(f"$MCTo: bob $alice {text}")

    def test_lines_for_one_user_are_filtered_too(self):
        self.whisper("hello")
        self.bob.wait_for("hello")
        self.whisper("any WAREZ here")
        self.alice.wait_for("was not shown: 'WAREZ'")
        self.whisper("damn rain")
        self.alice.wait_for("was not shown: say it like this: darn rain")
        self.assertFalse(self.bob.seen_after_echo("WAREZ|damn"))

    def test_long_lines_are_not_shown(self):
        for line in ("x" * 130_000, "\u0301\u0323" * 30_000, "damn " * 20_000):
            self.alice.chat(line)
            self.alice.wait_for(rf"was not shown: it has {len(line.strip())} characters|it has \d+")
            self.whisper(line)
            self.alice.wait_for("was not shown: it has ")
        self.assertFalse(self.bob.seen_after_echo("xxx|\u0323|darn"))

    def test_a_line_does_not_grow_without_end(self):
        admin = self.admin(self.hub)
        admin.chat("!filter replace a = " + "b" * 200)
        admin.wait_for("will be shown as")
        self.alice.chat("a " * 1500)
        self.alice.wait_for("was not shown: it gets too long")

    def test_bytes_that_are_no_text(self):
        everything = bytes(byte for byte in range(1, 256) if byte not in b"$|<>")
        for data in (b"\xff", b"\xc3", b"\xed\xb3\xbf", everything, bytes(range(128, 256)) * 10):
            self.alice.send_bytes(b"<alice> " + data + b" here|")
            self.bob.wait_for("(?s)^<alice> .* here$")
        self.alice.send_bytes(b"<alice> \xff damn \xfe|")
        self.assertEqual(
            self.bob.wait_for("^<alice> .*darn.*").string, "<alice> \udcff darn \udcfe"
        )
        self.alice.send_bytes(b"<alice> wa\xffrez|")
        self.alice.wait_for("was not shown")
        self.alice.send_bytes(b"$MCTo: bob $alice wa\xff\xferez|")
        self.alice.wait_for("was not shown")
        self.assertFalse(self.bob.seen_after_echo("rez"))

    def test_rules_that_cannot_be(self):
        admin = self.admin(self.hub)
        for command, answer in (
            ("block", "Use: !filter"),
            ("block \u200b\u0301", "Use: !filter"),
            ("replace", "Use: !filter"),
            ("replace =", "Use: !filter"),
            ("replace = x", "Use: !filter"),
            ("replace x =", "Use: !filter"),
            ("remove", "Use: !filter"),
            ("block " + "x" * 101, "A word has 100 characters at most"),
            ("replace x = " + "y" * 201, "a text 200"),
            ("", "Use: !filter"),
        ):
            admin.chat(f"!filter {command}")
            admin.wait_for(answer)


class ChatFilterBroken(HubTest):
    expected_in_log = "chat_filter.py"

    def check_refused(self, hub):
        alice, bob, admin = hub.client("alice"), hub.client("bob"), self.admin(hub)
        alice.chat("warez one")
        alice.send("$MCTo: bob $alice warez two")
        admin.chat("!topic of today")
        admin.wait_for("of today")
        self.assertFalse(any("warez" in line for line in bob.received))
        # Private messages are none of its business.
        alice.pm("bob", "warez three")
        bob.wait_pm("alice", "warez three")
        self.assertFalse(any(re.search("warez (one|two)", line) for line in bob.received))

    def test_rules_that_cannot_be_read(self):
        self.check_refused(
            self.start(EXAMPLES / "chat_filter.py", ("chat_filter.json", '{"block": ["war'))
        )

    def test_a_hook_that_raises(self):
        text = (EXAMPLES / "chat_filter.py").read_text(encoding="utf-8")
        spoilt = text + "\ndel rules\n"
        self.check_refused(self.start(("chat_filter.py", spoilt)))


class ChatFilterAlone(unittest.TestCase):
    def load(self, block=(), replace=(), **changes):
        rules = json.dumps({"block": list(block), "replace": dict(replace)})
        script = Alone(self, "chat_filter", [("chat_filter.json", rules)])
        script.names.update(changes)
        return script

    def ways(self, word):
        """A word in many ways that look alike to people."""
        cases = {word, word.lower(), word.upper(), word.title(), word.swapcase(), word.casefold()}
        for written in cases:
            for form in ("NFC", "NFD", "NFKC", "NFKD"):
                yield unicodedata.normalize(form, written)
            yield "\u200b".join(written)
            yield "\u0336".join(written)
            yield "\udcff".join(written)

    def test_every_way_to_write_a_word(self):
        words = (
            "stra\u00dfe",
            "this",
            "caf\u00e9",
            "\u0442\u0435\u0441\u0442",
            "\u0457\u0439",
            "\u03c3\u03c6\u03b9\u03be\u03c2",
            "fix",
            "i",
            "ss",
            "c++",
            "a.b*c",
            "buy it now",
        )
        for word in words:
            blocks, replaces = self.load(block=[word]), self.load(replace={word: "X"})
            for written in self.ways(word):
                with self.subTest(word=word, written=ascii(written)):
                    line = f"one, {written}, two"
                    self.assertEqual(blocks.OnParsedMsgChat("nick", line), 0)
                    self.assertEqual(blocks.OnParsedMsgMCTo("nick", line, "to"), 0)
                    shown = replaces.OnParsedMsgChat("nick", line)
                    self.assertEqual(shown, (None, "one, X, two"))

    def test_other_words_are_left_alone(self):
        script = self.load(block=["\u043c\u043e\u0438", "warez", "c++"], replace={"ass": "donkey"})
        for line in (
            "\u043c\u043e\u0439",
            "wares",
            "warezone",
            "xwarez",
            "class",
            "a\u00dfe",
            "c++x",
            "_warez",
            "mc++",
            "\u00e5ss",
            "x" * 200 + "warez",
        ):
            self.assertEqual(script.OnParsedMsgChat("nick", line), 1, ascii(line))

    def test_any_text_with_any_rules(self):
        generator = random.Random(7)

        def any_text(longest):
            return "".join(generator.choices(NASTY, k=generator.randint(0, longest)))

        for _ in range(60):
            replace = {any_text(3): any_text(3) for _ in range(5)}
            script = self.load([any_text(3) for _ in range(3)], replace)
            for _ in range(40):
                line = any_text(12)
                script.OnParsedMsgMCTo("nick", line, "to")
                answer = script.OnParsedMsgChat("nick", line)
                self.assertTrue(answer in (0, 1) or answer[0] is None, answer)
                script.vh.GetUserClass = lambda _: 5
                script.OnOperatorCommand("op", f"!filter block {any_text(3)}")
                script.OnOperatorCommand("op", f"!filter replace {any_text(3)} = {any_text(3)}")
                script.OnOperatorCommand("op", f"!filter remove {any_text(3)}")
                script.vh.GetUserClass = lambda _: 0

    def test_a_rule_can_be_taken_back_in_any_writing(self):
        script = self.load(replace={"STRASSE": "x"})
        self.assertIn("is gone", script.answer("remove stra\u00dfe"))
        self.assertEqual(script.OnParsedMsgChat("nick", "Stra\u00dfe"), 1)

    # What takes long for one rule or another: words that begin alike, contain each other, signs of
    # patterns; what is nearly a rule; marks, which are costly to sort.
    @staticmethod
    def kinds_of_rules(count):
        yield [f"word{number}" for number in range(count)]
        yield [f"{'a' * (number % 60 + 1)} {number}" for number in range(count)]
        yield [f"({number % 40 * 'a+'})*{number}" for number in range(count)]
        yield [f"{'a ' * (number % 40 + 1)}b{number}" for number in range(count)]

    LINES = (
        "word ",
        "a ",
        "aaaa",
        "(a+a+",
        "\u0301\u0323",
        "\u0130\u00df",
        "\udcff",
        " \u200b",
        "$. ",
    )

    def filters(self, count):
        for words in self.kinds_of_rules(count):
            script = self.load(block=words[1::2], replace={word: "x" for word in words[::2]})
            # So that the limit is not what makes it quick.
            script.names["LONGEST_MESSAGE"] = 1 << 30
            yield script

    def test_time_grows_with_the_length_only_linearly(self):
        whole = 130_000
        for script, part in itertools.product(self.filters(2000), self.LINES):
            line = (part * (whole // len(part) + 1))[:whole]
            short = line[: whole // 4]
            grown = ratio(
                lambda: script.OnParsedMsgChat("nick", short),
                lambda: script.OnParsedMsgChat("nick", line),
                turns=2,
            )
            # 16 if it were quadratic.
            self.assertLess(grown, 8, ascii(part))

    def test_time_does_not_grow_with_the_number_of_rules(self):
        for few, many in zip(self.filters(500), self.filters(2000)):
            for part in self.LINES:
                line = (part * 20_000)[:20_000]
                grown = ratio(
                    lambda: few.OnParsedMsgChat("nick", line),
                    lambda: many.OnParsedMsgChat("nick", line),
                )
                # 4 if each rule were tried.
                self.assertLess(grown, 2, ascii(part))


class FloodGuardInHub(AttackTest):
    def setUp(self):
        self.hub = self.start_examples("flood_guard")
        self.victim = self.hub.client("victim")

    def test_all_ways_to_speak_count_together(self):
        flooder = self.hub.client("flooder")
        for number in range(2):
            flooder.send(f"$MCTo: victim $flooder psst {number}")
            flooder.chat(f"psst 1{number}")
            flooder.pm("victim", f"psst 2{number}")
        flooder.wait_for("Please slow down")
        self.assertFalse(self.victim.seen_after_echo("psst 21"))

    def test_lines_for_one_user_alone(self):
        flooder = self.hub.client("flooder")
        for number in range(6):
            flooder.send(f"$MCTo: victim $flooder psst {number}")
        flooder.wait_for("Please slow down")
        self.victim.wait_for("psst 4")
        self.assertFalse(self.victim.seen_after_echo("psst 5"))

    def test_long_messages(self):
        flooder = self.hub.client("flooder")
        flooder.chat("x" * 100_000)
        flooder.wait_for("was not sent: 4000")
        flooder.pm("victim", "x" * 4001)
        flooder.wait_for("was not sent: 4000")
        flooder.send("$MCTo: victim $flooder " + "\u0301" * 30_000)
        flooder.wait_for("was not sent: 4000")
        self.assertFalse(self.victim.seen_after_echo("xxx|\u0301"))

    def test_bytes_in_nick_and_text(self):
        flooder = self.hub.client("fl\xffood", encoding="latin-1")
        for number in range(6):
            flooder.send_bytes(b"<fl\xffood> \xfe %d|" % number)
        flooder.wait_for("Please slow down")


class FloodGuardAlone(unittest.TestCase):
    def setUp(self):
        self.kicked = []
        self.script = Alone(
            self,
            "flood_guard",
            botname="bot",
            eBF_NICKIP=1,
            KickUser=lambda _, nick, *__: self.kicked.append(nick),
            Ban=lambda _, nick, *__: self.kicked.append(nick),
        )

    def flood(self, nick):
        return [self.script.OnParsedMsgChat(nick, "x") for _ in range(6)]

    def test_another_writing_of_the_nick_clears_no_record(self):
        self.flood("Flooder")
        self.flood("FLOODER")
        self.assertEqual(self.kicked, ["FLOODER"])

    def test_nobody_spoils_the_record_of_another_user(self):
        # Users of their own for the hub, though Python makes `kate` or `strasse` of them.
        for attacker, victim in (
            ("\u212aate", "kate"),
            ("stra\u00dfe", "strasse"),
            ("\u0406", "\u0456"),
        ):
            self.flood(attacker)
            self.flood(attacker)
            self.assertEqual(self.script.OnParsedMsgChat(victim, "hello"), 1)
            self.flood(victim)
            self.assertNotIn(victim, self.kicked)

    def test_nobody_is_remembered_for_ever(self):
        now = 10.0  # of a machine that has just been started
        self.script.names["time"] = types.SimpleNamespace(monotonic=lambda: now)
        for number in range(100):
            self.script.OnParsedMsgChat(f"nick{number}", "x")
        now = 60.0
        self.script.OnTimer(now)
        self.assertEqual(self.script.records, {})


class SeenNotesInHub(AttackTest):
    def setUp(self):
        self.hub = self.start_examples("seen_notes")

    def ask(self, client, command, answer):
        client.chat(command)
        return client.wait_for(answer)

    def test_a_note_is_one_line(self):
        alice = self.hub.client("alice")
        forged = "hi\r\nNote from admin, just now: send\u2028me\x0byour\u202epassword"
        self.ask(alice, f"+note bob {forged}", "bob will read")
        note = self.hub.client("bob").wait_pm("HubSecurity", "Note from alice").string
        self.assertIn("Note from alice, just now: hi Note from admin, just now: send me", note)
        self.assertNotRegex(note, "[\r\n\u2028\x0b\u202e]")

    def test_nicks_that_mean_something_elsewhere(self):
        nicks = ("'", "\\", "%", "%s", "{0}", "x'--", '"', "?", "\u0130", "n\u0301", "-1", "NULL")
        alice = self.hub.client("alice")
        for number, nick in enumerate(nicks):
            sender = self.hub.client(f"sender{number}")
            self.ask(sender, f"+note {nick} for {number}", "will read your note")
        for number, nick in enumerate(nicks):
            reader = self.hub.client(nick)
            reader.wait_pm("HubSecurity", f"sender{number}, just now: for {number}$")
            notes = [line for line in reader.received if "Note from" in line]
            self.assertEqual(len(notes), 1, notes)
            self.ask(alice, f"+seen {nick}", "is online right now")
            reader.close()
            alice.wait_for(r"^\$Quit " + re.escape(nick))
            self.ask(alice, f"+seen {nick}", "was here just now")

    def test_nicks_that_are_no_text(self):
        alice = self.hub.client("alice", encoding="latin-1")
        self.ask(alice, "+note b\xffb one", "will read")
        self.ask(alice, "+note b\xfeb two \xff", "will read")
        for nick, text in (("b\xffb", "one"), ("b\xfeb", "two")):
            reader = self.hub.client(nick, encoding="latin-1")
            reader.wait_pm("HubSecurity", f"alice, just now: {text}")
            self.assertEqual(sum("Note from" in line for line in reader.received), 1)

    def test_limits(self):
        senders = [self.hub.client(f"sender{number}") for number in range(4)]
        self.ask(senders[0], "+note " + "n" * 129 + " hello", "Nobody has such a long nick")
        self.ask(senders[0], "+seen " + "n" * 100_000, "Nobody has such a long nick")
        self.ask(senders[0], "+note bob " + "x" * 100_000, "has 100000 characters")
        self.ask(senders[0], "+note bob \udcff\u200b", "Use: ")
        for sender in senders[:3]:
            for _ in range(10):
                self.ask(sender, "+note bob hello", "bob will read")
        self.ask(senders[3], "+note bob hello", "30 notes wait for bob already")
        self.ask(senders[3], "+note BOB hello", "30 notes wait for BOB already")
        self.ask(senders[0], "+note carol hello", "10 of your notes still wait")


class Database:
    """The hub's database as strict MySQL has it: texts that look alike are equal in it."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.create_collation(
            "mysql", lambda a, b: (self.plain(a) > self.plain(b)) - (self.plain(a) < self.plain(b))
        )
        self.queries = []
        self.is_broken = False

    @staticmethod
    def plain(text):
        letters = unicodedata.normalize("NFD", text.casefold())
        return "".join(c for c in letters if not unicodedata.combining(c)).rstrip()

    def sql(self, query, params=(), limit=100):
        self.queries.append(query)
        if self.is_broken:
            return False, []
        query = re.sub(r"(VAR)?CHAR\(\d+\)", r"\g<0> COLLATE mysql", query)
        try:
            rows = self.connection.execute(query, tuple(params)).fetchmany(limit)
        except (sqlite3.Error, UnicodeError):
            return False, []
        return True, [[None if cell is None else str(cell) for cell in row] for row in rows]


class SeenNotesAlone(unittest.TestCase):
    def setUp(self):
        self.database = Database()
        self.sent = []
        self.receives = lambda nick, text: True
        self.script = Alone(
            self, "seen_notes", SQL=self.database.sql, pm=self.pm, GetNickList=lambda: []
        )

    def pm(self, text, nick):
        if not self.receives(nick, text):
            return False
        self.sent.append((nick, text.partition(": ")[2]))
        return True

    def texts(self, nick):
        self.sent.clear()
        self.script.OnUserLogin(nick)
        return [text for to, text in self.sent if to == nick]

    def note(self, sender, nick, text):
        self.script.OnUserCommand(sender, f"+note {nick} {text}")
        return self.script.vh.said[-1][1]

    def test_what_was_not_sent_is_kept(self):
        for text in ("one", "two", "three"):
            self.note("alice", "bob", text)
        self.receives = lambda nick, text: "two" not in text
        self.assertEqual(self.texts("bob"), ["one"])
        self.receives = lambda nick, text: True
        self.assertEqual(self.texts("bob"), ["two", "three"])
        self.assertEqual(self.texts("bob"), [])

    def test_a_hub_that_raises_half_way(self):
        for text in ("one", "two", "three"):
            self.note("alice", "bob", text)

        def broken(nick, text):
            if "two" in text:
                raise RuntimeError("the hub")
            return True

        self.receives = broken
        with self.assertRaises(RuntimeError):
            self.script.OnUserLogin("bob")
        self.receives = lambda nick, text: True
        self.assertEqual(self.texts("bob"), ["two", "three"])

    def test_what_comes_meanwhile_is_kept(self):
        self.note("alice", "bob", "one")

        def answers(nick, text):
            if "one" in text:
                # For the database equal to what is being delivered, and of the same second.
                self.note("alice", "bob", "ONE")
            return True

        self.receives = answers
        self.assertEqual(self.texts("bob"), ["one"])
        self.assertEqual(self.texts("bob"), ["ONE"])

    def test_more_notes_than_are_read_at_once(self):
        self.script.names.update(NOTES_PER_SENDER=1000, NOTES_PER_NICK=1000)
        for number in range(150):
            self.note("alice", "bob", str(number))
        read = list(itertools.chain.from_iterable(self.texts("bob") for _ in range(200)))
        self.assertEqual(read, [str(number) for number in range(150)])

    def test_nobody_reads_notes_for_others(self):
        for nick, others in (
            ("bob", ("b\u00f3b", "bo\u0301b", "b\u00d6b")),
            ("kate", ("\u212aate",)),
            ("n" * 128, ("n" * 127,)),
            ("\u0438\u0432\u0430\u043d", ("\u0418\u0412\u0410\u041d",)),
            ("b\udcffb", ("b\udcfeb", "b?b", "bb")),
        ):
            self.assertIn("will read", self.note("alice", nick, "secret"), ascii(nick))
            for other in others:
                self.assertEqual(self.texts(other), [], ascii(other))
            self.assertEqual(self.texts(nick), ["secret"])
            self.script.OnUserLogout(nick)
            for other in others:
                self.script.OnUserLogin(other)

    def test_whatever_users_choose_is_a_parameter(self):
        evil = "x'); DELETE FROM users; --"
        self.note("sender" + evil, "nick" + evil.replace(" ", ""), "text" + evil)
        self.script.OnUserLogin("nick" + evil.replace(" ", ""))
        self.script.OnUserCommand("nick", "+seen " + evil)
        self.assertFalse([query for query in self.database.queries if "users" in query])

    def test_all_notes_together(self):
        self.script.names["NOTES"] = 20
        answers = [self.note(f"sender{n}", f"nick{n}", "x") for n in range(21)]
        self.assertIn("will read", answers[19])
        self.assertIn("Too many notes", answers[20])

    def test_what_is_remembered_of_many_nicks(self):
        self.script.names["MOST_SEEN"] = 50
        for number in range(80):
            self.script.names["time"] = types.SimpleNamespace(time=lambda: number)
            self.script.OnUserLogin(f"nick{number}")
        self.script.names["time"] = time
        self.script.OnTimer(1000.0)
        (ok, rows) = self.database.sql("SELECT COUNT(*) FROM script_last_seen")
        self.assertTrue(ok)
        self.assertLessEqual(int(rows[0][0]), 50)
        self.script.OnUserCommand("nick", "+seen nick79")
        self.assertIn("was here", self.script.vh.said[-1][1])

    def test_a_database_that_fails(self):
        self.database.is_broken = True
        for command in ("+note bob hello", "+seen bob"):
            self.assertEqual(self.script.OnUserCommand("alice", command), 0)
            self.assertIn("database", self.script.vh.said[-1][1])


class OthersInHub(AttackTest):
    def test_values_that_fit_no_function(self):
        hub = self.start_examples("host_bridge")
        admin, guest = self.admin(hub), hub.client("guest")
        values = (
            "[" * 60_000,
            "1e999",
            "NaN",
            "9" * 6000,
            '"\\u0000"',
            '"\\ud800"',
            "{}",
            "-" * 9,
            "\udcff",
        )
        for value in values:
            admin.chat(f"!call hub_uptime {value}")
            admin.wait_for("hub_uptime(' failed| returned)")
            admin.chat(f"!call {value} 1")
            admin.wait_for("does not offer|failed")
        for command in ("+call hub_uptime", "!call hub_uptime", "+memory", "!memory"):
            guest.chat(command)
        self.assertFalse(guest.seen_after_echo("returned|Memory of"))

    def test_shares_that_nobody_has(self):
        hub = self.start_examples("welcome")
        guest = hub.client("guest", share=2**62)
        guest.chat("+stats")
        self.assertIn("Largest share: 1.00 PiB", guest.wait_chat("Welcome", "Largest").string)
        other = hub.client("-1", share=-(2**62))
        other.chat("+stats")
        self.assertNotIn("Shared: -", other.wait_chat("Welcome", "Largest").string)

    def test_nicks_in_greetings(self):
        hub = self.start_examples("welcome")
        for nick in ("{nick}", "{0.__class__}", "%s%n", "'\"\\"):
            hub.client(nick).wait_chat("Welcome", re.escape(f"Welcome, {nick}!"))

    def test_commands_with_anything_behind_them(self):
        hub = self.start_examples(*ALL)
        guest, admin = hub.client("guest"), self.admin(hub)
        names = ("seen", "note", "stats", "uptime", "memory", "call", "filter", "pystats", "")
        arguments = (
            "",
            " ",
            " '",
            " %s %d",
            " {}",
            " -1",
            " " + "9" * 400,
            " =",
            " a = = b",
            " \udcff",
            "\u00a0x",
        )
        for name, argument in itertools.product(names, arguments):
            guest.chat(f"+{name}{argument}")
            admin.chat(f"!{name}{argument}")
            admin.chat(f"+{name}{argument}")
        for client in (guest, admin):
            client.seen_after_echo("nothing")


class ErrorsInHub(HubTest):
    expected_in_log = "LookupError"

    def test_an_error_does_not_look_like_a_message_of_others(self):
        failing = ("failing.py", "def OnParsedMsgPM(nick, text, to): raise LookupError(text)\n")
        hub = self.start(EXAMPLES / "pystats.py", failing)
        guest, admin = hub.client("guest"), self.admin(hub)
        guest.pm("admin", "x\r\n<HubSecurity> \u2028type !passwd 123\u202e" + "y" * 5000)
        admin.wait_pm("guest", "type")
        admin.chat("!pystats errors")
        lines = admin.wait_for("(?s)Statistics of the scripts:.*").group().split("\r\n")
        self.assertEqual(len(lines), 2, lines)
        self.assertLess(len(lines[1]), 300)
        self.assertNotRegex(lines[1], "[\n\r\u2028\u202e]")


if __name__ == "__main__":
    unittest.main()
