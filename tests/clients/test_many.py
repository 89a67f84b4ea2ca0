"""Several hundred clients at once."""

import unittest

from hub_test import HubTest

CLIENTS = 300


class Many(HubTest):
    def test_everybody_hears_everybody(self):
        hub = self.start_examples("welcome", "seen_notes")
        clients = [hub.client(f"user{number}") for number in range(CLIENTS)]
        clients[0].chat("+stats")
        clients[0].wait_chat("Welcome", f"Users online: {CLIENTS}")
        for number, client in enumerate(clients):
            client.chat(f"I am number {number}")
        for client in clients:
            heard = set()
            while len(heard) < CLIENTS:
                heard.add(client.wait_for(r"^<user\d+> I am number (\d+)$").group(1))
        for client in clients[1:]:
            client.close()
        for _ in clients[1:]:
            clients[0].wait_for(r"^\$Quit user")
        clients[0].chat("+stats")
        clients[0].wait_chat("Welcome", "Users online: 1,")
        # 90,000 lines and 600 comings and goings later, the library has had nothing to say.
        self.assertNotIn("PY:", hub.log())


if __name__ == "__main__":
    unittest.main()
