# Exceptions that C modules raise are the ones that the script can name.
import binascii
import queue
import select
import socket
import struct
import subprocess


def names(function, expected):
    try:
        function()
    except expected:
        return True
    except Exception as error:
        return f"{error!r} instead of {expected!r}"
    return f"no {expected!r}"


def times_out():
    first, second = socket.socketpair()
    with first, second:
        first.settimeout(0.01)
        first.recv(1)


def check():
    for function, expected in (
        (lambda: binascii.unhexlify("x"), binascii.Error),
        (lambda: struct.unpack("i", b""), struct.error),
        (lambda: queue.SimpleQueue().get_nowait(), queue.Empty),
        (lambda: socket.getaddrinfo("127.0.0.1", "no such service"), socket.gaierror),
        (times_out, socket.timeout),
        (lambda: select.select([-1], [], [], 0), ValueError),
        (lambda: subprocess.run(["false"], check=True), subprocess.CalledProcessError),
    ):
        told = names(function, expected)
        if told is not True:
            return told
    return "ok"
