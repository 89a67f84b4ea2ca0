# Lets a test look into a script: evaluate("expression") answers the value's ASCII repr.
import vh


def evaluate(expression):
    try:
        return ascii(eval(expression, globals()))
    except Exception as error:
        return ascii(error) if not str(error) else f"{type(error).__name__}: {error}"
