"""The namespace of a script, made for each load."""


def new_main():
    """In a sub-interpreter: a `__main__` for one load of the script."""
    module = type(sys)("__main__")
    namespace = vars(module)
    namespace.update(vars(FIRST_MAIN))
    if "__annotations__" in namespace:
        namespace["__annotations__"] = {}
    sys.modules["__main__"] = module
    return module
