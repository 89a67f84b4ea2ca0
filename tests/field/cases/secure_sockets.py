# Contexts, enums and exceptions of `ssl`, which C code keeps.
import ssl

loaded = []
context = ssl.create_default_context()
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.sni_callback = lambda *arguments: loaded.append(arguments)


def check():
    if type(context.verify_mode) is not ssl.VerifyMode:
        return "verify_mode"
    if (
        type(context.minimum_version) is not ssl.TLSVersion
        or type(context.options) is not ssl.Options
    ):
        return "versions"
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    else:
        return "no wish to read"
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return "still reading"
    except ssl.SSLError as error:
        named = isinstance(error.reason, str) and isinstance(error, OSError)
        return "ok" if named else f"no reason: {error!r}"
    return "no error"
