"""What clients should not send: odd nicks, NUL bytes, long messages, others' addresses."""

import re
import unittest

import nmdc
from hub_test import HubTest

# Tells in the chat what hooks see of a message.
TELLS = """
import vh

def tell(name):
    def hook(nick, *rest):
        vh.mc("%s saw %s" % (name, ascii(rest)))
        return 1
    return hook

OnParsedMsgSearch = tell("search")
OnParsedMsgSR = tell("result")
OnParsedMsgConnectToMe = tell("connect")
OnParsedMsgRevConnectToMe = tell("reverse")
OnParsedMsgPM = tell("pm")
"""


class Nicks(HubTest):
    def setUp(self):
        self.hub = self.start()

    def answer(self, nick):
        """What the hub says to a nick, until it closes the connection."""
        client = self.hub.connect("raw", encoding="latin-1")
        lock = client.wait_for(r"\$Lock (\S+)").group(1)
        client.send_bytes(b"$Key " + nmdc.key_for(lock.encode()) + b"|$ValidateNick " + nick + b"|")
        client.wait_closed()
        said = "|".join(client.received)
        self.assertNotIn("$Hello", said)
        return said

    def test_bytes(self):
        for byte in [*range(1, 0x21), 0x7F, *b"$<>"]:
            for nick in (b"a%cb" % byte, b"%cab" % byte, b"ab%c" % byte):
                with self.subTest(nick=nick):
                    said = self.answer(nick)
                    self.assertRegex(said, "choose another nick: this one has .* in it")
                    self.assertIn("$ValidateDenide", said)

    def test_lengths(self):
        self.assertRegex(self.answer(b""), "this one is empty.*ValidateDenide")
        self.assertRegex(self.answer(b"n" * 65), "more than 64 bytes.*ValidateDenide n{65}$")
        self.assertRegex(self.answer(b"n" * 900), "longer than 255 bytes.*ValidateDenide n{255}$")
        self.answer(b"n" * 100_000)
        self.hub.client("n" * 64)

    def test_registered_ones(self):
        boss = self.admin(self.hub)
        for nick in ("a\x07b", "<ab>", "x" * 256):
            boss.chat(f"!reg {nick} 1 word")
            boss.wait_chat("HubSecurity", "nick (has|is)")

    def test_those_of_robots(self):
        script = "import vh\nfor nick in ('a b', 'a\\x1bb', 'a\\x7fb', 'x' * 256, ''):\n"
        script += "    assert vh.IsRobotNickBad(nick) in (2, 3), nick\n"
        script += "    assert not vh.AddRobot(nick, 1, 'd', '1', 'm', '0'), nick\n"
        self.hub.add_script(("robots.py", script))
        boss = self.admin(self.hub)
        boss.chat("!pyload robots.py")
        boss.wait_for("Loaded")


class NulBytes(HubTest):
    LINES = (
        b"<alice> seen\x00hidden",
        b"<alice> \x00hidden",
        b"$To: bob From: alice $<alice> seen\x00hidden",
        b"$MCTo: bob $alice seen\x00hidden",
        b"$MyINFO $ALL alice seen\x00hidden<x V:1>$ $1\x01$$0$",
        b"$Search Hub:alice F?T?0?1?seen\x00hidden",
        b"$SR alice seen\x00hidden\x05bob",
        b"$ExtJSON alice {\x00hidden}",
        b"$MyHubURL seen\x00hidden",
        b"$Supports a \x00hidden",
        b"$OpForceMove $Who:bob$Where:\x00hidden$Msg:x",
        b"$Unknown \x00hidden",
        b"\x00",
    )

    def test_a_nul_ends_the_connection(self):
        hub = self.start(("tells.py", TELLS))
        bob = hub.client("bob", active=True)
        for line in self.LINES:
            with self.subTest(line=line):
                alice = hub.client("alice")
                alice.send_bytes(line + b"|<alice> second hidden|")
                alice.wait_closed()
                bob.wait_for(r"^\$Quit alice")
                self.assertIn("NUL", "".join(alice.received))
        self.assertFalse(bob.seen_after_echo("hidden|seen"))

    def test_before_the_login(self):
        hub = self.start()
        for line in (b"$ValidateNick ali\x00ce", b"$Supports \x00", b"\x00", b"$Key \x00"):
            client = hub.connect("raw")
            client.wait_for(r"\$Lock ")
            client.send_bytes(line + b"|")
            client.wait_closed()
            self.assertIn("NUL", "".join(client.received))


