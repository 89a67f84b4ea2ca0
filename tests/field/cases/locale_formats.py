# Numbers and names of the locale the hub has; setting it again is allowed.
import calendar
import locale
import time


def check():
    name = locale.setlocale(locale.LC_NUMERIC)
    locale.setlocale(locale.LC_NUMERIC, name)
    if locale.format_string("%d", 1234) != "1234":
        return locale.format_string("%d", 1234)
    with calendar.different_locale(locale.setlocale(locale.LC_TIME)):
        day = calendar.day_name[0]
    if day != "Monday" or time.strftime("%A", time.gmtime(0)) != "Thursday":
        return day
    try:
        locale.setlocale(locale.LC_ALL, "no_such_locale")
    except locale.Error:
        return "ok"
    return "no error"
