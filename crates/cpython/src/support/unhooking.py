"""Taking what a script put into modules that all scripts of the main interpreter share out of them."""

# Modules and classes: what was in each before scripts changed it, and the containers among it, by the
# id of its dict or of the class.
BEFORE = {}
MISSING = object()
IS = __import__("_operator").is_

for name in ("belonging", "unknown_error_handler"):
    run_file_with(name)


def note_modules():
    """Notes what modules and their classes are like that were imported since the last time."""
    for name, module in list(sys.modules.items()):
        namespace = getattr(module, "__dict__", None)
        if type(namespace) is dict and id(namespace) not in BEFORE:
            note(namespace, namespace)
            for value in list(namespace.values()):
                if issubclass(type(value), type) and value.__flags__ & HEAP_TYPE:
                    if vars(value).get("__module__") == name:
                        note(value, vars(value))


def note(owner, names):
    names = dict(names)
    BEFORE[id(owner)] = (owner, names, [v for v in names.values() if type(v) in CONTAINERS])


def forget_modules():
    """Lets go of modules that are not there any more."""
    there = {id(getattr(module, "__dict__", None)) for module in list(sys.modules.values())}
    for key, (owner, *_) in list(BEFORE.items()):
        namespace = owner if type(owner) is dict else class_globals(owner)
        if id(namespace) not in there:
            del BEFORE[key]


def class_globals(kind):
    return getattr(sys.modules.get(vars(kind).get("__module__")), "__dict__", None)


def tell_registries_apart():
    """In the main interpreter: what scripts register for good is taken back with them."""
    codecs, os = loaded("codecs"), loaded("os")
    add_hook, fork_hooks, register = sys.addaudithook, os.register_at_fork, codecs.register
    register_error, lookup_error = codecs.register_error, codecs.lookup_error

    def addaudithook(hook):
        add_hook(while_loaded(hook, scope_behind(sys._getframe(1))))

    def register_at_fork(**callbacks):
        scope = scope_behind(sys._getframe(1))
        fork_hooks(**{when: while_loaded(hook, scope) for when, hook in callbacks.items()})

    def register_codec(search):
        scope = scope_behind(sys._getframe(1))
        if scope is not None and hasattr(codecs, "unregister"):
            scope.undoing.append(lambda: codecs.unregister(search))
        elif scope is not None:
            search = search_while_loaded(search, scope)
        register(search)

    def register_handler(name, handler):
        scope = scope_behind(sys._getframe(1))
        if scope is not None:
            try:
                before = lookup_error(name)
            except LookupError:
                before = unknown_error_handler(name)
            scope.undoing.append(lambda: put_back_handler(name, handler, before))
        register_error(name, handler)

    def put_back_handler(name, handler, before):
        if lookup_error(name) is handler:
            register_error(name, before)

    sys.addaudithook, os.register_at_fork = addaudithook, register_at_fork
    for module in (codecs, sys.modules["_codecs"]):
        module.register, module.register_error = register_codec, register_handler


def while_loaded(function, scope):
    """A function that does nothing once its script is gone."""
    if scope is None:
        return function
    held = [function]
    scope.undoing.append(held.clear)

    def call(*args, **kwargs):
        for function in held:
            return function(*args, **kwargs)

    return call


def search_while_loaded(search, scope):
    """The same for finding codecs, of which Python keeps each that was found."""
    search, found = while_loaded(search, scope), []

    def search_and_note(name):
        info = search(name)
        if info is not None:
            found.append(info)
        return info

    def drop_found():
        for info in found:
            for holder in gc.get_referrers(info):
                if type(holder) is dict:
                    for key in [key for key, value in holder.items() if value is info]:
                        del holder[key]

    scope.undoing.append(drop_found)
    return search_and_note


def put_back(owner, name, value):
    if type(owner) is dict:
        owner.pop(name) if value is MISSING else owner.update({name: value})
    elif value is MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, value)


class Unhooking(Part):
    # What its top level changed for the whole process.
    changes = None

    def run_noting_changes(self, code):
        """Runs the script's top level."""
        before = process_wide()
        try:
            exec(code, self.namespace)
        finally:
            self.changes = Changes(before)
            note_modules()

    def unhook(self):
        """Puts back what the script changed, as far as it can be told to be the script's."""
        steps = [self.put_streams_back, self.put_modules_back, *self.undoing]
        if self.changes is not None:
            steps.append(self.changes.take_back)
        self.undoing.clear()
        while steps:
            try:
                steps.pop()()
            except Exception as exception:
                self.failures.append(("taking back what it changed", exception))

    def put_modules_back(self):
        own = belonging(self.namespace, vh=self.vh)
        forget_modules()
        for owner, before, containers in list(BEFORE.values()):
            names = owner if type(owner) is dict else vars(owner)
            containers = list(containers)
            # Most modules are as they were, which is quickly seen.
            if len(names) != len(before) or not all(map(IS, names.values(), before.values())):
                for name, value in list(names.items()):
                    if before.get(name, MISSING) is not value:
                        containers.append(value)
                        if own.has(value):
                            put_back(owner, name, before.get(name, MISSING))
            for container in containers:
                if id(container) not in BEFORE:
                    take_out(container, own)

    def put_streams_back(self):
        is_alone = not any(scope.shared for scope in list(SCOPES.values()))
        if is_alone or (self.changes is not None and self.changes.has_streams):
            put_streams_back(is_alone)
