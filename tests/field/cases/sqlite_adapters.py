# Adapters and converters of the script's own class are those of this load.
import sqlite3


class Money:
    def __init__(self, cents):
        self.cents = cents


sqlite3.register_adapter(Money, lambda money: money.cents)
sqlite3.register_converter(
    f"money_{__file__.rpartition('/')[2][:-3]}", lambda data: Money(int(data))
)


def check():
    base = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    base.row_factory = sqlite3.Row
    base.create_function("twice", 1, lambda number: number * 2)
    base.execute(f"CREATE TABLE t (m money_{__file__.rpartition('/')[2][:-3]})")
    base.execute("INSERT INTO t VALUES (?)", (Money(5),))
    money = base.execute("SELECT m FROM t").fetchone()["m"]
    if type(money) is not Money or money.cents != 5:
        return repr(money)
    if base.execute("SELECT twice(4)").fetchone()[0] != 8:
        return "function"
    try:
        base.execute("SELECT nothing")
    except sqlite3.OperationalError as error:
        base.close()
        return "ok" if isinstance(error, sqlite3.Error) else "another base"
    return "no error"
