"""Structs that several threads use for the first time at once."""

from __future__ import annotations

import subprocess
import sys

AT_ONCE = """
import importlib, sys, threading
from vision import structs
from vision.search import request

sys.setswitchinterval(1e-6)
for _ in range(60):
    importlib.reload(request)  # structs that nobody used
    structs.build()
    barrier = threading.Barrier(8)

    def read():
        barrier.wait()
        for _ in range(3):
            assert request.parse(b'{"q": "ring", "sort": "price"}').q == "ring"

    threads = [threading.Thread(target=read) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
"""


def test_threads_read_their_first_requests_at_once() -> None:
    """Without ``structs.build()`` nearly every run of this ends by a segmentation fault (msgspec 0.22.0)."""
    assert subprocess.run([sys.executable, "-c", AT_ONCE], timeout=120).returncode == 0


def test_the_application_builds_its_structs() -> None:
    from api import app

    called = app.create_app.__code__.co_names
    assert "structs" in called and "build" in called
