"""Servers on this machine: of one file at any address, and of a dataset as the hub.

They go on where they are asked to (Range, If-Range), and break off when told to.
"""

import contextlib
import hashlib
import json
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

    def answer(self, path):
        """Return the status, headers and content that a path is answered with."""
        if path.startswith("/missing"):
            return 404, {}, b""
        return 200, {"Content-Type": self.content_type, "ETag": self.etag}, self.content


class Hub(Served):
    """The Hugging Face hub with one dataset, of `files` by name.

    `refusal` is the status, code and message of an answer in place of every file.
    """

    def __init__(self, repository, files, cuts=(), refusal=None):
        super().__init__(b"", cuts)
        self.repository = repository
        self.files = files
        self.refusal = refusal

    def answer(self, path):
        path = path.partition("?")[0]
        api = f"/api/datasets/{self.repository}"
        files = f"/datasets/{self.repository}/resolve/{COMMIT}/"
        if path in (f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            return _json({"id": self.repository, "sha": COMMIT, "siblings": []})
        if path.startswith(f"{api}/revision/"):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if path == f"{api}/tree/{COMMIT}":
            return _json([self._entry(name) for name in self.files])
        if not path.startswith(files):  # as for whom nobody is
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        if self.refusal is not None:
            status, code, message = self.refusal
            return status, {"X-Error-Code": code, "X-Error-Message": message}, b""
        content = self.files.get(path.removeprefix(files))
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        return 200, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}, content

    def downloads(self):
        """Return the files that were sent, in order."""
        paths = [path for method, path, _ in self.asked if method == "GET"]
        return [path.split(f"{COMMIT}/")[1] for path in paths if "/resolve/" in path]

    def _entry(self, name):
        size = len(self.files[name])
        return {"type": "file", "path": name, "size": size, "oid": "0" * 40}


def _json(value):
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


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
            status, headers, content = served.answer(self.path)
            start, size, etag = 0, len(content), headers.get("ETag")
            if wanted and self.headers.get("If-Range", etag) == etag:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else status)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - start))
            self.send_header("X-Repo-Commit", COMMIT)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self._send(
                    content[start:], cuts=served.cuts if "ETag" in headers else []
                )

        def _send(self, content, cuts):
            cut = cuts.pop(0) if cuts else None
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
