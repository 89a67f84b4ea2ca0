# Caches of functions begin anew with the script; those of libraries work on.
import contextvars
import functools
import ipaddress
import urllib.parse

calls = []


@functools.lru_cache(maxsize=None)
def square(number):
    calls.append(number)
    return number * number


@functools.singledispatch
def kind(value):
    return "object"


@kind.register
def _(value: int):
    return "int"


variable = contextvars.ContextVar("field", default="nothing")
at_load = variable.get()
variable.set("set")


class Lazy:
    @functools.cached_property
    def value(self):
        return object()


def check():
    if square(3) != 9 or square(3) != 9 or calls.count(3) != 1:
        return f"calls {calls}"
    lazy = Lazy()
    if (kind(1), kind("")) != ("int", "object") or lazy.value is not lazy.value:
        return "dispatch"
    if (
        urllib.parse.urlsplit("http://a/b").path != "/b"
        or not ipaddress.ip_address("::1").is_loopback
    ):
        return "libraries"
    return "ok" if at_load == "nothing" else at_load
