# What is set for all loggers goes with the script.
# field: second = bystander.py
import logging

found = []
if logging.getLoggerClass().__name__ != "Logger":
    found.append("logger class")
if logging.getLogRecordFactory() is not logging.LogRecord:
    found.append("record factory")
if logging.getLevelName(33) == "FIELD" or logging.getLevelName(logging.ERROR) == "PROBLEM":
    found.append("level name")
if logging.root.manager.disable:
    found.append("disable")
if logging.root.level != logging.WARNING:
    found.append("level of the root")
if logging.raiseExceptions is False:
    found.append("raiseExceptions")
if logging.lastResort is None:
    found.append("lastResort")
if logging.getLogger("asyncio").level == logging.ERROR or logging.getLogger("asyncio").filters:
    found.append("level or filters of a library's logger")


class Logger(logging.Logger):
    pass


def record(*arguments, **options):
    return logging.LogRecord(*arguments, **options)


logging.setLoggerClass(Logger)
logging.setLogRecordFactory(record)
logging.addLevelName(33, "FIELD")
logging.addLevelName(logging.ERROR, "PROBLEM")
logging.disable(logging.CRITICAL)
logging.root.setLevel(logging.DEBUG)
logging.getLogger("asyncio").setLevel(logging.ERROR)
logging.getLogger("asyncio").addFilter(record)
logging.raiseExceptions = False
logging.lastResort = None


def check():
    return ", ".join(found) or "ok"
