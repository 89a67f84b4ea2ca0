"""The example scripts, as users and operators of a hub see them."""

import json
import signal
import unittest

from hub import EXAMPLES
from hub_test import HubTest
from nmdc import Disconnected


class Welcome(HubTest):
    def test_greets_by_class(self):
        hub = self.start_examples("welcome")
        guest = hub.client("guest")
        guest.wait_chat("Welcome", "Welcome, guest! Ask an operator")
        self.admin(hub).wait_chat("Welcome", "At your service, admin")

    def test_greets_everybody_of_a_class_alike(self):
        classes = {"reg": 1, "vip": 2, "op": 3, "cheef": 4, "master": 10}
        accounts = [(nick, number, "pass") for nick, number in classes.items()]
        hub = self.start_examples("welcome", accounts=accounts)
        for nick, greeting in (
            ("reg", "Good to see you again, reg"),
            ("vip", "Welcome back, vip, our VIP"),
            ("op", "Hello, op. Thank you for watching"),
            ("cheef", "Hello, cheef. Thank you for watching"),
            ("master", "At your service, master"),
        ):
            hub.client(nick, password="pass").wait_chat("Welcome", greeting)

    def test_bot_is_in_the_nick_list(self):
        hub = self.start_examples("welcome")
        self.assertTrue(hub.client("guest").seen_after_echo(r"^\$MyINFO \$ALL Welcome "))

    def test_bot_leaves_with_the_script(self):
        hub = self.start_examples("welcome")
        admin = self.admin(hub)
        admin.chat("!pyunload welcome.py")
        admin.wait_for(r"^\$Quit Welcome$")

    def test_records_are_kept_when_the_hub_stops(self):
        folder = self.new_folder()
        hub = self.start_examples("welcome", folder=folder)
        guest = hub.client("guest", share=4096)
        guest.wait_chat("Welcome", "Welcome, guest!")
        self.assertEqual(hub.stop(), 0)
        again = self.start(folder=folder)
        admin = self.admin(again)
        admin.chat("!stats")
        self.assertIn("Largest share: 4.00 KiB", admin.wait_chat("Welcome", "Statistics").string)

    def test_stats_are_for_who_asked(self):
        hub = self.start_examples("welcome")
        first = hub.client("first", share=1536)
        second = hub.client("second", share=1536)
        first.chat("+stats")
        answer = first.wait_chat("Welcome", "Statistics").string
        self.assertIn("Users online: 2", answer)
        self.assertIn("Shared: 3.00 KiB", answer)
        self.assertIn("Most users: 2 on 20", answer)
        self.assertFalse(second.seen_after_echo("Statistics"))
        self.assertFalse(first.seen_after_echo(r"^<first> \+stats"))

    def test_operators_may_use_their_prefix(self):
        hub = self.start_examples("welcome")
        admin = self.admin(hub)
        admin.chat("!stats")
        admin.wait_chat("Welcome", "operators: 1")

    def test_records_are_kept(self):
        hub = self.start_examples("welcome")
        admin = self.admin(hub)
        hub.client("guest", share=4096).close()
        admin.wait_for(r"^\$Quit guest")
        admin.chat("!pyreload welcome.py")
        admin.wait_for(r"Reloaded .*welcome\.py")
        records = json.loads((hub.scripts / "welcome.json").read_text())
        self.assertEqual(records["users"]["value"], 2)
        self.assertEqual(records["share"]["value"], 4096)
        admin.chat("!stats")
        answer = admin.wait_chat("Welcome", "Statistics").string
        self.assertIn("Users online: 1", answer)
        self.assertIn("Most users: 2 on", answer)