class Lengths(HubTest):
    def setUp(self):
        self.hub = self.start()

    def test_before_the_login(self):
        lines = {
            b"$Key ": 1024,
            b"$ValidateNick ": 1024,
            b"$Supports ": 1024,
            b"$Version ": 128,
            b"$MyPass ": 136,
            b"$MyINFO $ALL x ": 2048,
            b"$MyHubURL ": 512,
            b"$ExtJSON x ": 4096,
            b"$MyNick ": 512,
            b"$Lock ": 1024,
            b"$Strange ": 8192,
            b"": 8192,
        }
        for line, most in lines.items():
            with self.subTest(line=line):
                client = self.hub.connect("raw")
                client.wait_for(r"\$Lock ")
                client.send_bytes(line.ljust(most + 1, b"x") + b"|")
                client.wait_closed()
                self.assertIn("too long", "".join(client.received))

    def test_a_line_without_an_end(self):
        client = self.hub.connect("raw")
        client.wait_for(r"\$Lock ")
        try:
            for _ in range(1000):
                client.send_bytes(b"x" * 1000)
        except OSError:
            pass
        client.wait_closed()
        self.hub.wait_log("a message does not end")

    def test_in_the_list(self):
        alice, bob = self.hub.client("alice"), self.hub.client("bob", active=True)
        lines = {
            b"<alice> ": 16384,
            b"$To: bob From: alice $<alice> ": 16384,
            b"$MCTo: bob $alice ": 16384,
            b"$MyINFO $ALL alice ": 2048,
            b"$ExtJSON alice ": 4096,
            b"$Supports ": 1024,
            b"$Search Hub:alice F?T?0?1?": 2048,
            b"$SR alice ": 4096,
            b"$ConnectToMe bob ": 1024,
            b"$RevConnectToMe alice bob ": 1024,
        }
        for line, most in lines.items():
            with self.subTest(line=line):
                alice.send_bytes(line.ljust(most + 1, b"x") + b"|")
                alice.wait_chat("HubSecurity", f"too long: it may have {most} bytes")
        self.assertFalse(bob.seen_after_echo("xxxx"))
        alice.send_bytes(b"<alice> ".ljust(16384, b"x") + b"|")
        bob.wait_chat("alice", "xxxx")


class Addresses(HubTest):
    """All clients of the test come from 127.0.0.1."""

    def setUp(self):
        self.hub = self.start(("tells.py", TELLS))
        self.alice = self.hub.client("alice", active=True)
        self.bob = self.hub.client("bob", active=True)

    def nobody_hears(self, *lines):
        for line in lines:
            with self.subTest(line=line):
                self.alice.send(line)
                self.assertFalse(self.alice.seen_after_echo(" saw "), "a script saw it")
                self.assertFalse(self.bob.seen_after_echo(r"^\$(Search|SR|ConnectTo|RevConn)"))

    def test_a_search_for_another_address(self):
        query = "F?T?0?1?some"
        self.nobody_hears(
            f"$Search 192.0.2.1:412 {query}",
            f"$Search 127.0.0.2:412 {query}",
            f"$Search 127.0.0.1:0 {query}",
            f"$Search 127.0.0.1:65536 {query}",
            f"$Search 127.0.0.1:99999999999999999999 {query}",
            f"$Search 127.0.0.1:-5 {query}",
            f"$Search 127.0.0.1: {query}",
            f"$Search 127.0.0.1 {query}",
            f"$Search :412 {query}",
            f"$Search Hub:bob {query}",
            f"$Search Hub: {query}",
            f"$Search hub:alice {query}",
            f"$Search {query}",
            "$Search 127.0.0.1:412",
            "$Search ",
        )

    def test_a_connection_to_another_address(self):
        self.nobody_hears(
            "$ConnectToMe bob 192.0.2.1:412",
            "$ConnectToMe bob 127.0.0.1.evil:412",
            "$ConnectToMe bob localhost:412",
            "$ConnectToMe bob 127.0.0.1:0",
            "$ConnectToMe bob 127.0.0.1:65536",
            "$ConnectToMe bob 127.0.0.1:412X",
            "$ConnectToMe bob 127.0.0.1:412 192.0.2.1:5",
            "$ConnectToMe bob 127.0.0.1:412N bob",
            "$ConnectToMe bob 127.0.0.1:412 alice more",
            "$ConnectToMe bob :412",
            "$ConnectToMe bob 127.0.0.1",
            "$ConnectToMe bob",
            "$ConnectToMe nobody 127.0.0.1:412",
        )

    def test_another_nick(self):
        self.nobody_hears(
            "$RevConnectToMe bob alice",
            "$RevConnectToMe bob bob",
            "$RevConnectToMe alice nobody",
            "$RevConnectToMe alice bob more",
            "$RevConnectToMe alice",
            "$SR bob file\x051 1/1\x05hub\x05bob",
            "$SR alice file\x051 1/1\x05hub\x05nobody",
            "$SR alice file\x051 1/1\x05hub\x05",
            "$SR alicia file\x051 1/1\x05hub\x05bob",
        )

    def test_who_misleads_hears_why(self):
        self.alice.send("$Search 192.0.2.1:412 F?T?0?1?x")
        self.alice.wait_chat("HubSecurity", "your address is 127.0.0.1")
        self.alice.send("$Search Hub:bob F?T?0?1?x")
        self.alice.wait_chat("HubSecurity", "your nick is alice")
        self.alice.send("$ConnectToMe bob 192.0.2.1:412")
        self.alice.wait_chat("HubSecurity", "127.0.0.1 here, not to 192.0.2.1")

    def test_what_clients_really_send(self):
        for line in (
            "$Search 127.0.0.1:412 F?T?0?1?some$file",
            "$Search Hub:alice F?T?0?9?TTH:ABC",
            "$ConnectToMe bob 127.0.0.1:412",
            "$ConnectToMe bob 127.0.0.1:412S",
            "$ConnectToMe bob 127.0.0.1:65535NS alice",
            "$ConnectToMe bob 127.0.0.1:1R",
            "$RevConnectToMe alice bob",
        ):
            self.alice.send(line)
            self.bob.wait_for(f"^{re.escape(line)}$")


if __name__ == "__main__":
    unittest.main()
