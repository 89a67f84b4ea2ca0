"""The example examples/hub_api: an HTTP server inside the hub, while people chat."""

import collections
import concurrent.futures
import http.client
import json
import socket
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import nmdc
from hub_test import HubTest

sys.path.append(str(Path(__file__).resolve().parents[1] / "packages"))
from environment import environment  # noqa: E402

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "hub_api"
CLIENTS = 50
ROUNDS = 10
RELOADS = 20
TOKEN = "a token"
# A hub that nobody talks to looks for requests once a second.
TIMEOUT = 15.0  # seconds


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class HubApi(HubTest):
    def setUp(self):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.hub = self.start()
        settings = {"port": int(self.url.rpartition(":")[2]), "token": TOKEN}
        self.hub.add_script(("hub_api.json", json.dumps(settings)))
        # The script says that its environment lies beside it.
        venv = environment((EXAMPLE / "requirements.txt").read_text())
        (self.hub.scripts / "venv").symlink_to(venv)
        self.hub.add_script(EXAMPLE / "hub_api.py")
        self.operator = self.admin(self.hub)
        self.command("!pyload", "Loaded")

    def command(self, command, answer):
        self.operator.chat(f"{command} hub_api.py")
        self.operator.wait_for(rf"{answer} .*hub_api\.py")

    def request(self, path, data=None, token=TOKEN):
        """(status, JSON) of a GET, or of a POST of `data`."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def get(self, path):
        status, answer = self.request(path)
        self.assertEqual(status, 200, answer)
        return answer

    def test_answers_while_people_chat(self):
        people = [self.hub.client(f"user{number}", share=1000) for number in range(CLIENTS)]
        nicks = {client.nick for client in people} | {"admin"}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            requests = [pool.submit(self.look_around, nicks) for _ in range(20)]
            spoken = 0
            while spoken < ROUNDS or not all(request.done() for request in requests):
                for client in people:
                    client.chat(f"line {spoken} of {client.nick}")
                for client in people:
                    client.wait_chat(people[-1].nick, f"line {spoken} of")
                spoken += 1
            for request in requests:
                request.result()
        lines = [line["message"] for line in self.get(f"/chat?last={CLIENTS}")]
        self.assertCountEqual(lines, [f"line {spoken - 1} of {nick}" for nick in nicks - {"admin"}])

    def look_around(self, nicks):
        users = self.get("/users")
        self.assertEqual({user["nick"] for user in users if not user["bot"]}, nicks)
        stats = self.get("/stats")
        self.assertEqual(stats["users"], len(nicks))
        self.assertEqual(stats["share"], 1000 * (len(nicks) - 1))
        user = self.get("/users/user7")
        self.assertEqual((user["nick"], user["share"]), ("user7", 1000))
        self.assertEqual(self.get("/users/admin")["class"], 5)
        self.assertEqual(self.request("/users/nobody")[0], 404)
        self.assertEqual(self.get("/topic"), {"topic": ""})

    def test_speaks_with_the_token_only(self):
        self.assertEqual(self.request("/chat", {"message": "psst"}, token="wrong")[0], 401)
        self.assertEqual(self.request("/chat", {"message": ""})[0], 422)
        text = "50$ | <больше>"
        self.assertEqual(self.request("/chat", {"message": text})[0], 201)
        line = self.operator.wait_chat("WebAPI", "").string
        self.assertEqual(nmdc.unescaped(line), f"<WebAPI> {text}")
        self.assertFalse(self.operator.seen_after_echo("psst"))

    def test_a_port_in_use_is_told(self):
        self.command("!pyunload", "Unloaded")
        with socket.create_server(("127.0.0.1", int(self.url.rpartition(":")[2]))):
            self.operator.chat("!pyload hub_api.py")
            self.operator.wait_for("Could not load")
        self.expected_in_log = "Address already in use"
        self.command("!pyload", "Loaded")
        self.assertEqual(self.get("/stats")["users"], 1)

    def test_reloads_under_requests(self):
        statuses = collections.Counter()
        stopped = threading.Event()

        def keep_asking(path):
            while not stopped.is_set():
                try:
                    statuses[self.request(path)[0]] += 1
                except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
                    time.sleep(0.01)  # nobody serves between unload and load

        paths = ("/users", "/users/admin", "/stats", "/topic", "/chat")
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            askers = [pool.submit(keep_asking, path) for path in paths]
            try:
                for _ in range(RELOADS):
                    self.assertEqual(self.get("/stats")["users"], 1)
                    self.command("!pyreload", "Reloaded")
            finally:
                stopped.set()
            for asker in askers:
                asker.result()
        # 503: asked in the moment of the unload.
        self.assertLessEqual(set(statuses), {200, 503})
        self.assertGreater(statuses[200], RELOADS)
        self.command("!pyunload", "Unloaded")
        with self.assertRaises(urllib.error.URLError):
            self.request("/stats")
        self.command("!pyload", "Loaded")
        self.get("/stats")
        self.assertEqual(self.hub.stop(), 0)
        self.assertNotRegex(self.hub.log(), "did not stop|set aside")


if __name__ == "__main__":
    unittest.main()
