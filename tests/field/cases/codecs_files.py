# Files in other encodings than that of the system.
import io
import os
import tempfile


def check():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("latin-1", "cp1251", "koi8-r", "utf-8-sig", "utf-16", "gbk", None):
            text = "\xa7\n" if name == "latin-1" else "plain\n" if name is None else "\u0436\n"
            path = os.path.join(folder, "file")
            with open(path, "w", encoding=name) as file:
                file.write(text)
            with io.open(path, encoding=name) as file:
                if file.read() != text:
                    return str(name)
    return "ok"
