"""Putting an interpreter back to its baseline, or preparing its end."""


def sweep():
    """Puts the interpreter back to what it was before its script; False when that cannot be."""
    if SPOILED or not BASELINE:
        return False
    restore_contents()
    restore_settings()
    let_go_of_asyncio()
    empty_leaked_containers()
    modules = BASELINE["modules"]
    probes = [probe for name in list(sys.modules) if (probe := drop_module(name, modules))]
    sys.modules.update(modules)
    clear_survivors(probes)
    return True


def restore_contents():
    for namespace, before in kept("namespaces"):
        for name in namespace.keys() - before.keys():
            del namespace[name]
        namespace.update(before)
    for container, before in (*kept("dicts"), *BASELINE["others"]):
        container.clear()
        refill = container.extend if type(container) is list else container.update
        refill(before)
    for kind, before in kept("classes"):
        restore_class(kind, before)


def kept(what):
    """Modules, classes or dicts, each with a dict of what was in it."""
    owners, values, names = BASELINE[what]
    names = shared_names(names) if type(names) is int else names
    for owner, names, values in zip(owners, names, values):
        yield owner, dict(zip(names, values))


def restore_class(kind, before):
    now = dict(vars(kind))
    for name in now.keys() - before.keys():
        delattr(kind, name)
    for name, value in before.items():
        if now.get(name, now) is not value and name not in ("__dict__", "__weakref__"):
            setattr(kind, name, value)


def restore_settings():
    for function, arguments in BASELINE["settings"]:
        function(*arguments)
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None:
        for tool in range(6):
            if monitoring.get_tool(tool) is not None:
                monitoring.free_tool_id(tool)
    RAW_THREADS.clear()
    SCOPES.clear()


def drop_module(name, modules):
    """Drops a module of the script; returns a weak reference to a function of it, if any."""
    if name in modules:
        return None
    namespace = getattr(sys.modules.pop(name), "__dict__", {})
    if any(namespace is content for content in BASELINE["namespaces"][0]):
        return None  # Another name of a module that stays.
    for value in list(namespace.values()):
        if getattr(value, "__globals__", None) is namespace:
            return modules["_weakref"].ref(value)
    return None


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