class ChatFilter(HubTest):
    def setUp(self):
        self.hub = self.start_examples("chat_filter")
        self.alice = self.hub.client("alice")
        self.bob = self.hub.client("bob")

    def test_blocked_word(self):
        self.alice.chat("who has WAREZ here")
        self.alice.wait_for("was not shown: 'WAREZ'")
        self.alice.chat("sorry")
        self.bob.wait_chat("alice", "sorry")
        self.assertFalse(self.bob.seen_after_echo("WAREZ"))

    def test_replaced_word(self):
        self.alice.chat("Damn, damned rain")
        self.assertEqual(self.bob.wait_chat("alice", "rain").string, "<alice> darn, damned rain")

    def test_words_in_letters_that_are_nearly_the_same(self):
        admin = self.admin(self.hub)
        admin.chat("!filter replace this = that")
        admin.wait_for("will be shown as")
        for text in ("th\u0130s", "thi\u017f", "TH\u0130\u017f", "This"):
            self.alice.chat(f"{text} one")
            self.bob.wait_chat("alice", "that one")

    def test_operators_are_exempt(self):
        self.admin(self.hub).chat("the warez rule works, damn")
        self.bob.wait_chat("admin", "the warez rule works, damn")

    def test_operators_change_the_rules(self):
        admin = self.admin(self.hub)
        for command, answer in (
            ("block spam", "'spam' will be blocked"),
            ("replace C++ = a language with $ and |", "will be shown as"),
            ("remove warez", "The rule for 'warez' is gone"),
            ("remove warez", "There is no rule for 'warez'"),
            ("frobnicate", "Use: !filter"),
            ("list", "block spam"),
        ):
            admin.chat(f"!filter {command}")
            admin.wait_for(answer)
        self.alice.chat("spam")
        self.alice.chat("warez in c++")
        self.assertEqual(
            self.bob.wait_chat("alice", "").string,
            "<alice> warez in a language with &#36; and &#124;",
        )

    def test_rules_survive_a_reload(self):
        admin = self.admin(self.hub)
        admin.chat("!filter replace тест = проверка")
        admin.wait_for("проверка")
        admin.chat("!pyreload chat_filter.py")
        admin.wait_for(r"Reloaded .*chat_filter\.py")
        self.alice.chat("это ТЕСТ")
        self.bob.wait_chat("alice", "это проверка")

    def test_users_cannot_change_the_rules(self):
        self.alice.chat("!filter remove warez")
        self.alice.chat("warez")
        self.alice.wait_for("was not shown: 'warez'")


class FloodGuard(HubTest):
    def flood(self, client, last):
        for number in range(last):
            client.chat(f"flood {number}")

    def test_warns_kicks_and_bans(self):
        hub = self.start_examples("flood_guard")
        watcher = hub.client("watcher")
        flooder = hub.client("flooder")
        self.flood(flooder, 6)
        flooder.wait_for("Please slow down")
        watcher.wait_chat("flooder", "flood 4")
        self.assertFalse(watcher.seen_after_echo("flood 5"))
        admin = self.admin(hub)
        admin.chat("!set tban_kick 0")  # so that a kick alone keeps nobody out
        admin.wait_for("tban_kick is now '0'")
        self.flood(flooder, 6)
        flooder.wait_pm("HubSecurity", "You were kicked by HubSecurity: Flooding the chat")
        flooder.wait_closed()
        watcher.wait_chat("HubSecurity", "flooder was kicked by HubSecurity: Flooding the chat")
        watcher.wait_for(r"^\$Quit flooder$")
        again = hub.client("flooder")
        self.flood(again, 6)
        again.wait_for("banned: Flooding again and again")
        again.wait_closed()
        with self.assertRaises(Disconnected):
            hub.client("flooder")
        self.assertFalse(watcher.seen_after_echo("flood 5"))

    def test_private_messages_count_too(self):
        hub = self.start_examples("flood_guard")
        victim = hub.client("victim")
        flooder = hub.client("flooder")
        for number in range(6):
            flooder.pm("victim", f"psst {number}")
        flooder.wait_for("Please slow down")
        victim.wait_pm("flooder", "psst 4")
        self.assertFalse(victim.seen_after_echo("psst 5"))

    def test_operators_are_exempt(self):
        hub = self.start_examples("flood_guard")
        admin = self.admin(hub)
        watcher = hub.client("watcher")
        self.flood(admin, 20)
        watcher.wait_chat("admin", "flood 19")

    def test_five_messages_at_once_are_fine(self):
        hub = self.start_examples("flood_guard")
        talker = hub.client("talker")
        self.flood(talker, 4)
        self.assertFalse(talker.seen_after_echo("slow down"))


class SeenNotes(HubTest):
    TRICKY = r"it's 100% \'; DROP TABLE script_notes; -- \\ ümläut"

    def setUp(self):
        self.hub = self.start_examples("seen_notes")
        self.alice = self.hub.client("alice")

    def ask(self, command, answer):
        self.alice.chat(command)
        return self.alice.wait_for(answer)

    def test_seen(self):
        self.ask("+seen Bob", "Bob has not been seen here")
        bob = self.hub.client("Bob")
        self.ask("+seen bob", "bob is online right now")
        bob.close()
        self.alice.wait_for(r"^\$Quit Bob")
        self.ask("+seen bob", "Bob was here just now")
        self.ask("+seen", "Use: \\+seen NICK")

    def test_note_is_delivered_once(self):
        self.ask("+note bob " + self.TRICKY, "bob will read your note")
        bob = self.hub.client("bob")
        note = bob.wait_for(r"Note from alice, just now: (.*)").group(1)
        self.assertEqual(note, self.TRICKY)
        bob.close()
        self.alice.wait_for(r"^\$Quit bob")
        self.assertFalse(self.hub.client("bob").seen_after_echo("Note from"))

    def test_limits(self):
        self.ask("+note bob", "Use: \\+note NICK TEXT")
        self.ask("+note bob " + "x" * 501, "has 501 characters, 500 are the most")
        for _ in range(10):
            self.ask("+note bob hello", "bob will read your note")
        self.ask("+note carol hello", "10 of your notes still wait")

    def test_data_survives_a_restart_of_the_script(self):
        admin = self.admin(self.hub)
        self.ask("+note bob remember", "bob will read your note")
        admin.chat("!pyreload seen_notes.py")
        admin.wait_for(r"Reloaded .*seen_notes\.py")
        self.hub.client("bob").wait_for("Note from alice, just now: remember")


