"""Indexes, built once and kept: how long that took, how many bytes they are."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers.engines import SERVERS, engine
from benchmarks.peers.hosting import Hosted
from benchmarks.peers.model import Engine
from benchmarks.peers.shop import Shop
from benchmarks.report import progress


@dataclass(frozen=True)
class Built:
    """An index in a folder."""

    name: str
    title: str
    seconds: float
    bytes: int


def reached(name: str) -> Engine:
    """An engine as it is searched: over HTTP."""
    return engine(name) if name in SERVERS else Hosted(name)


def built(shop: Shop, name: str) -> tuple[Built, Path]:
    """Find a shop's index, or build it.

    Raises:
        ImportError: the engine's library is not installed.
    """
    folder = shop.folder / name
    about = folder / "built.json"
    if about.is_file():
        return Built(**json.loads(about.read_text())), folder
    made = engine(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    progress(f"building {made.title}: {shop.count:,} products")
    began = time.perf_counter()
    # In a process of its own: some libraries hold files, threads or gigabytes until theirs ends.
    process = multiprocessing.get_context("spawn").Process(target=_build, args=(shop, name, folder))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"building {made.title} ended with {process.exitcode}")
    found = Built(name, made.title, time.perf_counter() - began, size(folder))
    about.write_text(json.dumps(asdict(found)))
    progress(f"  {found.seconds:,.0f} s, {found.bytes / 2**20:,.0f} MB")
    return found, folder


def _build(shop: Shop, name: str, folder: Path) -> None:
    engine(name).build(shop, folder)


def size(folder: Path) -> int:
    """Bytes of all files that hold an index; logs and caches of the server itself are not counted."""
    total = 0
    for path, _, files in os.walk(folder):
        if Path(path).name not in ("logs", "tlog", "pg_wal"):
            total += sum((Path(path) / file).stat().st_size for file in files if (Path(path) / file).is_file())
    return total
