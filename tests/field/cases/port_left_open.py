# A port that a script listens at is free for the next load.
import socket

import vh

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(("127.0.0.1", vh.state.get("port", 0)))
    got = "ok"
except OSError as error:
    got = str(error)
else:
    server.listen()
    vh.state["port"] = server.getsockname()[1]


def check():
    if got == "ok":
        with socket.create_connection(server.getsockname(), 30) as client:
            peer, _ = server.accept()
            with peer:
                client.sendall(b"x")
                return "ok" if peer.recv(1) == b"x" else "other bytes"
    return got
