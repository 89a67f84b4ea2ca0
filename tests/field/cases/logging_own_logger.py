# The usual recipe adds a handler each time a script is loaded: each line is written once.
# field: second = bystander.py
import logging

lines = []


class Keep(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())


logger = logging.getLogger("field.shop")
logger.setLevel(logging.DEBUG)
logger.addHandler(Keep())
shared = logging.__dict__.setdefault("_field_lines", [])


class Count(logging.Handler):
    def emit(self, record):
        shared.append(record.getMessage())


logger.addHandler(Count())


def check():
    lines.clear()
    shared.clear()
    logger.debug("one")
    return "ok" if lines == shared == ["one"] else f"{lines} {shared}"
