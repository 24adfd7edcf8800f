"""Web servers on loopback: for what is elsewhere (weights, tokens, pictures), and for a Solr that errs as asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """To be given `do_GET` and the like; nothing is logged."""

    def body(self) -> bytes:
        """What was sent along."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, body: object = b"", status: int = 200, **headers: str) -> None:
        """Answer with bytes, or anything else as JSON; an underscore in a header's name is a dash."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running(server: HTTPServer) -> Iterator[str]:
    """Its address while the block runs; it is closed then."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    """The address of what so answers; an answer that takes longer than the block is not waited for."""
    with running(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url
