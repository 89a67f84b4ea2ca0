# What scripts do with texts of users: with parameters, with vh.quote, and as was advised before.
import json

import vh


def evaluate(expression):
    try:
        return json.dumps(eval(expression))
    except Exception as error:
        return json.dumps(f"{type(error).__name__}: {error}")


def identity(nick):
    """What the library itself makes of the hub's bytes: some characters have two forms."""
    return nick


def doubled(nick):
    return "'" + nick.replace("'", "''") + "'"


def doubled_backslashes(nick):
    return doubled(nick.replace("\\", "\\\\"))


def quoted(nick):
    return vh.quote(nick)


def run(query):
    return json.dumps(vh.SQL(query))


def by_doubling(query, nick):
    return json.dumps(vh.SQL(query.replace("?", doubled(nick))))


def by_doubling_backslashes(query, nick):
    return json.dumps(vh.SQL(query.replace("?", doubled_backslashes(nick))))


def by_parameter(query, nick):
    return json.dumps(vh.SQL(query, (nick,)))


def by_quote(query, nick):
    return json.dumps(vh.SQL(query.replace("?", vh.quote(nick))))


def read_back(query, nick):
    """Whether both ways give the nick, and its digits as the database has them."""
    digits = None
    for way in (
        lambda: vh.SQL(query, [nick, nick]),
        lambda: vh.SQL(query.replace("?", vh.quote(nick))),
    ):
        succeeded, rows = way()
        if not succeeded:
            return json.dumps("refused")
        if len(rows) != 1 or rows[0][0] != nick or digits not in (None, rows[0][1]):
            return json.dumps(f"{rows!r} for {nick!r}")
        digits = rows[0][1]
    return json.dumps(digits)
