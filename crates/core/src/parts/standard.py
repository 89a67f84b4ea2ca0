"""Modules of the standard library, for the library itself."""


def standard_module(name):
    """A module of the standard library, also when a script's folder has one of that name."""
    found = loaded(name)
    if found is not None and getattr(found, "__file__", None) in STANDARD_FILES:
        return found
    hidden, path = sys.modules.pop(name, None), list(sys.path)
    sys.path[:] = SEARCH_PATH
    try:
        module = __import__(name)
        STANDARD_FILES.add(getattr(module, "__file__", None))
        return module
    finally:
        sys.path[:] = path
        if hidden is not None:
            sys.modules[name] = hidden


# Files of modules that standard_module has imported.
STANDARD_FILES = set()
