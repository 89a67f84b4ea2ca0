# Reading and writing dates; `_datetime` keeps the module `_strptime`, up to 3.12 for the process.
# field: without = own-gil 3.12
import datetime
import time


def check():
    moment = datetime.datetime.strptime("2024-02-29 12:34:56 +0300", "%Y-%m-%d %H:%M:%S %z")
    if moment.utcoffset() != datetime.timedelta(hours=3):
        return "strptime with a zone"
    if datetime.datetime.strptime("29 Feb 2024", "%d %b %Y").date() != datetime.date(2024, 2, 29):
        return "strptime with a name"
    if time.strptime("12:30", "%H:%M").tm_hour != 12:
        return "time.strptime"
    if datetime.datetime.fromisoformat(moment.isoformat()) != moment:
        return "fromisoformat"
    if datetime.datetime.fromtimestamp(0, datetime.timezone.utc).year != 1970:
        return "fromtimestamp"
    try:
        datetime.datetime.strptime("yesterday", "%Y")
    except ValueError:
        return "ok"
    return "no error"
