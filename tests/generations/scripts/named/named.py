# Functions that the host calls by name.
number = 5


def no_arguments():
    return "called"


def evaluate(expression):
    return eval(expression)


def show(*arguments):
    return repr(arguments)


def raises():
    raise ValueError("on purpose")
