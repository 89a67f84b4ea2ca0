"""What the library does inside an interpreter in Python's own terms.

Compiled into the library. Each script has one Scope: what belongs to it beside its module. In a
sub-interpreter everything belongs to its only script; in the main interpreter threads and exit
functions are told apart by the script they were started for.

Nothing is imported that a script did not import: modules are looked up in sys.modules.

Builtins of the library in this namespace: current_script() the serial of the script the host's
thread runs for, in_host_call() whether this thread is inside a call from the host, serve() answers
the vh calls of other threads, notify(serial) asks for the script's jobs to be run by the host,
thread_frames() the innermost frames of threads that Python started in this interpreter.
"""

import gc
import sys

# Where modules are looked for before a script adds its folders: what the library itself imports
# must not be a script of the same name.
SEARCH_PATH = list(sys.path)

SCOPES = {}
# Ids of threads started without the threading module, in a sub-interpreter.
RAW_THREADS = set()


def current_serial():
    """Serial of the running script, also on threads it started; None for none."""
    serial = current_script()
    threading = loaded("threading")
    if serial is None and threading is not None:
        serial = getattr(threading.current_thread(), "_vh_script", None)
    return serial


def current_scope():
    return SCOPES.get(current_serial())


def shared_attribute(name):
    """An attribute of vh, for modules that several scripts of the main interpreter import."""
    scope = current_scope()
    if scope is None:
        raise AttributeError(f"module 'vh' has no attribute {name!r} outside of a script")
    return getattr(scope.vh, name)


def loaded(name):
    return sys.modules.get(name)


