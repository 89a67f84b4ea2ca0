"""The namespace of a script is taken apart as Python does it at exit."""

# The module of the script while libraries refer to it and are being looked through.
HELD = []


def end_module(holder):
    """Lets go of the module in a list, which holds the only reference but for the script's own.

    Finalizers and generators run while all globals are there, as long as nothing else refers to the
    module or its functions.
    """
    # As Python does it at exit. What holds others comes before them afterwards, so that a text is
    # flushed before the file it is written to is closed.
    gc.unfreeze()
    gc.collect()
    module = holder.pop()
    reference = sys.modules["_weakref"].ref(module)
    # It lives as long as its namespace does.
    vars(module)["__module_of_script__"] = module
    if sys.modules.get("__main__") is module:
        sys.modules["__main__"] = FIRST_MAIN
    del module
    gc.collect()
    if reference() is None:
        return
    HELD.append(reference())
    if not BASELINE:
        end_held_module()


def held_namespace():
    """The globals of the script, if libraries refer to them; else those that no script has."""
    return vars(HELD[0] if HELD else FIRST_MAIN)


def end_held_module():
    """Libraries do not refer to the script any more, as far as that can be told."""
    if not HELD:
        return
    reference = sys.modules["_weakref"].ref(HELD.pop())
    gc.collect()
    module = reference()
    if module is not None:
        clear_namespace(vars(module))
        del module
        gc.collect()


def clear_namespace(namespace):
    """Lets go of the globals of a module to which something refers.

    What has finalizers goes first, then what may hold such things, then what they may need.
    """
    code = (type(sys), type(clear_namespace), type)

    def rank(value):
        if hasattr(type(value), "__del__"):
            return 0
        return 1 if gc.is_tracked(value) and not isinstance(value, code) else 3

    ranks = {name: rank(value) for name, value in namespace.items() if name != "__builtins__"}
    for name in ranks:
        if ranks[name] == 3 and name[:1] == "_" != name[1:2]:
            ranks[name] = 2
    for name in sorted(ranks, key=ranks.__getitem__):
        # Finalizers may delete names.
        if name in namespace:
            namespace[name] = None
