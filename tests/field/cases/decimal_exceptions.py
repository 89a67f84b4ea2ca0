# The signals of `decimal`, which C code keeps, are those that the script can name.
# field: without = own-gil 3.12
import decimal


def check():
    for operation, expected in (
        (lambda: decimal.Decimal(1) / 0, decimal.DivisionByZero),
        (lambda: decimal.Decimal("x"), decimal.InvalidOperation),
        (lambda: decimal.Decimal("1e999999999999999999") * 10, decimal.Overflow),
    ):
        try:
            operation()
        except expected as error:
            if not isinstance(error, ArithmeticError):
                return "another base"
        else:
            return f"no {expected.__name__}"
    with decimal.localcontext() as context:
        context.prec = 3
        third = decimal.Decimal(1) / 3
    return "ok" if str(third) == "0.333" else str(third)
