"""Putting an interpreter back to its baseline, but for what libraries made of it."""


class Libraries:
    """Tells what libraries made: those imported since the baseline was taken, which stay."""

    def __init__(self, gone):
        self.names, self.namespaces, self.modules = set(), set(), set()
        for name, module in list(sys.modules.items()):
            self.modules.add(id(module))
            if name not in BASELINE["modules"] and name not in gone and name != "vh":
                self.names.add(name)
                self.namespaces.add(id(getattr(module, "__dict__", None)))

    def made(self, value):
        """Whether a function, class or module is a library's. Anybody may make objects of its classes."""
        kind = type(value)
        if kind is type(sys):
            return id(value) in self.modules
        if kind is FUNCTION:
            return id(value.__globals__) in self.namespaces
        if kind is BOUND:
            return self.made(value.__func__)
        return issubclass(kind, type) and vars(value).get("__module__") in self.names

    def made_entry(self, value):
        """The same for something in a list or dict, where libraries put objects too."""
        return self.made(value) or type(value).__module__ in self.names


def restore_contents(libraries, own):
    for namespace, before in kept("namespaces"):
        restore_names(namespace, before, libraries)
    for kind, before in kept("classes"):
        restore_class(kind, before, libraries)
    for container, before in (*kept("dicts"), *BASELINE["others"]):
        restore_container(container, before, libraries, own)


def kept(what):
    """Modules, classes or dicts that have changed, each with a dict of what was in it."""
    owners, values, names = BASELINE[what]
    names = shared_names(names) if type(names) is int else names
    is_same = __import__("_operator").is_
    for owner, names, values in zip(owners, names, values):
        now = vars(owner) if isinstance(owner, type) else owner
        if list(now) != names or not all(map(is_same, now.values(), values)):
            yield owner, dict(zip(names, values))


def restore_names(namespace, before, libraries):
    for name, value in list(namespace.items()):
        if name not in before and not libraries.made(value):
            del namespace[name]
    for name, value in before.items():
        now = namespace.get(name)
        if now is not value and not libraries.made(now):
            namespace[name] = value


def restore_class(kind, before, libraries):
    now = dict(vars(kind))
    for name in now.keys() - before.keys():
        if not libraries.made(now[name]):
            delattr(kind, name)
    for name, value in before.items():
        is_changed = now.get(name, now) is not value and name not in ("__dict__", "__weakref__")
        if is_changed and not libraries.made(now.get(name)):
            setattr(kind, name, value)


def restore_container(container, before, libraries, own):
    def stays(entry):
        parts = entry if type(entry) is tuple else (entry,)
        if not any(map(libraries.made_entry, parts)):
            return False
        inside = [value for part in parts for value in attributes(part)]
        return not any(map(own.has, (*parts, *inside)))

    if type(container) is dict:
        before = dict(before)
        more = {key: value for key, value in container.items() if stays((key, value))}
        if container != {**before, **more}:
            container.clear()
            container.update({**before, **more})
        return
    items = list(container)
    if len(items) == len(before) and all(map(__import__("_operator").is_, items, before)):
        return
    # What a library added stays in its place.
    more = [entry for entry in items if entry not in before and stays(entry)]
    first = [entry for entry in more if items.index(entry) < len(items) - len(before)]
    last = [entry for entry in more if entry not in first]
    container.clear()
    (container.extend if type(container) is list else container.update)([*first, *before, *last])


def attributes(value):
    found = getattr(value, "__dict__", None)
    return list(found.values()) if type(found) is dict and not isinstance(value, type) else ()


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


def restore_hooks():
    """Puts back what functions of the standard library set for the whole interpreter."""
    threading = loaded("threading")
    if threading is not None:
        threading.settrace(None)
        threading.setprofile(None)
        threading.excepthook = sys.modules["_thread"]._excepthook
    logging = loaded("logging")
    if logging is not None:
        logging.disable(logging.NOTSET)
        logging.captureWarnings(False)
        logging.root.setLevel(logging.WARNING)
        for handler in list(logging.root.handlers):
            logging.root.removeHandler(handler)
    events = loaded("asyncio.events")
    if events is not None:
        # The next one who asks for it gets a new one, with no loop in it.
        events._event_loop_policy = None
        events._set_running_loop(None)


def restore_codecs():
    """Takes back what the script registered for texts; SPOILED says what cannot be."""
    codecs = sys.modules["codecs"]
    while CODECS:
        function = CODECS.pop()
        if hasattr(codecs, "unregister"):
            codecs.unregister(function)
        else:
            SPOILED.append("a codec")
    for name, before in ERROR_HANDLERS.items():
        codecs.register_error(name, before or unknown_error_handler(name))
    ERROR_HANDLERS.clear()


def unknown_error_handler(name):
    """What Python does with the name of a handler that nobody registered."""

    def fail(error):
        raise LookupError(f"unknown error handler name '{name}'")

    return fail


def restore_libraries(gone, own):
    """Takes what is the script's out of libraries that came after the baseline; returns the names of
    what cannot be.
    """
    left = []
    for name, module in list(sys.modules.items()):
        namespace = getattr(module, "__dict__", None)
        is_looked_at = name not in gone and name not in BASELINE["modules"] and name != "vh"
        if not is_looked_at or type(namespace) is not dict:
            continue
        for key, value in list(namespace.items()):
            if own.has(value):
                if type(value) is type(sys):
                    del namespace[key]  # It is imported again under this name.
                else:
                    left.append(f"{name}.{key}")
            elif isinstance(value, type) and value.__flags__ & HEAP_TYPE:
                left += [f"{name}.{key}.{inner}" for inner in own_in_class(value, own)]
            else:
                take_out(value, own)
    return left


def own_in_class(kind, own):
    found = []
    for key, value in list(vars(kind).items()):
        if own.has(value):
            found.append(key)
        else:
            take_out(value, own)
    return found
