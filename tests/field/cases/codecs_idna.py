# Names of hosts: idna and punycode use tables of `unicodedata` and `stringprep`.
import socket


def check():
    name = "\u043f\u0440\u0438\u043c\u0435\u0440.example"
    if name.encode("idna").decode("idna") != name:
        return "idna"
    if "b\xfccher".encode("punycode") != b"bcher-kva":
        return "punycode"
    # getaddrinfo itself encodes names so.
    return "ok" if socket.getaddrinfo("127.0.0.1", 80, proto=socket.IPPROTO_TCP) else "no address"