class Scope:
    def __init__(self, script, shared, vh):
        self.script = script
        self.vh = vh
        # Whether other scripts live in this interpreter too.
        self.shared = shared
        self.unload_callbacks = []
        self.exit_callbacks = []
        self.jobs = []
        self.failures = []
        self.closed = False
        self.loop = None
        # Held by the thread of the host that runs the loop; nobody waits for it.
        self.loop_lock = __import__("_thread").allocate_lock()
        self.tasks = set()
        self.site_packages = []
        # What reports exceptions of threads while they are stopped, and what did before.
        self.quiet_hook = self.loud_hook = None
        SCOPES[script] = self
        vh.on_unload = self.on_unload
        vh.run_in_host = self.run_in_host

    def on_unload(self, function, *args, **kwargs):
        """Call a function when the script is unloaded, after UnLoad(); the last one first.

        Returns the function, so that it can be used as a decorator.
        """
        self.unload_callbacks.append((function, args, kwargs))
        return function

    # Environment

    def use_venv(self, folder):
        """Adds the packages of a virtual environment for this script only.

        Returns None, or what is wrong with it.
        """
        import os
        import site

        version = "{}.{}".format(*sys.version_info)
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
                pairs = (line.partition("=") for line in file)
                settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
        except OSError as error:
            return f"{folder} is no virtual environment: {error}"
        found = settings.get("version") or settings.get("version_info") or "unknown"
        if found.split(".")[:2] != version.split("."):
            return (
                f"the virtual environment {folder} is for Python {found}, "
                f"but scripts run with Python {version}: make it again with that version"
            )
        packages = os.path.join(folder, "lib", f"python{version}", "site-packages")
        if not os.path.isdir(packages):
            return f"the virtual environment {folder} has no folder {packages}"
        before = list(sys.path)
        site.addsitedir(packages)
        self.site_packages = [path for path in sys.path if path not in before]
        sys.path[:] = before
        if self.shared:
            if VenvFinder not in sys.meta_path:
                sys.meta_path.insert(0, VenvFinder)
            return None
        # After the standard library, before the packages of the Python itself.
        others = [path.endswith(("site-packages", "dist-packages")) for path in before]
        place = others.index(True) if True in others else len(before)
        sys.path[place:place] = self.site_packages
        return None

    # Threads

    def threads(self):
        """Thread objects that belong to the script and run, but for this one."""
        threading = loaded("threading")
        if threading is None:
            return []
        others = [threading.current_thread(), threading.main_thread()]
        return [
            thread
            for thread in threading.enumerate()
            if thread not in others
            and not isinstance(thread, threading._DummyThread)
            and self.owns(thread)
        ]

    def owns(self, thread):
        return not self.shared or getattr(thread, "_vh_script", None) == self.script

    def thread_ids(self):
        """Ids of the script's threads; those started without threading are known by our hook."""
        ids = {thread.ident for thread in self.threads()}
        return list(ids if self.shared else ids | RAW_THREADS)

    def patient(self):
        """Whether a thread runs that Python itself would wait for at exit."""
        return any(not thread.daemon for thread in self.threads())

    def stacks(self):
        """The stacks of the script's threads: (its Thread object or None, frames from inside)."""
        found = []
        for frame in thread_frames():
            frames = []
            while frame is not None:
                frames.append(frame)
                frame = frame.f_back
            outermost = frames[-1]
            thread = None
            if outermost.f_code.co_name == "_bootstrap":
                thread = outermost.f_locals.get("self")
            if not self.shared or (thread is not None and self.owns(thread)):
                found.append((thread, frames))
        return found

    def describe_threads(self):
        """Name and stack of each thread, for the log."""
        traceback = standard_module("traceback")
        return [
            "thread {}\n{}".format(
                "(without a name)" if thread is None else thread.name,
                "".join(traceback.format_stack(frames[0])).rstrip(),
            )
            for thread, frames in self.stacks()
        ]

    # Stopping

    def run_unload_callbacks(self):
        self.run_all("a callback of vh.on_unload", self.unload_callbacks)

    def run_exit_callbacks(self):
        self.run_all("an exit function", self.exit_callbacks)
        if not self.shared and loaded("atexit") is not None:
            loaded("atexit")._run_exitfuncs()

    def run_all(self, place, callbacks):
        while callbacks:
            function, args, kwargs = callbacks.pop()
            try:
                function(*args, **kwargs)
            except BaseException as exception:
                self.failures.append((place, exception))

    def ask_to_stop(self):
        """Asks timers, executors and event loops of the script to finish. Never waits."""
        threading = loaded("threading")
        if threading is not None:
            for thread in self.threads():
                if isinstance(thread, threading.Timer):
                    thread.cancel()
            self.expect_cancellation(threading)
        for _, frames in self.stacks():
            for frame in frames:
                self.ask_frame(frame)
        self.close_loop()

    def expect_cancellation(self, threading):
        """Threads whose event loop is stopped end with an exception nobody need hear of."""
        if self.quiet_hook is not None:
            return
        self.loud_hook = report = threading.excepthook

        def excepthook(args):
            asyncio = loaded("asyncio")
            quiet = asyncio is not None and (
                issubclass(args.exc_type, asyncio.CancelledError)
                or str(args.exc_value).startswith("Event loop stopped before Future completed")
            )
            if not (quiet and args.thread is not None and self.owns(args.thread)):
                report(args)

        self.quiet_hook = threading.excepthook = excepthook

    def ask_frame(self, frame):
        if frame.f_code.co_name == "_worker" and "executor_reference" in frame.f_locals:
            executor = frame.f_locals["executor_reference"]()
            if executor is not None:
                executor.shutdown(wait=False)
        asyncio = loaded("asyncio")
        if asyncio is not None and frame.f_code.co_name == "run_forever":
            loop = frame.f_locals.get("self")
            if isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_closed():
                loop.call_soon_threadsafe(self.stop_loop, loop)

    @staticmethod
    def stop_loop(loop):
        for task in loaded("asyncio").all_tasks(loop):
            task.cancel()
        # The tasks have a moment to clean up.
        loop.call_later(0.05, loop.stop)

    def close_loop(self):
        """Cancels what still runs on the script's own loop and closes it."""
        loop, self.loop = self.loop, None
        if loop is None or loop.is_running():
            return
        asyncio = loaded("asyncio")
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def wake_waiters(self):
        """Wakes threads that wait for a condition, so that they see the exception sent to them."""
        threading = loaded("threading")
        if threading is None:
            return
        wait = threading.Condition.wait.__code__
        for _, frames in self.stacks():
            for frame in frames:
                if frame.f_code is wait and "waiter" in frame.f_locals:
                    try:
                        frame.f_locals["waiter"].release()
                    except RuntimeError:
                        pass  # It was released this moment.

    # Coroutines

    def own_loop(self):
        if self.loop is None or self.loop.is_closed():
            import asyncio

            self.loop = asyncio.new_event_loop()
        return self.loop

    def start(self, coroutine, place):
        """Starts an `async def` hook; it goes on at later calls."""
        self.own_loop().call_soon_threadsafe(self.adopt, coroutine, place)
        self.turn()

    def adopt(self, coroutine, place):
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(lambda task: self.finished(task, place))

    def finished(self, task, place):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failures.append((place, task.exception()))

    def turn(self):
        """Runs what is ready on the script's loop, without waiting."""
        asyncio = loaded("asyncio")
        loop = self.loop
        if loop is None or loop.is_closed() or asyncio._get_running_loop() is not None:
            return
        if not self.loop_lock.acquire(False):
            return
        try:
            for _ in range(16):
                loop.call_soon(loop.stop)
                loop.run_forever()
                if not getattr(loop, "_ready", None):
                    break
        finally:
            self.loop_lock.release()

    def complete(self, coroutine):
        """Runs a coroutine to its end and returns its result."""
        import asyncio

        outer = asyncio._get_running_loop()
        is_free = outer is None and self.loop_lock.acquire(False)
        # While the script's loop waits further up on some stack, this call gets one of its own.
        loop = self.own_loop() if is_free else asyncio.new_event_loop()
        asyncio._set_running_loop(None)
        try:
            result, exception = loop.run_until_complete(self.serving(coroutine))
        finally:
            asyncio._set_running_loop(outer)
            if is_free:
                self.loop_lock.release()
            else:
                loop.close()
        if exception is not None:
            raise exception
        return result

    @staticmethod
    async def serving(coroutine):
        """Answers the vh calls of other threads while the coroutine waits, perhaps for them.

        Returns (result, None) or (None, exception): SystemExit would end the loop, not the task.
        """
        import asyncio

        task = asyncio.ensure_future(outcome(coroutine))
        while not task.done():
            serve()
            await asyncio.wait([task], timeout=0.01)
        return task.result()

    # Work for the host's thread

    def run_in_host(self, work):
        """Run a callable or a coroutine on the hub's thread and return a Future of its result.

        Inside a call from the hub it runs at once, else at the hub's next call into any script,
        once a second at the latest.
        """
        from concurrent.futures import Future

        future = Future()
        if self.closed:
            future.set_exception(RuntimeError("the script is being unloaded"))
            return future
        self.jobs.append((work, future))
        if in_host_call():
            self.run_jobs()
        else:
            notify(self.script)
        return future

    def run_jobs(self):
        """Runs what `vh.run_in_host` was given, on the host's thread."""
        jobs, self.jobs = self.jobs, []
        for work, future in jobs:
            if future.set_running_or_notify_cancel():
                self.run_job(work, future)
        self.turn()

    def run_job(self, work, future):
        try:
            result = work() if callable(work) else work
            if not hasattr(result, "__await__"):
                future.set_result(result)
                return
            task = self.own_loop().create_task(as_coroutine(result))
            self.tasks.add(task)
            task.add_done_callback(lambda task: self.settle(task, future))
        except BaseException as exception:
            future.set_exception(exception)

    def settle(self, task, future):
        self.tasks.discard(task)
        if task.cancelled():
            future.cancel()
        elif task.exception() is not None:
            future.set_exception(task.exception())
        else:
            future.set_result(task.result())

    def has_jobs(self):
        return bool(self.jobs)

    def fail_jobs(self):
        self.closed = True
        jobs, self.jobs = self.jobs, []
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(RuntimeError("the script is being unloaded"))

    def forget(self):
        threading = loaded("threading")
        if threading is not None and threading.excepthook is self.quiet_hook is not None:
            threading.excepthook = self.loud_hook
        SCOPES.pop(self.script, None)

    def take_failures(self):
        failures, self.failures = self.failures, []
        return failures


