"""A back end that sends events by itself, from a thread."""

import threading
import time

from bridge_runtime import PythonBridge


class StreamingBackend(PythonBridge):
    def __init__(self):
        super().__init__()
        self.streams = 0

    def start_streaming(self, interval: float = 1.0):
        """Sends the event `data` again and again, until the back end ends."""
        self.streams += 1
        thread = threading.Thread(target=self._stream, args=(self.streams, interval), daemon=True)
        thread.start()
        return {"status": "streaming_started", "stream": self.streams}

    def stop_streaming(self):
        """Ends the streams and, after this answer, the back end."""
        self._running = False
        return {"status": "streaming_stopped"}

    def _stream(self, stream, interval):
        count = 0
        while self._running:
            count += 1
            self.send_event("data", {"stream": stream, "count": count, "timestamp": time.time()})
            time.sleep(interval)


if __name__ == "__main__":
    StreamingBackend().run()
