"""What scripts print: it goes through the library, which drops what is far too much."""


class Output(loaded("io").RawIOBase):
    """The bytes of standard output or standard error."""

    mode = "wb"

    def __init__(self, name, number):
        self.name = name
        self.number = number

    def writable(self):
        return True

    def fileno(self):
        return self.number

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


def replace_output():
    """In a new interpreter: puts the library between scripts and the host's standard output."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name, None)
        # None when the host has closed it.
        if before is not None:
            stream = loaded("io").TextIOWrapper(
                Output(f"<{name}>", number),
                encoding=before.encoding,
                errors=before.errors,
                newline="\n",
                write_through=True,
            )
            stream.mode = "w"
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
