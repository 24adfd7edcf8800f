"""The product's own command as processes, and their memory while they work."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
import requests

from benchmarks.server import MB

# Sets a limit on what a process may write to (heap, anonymous maps) and becomes the command.
_LIMITED = "import os, resource, sys; n = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_DATA, (n, n)); "
_LIMITED += "os.execv(sys.argv[2], sys.argv[2:])"


@dataclass(frozen=True)
class Memory:
    """MB of one process: all that is resident, and of it what is not a mapped file."""

    resident: float
    private: float


@dataclass(frozen=True)
class Sample:
    """One look at the processes."""

    seconds: float
    stage: str
    done: int
    memory: Mapping[str, Memory]


@dataclass(frozen=True)
class Watched:
    """A command that has ended well, and how it was on the way."""

    samples: Sequence[Sample]
    output: str
    seconds: float

    def peak(self, name: str) -> Memory:
        """The highest of each kind."""
        seen = [sample.memory[name] for sample in self.samples if name in sample.memory]
        return Memory(max(each.resident for each in seen), max(each.private for each in seen))


def memory(process: psutil.Process) -> Memory:
    """What a process holds now."""
    info = process.memory_info()
    return Memory(info.rss / MB, (info.rss - getattr(info, "shared", 0)) / MB)


def command(*arguments: str) -> list[str]:
    """``visual-search`` with arguments, as it is installed beside this Python."""
    found = shutil.which("visual-search", path=str(Path(sys.executable).parent))
    if found is None:
        raise click.ClickException("visual-search is not installed beside this Python: pip install -e .")
    return [found, *arguments]


def limited(arguments: Sequence[str], megabytes: int) -> list[str]:
    """The command with a limit on its data, as ``ulimit -d`` sets it: heap and what is mapped to be written to."""
    return [sys.executable, "-c", _LIMITED, str(megabytes * MB), *arguments]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """This environment, but with the product's settings as they are by default and its files in ``home``."""
    kept = {
        name: value for name, value in os.environ.items() if name in ("VISUAL_SEARCH_CACHE", "VISUAL_SEARCH_MODELS")
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("VISUAL_SEARCH_")}
    others.pop("SOLR_URL", None)
    return others | kept | {"VISUAL_SEARCH_HOME": str(home)} | settings


def run_to_end(arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """What a command prints.

    Raises:
        click.ClickException: it failed; quotes what it said.
    """
    done = subprocess.run(arguments, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(arguments[-4:])} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def watch(
    arguments: Sequence[str],
    env: Mapping[str, str],
    done: Callable[[str], int],
    others: Mapping[str, psutil.Process] | None = None,
    *,
    name: str = "command",
    every: float = 0.25,
) -> Watched:
    """Run a command to its end and look at it, and at ``others``, several times a second.

    Args:
        arguments: from :func:`command`.
        env: from :func:`environment`.
        done: given the stage that the command said last on stderr, how many products are through.
        others: by name.
        name: of the command's own process in the samples.
        every: seconds from one look to the next.

    Raises:
        click.ClickException: the command failed; quotes what it said.
    """
    samples: list[Sample] = []
    said: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        running = subprocess.Popen(arguments, env=env, stdout=output, stderr=subprocess.PIPE, text=True)
        assert running.stderr is not None
        listening = threading.Thread(target=_listen, args=(running.stderr, said), daemon=True)
        listening.start()
        watched = {name: psutil.Process(running.pid), **(others or {})}
        try:
            while running.poll() is None:
                with suppress(psutil.Error):  # it ends while we look
                    now = {each: memory(process) for each, process in watched.items()}
                    stage = said[-1] if said else "starting"
                    if now[name].resident:  # nothing is, once it has ended
                        samples.append(Sample(time.monotonic() - began, stage, done(stage), now))
                time.sleep(every)
        finally:
            running.kill()  # nothing happens to one that has ended
        listening.join()
        running.stderr.close()
        output.seek(0)
        text = output.read()
    if running.returncode:
        told = "\n".join(said[-20:])
        raise click.ClickException(f"{' '.join(arguments[-6:])} ended with {running.returncode}:\n{told}")
    return Watched(samples, text, time.monotonic() - began)


def _listen(lines: Iterator[str], said: list[str]) -> None:
    said.extend(line.strip() for line in lines if line.strip())


@contextmanager
def serving(env: Mapping[str, str], *options: str) -> Iterator[tuple[str, psutil.Process]]:
    """``visual-search serve`` on a free port: its address, and its process; it ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(
        command("serve", "--port", str(port), *options), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not _ready(url):
            if running.poll() is not None or time.monotonic() > deadline:
                raise click.ClickException("visual-search serve did not become ready")
            time.sleep(0.2)
        yield url, psutil.Process(running.pid)
    finally:
        running.terminate()
        running.wait(30)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=30).ok
    except requests.RequestException:
        return False
