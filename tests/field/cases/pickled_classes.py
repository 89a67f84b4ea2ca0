# Objects of the script's own classes can be pickled: `__main__` is the script.
# field: second = bystander.py
import copy
import copyreg
import pickle
import sys


class Thing:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Thing and other.value == self.value


class Odd:
    pass


copyreg.pickle(Odd, lambda odd: (Odd, ()))


def check():
    if sys.modules["__main__"].__dict__ is not globals():
        return "__main__ is another module"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        if pickle.loads(pickle.dumps(Thing([1]), protocol)) != Thing([1]):
            return f"protocol {protocol}"
    if type(pickle.loads(pickle.dumps(Odd()))) is not Odd or copy.deepcopy(Thing(1)) != Thing(1):
        return "copyreg"
    return "ok" if pickle.loads(pickle.dumps(check)) is check else "function"
