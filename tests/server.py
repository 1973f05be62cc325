"""A server of one file on this machine, as an address and as the Hugging Face hub.

It goes on where it is asked to (Range, If-Range), and breaks off when told to.
"""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ETAG = '"the-first-version"'


class Served:
    """What is served; `cuts` says for each GET after how many bytes it breaks off."""

    def __init__(self, content, cuts=(), etag=ETAG, content_type="application/zip"):
        self.content = content
        self.cuts = list(cuts)
        self.etag = etag
        self.content_type = content_type
        self.asked = []  # (method, path, Range)
        self.url = ""


@contextlib.contextmanager
def serve(served):
    """Serve until the end of the context; `served.url` is the server's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer(body=False)

        def do_GET(self):
            self._answer(body=True)

        def log_message(self, *_):
            pass

        def _answer(self, body):
            wanted = self.headers.get("Range")
            served.asked.append((self.command, self.path, wanted))
            if self.path.startswith("/missing"):
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start, size = 0, len(served.content)
            if wanted and self.headers.get("If-Range", served.etag) == served.etag:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Type", served.content_type)
            self.send_header("Content-Length", str(size - start))
            self.send_header("ETag", served.etag)
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self._send(served.content[start:])

        def _send(self, content):
            cut = served.cuts.pop(0) if served.cuts else None
            self.wfile.write(content[:cut])
            if cut is not None:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
