# Tracebacks and `inspect` show the lines of the file that was loaded.
import inspect
import linecache
import traceback


def fails():
    raise ValueError("here")  # This line.


def check():
    try:
        fails()
    except ValueError:
        text = traceback.format_exc()
    if 'raise ValueError("here")  # This line.' not in text:
        return text
    if "# This line." not in inspect.getsource(fails):
        return "inspect"
    return "ok" if linecache.getline(__file__, 1).startswith("# Tracebacks") else "linecache"
