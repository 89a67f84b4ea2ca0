# A context of `decimal` is that of the thread, and exceptions are those of the module.
# field: without = own-gil 3.12
# field: second = bystander.py
import decimal
import statistics
from fractions import Fraction

precision = decimal.getcontext().prec
rounding = decimal.getcontext().rounding
decimal.getcontext().prec = 5
decimal.getcontext().rounding = decimal.ROUND_UP


def check():
    if str(decimal.Decimal(1) / 3) != "0.33334":
        return f"not set: {decimal.Decimal(1) / 3}"
    if statistics.mean([Fraction(1, 2), Fraction(3, 2)]) != 1:
        return "mean"
    found = (precision, rounding)
    return "ok" if found == (28, decimal.ROUND_HALF_EVEN) else f"found {found}"
