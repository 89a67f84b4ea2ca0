"""Preparing a script's own interpreter. Run once in each, and then forgotten."""

# C modules whose state all interpreters share before a version of Python, so that scripts disturb
# each other. Without them the standard library uses the same written in Python.
WRITTEN_IN_PYTHON = (
    # Running loops mix; 3.12 before .4 may crash when the module is dropped.
    ("_asyncio", (3, 12, 4)),
    # Its exceptions are those of the last import anywhere: nobody else's `except` catches them.
    ("_decimal", (3, 13)),
    # Its parts are those of the last import anywhere, also when they have gone. On 3.12 it cannot be
    # imported where the C part of datetime is refused, and zoneinfo does not catch how it fails.
    ("_zoneinfo", (3, 13)),
)


class Primer:
    """Finds nothing: it is told of each import, for what CPython keeps for the whole process."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        prime(name)


def prepare_own_interpreter():
    import _thread

    for name, version in WRITTEN_IN_PYTHON:
        if sys.version_info < version:
            sys.modules[name] = None
    if hasattr(_thread, "_get_main_thread_ident"):
        # From 3.13 on every thread of a sub-interpreter would be a daemon unless it says otherwise,
        # for `threading` takes the host's thread for a stranger, which it did not do before.
        _thread._get_main_thread_ident = _thread.get_ident
    if sys.version_info < (3, 13):
        sys.meta_path.insert(0, Primer)
    look_at_own_threads()
    forbid_fork()
    forbid_workers()
    forbid_exit()
    watch_registries()
    run_file_with("tell_exit_functions_apart")
    tell_exit_functions_apart()
    replace_output()
    start = _thread.start_new_thread

    def start_new_thread(*args, **kwargs):
        ident = start(*args, **kwargs)
        RAW_THREADS.add(ident)
        return ident

    _thread.start_new_thread = _thread.start_new = start_new_thread
    take_baseline()
    for name, value in list(globals().items()):
        if getattr(value, "__code__", None) and value.__code__.co_filename == FILE:
            del globals()[name]


# The name of this file.
FILE = prepare_own_interpreter.__code__.co_filename


def forbid_fork():
    """A child forked from a sub-interpreter dies at once."""
    posix, os = loaded("posix"), loaded("os")

    def fork():
        raise RuntimeError("fork is not supported in a sub-interpreter: use the runtime main")

    def register_at_fork(**callbacks):
        """Nothing to do: modules that were dropped would live on as callbacks of a fork."""

    for module in (posix, os):
        module.fork = module.forkpty = fork
        module.register_at_fork = register_at_fork


# A statement of what multiprocessing has the interpreters of its workers do.
WORKERS = ("; from multiprocessing.spawn ", "; from multiprocessing.forkserver ")


def forbid_workers():
    """Workers of multiprocessing import the script anew, in a Python without the hub.

    Its `import vh` fails there; a pool starts another worker for each that fails, without end.
    """
    starter = __import__("_posixsubprocess")
    fork_exec = starter.fork_exec

    def fork_exec_but_for_workers(arguments, *more):
        for argument in arguments:
            if isinstance(argument, str) and any(part in f"; {argument}" for part in WORKERS):
                raise RuntimeError(
                    "multiprocessing is not supported in a sub-interpreter, because its workers "
                    "would import the script without the hub: use the runtime main, or subprocess"
                )
        return fork_exec(arguments, *more)

    starter.fork_exec = fork_exec_but_for_workers


def forbid_exit():
    """os._exit would end the hub. Native code still can."""
    posix, os = loaded("posix"), loaded("os")

    def _exit(status):
        raise RuntimeError("os._exit would end the hub: a script ends when it is unloaded")

    for module in (posix, os):
        module._exit = _exit


def watch_registries():
    """Notes what the script registers for good."""
    codecs = (sys.modules["codecs"], sys.modules["_codecs"])
    add_hook, register = sys.addaudithook, codecs[0].register
    register_error, lookup_error = codecs[0].register_error, codecs[0].lookup_error

    def addaudithook(hook):
        if not is_called_by_library():
            SPOILED.append("a hook of sys.addaudithook")
        add_hook(hook)

    def register_codec(function):
        if not is_called_by_library():
            CODECS.append(function)
        register(function)

    def register_handler(name, handler):
        if not is_called_by_library():
            try:
                before = lookup_error(name)
            except LookupError:
                before = None
            ERROR_HANDLERS.setdefault(name, before)
        register_error(name, handler)

    sys.addaudithook = addaudithook
    for module in codecs:
        module.register, module.register_error = register_codec, register_handler


def take_baseline():
    """Notes what the interpreter is like before its script, so that it can be put back.

    Every script has a baseline, so it is kept small: each thing once, values in tuples, and names
    outside of the interpreter, because they are the same in all.
    """
    modules = [module for module in sys.modules.values() if isinstance(module, type(sys))]
    namespaces = {id(vars(module)): vars(module) for module in modules}
    classes, dicts, others = {}, {}, {}
    for namespace in namespaces.values():
        for value in namespace.values():
            kind = type(value)
            if isinstance(value, type):
                if value.__flags__ & (1 << 9):
                    classes[id(value)] = value
            # Namespaces are put back as those, not as values of others such as __builtins__.
            elif id(value) in namespaces or value is sys.modules:
                continue
            elif kind is dict and all(type(key) is str for key in value):
                dicts[id(value)] = value
            elif kind in (list, dict, set):
                others[id(value)] = (value, tuple(value.items() if kind is dict else value))
    BASELINE.update(
        modules=dict(sys.modules),
        namespaces=contents(namespaces.values()),
        classes=contents(classes.values()),
        dicts=contents(dicts.values()),
        others=tuple(others.values()),
        settings=settings(),
    )


def contents(owners):
    """What is in modules, classes and dicts: owners, values, and the number of their names."""
    owners = tuple(owners)
    mappings = [vars(owner) if isinstance(owner, type) else owner for owner in owners]
    values = tuple([tuple(mapping.values()) for mapping in mappings])
    number = share_names(mappings)
    return owners, values, [list(mapping) for mapping in mappings] if number is None else number


def settings():
    """Settings that are functions: how to put each back."""
    found = [
        (sys.setrecursionlimit, (sys.getrecursionlimit(),)),
        (gc.set_threshold, gc.get_threshold()),
        (gc.set_debug, (0,)),
        (gc.callbacks.clear, ()),
        (gc.unfreeze, ()),
        (gc.enable, ()),
    ]
    if hasattr(sys, "set_int_max_str_digits"):
        found.append((sys.set_int_max_str_digits, (sys.get_int_max_str_digits(),)))
    return tuple(found)
