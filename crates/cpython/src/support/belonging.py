"""Which objects belong to a script: its own code, and what is made of it."""

# What libraries are installed into, also below the script's folders.
LIBRARY_FOLDERS = frozenset(("site-packages", "dist-packages"))
# Nothing of these kinds is code, whoever made it: looking at them would only take time.
PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
CONTAINERS = frozenset((list, dict, set))
# Bit of a class's flags: it was made at run time, and can be changed.
HEAP_TYPE = 1 << 9
FUNCTION, METHOD = type(loaded), type([].append.__call__)
BOUND, BUILTIN = type(Scope.on_unload.__get__(Scope)), type(len)


def is_own_file(path, folders):
    """Whether a file lies below a script's folders and is no library's.

    A virtual environment below them is a library; so is Python itself.
    """
    if not isinstance(path, str) or (path + "/").startswith(STANDARD_FOLDER + "/"):
        return False
    for folder in folders:
        folder = folder.rstrip("/") + "/"
        if path.startswith(folder):
            return LIBRARY_FOLDERS.isdisjoint(path[len(folder) :].split("/"))
    return False


def is_own_module(module, folders):
    """Whether a module is one of the script's: by its file, or by its folder if it has no file."""
    namespace = getattr(module, "__dict__", None)
    if not folders or type(namespace) is not dict:
        return False
    path = namespace.get("__file__")
    if path is None:
        path = next(iter(namespace.get("__path__") or ()), None)
    return is_own_file(path, folders)


def belonging(namespace, folders=(), vh=None):
    """What is asked of objects; looks once for the modules of the script that are there now."""
    return Belonging(namespace, folders, vh)


class Belonging:
    """Tells what belongs to a script, as far as its objects show it.

    A function does when its globals are those of the script or of a module in the script's folders;
    a class when it was made there; anything else when its class does, or what it calls.
    """

    def __init__(self, namespace, folders=(), vh=None):
        self.main = namespace
        self.classes = {}
        self.vh = {} if vh is None else vars(vh)
        modules = {n: m for n, m in list(sys.modules.items()) if is_own_module(m, folders)}
        self.names = set(modules)
        self.namespaces = {id(vars(module)) for module in modules.values()} | {id(namespace)}
        # Otherwise other scripts call themselves by the same name.
        main = loaded(namespace.get("__name__"))
        self.is_alone = bool(BASELINE) or getattr(main, "__dict__", None) is namespace

    def add(self, modules):
        """Modules by their names that are the script's too."""
        self.classes.clear()
        self.names.update(modules)
        self.namespaces.update(id(getattr(module, "__dict__", None)) for module in modules.values())

    def has(self, value, depth=4):
        kind = type(value)
        if kind in PLAIN or (kind is tuple and PLAIN.issuperset(map(type, value))):
            return False
        if issubclass(kind, type):
            return self.has_class(value)
        if self.has_class(kind):
            return True
        if kind is type(sys):
            return id(vars(value)) in self.namespaces
        if kind is FUNCTION and id(value.__globals__) in self.namespaces:
            return True
        if kind is BUILTIN and self.vh.get(value.__name__) is value:
            return True
        return depth > 0 and any(self.has(inner, depth - 1) for inner in called_by(value, kind))

    def has_class(self, kind):
        if id(kind) not in self.classes:
            # With the class, whose address nobody else gets meanwhile.
            self.classes[id(kind)] = (kind, self.is_own_class(kind))
        return self.classes[id(kind)][1]

    def is_own_class(self, kind):
        own = vars(kind)
        name = own.get("__module__")
        if type(name) is str and name in self.names:
            return True
        if name == self.main.get("__name__") and self.made_class(kind, own):
            return True
        # A class that a library makes of one: an enum, a copy with slots.
        return any(self.has_class(base) for base in kind.__bases__)

    def made_class(self, kind, own):
        """Whether a class of a `__main__` is this script's: C modules share some of their containers
        between interpreters.
        """
        if self.main.get(kind.__name__) is kind:
            return True
        functions = [getattr(value, "__func__", value) for value in list(own.values())]
        namespaces = [f.__globals__ for f in functions if type(f) is FUNCTION]
        if namespaces:
            return any(namespace is self.main for namespace in namespaces)
        return self.is_alone


def called_by(value, kind):
    """What an object of a kind that only passes calls on would call, and for whom."""
    if kind in (BOUND, METHOD):
        return (value.__self__, getattr(value, "__func__", None))
    if kind is BUILTIN:
        return (value.__self__,)
    if kind in (staticmethod, classmethod):
        return (value.__func__,)
    if kind is property:
        return (value.fget, value.fset, value.fdel)
    if kind is tuple:
        return value
    functools = loaded("functools")
    if functools is not None and kind is functools.partial:
        return (value.func,)
    # Decorators leave the function they wrap here.
    try:
        inner = value.__dict__ if callable(value) else None
    except Exception:
        return ()  # Objects that stand for others may not find theirs.
    return (inner["__wrapped__"],) if type(inner) is dict and "__wrapped__" in inner else ()


def take_out(container, own):
    """Takes what is a script's out of a list, dict or set."""
    kind = type(container)
    if kind not in CONTAINERS or is_plain(container):
        return
    if kind is dict:
        for key, value in list(container.items()):
            if own.has(value) or own.has(key):
                container.pop(key, None)
    elif kind is set:
        container.difference_update([value for value in list(container) if own.has(value)])
    elif any(own.has(value) for value in container):
        container[:] = [value for value in container if not own.has(value)]


def is_plain(container):
    """Whether nothing in it can belong to anybody, as in most containers of modules."""
    values = container.values() if type(container) is dict else ()
    return PLAIN.issuperset(map(type, container)) and PLAIN.issuperset(map(type, values))
