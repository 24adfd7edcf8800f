"""Libraries behind HTTP: each in a process of its own, with the web server that the product's API has.

`python -m benchmarks.peers.hosting NAME FOLDER PORT` is that process; :class:`Hosted` starts it and asks it.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import psutil
import urllib3
from flask import Flask, Response, request
from waitress import serve

from benchmarks.peers.engines import engine
from benchmarks.peers.model import Answer, Ask, Engine
from benchmarks.peers.shop import Shop

_PATIENCE: Final = 1800
"""Seconds until an engine must have read its index."""


class Hosted:
    """An engine in another process, asked over HTTP."""

    def __init__(self, name: str) -> None:
        """Nothing runs yet."""
        self._name = name
        known = engine(name)
        self.title, self.reads_words, self.filters = known.title, known.reads_words, known.filters
        self.efforts: Sequence[int] = known.efforts

    def build(self, shop: Shop, folder: Path) -> None:
        """In this process."""
        engine(self._name).build(shop, folder)

    def open(self, folder: Path) -> None:
        """Start the process and wait until it answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}/search"
        arguments = [sys.executable, "-m", __spec__.name, self._name, str(folder), str(port)]
        self._running = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        self._http = urllib3.PoolManager(maxsize=32, timeout=urllib3.Timeout(600), retries=False)
        until = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                self.title = self._http.request("GET", self._url).data.decode()
                return
            if self._running.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.title} did not start")
            time.sleep(0.2)

    @property
    def process(self) -> psutil.Process:
        """Where it runs."""
        return psutil.Process(self._running.pid)

    def search(self, ask: Ask) -> Answer:
        """The same as the engine's, with its time inside that process."""
        wanted = {"level": ask.level, "words": ask.words, "effort": ask.effort}
        body = orjson.dumps(wanted | {"vector": ask.vector}, option=orjson.OPT_SERIALIZE_NUMPY)
        sent = self._http.request("POST", self._url, body=body)
        if sent.status != 200:
            raise RuntimeError(f"{self.title} answered {sent.status}")
        found = orjson.loads(sent.data)
        return Answer(found["rows"], found["own"])

    def close(self) -> None:
        """End the process."""
        self._running.terminate()
        self._running.wait(60)


def application(hosted: Engine) -> Flask:
    """One route."""
    app = Flask(__name__)

    @app.get("/search")
    def title() -> str:
        return hosted.title

    @app.post("/search")
    def search() -> Response:
        wanted = orjson.loads(request.get_data())
        ask = Ask(**wanted | {"vector": np.asarray(wanted["vector"], dtype=np.float32)})
        began = time.perf_counter()
        found = hosted.search(ask)
        own = (time.perf_counter() - began) * 1000
        return Response(orjson.dumps({"rows": found.rows, "own": own}), mimetype="application/json")

    return app


def main(name: str, folder: Path, port: int) -> None:
    """Open the engine and serve it until the process is ended."""
    hosted = engine(name)
    hosted.open(folder)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # one request at a time is wanted
    try:
        serve(application(hosted), host="127.0.0.1", port=port, threads=1)
    finally:
        hosted.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
