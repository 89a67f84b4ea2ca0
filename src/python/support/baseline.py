"""Using an interpreter again: each one that ends leaves memory behind, most from Python 3.12 on."""

# The state of this interpreter before any script, once it is taken.
BASELINE = []


class Baseline:
    """What an interpreter is like before its first script, so that it can be put back.

    Every script has one, so it is kept small: each thing once, and in tuples.
    """

    def __init__(self):
        self.modules = flat(sys.modules)
        # Hooks that cannot be taken back: an interpreter that has them is not used again.
        self.spoiled = False
        sys.addaudithook = self.spoiling(sys.addaudithook)
        codecs = sys.modules["_codecs"]
        codecs.register = self.spoiling(codecs.register)
        codecs.register_error = self.spoiling(codecs.register_error)
        contents = {id(vars(module)): vars(module) for module in real_modules()}
        containers, classes = {}, {}
        for content in contents.values():
            for value in content.values():
                if isinstance(value, type):
                    if value.__flags__ & (1 << 9):
                        classes[id(value)] = value
                # Namespaces are put back as those, not as values of others such as __builtins__.
                elif type(value) in (list, dict, set) and id(value) not in contents:
                    containers[id(value)] = value
        containers.pop(id(sys.modules), None)
        self.contents = [(content, flat(content)) for content in contents.values()]
        self.containers = [
            (value, flat(value) if type(value) is dict else tuple(value))
            for value in containers.values()
        ]
        self.classes = [(kind, flat(vars(kind))) for kind in classes.values()]
        # Settings that are functions: how to put each back.
        self.settings = [
            (sys.setrecursionlimit, (sys.getrecursionlimit(),)),
            (gc.set_threshold, gc.get_threshold()),
            (gc.set_debug, (0,)),
            (gc.callbacks.clear, ()),
            (gc.unfreeze, ()),
            (gc.enable, ()),
        ]
        if hasattr(sys, "set_int_max_str_digits"):
            self.settings.append((sys.set_int_max_str_digits, (sys.get_int_max_str_digits(),)))

    def spoiling(self, function):
        def spoil(*args):
            self.spoiled = True
            return function(*args)

        return spoil


def real_modules():
    return [module for module in sys.modules.values() if isinstance(module, type(sys))]


def flat(mapping):
    """Keys and values of a mapping in turn."""
    return tuple([part for pair in mapping.items() for part in pair])
