# A listener in a thread of its own, which is not stopped.
# field: second = bystander.py
import logging
import logging.handlers
import queue

lines = queue.Queue()


class Keep(logging.Handler):
    def emit(self, record):
        lines.put(record.getMessage())


records = queue.Queue()
logger = logging.getLogger("field.queue")
logger.propagate = False
logger.setLevel(logging.INFO)
logger.addHandler(logging.handlers.QueueHandler(records))
listener = logging.handlers.QueueListener(records, Keep())
listener.start()


def check():
    logger.info("through")
    line = lines.get(timeout=30)
    return "ok" if line == "through" and lines.empty() else line


def before_unload():
    listener.stop()
