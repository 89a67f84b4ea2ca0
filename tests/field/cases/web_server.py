# A server of `http.server` in a thread, and a client of `urllib`; the server is left running.
import http.server
import threading
import urllib.error
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/plain; charset=koi8-r")
        self.end_headers()
        self.wfile.write("\u0436".encode("koi8-r"))

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


def check():
    address = f"http://127.0.0.1:{server.server_port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/", timeout=30) as answer:
        text = answer.read().decode(answer.headers.get_content_charset())
    if text != "\u0436":
        return text
    try:
        opener.open(f"{address}/missing", timeout=30)
    except urllib.error.HTTPError as error:
        error.close()
        return "ok" if error.code == 404 else str(error.code)
    return "no error"
