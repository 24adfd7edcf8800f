"""Commands of ours in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

from vision.solr.embedded.home import choose_port
from vision.solr.embedded.server import Server


def kill(server: Server) -> None:
    """End a Solr or a ZooKeeper without a word."""
    state = server.state()
    assert state is not None, f"{server.title} does not run"
    victim = psutil.Process(state.pid)
    victim.kill()
    victim.wait(30)


@contextmanager
def served(environ: Mapping[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``visual-search serve``: its address and its process; ended and waited for with the block, if it still runs."""
    port = choose_port(0)
    command = (sys.executable, "-c", "from vision.cli import main; main()", "serve", "--port", str(port))
    with subprocess.Popen(
        command,
        env={**environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"search page on http://127.0.0.1:{port}/\n"
            yield f"http://127.0.0.1:{port}", process
        finally:
            if process.poll() is None:
                process.terminate()
                assert process.wait(60) == 0