class HostBridge(HubTest):
    def setUp(self):
        self.hub = self.start_examples("host_bridge")

    def test_uptime(self):
        guest = self.hub.client("guest")
        guest.chat("+uptime")
        guest.wait_for(r"has been running for 0:00:\d\d\.")

    def test_memory_is_for_operators(self):
        guest = self.hub.client("guest")
        guest.chat("+memory")
        self.assertFalse(guest.seen_after_echo("Memory of the hub"))
        admin = self.admin(self.hub)
        admin.chat("!memory")
        admin.wait_for(r"(?s)Memory of the hub:.*: \d+ KiB")

    def test_call(self):
        admin = self.admin(self.hub)
        admin.chat("!call hub_uptime")
        admin.wait_for(r"hub_uptime returned \d+")
        admin.chat("!call no_such_function 1 text")
        admin.wait_for("does not offer the function 'no_such_function'")
        admin.chat("!call")
        admin.wait_for("Use: !call NAME")


class PyStats(HubTest):
    FAILING = ("failing.py", "def OnUserLogin(nick): raise LookupError('a | b')\n")
    expected_in_log = "LookupError: a | b"

    def setUp(self):
        self.hub = self.start(EXAMPLES / "pystats.py", self.FAILING)

    def test_operators_see_an_aligned_table(self):
        admin = self.admin(self.hub)
        admin.chat("!pystats")
        lines = admin.wait_for(r"(?s)Statistics of the scripts:\r\n(.*)").group(1).split("\r\n")
        self.assertRegex(
            lines[0], r"^script +call +calls +errors +timeouts +mean +p99 +max +total$"
        )
        login = next(line for line in lines if " OnUserLogin " in line)
        self.assertRegex(login, r"^\d+:failing\.py +OnUserLogin +1 +1 +0 .* (us|ms|s)$")
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})

    def test_operators_see_the_last_errors(self):
        admin = self.admin(self.hub)
        admin.chat("!pystats errors")
        admin.wait_for(r"failing\.py OnUserLogin, [\d.]+ (us|ms|s) ago: LookupError: a &#124; b")

    def test_users_see_nothing(self):
        guest = self.hub.client("guest")
        guest.chat("!pystats")
        guest.chat("+pystats")
        self.assertFalse(guest.seen_after_echo("Statistics of the scripts"))


class PowerLoss(HubTest):
    """SIGTERM ends real hubs without a word to scripts: what they have written must be whole."""

    SCRIPTS = ("chat_filter", "flood_guard", "host_bridge", "pystats", "seen_notes", "welcome")

    def test_scripts_go_on_with_what_they_had(self):
        folder = self.new_folder()
        hub = self.start_examples(*self.SCRIPTS, folder=folder)
        admin = self.admin(hub)
        for command, answer in (
            ("!filter block spam", "'spam' will be blocked"),
            ("+note bob see you", "bob will read your note"),
        ):
            admin.chat(command)
            admin.wait_for(answer)
        # In the middle of work.
        for number in range(50):
            admin.chat(f"!filter block word{number}")
        self.assertEqual(hub.terminate(), -signal.SIGTERM)
        again = self.start(folder=folder)
        self.assertNotIn("held back", again.log())
        admin = self.admin(again)
        admin.chat("!pylist")
        listed = admin.wait_for(r"(?s)Loaded scripts: (\d+)")
        self.assertEqual(listed.group(1), str(len(self.SCRIPTS)))
        admin.chat("!filter list")
        admin.wait_for(r"(?s)Rules of the chat filter.* block spam")
        again.client("bob").wait_for("Note from admin, just now: see you")


class Together(HubTest):
    def test_all_scripts_at_once(self):
        """Each script answers its own command when all of them run."""
        hub = self.start_examples(
            "chat_filter", "flood_guard", "host_bridge", "pystats", "seen_notes", "welcome"
        )
        admin = self.admin(hub)
        for command, answer in (
            ("!filter list", "Rules of the chat filter"),
            ("+uptime", "has been running"),
            ("+seen nobody", "has not been seen"),
            ("!stats", "Statistics"),
            ("!pystats", "Statistics of the scripts"),
        ):
            admin.chat(command)
            admin.wait_for(answer)


if __name__ == "__main__":
    unittest.main()
