"""What scripts print: it goes through the library, which drops what is far too much."""

# Python itself has only the part of it that is written in C, from 3.14 on.
import io


class Output(io.RawIOBase):
    """The bytes of standard output or standard error."""

    mode = "wb"

    def __init__(self, name, number):
        self.name = name
        self.number = number

    def writable(self):
        return True

    def fileno(self):
        return self.number

    def close(self):
        """Nothing: who wraps it for a while closes it in the end, and others still write."""

    def isatty(self):
        return loaded("os").isatty(self.number)

    def write(self, data):
        data = bytes(data)
        write_output((output_owner(), self.number, data))
        return len(data)


def output_owner():
    """Serial of the script that writes, also from its threads; None for nobody."""
    for scope in list(SCOPES.values()):
        if not scope.shared:
            return scope.script
    return current_serial()


# How the standard streams write, by name; None for one that the host has closed.
STREAMS = {}


def replace_output():
    """Puts the library between scripts and the host's standard output, with objects that are new, and
    in the place of what Python itself writes about scripts."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name, None)
        if name not in STREAMS:
            STREAMS[name] = before and (before.encoding, before.errors)
        if STREAMS[name] is not None:
            encoding, errors = STREAMS[name]
            stream = io.TextIOWrapper(
                Output(f"<{name}>", number),
                encoding=encoding,
                errors=errors,
                newline="\n",
                write_through=True,
            )
            stream.mode = "w"
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    tell_uncaught()
