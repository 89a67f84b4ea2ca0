"""Exceptions that no code of a script catches: told like its other errors, not as it prints."""


def tell_uncaught():
    """Takes the place of what Python prints about threads and finalizers."""
    import _thread

    sys.unraisablehook = sys.__unraisablehook__ = tell_unraisable
    # What `threading` takes for its own when it is imported.
    _thread._excepthook = tell_of_thread
    threading = loaded("threading")
    if threading is not None:
        threading.excepthook = threading.__excepthook__ = tell_of_thread


def tell_of_thread(args):
    """A thread of the threading module ends by an exception."""
    if args.exc_type is SystemExit:
        return
    thread = args.thread
    name = loaded("_thread").get_ident() if thread is None else thread.name
    log_for((output_owner(), f"Exception in thread {name}:\n{described(args)}"))


def tell_unraisable(args):
    """An exception where Python has nobody to raise it to, such as in a finalizer."""
    what = args.err_msg or "Exception ignored in"
    if args.object is not None:
        try:
            what = f"{what}: {args.object!r}"
        except BaseException:
            what = f"{what}: (an object without a text)"
    log_for((output_owner(), f"{what}\n{described(args)}"))


def described(args):
    if args.exc_value is None:
        return args.exc_type.__name__
    return describe(args.exc_value)
