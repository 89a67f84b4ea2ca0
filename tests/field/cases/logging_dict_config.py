# A configuration that names a class of the script, and files in another encoding.
import logging
import logging.config
import logging.handlers

NAME = f"field.{__file__.rpartition('/')[2][:-3]}"
FILE = f"{__file__[:-3]}.log"


class Short(logging.Formatter):
    def format(self, record):
        return f"[{record.getMessage()}]"


logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"short": {"()": Short}},
        "handlers": {
            "file": {
                "class": "logging.handlers.RotatingFileHandler",
                "filename": FILE,
                "maxBytes": 100000,
                "backupCount": 1,
                "formatter": "short",
                "encoding": "cp1251",
            },
            "memory": {
                "class": "logging.handlers.MemoryHandler",
                "capacity": 10,
                "flushLevel": logging.ERROR,
            },
        },
        "loggers": {NAME: {"handlers": ["file", "memory"], "level": "INFO", "propagate": False}},
    }
)


def content():
    with open(FILE, "rb") as file:
        return file.read()


def check():
    before = content()
    logging.getLogger(NAME).info("\u0436")
    written = content()[len(before) :]
    return "ok" if written == b"[\xe6]\n" else repr(written)
