"""Numbers that users, operators, scripts and the database give: none may wrap around or overflow."""

import contextlib
import sqlite3
import time
import unittest

from hub_test import HubTest

CENTURY = 100 * 365 * 86400
LONGEST = 2**63 - 1
# What wraps to a small number in 32 or 64 bits, or is none.
ODD = [
    *("4294967296", "4294967306", "-4294967286", "-4294967295", "18446744073709551626"),
    *("9223372036854775807", "-9223372036854775808", "-9223372036854775809"),
    *("1e1", "0x5", "5 5x"),
]


class Classes(HubTest):
    def setUp(self):
        self.hub = self.start(accounts=[("cheef", 4, "word"), ("boss", 10, "word")])

    def classes(self):
        with contextlib.closing(sqlite3.connect(self.hub.folder / "hub.db")) as database:
            return dict(database.execute("SELECT nick, class FROM registrations"))

    def test_registered_by_an_operator(self):
        cheef = self.hub.client("cheef", password="word")
        for number in (*ODD[:-1], "4", "5", "6", "9", "10", "11", "-2", ""):
            with self.subTest(number=number):
                cheef.chat(f"!reg friend {number} word")
                cheef.wait_chat("HubSecurity", "class|Use:")
        cheef.chat("!reg friend 3 word")
        cheef.wait_for("friend is registered")
        for number in (*ODD, "4", "10", "-2"):
            with self.subTest(number=number):
                cheef.chat(f"!class friend {number}")
                cheef.wait_chat("HubSecurity", "class|Use:")
        self.assertEqual(self.classes()["friend"], 3)

    def test_registered_by_a_script(self):
        lines = ["import vh"]
        for number in (2**31 - 1, -(2**31), 6, 11, -2):
            lines.append(f"assert not vh.AddRegUser('friend', {number}, 'word', 'boss')")
            lines.append(f"assert not vh.SetRegClass('cheef', {number})")
        for password in ("a|b", "a\x01b", "x" * 129):
            lines.append(f"assert not vh.AddRegUser('friend', 1, {password!r}, 'boss')")
        self.hub.add_script(("classes.py", "\n".join(lines)))
        boss = self.hub.client("boss", password="word")
        boss.chat("!pyload classes.py")
        boss.wait_for("Loaded")
        self.assertEqual(self.classes(), {"admin": 5, "boss": 10, "cheef": 4})

    def test_in_the_database(self):
        for number in (4294967306, LONGEST, 7, -3, "text", None):
            with contextlib.closing(sqlite3.connect(self.hub.folder / "hub.db")) as database:
                database.execute(
                    "UPDATE registrations SET class = ? WHERE nick = 'cheef'", (number,)
                )
                database.commit()
            client = self.hub.client("cheef", password="word")
            self.assertFalse(client.seen_after_echo(r"^\$(LogedIn|OpList cheef)"), number)
            client.close()

    def test_passwords(self):
        boss = self.hub.client("boss", password="word")
        boss.chat("!reg friend 1 " + "x" * 129)
        boss.wait_chat("HubSecurity", "The password is longer")
        boss.chat("!reg friend 1 a\x07b")
        boss.wait_chat("HubSecurity", "The password has control")
        boss.chat("+passwd " + "x" * 129)
        boss.wait_chat("HubSecurity", "The password is longer")
        boss.chat("+passwd " + "x" * 128)
        boss.wait_chat("HubSecurity", "is changed")
        self.hub.client("boss", password="x" * 128)


