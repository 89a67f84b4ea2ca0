"""What users try against scripts that decide, and what operators hear of scripts that do not run."""

from hub_test import HubTest, set_environment
from nmdc import Disconnected

# It writes what is said to a file, as a script does that knows nothing of text that is none.
FILTER = """
import os
path = os.path.join(os.path.dirname(__file__), "lines.txt")
def OnParsedMsgChat(nick, message):
    with open(path, "a", encoding="utf-8") as file:
        file.write(message)
    return 0 if "warez" in message else 1
"""
LOGIN_CHECK = """
def OnUserLogin(nick):
    nick.encode("utf-8")
    return 0 if nick == "evil" else 1
"""
REFUSE = "# vh: on_error = refuse\n"


class HubWithErrors(HubTest):
    expected_in_log = "PY: "


class Users(HubWithErrors):
    def test_a_byte_that_is_no_text_passes_no_filter(self):
        hub = self.start(("filter.py", REFUSE + FILTER))
        alice, bob = hub.client("alice"), hub.client("bob")
        alice.send_bytes(b"<alice> warez \xff|")
        self.assertFalse(alice.seen_after_echo("warez"))
        self.assertFalse(bob.seen_after_echo("warez"))

    def test_many_of_them_switch_no_filter_off(self):
        hub = self.start(("filter.py", FILTER))
        alice, bob = hub.client("alice"), hub.client("bob")
        for number in range(60):
            alice.send_bytes(b"<alice> \xff %d|" % number)
        alice.wait_chat("alice", " 59")
        alice.chat("warez for all")
        self.assertFalse(alice.seen_after_echo("warez"))
        self.assertFalse(bob.seen_after_echo("warez"))

    def test_many_logins_switch_no_check_off(self):
        hub = self.start(("check.py", LOGIN_CHECK))
        for number in range(60):
            client = hub.connect(f"n\xff{number}", encoding="latin-1")
            try:
                client.login()
            except Disconnected:
                pass
            client.close()
        evil = hub.connect("evil")
        try:
            evil.login()
        except Disconnected:
            return
        evil.wait_closed()


class Settings(HubWithErrors):
    def check(self, reason):
        """Nobody may speak, and each operator hears why when he logs in; then it is mended."""
        hub = self.start(("filter.py", REFUSE + FILTER), ("other.py", "import vh\n"))
        alice = hub.client("alice")
        alice.chat("is anybody there")
        for _ in range(2):
            admin = self.admin(hub)
            admin.wait_pm("HubSecurity", f"filter.py.* not run: .*{reason}")
            admin.close()
            alice.wait_for(r"^\$Quit admin")
        self.assertFalse(any("is anybody there" in line for line in alice.received))
        self.assertFalse(any("not run" in line for line in alice.received))
        return hub

    def test_a_wrong_runtime_of_the_hub(self):
        set_environment(self, "VH_PYTHON_RUNTIME", "mian")
        self.check("VH_PYTHON_RUNTIME")

    def test_a_wrong_virtual_environment_of_the_hub(self):
        set_environment(self, "VH_PYTHON_VENV", "/no/such/folder")
        self.check("VH_PYTHON_VENV")

    def test_a_reload_that_fails_and_one_that_works(self):
        hub = self.start(("filter.py", REFUSE + FILTER))
        alice, bob, admin = hub.client("alice"), hub.client("bob"), self.admin(hub)
        hub.add_script(("filter.py", REFUSE + FILTER + "this is no Python\n"))
        admin.chat("!pyreload filter.py")
        admin.wait_for("^<HubSecurity> Could not load filter.py")
        alice.chat("warez")
        admin.wait_for("filter.py does not run: its top level raised SyntaxError")
        hub.add_script(("filter.py", REFUSE + FILTER))
        admin.chat("!pyreload filter.py")
        admin.wait_for("Reloaded")
        alice.chat("at last")
        bob.wait_chat("alice", "at last")
        self.assertFalse(any("warez" in line for line in bob.received))
