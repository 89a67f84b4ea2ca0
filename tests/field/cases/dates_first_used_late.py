# field: second = dates.py
# field: without = own-gil 3.12
# The first `strptime` comes in a call after others.
from datetime import date, datetime


class Moment(datetime):
    pass


def check():
    moment = Moment.strptime("2024", "%Y")
    same = type(moment) is Moment and date.fromisoformat("2024-01-01") == moment.date()
    return "ok" if same else repr(moment)
