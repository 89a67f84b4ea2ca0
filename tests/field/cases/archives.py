# Compression, and the exceptions of its modules.
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib


def check():
    for module in (bz2, gzip, lzma, zlib):
        if module.decompress(module.compress(b"data" * 100)) != b"data" * 100:
            return module.__name__
    for module, error in ((lzma, lzma.LZMAError), (zlib, zlib.error), (bz2, OSError)):
        try:
            module.decompress(b"not compressed at all")
        except error:
            continue
        return f"no {error}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("\u0436.txt", "data")
    names = zipfile.ZipFile(buffer).namelist()
    try:
        tarfile.open(fileobj=io.BytesIO(b"x" * 1024))
    except tarfile.ReadError:
        return "ok" if names == ["\u0436.txt"] else repr(names)
    return "no error"
