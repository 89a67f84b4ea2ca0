"""A script that crashes the hub: the log names it, and at the next start it is held back once.

The hub installs its own handler for SIGSEGV when the scripts are loaded, as real hubs do, and tells the
scripts in it that they end.
"""

import os
import platform
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

from hub import Hub
from hub_test import AWAIT_HANDLER, set_environment

# Native code reads address 0; and uses its stack up, so that the handler needs one of its own.
SCRIPTS = {
    "null": "import ctypes\ndef crash(): ctypes.string_at(0)\n",
    "stack": (
        "import ctypes, mmap\n"
        "def crash():\n"
        "    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "    code.write(bytes.fromhex('e8fbffffff'))  # a function that calls itself\n"
        "    address = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "    ctypes.CFUNCTYPE(None)(address)()\n"
    ),
    "abort": "import os\ndef crash(): os.abort()\n",
    "thread": (
        "import ctypes, threading\n"
        "def crash(): threading.Thread(target=ctypes.string_at, args=(0,)).start()\n"
    ),
}
HOOK = (
    AWAIT_HANDLER
    + """
import os
def OnParsedMsgChat(nick, message):
    if message == "crash":
        if os.environ.get("VH_PYTHON_CRASH_REPORT") != "0":
            await_handler()
        crash()
"""
)
NUMBERS = {"null": signal.SIGSEGV, "stack": signal.SIGSEGV, "abort": signal.SIGABRT}
# How the hub ends: by itself in its handler, or by the signal.
ENDS = {"null": 139, "stack": 139, "thread": 139, "abort": -signal.SIGABRT}
GOOD = """
import vh
def OnUnLoad(code):
    with open(__file__ + ".stopped", "w") as file: file.write(str(code))
"""


