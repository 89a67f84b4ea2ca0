"""Runs documented commands in the folder of the repository, as their reader would."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "clients"))

# What the make and the tests around this were told is not for documented commands.
NOT_THEIRS = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PREFIX", "DESTDIR", "BUILD")
READY_TIME_LIMIT = 600  # seconds: the first command of a new clone builds everything
STOP_TIME_LIMIT = 60


class Failed(Exception):
    """A command that did not do what the documents say; the text says what it did."""


def environment():
    return {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_THEIRS and not name.startswith("VH_")
    }


def start(text, folder, **options):
    return subprocess.Popen(
        ["bash", "-o", "pipefail", "-ec", text],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
        **options,
    )


def run(text, folder=None, prints=""):
    """The output of a command; raises Failed when it does not end with 0 or print what it must."""
    with start(text, folder or ROOT) as process:
        output = process.stdout.read()
    if process.returncode != 0:
        raise Failed(f"it ended with {process.returncode}:\n{output}")
    if prints and not re.search(prints, output, re.MULTILINE):
        raise Failed(f"it prints nothing like {prints!r} but:\n{output}")
    return output


def make_hub(folder):
    """A folder with what `make install` looks for: a hub's plugin and the library it loads."""
    here = ROOT / "tests" / "install"
    script = 'folder=$1 here=$2 test=documents; . "$2/hubs.sh"; make_hub "$1/hub"'
    subprocess.run(["sh", "-euc", script, "sh", folder, here], check=True)
    return Path(folder) / "hub"


def contents(path):
    """What is in a file or in all files of a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {file: file.read_bytes() for file in files if file.is_file()}


@contextmanager
def as_before(way):
    """Holds a command to what it may leave, and takes that away."""
    leaves = [ROOT / name for name in way.leaves]
    # What somebody else left is theirs.
    ours = [path for path in leaves if not path.exists()]
    keeps = {path: contents(path) for path in (ROOT / name for name in way.keeps)}
    try:
        yield
        for path in ours:
            if not path.exists():
                raise Failed(f"it did not make {path.name}")
        for path, before in keeps.items():
            if contents(path) != before:
                raise Failed(f"it changed {path.relative_to(ROOT)}: commit what it writes")
    finally:
        for path in ours:
            shutil.rmtree(path, ignore_errors=True)


def run_placed(text, way, prints=""):
    """Runs a command with its places filled."""
    with as_before(way):
        if not way.places:
            return run(text, prints=prints)
        words, what = way.places
        with tempfile.TemporaryDirectory(prefix="vh-documents-") as folder:
            if what == "hub":
                return install_and_back(text, words, make_hub(folder))
            place = folder if what == "folder" else what
            return run(text.replace(words, str(place)), prints=prints)


def install_and_back(text, words, hub):
    """`make install` into a hub's folder, which gives the hub's own library back afterwards."""
    library = hub / "lib" / "libvh_python_wrapper.so"
    own = library.read_bytes()
    output = run(text.replace(words, str(hub)))
    if library.read_bytes() == own:
        raise Failed("the hub would load what it loaded before:\n" + output)
    output += run(f"make uninstall PREFIX={hub}")
    if library.read_bytes() != own:
        raise Failed("the hub's own library is not back:\n" + output)
    return output


def serve(text, way):
    """Runs a server until it is ready, ends it as Ctrl-C does, and sees how it ends."""
    with as_before(way):
        process = start(text, ROOT, start_new_session=True)
        lines, is_ready = [], threading.Event()

        def read():
            for line in process.stdout:
                lines.append(line)
                if re.search(way.prints, line):
                    is_ready.set()
            is_ready.set()  # It has ended, and how is told below.

        reader = threading.Thread(target=read)
        reader.start()
        in_time = is_ready.wait(READY_TIME_LIMIT)
        try:
            # A terminal's Ctrl-C goes to all programs in front.
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(STOP_TIME_LIMIT)
        except ProcessLookupError:
            code = process.wait()
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = f"no end within {STOP_TIME_LIMIT} s"
        reader.join()
        process.stdout.close()
        output = "".join(lines)
        if not in_time or not re.search(way.prints, output):
            raise Failed(f"it printed nothing like {way.prints!r} but:\n{output}")
        if code not in way.ends or not re.search(way.stops, output):
            raise Failed(f"Ctrl-C ended it with {code}:\n{output}")
        return output


class HubApi:
    """The page of examples/hub_api: its environment, then its requests to a running hub."""

    PORT = ":8080/"

    def __enter__(self):
        import hub

        self._hub_of = hub.Hub
        self._temporary = tempfile.TemporaryDirectory(prefix="vh-documents-")
        self.folder = Path(self._temporary.name)
        self.scripts = self.folder / "scripts"
        self.scripts.mkdir()
        self.hub = self.client = None
        for name in ("requirements.txt", "hub_api.py"):
            shutil.copy(ROOT / "examples" / "hub_api" / name, self.scripts)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        settings = {"port": self.port, "token": "TOKEN"}
        (self.scripts / "hub_api.json").write_text(json.dumps(settings))
        return self

    def __exit__(self, *_):
        if self.hub:
            self.hub.close()
        self._temporary.cleanup()

    def start_hub(self):
        program = ROOT / "build" / "legacy_host" / "vh_hub"
        library = ROOT / "target" / "release" / "libvh_python_wrapper.so"
        self.hub = self._hub_of(program, library, folder=self.folder)
        self.client = self.hub.client("alice")

    def run(self, text):
        if not text.startswith("curl "):
            return run(text, self.scripts)
        if not self.hub:
            self.start_hub()
        output = run(
            text.replace("curl ", "curl --fail --silent --show-error ", 1).replace(
                self.PORT, f":{self.port}/"
            )
        )
        if "/stats" in text and "users" not in json.loads(output):
            raise Failed(f"these are no statistics: {output}")
        if "/chat" in text:
            self.client.wait_chat("WebAPI", "hello from the web")
        return output


SCENES = {"hub_api": HubApi}
