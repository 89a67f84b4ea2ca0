"""Settings that outlive a script: what it changed is put back when it is unloaded.

Scripts of the main interpreter share theirs. So what the top level of a script changed is put back
when that script goes, as long as nobody changed it again, and all the rest when the last one goes.
Settings of the process are shared with the hub: only what a top level changed is put back.
"""


def attribute(module, name, otherwise=None):
    """Reads and writes a variable of a module that may not be loaded yet."""

    def get():
        return getattr(loaded(module), name, otherwise)

    def put(value):
        if loaded(module) is not None:
            setattr(loaded(module), name, value)

    return get, put


def pair(module, getter, setter, otherwise=None):
    """The same for what functions read and write."""

    def get():
        function = getattr(loaded(module), getter, None)
        return otherwise if function is None else function()

    def put(value):
        if loaded(module) is not None:
            getattr(loaded(module), setter)(value)

    return get, put


def switch(module, getter, on, off):
    def put(value):
        if loaded(module) is not None:
            getattr(loaded(module), on if value else off)()

    return pair(module, getter, on, False)[0], put


def content(module, name, changed=None):
    """The same for a list that stays."""

    def get():
        found = getattr(loaded(module), name, None)
        return tuple(found) if isinstance(found, list) else None

    def put(value):
        if value is not None and get() is not None:
            getattr(loaded(module), name)[:] = value
            if changed is not None:
                getattr(loaded(module), changed, int)()

    return get, put


def spread(put):
    return lambda value: put(*value)


def first_decimal_context():
    """The context that decimal begins with."""
    decimal = loaded("decimal")
    traps = [decimal.DivisionByZero, decimal.Overflow, decimal.InvalidOperation]
    return decimal.Context(28, "ROUND_HALF_EVEN", -999999, 999999, 1, 0, [], traps)


def decimal_contexts():
    """What this thread calculates with, and what new threads do; None as it is at first."""
    decimal = loaded("decimal")
    if decimal is None:
        return None
    now = decimal.getcontext().copy(), decimal.DefaultContext.copy()
    first = repr(first_decimal_context())
    for context in now:
        context.clear_flags()
    return None if all(repr(context) == first for context in now) else now


def put_decimal_contexts(value):
    decimal = loaded("decimal")
    if decimal is not None:
        here, default = value or (first_decimal_context(), first_decimal_context())
        decimal.setcontext(here)
        for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "traps"):
            setattr(decimal.DefaultContext, name, getattr(default, name))


def logging_levels():
    """What is not logged at all, and the level of the root; None before logging is loaded."""
    root = getattr(loaded("logging"), "root", None)
    return None if root is None else (root.manager.disable, root.level)


def put_logging_levels(value):
    logging = loaded("logging")
    if logging is not None:
        disabled, level = value or (logging.NOTSET, logging.WARNING)
        logging.disable(disabled)
        logging.root.setLevel(level)


# C modules that every Python has; a script's import of them is no matter of ours.
LOCALE, THREAD = __import__("_locale"), __import__("_thread")


def put_switch_interval(value):
    # Python cuts what is no whole number of microseconds.
    sys.setswitchinterval(value + 1e-7)


# Of the interpreter, or of the hub's thread in it.
SETTINGS = {
    "trace": (sys.gettrace, sys.settrace),
    "profile": (sys.getprofile, sys.setprofile),
    "trace of threads": attribute("threading", "_trace_hook"),
    "profile of threads": attribute("threading", "_profile_hook"),
    "stack": (THREAD.stack_size, THREAD.stack_size),
    "recursion": (sys.getrecursionlimit, sys.setrecursionlimit),
    "dlopen": (sys.getdlopenflags, sys.setdlopenflags),
    "digits": pair("sys", "get_int_max_str_digits", "set_int_max_str_digits"),
    "coroutines": pair(
        "sys", "get_coroutine_origin_tracking_depth", "set_coroutine_origin_tracking_depth"
    ),
    "generators": (sys.get_asyncgen_hooks, spread(sys.set_asyncgen_hooks)),
    "excepthook": attribute("sys", "excepthook"),
    "unraisablehook": attribute("sys", "unraisablehook"),
    "displayhook": attribute("sys", "displayhook"),
    "breakpointhook": attribute("sys", "breakpointhook"),
    "bytecode": attribute("sys", "dont_write_bytecode"),
    "arguments": content("sys", "argv"),
    "exceptions of threads": attribute("threading", "excepthook"),
    "collector": switch("gc", "isenabled", "enable", "disable"),
    "thresholds": (gc.get_threshold, spread(gc.set_threshold)),
    "debug": (gc.get_debug, gc.set_debug),
    "collections": content("gc", "callbacks"),
    "warnings": content("warnings", "filters", "_filters_mutated"),
    "logging": (logging_levels, put_logging_levels),
    "policy": attribute("asyncio.events", "_event_loop_policy"),
    "decimal": (decimal_contexts, put_decimal_contexts),
    "tracebacks": attribute("sys", "tracebacklimit"),
}
# Of the process.
SHARED_SETTINGS = {
    "switch": (sys.getswitchinterval, put_switch_interval),
    "timeout": pair("_socket", "getdefaulttimeout", "setdefaulttimeout"),
    "locale": (
        lambda: LOCALE.setlocale(LOCALE.LC_ALL),
        lambda value: LOCALE.setlocale(LOCALE.LC_ALL, value),
    ),
    "folder": pair("posix", "getcwd", "chdir"),
    "faults": switch("faulthandler", "is_enabled", "enable", "disable"),
    "allocations": switch("tracemalloc", "is_tracing", "start", "stop"),
}

# What the settings were before the first script that is there now.
FIRST_SETTINGS = {}
# Of each script that is there, in the order of their loads: [its scope, {name: [before, after]}].
CHANGED = []


def current_settings():
    found = {}
    for name, (get, _) in (*SETTINGS.items(), *SHARED_SETTINGS.items()):
        try:
            found[name] = get()
        except Exception:
            continue  # The working directory may be gone, a module may be half imported.
    return found


def put_setting(name, value):
    """Sets it, unless it is so already."""
    get, put = SETTINGS.get(name) or SHARED_SETTINGS[name]
    try:
        if not is_same(get(), value):
            put(value)
    except Exception:
        pass  # As it was, it is refused now: a folder that is gone, a stack deeper than the limit.


def is_same(one, other):
    return one is other or (type(one) is type(other) and repr(one) == repr(other))


class Settings(Part):
    def put_back_settings(self):
        """Puts back what the script changed."""
        place = next((i for i, entry in enumerate(CHANGED) if entry[0] is self), None)
        if place is None:
            return
        _, changes = CHANGED.pop(place)
        now = current_settings()
        for name, (before, after) in changes.items():
            later = next((entry[1][name] for entry in CHANGED[place:] if name in entry[1]), None)
            if later is not None:
                later[0] = before
            elif is_same(now.get(name), after):
                put_setting(name, before)
        for name in SETTINGS:
            if name in FIRST_SETTINGS and (not CHANGED or self.is_own(now.get(name))):
                put_setting(name, FIRST_SETTINGS[name])

    def is_own(self, value):
        """Whether a function is the script's."""
        function = getattr(value, "__func__", value)
        return getattr(function, "__globals__", None) is self.namespace

    def run_script(self, source, path, namespace):
        before = current_settings()
        if not CHANGED:
            FIRST_SETTINGS.update(before)
        changes = {}
        CHANGED.append([self, changes])
        try:
            run_source(source, path, namespace)
        finally:
            for name, after in current_settings().items():
                if name in before and not is_same(before[name], after):
                    changes[name] = [before[name], after]
