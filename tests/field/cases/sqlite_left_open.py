# A transaction that was not ended does not lock the file for the next load.
import sqlite3

base = sqlite3.connect(f"{__file__[:-3]}.sqlite", timeout=0.1)
base.execute("CREATE TABLE IF NOT EXISTS t (x)")
base.commit()


def check():
    base.execute("BEGIN IMMEDIATE")
    base.execute("INSERT INTO t VALUES (1)")
    count = base.execute("SELECT count(*) FROM t").fetchone()[0]
    if base.in_transaction and __file__.endswith("_second.py"):
        # This one is asked twice in one life.
        base.rollback()
    return "ok" if count == 1 else f"{count} rows: something was committed"
