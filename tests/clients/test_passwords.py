"""Who guesses passwords is slowed down and told of, and keeps nobody else out."""

import time
import unittest

import nmdc
from hub_test import ADMIN_PASSWORD, HubTest

ATTACKER = "127.0.0.2"
OWNER = "127.0.0.3"
FREE = 3  # wrong passwords for a nick that cost no time
FREE_OF_ADDRESS = 10


class Guessing(HubTest):
    def setUp(self):
        accounts = [(f"user{number}", 1, "word") for number in range(FREE_OF_ADDRESS + 2)]
        self.hub = self.start(accounts=accounts)

    def try_password(self, password, source=ATTACKER, nick="admin"):
        """Whether it lets us in; what the hub said besides is kept."""
        client = self.hub.connect(nick, password=password, source=source)
        try:
            client.login()
        except (nmdc.Refused, nmdc.Disconnected):
            return False
        finally:
            self.said = "|".join(client.received)
            client.close()
        return True

    def guess(self, times, **options):
        for number in range(times):
            self.assertFalse(self.try_password(f"guess {number}", **options))

    def test_the_right_one_must_wait_too(self):
        self.guess(FREE)
        self.assertFalse(self.try_password(ADMIN_PASSWORD))
        self.assertRegex(self.said, r"Too many wrong passwords .* try again in \d seconds?\.")
        self.assertNotIn("$GetPass", self.said)
        deadline = time.monotonic() + nmdc.TIMEOUT
        while not self.try_password(ADMIN_PASSWORD):
            self.assertLess(time.monotonic(), deadline, "the wait does not end")
            time.sleep(0.2)

    def test_asking_meanwhile_makes_it_no_longer(self):
        self.guess(FREE)
        start = time.monotonic()
        while time.monotonic() - start < 1:
            self.assertFalse(self.try_password("guess"))
            # A slow machine may have let the two seconds pass, so that this one counted.
            if time.monotonic() - start < 2:
                self.assertRegex(self.said, r"try again in [12] seconds?\.")

    def test_it_takes_longer_each_time(self):
        self.guess(FREE)
        for _ in range(2):
            deadline = time.monotonic() + 2 * nmdc.TIMEOUT
            while self.try_password("guess") or "$GetPass" not in self.said:
                self.assertLess(time.monotonic(), deadline, "the wait does not end")
                time.sleep(0.2)
        self.assertFalse(self.try_password(ADMIN_PASSWORD))
        self.assertRegex(self.said, r"try again in [3-9] seconds\.")

    def test_another_address_is_not_kept_out(self):
        self.guess(FREE + 20)
        self.assertTrue(self.try_password(ADMIN_PASSWORD, OWNER))
        self.assertNotIn("Too many", self.said)

    def test_another_spelling_is_the_same_nick(self):
        self.guess(1, nick="admin")
        self.guess(1, nick="ADMIN")
        self.guess(1, nick="Admin")
        self.assertFalse(self.try_password(ADMIN_PASSWORD, nick="aDMIN"))
        self.assertIn("Too many", self.said)

    def test_connections_side_by_side(self):
        clients = []
        for _ in range(FREE + 2):
            client = self.hub.connect("admin", source=ATTACKER)
            with self.assertRaisesRegex(nmdc.Refused, "GetPass"):
                client.login()
            clients.append(client)
        for client in clients[:FREE]:
            client.send("$MyPass guess")
            client.wait_for(r"\$BadPass")
        for client in clients[FREE:]:
            client.send(f"$MyPass {ADMIN_PASSWORD}")
            client.wait_for(r"\$BadPass")
            client.wait_closed()

    def test_many_nicks_of_one_address(self):
        for number in range(FREE_OF_ADDRESS):
            self.guess(1, nick=f"user{number}")
        self.assertFalse(self.try_password(ADMIN_PASSWORD))
        self.assertIn("Too many", self.said)
        self.assertTrue(self.try_password(ADMIN_PASSWORD, OWNER))

    def test_an_own_account_does_not_help(self):
        for number in range(FREE_OF_ADDRESS):
            self.guess(1, nick=f"user{number}")
            if number < FREE_OF_ADDRESS - 1:
                self.assertTrue(self.try_password("word", nick=f"user{FREE_OF_ADDRESS}"))
        self.assertFalse(self.try_password(ADMIN_PASSWORD))

    def test_who_mistypes_now_and_then(self):
        for _ in range(3):
            self.guess(FREE - 1)
            self.assertTrue(self.try_password(ADMIN_PASSWORD))

    def test_others_of_the_address_come_in_without_a_password(self):
        self.guess(FREE + 1)
        self.assertTrue(self.try_password(None, nick="guest"))

    def test_the_log_tells(self):
        self.guess(FREE + 2)
        for number in range(1, FREE + 1):
            self.assertIn(
                f"wrong password for admin from {ATTACKER}, {number} lately", self.hub.log()
            )
        self.assertNotIn("guess", self.hub.log())


if __name__ == "__main__":
    unittest.main()