class VenvFinder:
    """In the main interpreter: finds modules in the virtual environment of the running script."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None or name in getattr(sys, "stdlib_module_names", ()):
            return None
        scope = current_scope()
        if scope is None or not scope.site_packages:
            return None
        # Always loaded: an import here would come back to this finder.
        finder = sys.modules["_frozen_importlib_external"].PathFinder
        return finder.find_spec(name, scope.site_packages, target)


async def outcome(awaitable):
    try:
        return await awaitable, None
    except BaseException as exception:
        return None, exception


async def as_coroutine(awaitable):
    return await awaitable


def tell_scripts_apart():
    """In the main interpreter: threads and exit functions belong to the script they come from."""
    import atexit
    import threading

    start = threading.Thread.start
    register, unregister = atexit.register, atexit.unregister

    def start_for_script(self):
        scope = current_scope()
        self._vh_script = None if scope is None else scope.script
        start(self)

    def register_for_script(function, *args, **kwargs):
        scope = current_scope()
        if scope is None:
            return register(function, *args, **kwargs)
        scope.exit_callbacks.append((function, args, kwargs))
        return function

    def unregister_for_script(function):
        scope = current_scope()
        if scope is not None:
            scope.exit_callbacks[:] = [c for c in scope.exit_callbacks if c[0] != function]
        unregister(function)

    # Threads that are not told whether they are daemons do as the host's thread, which is none.
    threading._DummyThread.daemon = property(lambda self: False)
    threading.Thread.start = start_for_script
    atexit.register = register_for_script
    atexit.unregister = unregister_for_script


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


def describe(exception):
    """What Python would print for an exception."""
    place = exception.__traceback__
    # Not the library's own part of the way.
    while place is not None and place.tb_frame.f_globals is globals():
        place = place.tb_next
    try:
        lines = standard_module("traceback").format_exception(type(exception), exception, place)
        return "".join(lines)
    except BaseException as failure:
        return describe_briefly(exception, failure)


def describe_briefly(exception, failure):
    """The same when formatting it fails, for example at the end of the stack."""
    place = exception.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        where = f'  File "{place.tb_frame.f_code.co_filename}", line {place.tb_lineno}\n'
    try:
        text = str(exception)
    except BaseException:
        text = "(its text cannot be shown)"
    kind, reason = type(exception).__name__, type(failure).__name__
    return f"{where}{kind}: {text}\n(no traceback: {reason} while formatting it)\n"


def accepts_argument(function):
    """Whether a callable accepts one argument; True when that cannot be told."""
    try:
        signature = standard_module("inspect").signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def add_search_path(folders):
    """The script's folders come first."""
    if type(sys.path) is not list:
        sys.path = list(SEARCH_PATH)
    for folder in reversed(folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def run_source(source, path, namespace, compile=compile, exec=exec):
    """Runs a script. Python's own compile honours encoding comments and byte order marks."""
    exec(compile(source, path, "exec", 0, True), namespace)


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


# C modules whose state all interpreters share before a version of Python, so that scripts disturb
# each other. Without them the standard library uses the same written in Python.
WRITTEN_IN_PYTHON = (
    # Running loops mix; 3.12 before .4 may crash when the module is dropped.
    ("_asyncio", (3, 12, 4)),
    # Its exceptions are those of the last import anywhere: nobody else's `except` catches them.
    ("_decimal", (3, 13)),
)


def prepare_own_interpreter():
    """In a script's own interpreter, before it runs; it may have had another script before."""
    if BASELINE:
        return
    import _thread

    for name, version in WRITTEN_IN_PYTHON:
        if sys.version_info < version:
            sys.modules[name] = None
    if hasattr(_thread, "_get_main_thread_ident"):
        # From 3.13 on every thread of a sub-interpreter would be a daemon unless it says otherwise,
        # for `threading` takes the host's thread for a stranger, which it did not do before.
        _thread._get_main_thread_ident = _thread.get_ident
    forbid_fork()
    start = _thread.start_new_thread

    def start_new_thread(*args, **kwargs):
        ident = start(*args, **kwargs)
        RAW_THREADS.add(ident)
        return ident

    _thread.start_new_thread = _thread.start_new = start_new_thread
    BASELINE.append(Baseline())


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


# Using an interpreter again: each one that ends leaves memory behind, most from Python 3.12 on.

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


def top_level_imports(source):
    """Top-level names of the modules a source imports when it runs, also under try and if."""
    import ast

    names = []

    def visit(statements):
        for node in statements:
            if isinstance(node, ast.Import):
                names.extend(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                if node.level == 0 and node.module:
                    names.append(node.module.split(".")[0])
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                visit(node.orelse)
            elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for field in ("body", "orelse", "finalbody"):
                    inner = getattr(node, field, None)
                    if isinstance(inner, list):
                        visit(inner)
                for handler in getattr(node, "handlers", []):
                    visit(handler.body)

    visit(ast.parse(source).body)
    return names
