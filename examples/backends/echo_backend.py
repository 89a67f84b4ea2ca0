"""A back end that gives back what it gets, and counts."""

import sys
import time

from bridge_runtime import PythonBridge


class EchoBackend(PythonBridge):
    def __init__(self):
        super().__init__()
        self.count = 0

    def echo(self, data):
        """The data, and when it came."""
        return {"echo": data, "timestamp": time.time()}

    def increment(self):
        """Adds one. Calls run one after the other, so nothing needs a lock."""
        self.count += 1
        return {"count": self.count}

    def get_count(self):
        return {"count": self.count}

    def greet(self, name: str):
        return {"greeting": f"Hello, {name}!"}

    def divide(self, a: float, b: float):
        """What it raises is the caller's error, with the traceback."""
        return {"result": a / b}

    async def wait(self, seconds: float):
        """Coroutines are commands too."""
        import asyncio

        await asyncio.sleep(seconds)
        return {"waited": seconds}


if __name__ == "__main__":
    # Also what is printed without a file lands on stderr: stdout belongs to the host.
    print("the echo back end starts", file=sys.stderr)
    EchoBackend().run()
