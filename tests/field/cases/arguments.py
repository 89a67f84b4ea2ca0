# Command lines, which scripts use for the commands of users.
import argparse
import getopt
import shlex
import sys


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(message)


def check():
    if not isinstance(sys.argv, list):
        return "argv"
    parser = Parser(prog="ban", add_help=False)
    parser.add_argument("nick")
    parser.add_argument("--days", type=int, default=1)
    options = parser.parse_args(shlex.split("'the nick' --days 3"))
    if (options.nick, options.days) != ("the nick", 3):
        return repr(options)
    try:
        parser.parse_args([])
    except ValueError:
        return "ok" if getopt.getopt(["-a", "x"], "a")[1] == ["x"] else "getopt"
    return "no error"
