# Files of settings.
import configparser
import pathlib

FILE = pathlib.Path(f"{__file__[:-3]}.ini")


def check():
    parser = configparser.ConfigParser()
    parser["hub"] = {"name": "\u0436", "path": "%(name)s/x"}
    with FILE.open("w", encoding="cp1251") as file:
        parser.write(file)
    again = configparser.ConfigParser()
    again.read(FILE, encoding="cp1251")
    try:
        again.get("hub", "nothing")
    except configparser.NoOptionError:
        return "ok" if again["hub"]["path"] == "\u0436/x" else again["hub"]["path"]
    return "no error"
