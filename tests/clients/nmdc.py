"""A small blocking NMDC client: what a Direct Connect program says and hears, without the files.

Every wait has a time limit. All that the hub sends is kept, so a test may look for a line that came
before it asked.
"""

import re
import select
import socket
import time

TIMEOUT = 10.0  # seconds
LAST_SHOWN = 20  # commands that a time-out's message tells


class Disconnected(Exception):
    """The hub closed the connection."""


class Refused(Exception):
    """The hub did not let us in; the text tells what it said instead."""


def key_for(lock):
    """The answer to a hub's lock: neighbouring bytes xored, nibbles swapped, six bytes escaped."""
    size = len(lock)
    mixed = [lock[i] ^ lock[i - 1] for i in range(1, size)]
    mixed.insert(0, lock[0] ^ lock[size - 1] ^ lock[size - 2] ^ 5)
    key = bytearray()
    for byte in mixed:
        byte = (byte << 4 | byte >> 4) & 0xFF
        if byte in (0, 5, 36, 96, 124, 126):
            key += b"/%%DCN%03d%%/" % byte
        else:
            key.append(byte)
    return bytes(key)


def escaped(text):
    """Chat text with the two characters the protocol keeps for itself written as entities."""
    return text.replace("$", "&#36;").replace("|", "&#124;")


def unescaped(text):
    return text.replace("&#36;", "$").replace("&#124;", "|")


class Client:
    """One connection to a hub. `received` holds every command that came, oldest first."""

    def __init__(
        self,
        address,
        nick,
        password=None,
        share=0,
        active=False,
        encoding="utf-8",
        source="127.0.0.1",
    ):
        self.nick = nick
        self.password = password
        self.share = share
        self.active = active  # says that others can connect to us, though nobody could
        self.encoding = encoding
        self.received = []
        self._position = 0  # what wait_for has not looked at yet starts here
        self._partial = b""
        self._socket = socket.create_connection(address, TIMEOUT, (source, 0))
        # A login is many short messages: none should wait for the answer to the one before.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    # What we say.

    def send_bytes(self, data):
        self._socket.sendall(data)

    def send(self, command):
        self.send_bytes(command.encode(self.encoding, "surrogateescape") + b"|")

    def chat(self, text):
        self.send(f"<{self.nick}> {escaped(text)}")

    def pm(self, to, text):
        self.send(f"$To: {to} From: {self.nick} $<{self.nick}> {escaped(text)}")

    def search(self, pattern):
        """A passive search for any kind of file; results come back through the hub."""
        self.send(f"$Search Hub:{self.nick} F?T?0?1?{pattern.replace(' ', '$')}")

    def search_result(self, to, path, size):
        hub = "Hub (127.0.0.1)"
        self.send(f"$SR {self.nick} {path}\x05{size} 1/1\x05{hub}\x05{to}")

    def send_my_info(self, description="", mail=""):
        tag = f"<test V:1.0,M:{'A' if self.active else 'P'},H:1/0/0,S:1>"
        self.send(f"$MyINFO $ALL {self.nick} {description}{tag}$ $100\x01${mail}${self.share}$")

    def login(self):
        """Goes through the whole login. Raises Refused when the hub asks us to leave."""
        lock = self.wait_for(r"\$Lock (\S+)").group(1)
        self.send("$Supports UserCommand NoGetINFO NoHello UserIP2 ")
        self.send_bytes(b"$Key " + key_for(lock.encode(self.encoding, "surrogateescape")) + b"|")
        self.send(f"$ValidateNick {self.nick}")
        nick = re.escape(self.nick)
        answers = rf"\$Hello {nick}$|\$GetPass|\$ValidateDenide|\$BadPass"
        answer = self.wait_for(answers).group()
        if answer == "$GetPass" and self.password is not None:
            self.send(f"$MyPass {self.password}")
            answer = self.wait_for(rf"\$Hello {nick}$|\$BadPass").group()
        if not answer.startswith("$Hello"):
            raise Refused(answer)
        self.send("$Version 1,0091")
        self.send("$GetNickList")
        self.send_my_info()
        # The hub sends our own MyINFO back when we are one of the users.
        self.wait_for(rf"\$MyINFO \$ALL {nick} ")
        return self

    # What we hear.

    def _receive(self, deadline):
        """Takes what the hub has sent, or waits for it; False when the time is over."""
        ready, _, _ = select.select([self._socket], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Disconnected(f"{self.nick}: the hub closed the connection")
        *commands, self._partial = (self._partial + data).split(b"|")
        for command in commands:
            if command:
                self.received.append(command.decode(self.encoding, "surrogateescape"))
        return True

    def wait_for(self, pattern, timeout=TIMEOUT):
        """The match of the first command not waited for yet that fits the pattern.

        Commands before it count as seen. Raises TimeoutError naming what came instead.
        """
        first = self._position
        deadline = time.monotonic() + timeout
        while True:
            while self._position < len(self.received):
                command = self.received[self._position]
                self._position += 1
                match = re.search(pattern, command)
                if match:
                    return match
            if not self._receive(deadline):
                came = "\n  ".join(self.received[first:][-LAST_SHOWN:])
                raise TimeoutError(f"{self.nick} waited for {pattern!r}; last came:\n  {came}")

    def wait_chat(self, nick, text):
        """Waits for a line of main chat; `text` is a pattern."""
        return self.wait_for(rf"(?s)^<{re.escape(nick)}> .*{text}")

    def wait_pm(self, nick, text):
        return self.wait_for(
            rf"(?s)^\$To: {re.escape(self.nick)} From: {re.escape(nick)} \$<.*?> .*{text}"
        )

    def wait_closed(self, timeout=TIMEOUT):
        """Waits until the hub closes the connection."""
        deadline = time.monotonic() + timeout
        try:
            while self._receive(deadline):
                pass
        except Disconnected:
            return
        raise TimeoutError(f"{self.nick}: the hub kept the connection open")

    def seen_after_echo(self, pattern):
        """Whether a fitting command came up to now.

        Now is well defined: a line of chat goes to the hub and back, and the hub answers in order.
        So a line that is missing will not come later either.
        """
        marker = f"marker {time.monotonic_ns()}"
        self.chat(marker)
        self.wait_chat(self.nick, marker)
        return any(re.search(pattern, command) for command in self.received)