class Periods(HubTest):
    PERIODS = (f"{LONGEST}", f"{LONGEST}s", f"{LONGEST}y", "9" * 40 + "w", "292277026596y")

    def bans(self, hub):
        with contextlib.closing(sqlite3.connect(hub.folder / "hub.db")) as database:
            return dict(database.execute("SELECT nick, until FROM bans"))

    def check(self, hub, nick):
        until = self.bans(hub)[nick]
        now = time.time()
        self.assertTrue(now + CENTURY - 86400 * 366 < until <= now + CENTURY + 1, until)

    def test_of_operators(self):
        hub = self.start()
        boss = self.admin(hub)
        for number, period in enumerate(self.PERIODS):
            with self.subTest(period=period):
                boss.chat(f"!ban long{number} {period}")
                boss.wait_for("is banned")
                self.check(hub, f"long{number}")
                hub.client(f"short{number}")
                boss.chat(f"!kick short{number} _ban_{period}")
                boss.wait_for("is kicked")
                self.check(hub, f"short{number}")
        boss.chat("!ban negative -5h reason")
        boss.wait_for("is banned")
        self.assertEqual(self.bans(hub)["negative"], 0, "that is no period but a reason")

    def test_of_scripts(self):
        longest = 2**31 - 1
        script = f"""import vh
assert vh.Ban('op', 'long', 'reason', {LONGEST}, 4)
for kinds in (2**31, 2**32 + 4, 2**62, 2**63 - 1, 0, -4):
    assert not vh.Ban('op', 'never', 'reason', 60, kinds), kinds
vh.SendDataToAll('never', 0, 10, {longest})
vh.SendDataToAll('now', 0, 10, {-longest})
vh.CloseConnection('nobody', {longest}, {longest})
def OnUserLogin(nick):
    for period in {self.PERIODS!r}:
        assert vh.UserRestrictions(nick, period)['chat'], period
    for period in ('-1', '-5h', 'h', '5x', '5 h', '0x5'):
        assert not vh.UserRestrictions(nick, period), period
"""
        hub = self.start(("periods.py", script))
        guest = hub.client("guest")
        guest.chat("hello")
        guest.wait_for("You may not write in the main chat for 52(13|14) weeks")
        self.assertEqual(self.bans(hub).keys(), {"long"})
        self.check(hub, "long")


class Settings(HubTest):
    NAMES = [
        *("max_users", "max_nick", "min_nick", "login_timeout", "keepalive_interval"),
        *("max_message_size", "max_chat", "max_output_buffer", "flood_messages"),
        *("min_search_interval", "tban_kick", "plugin_mod_class"),
    ]

    def test_set(self):
        hub = self.start(accounts=[("boss", 10, "word")])
        boss = hub.client("boss", password="word")
        for name in self.NAMES:
            for number in (*ODD, "-1", ""):
                with self.subTest(name=name, number=number):
                    boss.chat(f"!set {name} {number}")
                    boss.wait_chat("HubSecurity", "the value does not fit")
        boss.chat("!set max_nick 20")
        boss.wait_chat("HubSecurity", "max_nick is now '20'")

    def test_in_the_database(self):
        for number in (-1, LONGEST, -LONGEST - 1):
            with self.subTest(number=number):
                folder = self.new_folder()
                first = self.start(folder=folder)
                self.assertEqual(first.stop(), 0)
                with contextlib.closing(sqlite3.connect(folder / "hub.db")) as database:
                    # One user is enough here, and nicks have a bound each.
                    for name in {*self.NAMES} - {"max_users", "min_nick", "max_nick"}:
                        row = ("config", name, str(number))
                        database.execute("INSERT INTO config VALUES(?, ?, ?)", row)
                    database.commit()
                hub = self.start(folder=folder)
                boss = self.admin(hub)
                boss.chat("!" if number < 0 else "!kick nobody")
                boss.wait_chat("HubSecurity", "There is no")
                self.assertEqual(hub.stop(), 0)

    def test_levels(self):
        boss = self.admin(self.start())
        for number in (*ODD, "-1", "7", ""):
            boss.chat(f"!pylog {number}")
            boss.wait_for("Use: !pylog LEVEL")


class Shares(HubTest):
    def test_a_sum_does_not_wrap(self):
        script = """import vh
def OnParsedMsgChat(nick, text):
    vh.mc("total " + str(vh.GetTotalShareSize()))
    return 0
"""
        hub = self.start(("total.py", script))
        clients = [hub.client(f"user{number}", share=LONGEST) for number in range(3)]
        hub.client("wrong", share=10**30)
        hub.client("negative", share=-5)
        clients[0].chat("how much")
        clients[0].wait_for(f"total {LONGEST}$")


if __name__ == "__main__":
    unittest.main()
