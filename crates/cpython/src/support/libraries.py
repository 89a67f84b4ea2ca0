"""Which modules are libraries: they stay in an interpreter when its script goes.

C code keeps pointers to modules that no sweep can see, so nothing that a library is made of is ever
dropped and imported again in the same interpreter.
"""

run_file_with("is_own_file")
EXTENSIONS = tuple(sys.modules["_imp"].extension_suffixes())


def file_of(module):
    """The file of a module, or its folder if it is one without a file; None for others."""
    for name in ("__file__", "__path__"):
        try:
            path = getattr(module, name, None)
            path = path if name == "__file__" else next(iter(path or ()), None)
        except Exception:  # Whatever an object does that a library put there for a module.
            continue
        if isinstance(path, str):
            return path
    return None


def is_library_file(path):
    if is_own_file(path, OWN_FOLDERS):
        return False
    if not LIBRARY_FOLDERS.isdisjoint(path.split("/")):
        return True
    folders = (STANDARD_FOLDER, *LIBRARY_PATHS)
    return any(folder and path.startswith(folder.rstrip("/") + "/") for folder in folders)


def is_library_frame(frame):
    """Whether a frame runs code of a library, and not of a script."""
    path = frame.f_globals.get("__file__")
    return isinstance(path, str) and is_library_file(path)


def modules_of_script():
    """The modules of the script, by their names in sys.modules."""
    modules = list(sys.modules.items())
    made = []
    found = {}
    for name, module in modules:
        if name in BASELINE["modules"]:
            continue
        path = file_of(module)
        if module is None:
            found[name] = None  # The script forbids the import.
        elif path is not None:
            # A C module is never imported twice.
            if not path.endswith(EXTENSIONS) and not is_library_file(path):
                found[name] = module
        elif getattr(module, "__spec__", None) is None:
            made.append((name, module))
    used = used_by_libraries(found) if made else ()
    found.update((name, module) for name, module in made if id(module) not in used)
    return found


def used_by_libraries(found):
    """Ids of what libraries have under some name: modules they made, without a file, among it."""
    return {
        id(value)
        for name, module in list(sys.modules.items())
        if name not in found and file_of(module) is not None
        for value in list(getattr(module, "__dict__", {}).values())
    }


def has_foreign_extensions():
    """Whether C modules are loaded that are not the standard library's."""
    files = (file_of(module) for module in list(sys.modules.values()))
    return any(
        path is not None
        and path.endswith(EXTENSIONS)
        and not path.startswith(STANDARD_FOLDER + "/")
        for path in files
    )
