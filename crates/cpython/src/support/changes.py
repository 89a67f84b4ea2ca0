"""What the top level of a script in the main interpreter changes for the whole process.

Numbers, filters and streams do not show whose they are. So they are compared: how they were before the
top level ran, and after it. At unload what is still as the script left it is put back.
"""

ABSENT = object()


def process_settings():
    """What is set by a function: that function, and its argument now."""
    threading, socket, logging = (loaded(name) for name in ("threading", "_socket", "logging"))
    found = [
        (sys.setrecursionlimit, (sys.getrecursionlimit(),)),
        (sys.setswitchinterval, (sys.getswitchinterval(),)),
        (sys.settrace, (sys.gettrace(),)),
        (sys.setprofile, (sys.getprofile(),)),
        (sys.set_asyncgen_hooks, tuple(sys.get_asyncgen_hooks())),
        (
            sys.set_coroutine_origin_tracking_depth,
            (sys.get_coroutine_origin_tracking_depth(),),
        ),
        (gc.set_threshold, gc.get_threshold()),
        (gc.set_debug, (gc.get_debug(),)),
        (gc.enable if gc.isenabled() else gc.disable, ()),
        (threading.stack_size, (threading.stack_size(),)),
        (logging.disable, (logging.root.manager.disable,)),
        (logging.captureWarnings, (logging._warnings_showwarning is not None,)),
        (set_socket_timeout, (socket and socket.getdefaulttimeout(),)),
    ]
    if hasattr(sys, "set_int_max_str_digits"):
        found.append((sys.set_int_max_str_digits, (sys.get_int_max_str_digits(),)))
    return found


def set_socket_timeout(timeout):
    loaded("_socket").setdefaulttimeout(timeout)


def watched_names():
    """Namespaces of which each name counts: anybody sets them, and all use them."""
    logging = loaded("logging")
    modules = (loaded("builtins"), sys, logging)
    return (*map(vars, modules), logging._levelToName, logging._nameToLevel)


def watched_lists():
    """Lists that anybody adds to."""
    return (sys.path, loaded("warnings").filters)


def process_wide():
    return (
        process_settings(),
        [(names, dict(names)) for names in watched_names()],
        [(items, list(items)) for items in watched_lists()],
        describe_streams(),
        tools_in_use(),
    )


def tools_in_use():
    """Numbers of the tools that watch all code, such as profilers, from 3.12 on."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return []
    # The library's own has nothing to do with scripts.
    return [n for n in range(6) if monitoring.get_tool(n) not in (None, "deadline")]


def describe_streams():
    """What the standard streams are, and how they write."""
    described = []
    for stream in (sys.stdout, sys.stderr):
        described.append(stream)
        for name in ("encoding", "errors", "line_buffering", "write_through", "closed"):
            try:
                described.append(getattr(stream, name, None))
            except Exception:
                described.append(None)  # It was detached from what it writes to.
    return described


# What they were like when no script had changed them.
STREAMS_BEFORE = []


class Changes:
    """What is different from what `before` says."""

    def __init__(self, before):
        now = process_wide()
        self.settings = [pair for pair in zip(before[0], now[0]) if pair[0] != pair[1]]
        self.names = [
            (owner, name, old.get(name, ABSENT), new.get(name, ABSENT))
            for (owner, old), (_, new) in zip(before[1], now[1])
            for name in old.keys() | new.keys()
            if old.get(name, ABSENT) is not new.get(name, ABSENT)
            and type(new.get(name)) is not type(sys)  # A part of a package that was imported.
        ]
        self.added = [
            (owner, item)
            for (owner, old), (_, new) in zip(before[2], now[2])
            for item in new
            if item not in old
        ]
        self.has_streams = before[3] != now[3]
        self.tools = [tool for tool in now[4] if tool not in before[4]]

    def take_back(self):
        now = process_settings()
        for (set_again, arguments), after in self.settings:
            if after in now:
                set_again(*arguments)
        for owner, name, before, after in self.names:
            if owner.get(name, ABSENT) is after is not ABSENT and before is ABSENT:
                del owner[name]
            elif owner.get(name, ABSENT) is after:
                owner[name] = before
        for owner, item in self.added:
            if item in owner:
                owner.remove(item)
        for tool in self.tools:
            if tool in tools_in_use():
                sys.monitoring.set_events(tool, 0)
                sys.monitoring.free_tool_id(tool)
        # Whoever has looked at the filters of warnings looks again.
        with loaded("warnings").catch_warnings():
            pass


def put_streams_back(is_alone):
    """New ones, when no other script can have changed them or they are the library's own."""
    now = describe_streams()
    is_ours = all(stream in STREAMS_BEFORE for stream in (sys.stdout, sys.stderr))
    if now != STREAMS_BEFORE and (is_alone or is_ours):
        threading = loaded("threading")
        hooks = sys.unraisablehook, threading.excepthook
        replace_output()
        sys.unraisablehook, threading.excepthook = hooks
        STREAMS_BEFORE[:] = describe_streams()
