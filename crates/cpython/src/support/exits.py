"""Exit functions: those that a script registers run when it is unloaded, those of libraries when their
interpreter ends."""


def tell_exit_functions_apart():
    import atexit

    register, unregister = atexit.register, atexit.unregister

    def register_for_script(function, *args, **kwargs):
        scope = current_scope()
        if scope is None or is_called_by_library():
            return register(function, *args, **kwargs)
        scope.exit_callbacks.append((function, args, kwargs))
        return function

    def unregister_for_script(function):
        scope = current_scope()
        if scope is not None:
            scope.exit_callbacks[:] = [c for c in scope.exit_callbacks if c[0] != function]
        unregister(function)

    atexit.register = register_for_script
    atexit.unregister = unregister_for_script
