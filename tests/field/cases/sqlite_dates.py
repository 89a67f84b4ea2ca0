# The converters that the module itself brings.
# field: without = own-gil 3.12
import datetime
import sqlite3
import warnings


def check():
    base = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    base.execute("CREATE TABLE t (d date, s timestamp)")
    day, moment = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # They are on their way out.
        base.execute("INSERT INTO t VALUES (?, ?)", (day, moment))
        row = base.execute("SELECT d, s FROM t").fetchone()
    base.close()
    return "ok" if row == (day, moment) else repr(row)
