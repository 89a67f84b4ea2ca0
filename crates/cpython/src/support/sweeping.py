"""Taking what is left of a script out of its interpreter, or preparing the interpreter's end."""


def sweep():
    """Takes the script out of its interpreter, in which libraries stay.

    Returns None, or what cannot be taken out.
    """
    if not BASELINE:
        return "it was not prepared"
    for name in ("belonging", "modules_of_script", "restore_contents", "held_namespace"):
        run_file_with(name)
    main = held_namespace()
    gone = modules_of_script()
    own = belonging(main, OWN_FOLDERS)
    own.add({name: module for name, module in gone.items() if module is not None})
    restore_codecs()
    restore_hooks()
    restore_contents(Libraries(gone), own)
    restore_settings()
    probes = [probe for name in gone if (probe := drop_module(name))]
    gone = set(gone)
    sys.modules.update(BASELINE["modules"])
    gc.collect()
    left = []
    if functions_in(main) or any(probe() is not None for probe in probes):
        left = restore_libraries(gone, own)
        clear_survivors(probes)
    del main, own
    end_held_module()
    return ", ".join(SPOILED + left) or None


def functions_in(namespace):
    """Whether a function of a module whose names are gone is kept by anything."""
    kind = type(functions_in)
    return any(type(holder) is kind for holder in gc.get_referrers(namespace))


def drop_module(name):
    """Drops a module of the script; returns a weak reference to a function of it, if any."""
    namespace = getattr(sys.modules.pop(name), "__dict__", {})
    for value in list(namespace.values()):
        if getattr(value, "__globals__", None) is namespace:
            return sys.modules["_weakref"].ref(value)
    return None


def clear_survivors(probes):
    """Empties modules of the script that something keeps alive, as Python does at its exit: caches
    of libraries.
    """
    gc.collect()
    survivors = [probe() for probe in probes if probe() is not None]
    for function in survivors:
        function.__globals__.clear()
    if survivors:
        gc.collect()


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


def prepare_end():
    """Before the interpreter ends; all its threads have."""
    atexit = loaded("atexit")
    if atexit is not None:
        atexit._run_exitfuncs()
    let_go_of_asyncio()
    if loaded("threading") is not None:
        # Keep Python's own shutdown from looking for them.
        loaded("threading")._shutdown = lambda: None
    empty_leaked_containers()


# Containers of C modules that nobody frees before 3.13, with all they hold.
LEAKED_CONTAINERS = (
    ("_ctypes", "_pointer_type_cache"),
    ("_sqlite3", "adapters"),
    ("_sqlite3", "converters"),
    ("_ssl", "err_codes_to_names"),
    ("_ssl", "err_names_to_codes"),
    ("_ssl", "lib_codes_to_names"),
)


def empty_leaked_containers():
    for module, name in LEAKED_CONTAINERS:
        container = getattr(loaded(module), name, None)
        if container is not None and not is_used_elsewhere(container):
            container.clear()


def is_used_elsewhere(container):
    """Whether another interpreter has it too: there it has the names of at least three modules.

    The C module itself holds one reference, and a copy of its namespace may hold another.
    """
    namespaces = [holder for holder in gc.get_referrers(container) if type(holder) is dict]
    # The variables here and in the caller, and the argument of getrefcount.
    known = len(namespaces) + 3
    return sys.getrefcount(container) - known >= 3
