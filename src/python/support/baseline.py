"""Using an interpreter again: each one that ends leaves memory behind, most from Python 3.12 on."""

# The state of this interpreter before any script, once it is taken.
BASELINE = []


class Baseline:
    """What an interpreter is like before its first script, so that it can be put back."""

    def __init__(self):
        self.modules = dict(sys.modules)
        # Hooks that cannot be taken back: an interpreter that has them is not used again.
        self.spoiled = False
        sys.addaudithook = self.spoiling(sys.addaudithook)
        codecs = self.modules["_codecs"]
        codecs.register = self.spoiling(codecs.register)
        codecs.register_error = self.spoiling(codecs.register_error)
        self.contents = [(vars(module), dict(vars(module))) for module in self.real_modules()]
        # These are put back as modules, not as values of others such as __builtins__.
        namespaces = {id(content) for content, _ in self.contents} | {id(sys.modules)}
        self.containers = [
            (value, value.copy())
            for _, content in self.contents
            for value in content.values()
            if type(value) in (list, dict, set) and id(value) not in namespaces
        ]
        self.classes = [
            (value, dict(vars(value)))
            for _, content in self.contents
            for value in content.values()
            if isinstance(value, type) and value.__flags__ & (1 << 9)
        ]
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

    def real_modules(self):
        return [module for module in self.modules.values() if isinstance(module, type(sys))]

    def spoiling(self, function):
        def spoil(*args):
            self.spoiled = True
            return function(*args)

        return spoil

    def restore(self):
        """True when nothing of a script is left that this can see."""
        if self.spoiled:
            return False
        self.restore_contents()
        self.restore_settings()
        let_go_of_asyncio()
        empty_leaked_containers()
        probes = [probe for probe in map(self.drop_module, list(sys.modules)) if probe]
        sys.modules.update(self.modules)
        self.clear_survivors(probes)
        return True

    def restore_contents(self):
        for content, before in self.contents:
            for name in content.keys() - before.keys():
                del content[name]
            content.update(before)
        for container, before in self.containers:
            refill = container.extend if type(container) is list else container.update
            container.clear()
            refill(before)
        for kind, before in self.classes:
            self.restore_class(kind, before)

    def drop_module(self, name):
        """Drops a module of the script; returns a weak reference to a function of it, if any."""
        if name in self.modules:
            return None
        namespace = getattr(sys.modules.pop(name), "__dict__", {})
        if any(namespace is content for content, _ in self.contents):
            return None  # Another name of a module that stays.
        for value in list(namespace.values()):
            if getattr(value, "__globals__", None) is namespace:
                return self.modules["_weakref"].ref(value)
        return None

    @staticmethod
    def clear_survivors(probes):
        """Empties modules that a reference which Python cannot see keeps alive, as it does at exit.

        Some C modules have such references: _ctypes to the classes of functions, up to 3.12.
        """
        gc.collect()
        survivors = [probe() for probe in probes if probe() is not None]
        for function in survivors:
            function.__globals__.clear()
        if survivors:
            gc.collect()

    @staticmethod
    def restore_class(kind, before):
        now = dict(vars(kind))
        for name in now.keys() - before.keys():
            delattr(kind, name)
        for name, value in before.items():
            if now.get(name, now) is not value and name not in ("__dict__", "__weakref__"):
                setattr(kind, name, value)

    def restore_settings(self):
        for function, arguments in self.settings:
            function(*arguments)
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is not None:
            for tool in range(6):
                if monitoring.get_tool(tool) is not None:
                    monitoring.free_tool_id(tool)
        RAW_THREADS.clear()
        SCOPES.clear()


# How many unused iterators over futures _asyncio keeps for the next `await`.
ASYNCIO_FREE_LIST = 255


def let_go_of_asyncio():
    """Unused iterators in the free list of _asyncio hold references to their class that nobody
    counts, which would keep all of asyncio alive: take them out and let them die with the module.
    """
    module = loaded("_asyncio")
    if module is None:
        return

    class Loop:
        def get_debug(self):
            return False

    future = module.Future(loop=Loop())
    module.unused_iterators = [iter(future) for _ in range(ASYNCIO_FREE_LIST)]


def sweep():
    """Puts the interpreter back to what it was before its script; False when that cannot be."""
    return bool(BASELINE) and BASELINE[0].restore()
