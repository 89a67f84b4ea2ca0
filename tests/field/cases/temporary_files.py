# Temporary folders of `tempfile` go with the script that made them.
import os
import tempfile

PREFIX = f"field-{__file__.rpartition('/')[2][:-3]}."
left = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith(PREFIX)]
folder = tempfile.TemporaryDirectory(prefix=PREFIX)
file = tempfile.NamedTemporaryFile(prefix=PREFIX)


def check():
    if not os.path.isdir(folder.name) or not os.path.exists(file.name):
        return "they are gone"
    return "ok" if not left else f"left: {len(left)}"
