# Digests by name and by constructor.
import hashlib
import hmac
import zlib


def check():
    for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "shake_128"):
        size = (16,) if name.startswith("shake") else ()
        made = getattr(hashlib, name)(b"data").hexdigest(*size)
        if made != hashlib.new(name, b"data").hexdigest(*size):
            return name
    if not hmac.compare_digest(
        hmac.digest(b"k", b"m", "sha256"), hmac.new(b"k", b"m", "sha256").digest()
    ):
        return "hmac"
    if len(hashlib.pbkdf2_hmac("sha256", b"p", b"s", 10)) != 32 or zlib.crc32(b"x") != 2363233923:
        return "pbkdf2 or crc32"
    try:
        hashlib.new("no-such-digest")
    except ValueError:
        return "ok"
    return "no error"