class Crash(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vh-crash-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def hub(self, *scripts, options=()):
        return Hub(
            os.environ["VH_HUB"],
            os.environ["VH_LIBRARY"],
            scripts,
            os.environ["VH_GENERATION"],
            options,
            folder=self.folder,
        )

    def crash(self, kind, *comments, ends_with=None, options=()):
        source = "\n".join([*comments, SCRIPTS[kind] + HOOK])
        with self.hub((f"{kind}.py", source), ("good.py", GOOD), options=options) as hub:
            client = hub.client("guest")
            client.chat("crash")
            self.assertEqual(hub.wait_ended(), ends_with or ENDS[kind])
            return hub.log()

    def stopped(self):
        """What the good script was told last, if anything."""
        file = self.folder / "scripts" / "good.py.stopped"
        return file.read_text() if file.exists() else None

    def check(self, kind, *comments):
        log = self.crash(kind, *comments)
        name = NUMBERS[kind].name
        self.assertRegex(log, rf"PY: \[\d+:{kind}\.py\] the process got {name} in OnParsedMsgChat")
        with self.hub() as hub:
            self.assertRegex(
                hub.log(),
                rf"PY: \[\d+:{kind}\.py\] is held back this time: when it ran last, the process "
                rf"got {name} in its OnParsedMsgChat",
            )
        with self.hub() as hub:
            self.assertNotIn("held back", hub.log())
            hub.client("guest").chat("crash")
            self.assertEqual(hub.wait_ended(), ENDS[kind], "the second time it is loaded")

    def test_native_code_reads_address_0(self):
        self.check("null")
        self.assertEqual(self.stopped(), "9", "the hub's handler told the scripts")

    def test_without_the_hubs_handler(self):
        log = self.crash(
            "null", ends_with=-signal.SIGSEGV, options=("--without-habit", "late-signals")
        )
        self.assertRegex(log, r"null\.py\] the process got SIGSEGV in OnParsedMsgChat")

    def test_in_the_main_interpreter(self):
        self.check("null", "# vh: runtime = main")

    @unittest.skipUnless(platform.machine() == "x86_64", "machine code of x86_64")
    def test_the_stack_is_used_up(self):
        self.check("stack")

    def test_abort(self):
        self.check("abort")

    def test_in_a_thread_of_the_script(self):
        log = self.crash("thread")
        self.assertRegex(log, r"thread\.py\] the process got SIGSEGV in a thread of its own")
        self.assertEqual(self.stopped(), "9")
        with self.hub() as hub:
            self.assertRegex(hub.log(), r"thread\.py\] is held back this time")

    def test_the_hosts_handler_has_its_turn(self):
        set_environment(self, "LD_PRELOAD", os.environ["VH_HOST_HANDLER"])
        log = self.crash("null", ends_with=42, options=("--without-habit", "late-signals"))
        self.assertRegex(log, r"null\.py\] the process got SIGSEGV in OnParsedMsgChat")
        self.assertIn("the host's handler: at 0\n", log)
        with self.hub() as hub:
            self.assertRegex(hub.log(), r"null\.py\] is held back this time")

    def written(self):
        """The file that a crash left."""
        (file,) = self.folder.glob("**/vh_python_crash.txt")
        return file

    def plant(self, make):
        """Puts something else in the place of the file, and lets the script crash over it."""
        self.crash("null")
        file = self.written()
        file.unlink()
        make(file)
        with self.hub() as hub:
            hub.client("guest").chat("crash")
            self.assertEqual(hub.wait_ended(), ENDS["null"])
            log = hub.log()
        with self.hub() as hub:
            self.assertIn("is held back this time", hub.log())
        return log

    def test_a_link_in_the_way_is_not_written_through(self):
        precious = self.folder / "precious"
        precious.write_text("precious")
        log = self.plant(lambda file: file.symlink_to(precious))
        self.assertEqual("precious", precious.read_text())
        self.assertRegex(log, r"vh_python_crash\.txt is left alone, for it is a link")

    def test_a_second_name_of_a_file_is_not_written_through(self):
        precious = self.folder / "precious"
        precious.write_text("precious")
        self.plant(lambda file: os.link(precious, file))
        self.assertEqual("precious", precious.read_text())

    def test_a_pipe_in_the_way_is_not_waited_for(self):
        log = self.plant(os.mkfifo)
        self.assertRegex(log, r"vh_python_crash\.txt is left alone, for it is no file")

    def test_a_link_to_such_a_file_is_not_believed(self):
        self.crash("null")
        file = self.written()
        elsewhere = file.rename(self.folder / "elsewhere")
        file.symlink_to(elsewhere)
        with self.hub() as hub:
            self.assertNotIn("held back", hub.log())
            self.assertIn("is left alone", hub.log())

    def test_no_more_is_read_than_such_a_file_has(self):
        self.crash("null")
        # Has no blocks on the disk behind what was written; it would not fit into memory.
        os.truncate(self.written(), 1 << 42)
        with self.hub() as hub:
            self.assertIn("is held back this time", hub.log())

    @unittest.skipUnless(os.geteuid() == 0, "only root can play another user")
    def test_a_file_of_another_user_is_not_believed(self):
        self.crash("null")
        os.chown(self.written(), 65534, 65534)
        with self.hub() as hub:
            self.assertNotIn("held back", hub.log())
            self.assertRegex(hub.log(), "it belongs to the user 65534, not to the hub's, 0")

    def test_switched_off(self):
        set_environment(self, "VH_PYTHON_CRASH_REPORT", "0")
        self.assertNotIn("the process got", self.crash("null"))
        self.assertEqual(list(self.folder.glob("**/vh_python_crash.txt")), [])
        with self.hub() as hub:
            self.assertNotIn("held back", hub.log())
            hub.client("guest").chat("crash")
            self.assertEqual(hub.wait_ended(), ENDS["null"], "the script is loaded")

    def test_sigterm_is_no_crash(self):
        loop = "def OnParsedMsgChat(nick, message):\n    print('busy', flush=True)\n    while 1: pass\n"
        with self.hub(("loop.py", loop), ("good.py", GOOD)) as hub:
            hub.client("guest").chat("hello")
            hub.wait_log("busy")
            self.assertEqual(hub.terminate(), -signal.SIGTERM)
            self.assertNotIn("the process got", hub.log())
        self.assertIsNone(self.stopped(), "real hubs handle no SIGTERM")
        with self.hub() as hub:
            self.assertNotIn("held back", hub.log())
        self.assertEqual(list(self.folder.glob("**/vh_python_crash.txt")), [])


if __name__ == "__main__":
    unittest.main()
