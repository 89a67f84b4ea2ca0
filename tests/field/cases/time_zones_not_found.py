# A zone that does not exist is the exception that the script can name.
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Zone(ZoneInfo):
    pass


def check():
    for kind in (ZoneInfo, Zone):
        try:
            kind("Nowhere/Never")
        except ZoneInfoNotFoundError as error:
            if not isinstance(error, KeyError):
                return "another base"
        else:
            return "no error"
    return "ok"
