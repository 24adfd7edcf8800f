"""Fetch the embedded Solr's jars, each checked against the lock, and write that lock.

    python -m vision.solr.embedded.jars sync     fetch what is missing
    python -m vision.solr.embedded.jars verify   hash every jar again
    python -m vision.solr.embedded.jars lock     resolve jgo.toml and write jgo.lock.toml

A jar gets its final name only after its SHA-256 matched, so whatever bears that name was complete once. A stamp of
sizes and times tells later, without reading 70 MB, that nobody touched it since; what changed is hashed again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vision.errors import SolrNotStarted
from vision.locks import file_lock
from vision.solr.embedded.lockfile import Lock, LockedJar, read_lock, render_lock, sha256_of, spec_hash_of
from vision.solr.resources import embedded_dir

Progress = Callable[[int, int, str], None]
"""Called as ``(done, total, file name)`` after each jar, from one thread at a time."""

Fetch = Callable[[LockedJar, Path], Iterable[Path]]
"""Yields files that may be the jar, cheapest first; downloads go below the given scratch folder."""

_THREADS = 8
_ATTEMPTS = 3
_LOCK_TIMEOUT_S = 600
_STAMP = "stamp.json"


def ensure_jars(
    cache: Path, *, lock: Lock | None = None, progress: Progress | None = None, fetch: Fetch | None = None
) -> list[Path]:
    """The jars' paths, in the lock's order, after fetching those that are missing or damaged.

    Safe to interrupt and to run several times at once: one process fetches, the others wait for it.

    Args:
        cache: ``settings.cache``; the jars go below ``jars/<digest of the lock>``.
        lock: The committed lock by default.
        progress: Told about every jar fetched; not called when nothing is missing.
        fetch: Where jars come from; jgo by default.

    Raises:
        SolrNotStarted: a jar could not be had, or what was offered is not what the lock says.
    """
    lock = lock or committed_lock()
    folder = folder_of(cache, lock)
    paths = [folder / jar.filename for jar in lock.jars]
    stamp = _stamp_of(paths)
    if len(stamp) == len(paths) and stamp == _read_stamp(folder):
        return paths
    with file_lock(folder / ".lock", timeout=_LOCK_TIMEOUT_S, doing="fetching the embedded Solr's jars"):
        _sync(lock, folder, progress or (lambda done, total, name: None), fetch or fetch_with_jgo)
    return paths


def committed_lock() -> Lock:
    """The lock that comes with the product."""
    return read_lock(embedded_dir() / "jgo.lock.toml")


def folder_of(cache: Path, lock: Lock) -> Path:
    """Where the jars of a lock are, below ``settings.cache``."""
    return cache / "jars" / lock.digest


def damaged_jars(cache: Path, lock: Lock) -> list[LockedJar]:
    """The jars that are missing or are not what the lock says, after hashing every byte."""
    folder = folder_of(cache, lock)
    return [jar for jar in lock.jars if not _is(folder / jar.filename, jar)]


def fetch_with_jgo(jar: LockedJar, scratch: Path) -> Iterable[Path]:
    """The jar in the user's own Maven repository if it is there, then a download from the configured registry."""
    import requests

    from vision.solr.embedded.repositories import maven_context

    context = maven_context(scratch)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, "jar")
    for repository in context.local_repos:
        candidate = repository / artifact.component.path_prefix / jar.filename
        if candidate.is_file():
            yield candidate
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # jgo writes to this name, whole or not, and wants it free.
            artifact.cached_path.unlink(missing_ok=True)
            downloaded = context.resolver.download(artifact)
        except (requests.RequestException, RuntimeError, OSError) as error:
            if attempt < _ATTEMPTS:
                time.sleep(attempt)
                continue
            raise SolrNotStarted(
                f"{jar.coordinate} could not be fetched from {', '.join(context.remote_repos.values())}: {error}. "
                "Name a reachable mirror as `central` under [repositories] in ~/.config/jgo.conf, or as a <mirror> in "
                "~/.m2/settings.xml; HTTPS_PROXY is honoured; or set SOLR_URL to a Solr that already runs"
            ) from error
        yield downloaded


def _sync(lock: Lock, folder: Path, progress: Progress, fetch: Fetch) -> None:
    known = _read_stamp(folder)
    missing = [jar for jar in lock.jars if not _is_known(folder / jar.filename, jar, known)]
    for leftover in folder.glob("fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    done = len(lock.jars) - len(missing)
    counting = threading.Lock()
    stop = threading.Event()
    scratch = Path(tempfile.mkdtemp(prefix="fetch-", dir=folder))

    def one(jar: LockedJar) -> None:
        nonlocal done
        if stop.is_set():
            return
        try:
            _place(jar, folder / jar.filename, scratch, fetch)
        except BaseException:
            stop.set()
            raise
        with counting:
            done += 1
            progress(done, len(lock.jars), jar.filename)

    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="jars")
    try:
        for future in [pool.submit(one, jar) for jar in missing]:
            future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)
    _write_atomically(folder / _STAMP, json.dumps(_stamp_of([folder / jar.filename for jar in lock.jars])))


def _place(jar: LockedJar, target: Path, scratch: Path, fetch: Fetch) -> None:
    """Give the jar its name, once its bytes are the locked ones."""
    wrong = ""
    for candidate in fetch(jar, scratch):
        partial = scratch / f"{jar.filename}.partial"
        shutil.copyfile(candidate, partial)
        found = sha256_of(partial)
        if found == jar.sha256:
            os.replace(partial, target)
            return
        wrong = found
    raise SolrNotStarted(
        f"{jar.coordinate} came with SHA-256 {wrong or 'none'}, the lock says {jar.sha256}: it was damaged on its way "
        "or the registry serves another file. Try again; if it stays, set another mirror, or SOLR_URL"
    )


def _is(path: Path, jar: LockedJar) -> bool:
    return path.is_file() and sha256_of(path) == jar.sha256


def _is_known(path: Path, jar: LockedJar, known: dict[str, list[int]]) -> bool:
    current = _stamp_of([path])
    return bool(current) and known.get(path.name) == current[path.name] or _is(path, jar)


def _stamp_of(paths: Sequence[Path]) -> dict[str, list[int]]:
    """Size and time of change of each file that is there."""
    stamp: dict[str, list[int]] = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        stamp[path.name] = [stat.st_size, stat.st_mtime_ns]
    return stamp


def _read_stamp(folder: Path) -> dict[str, list[int]]:
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def resolve_lock(spec: Path) -> str:
    """Resolve ``jgo.toml`` and return the text of its lock; downloads every jar that the user's repository lacks.

    Raises:
        SolrNotStarted: a coordinate could not be resolved or fetched.
    """
    import requests

    from vision.solr.embedded.repositories import maven_context

    data = tomllib.loads(spec.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="visual-search-lock-") as scratch:
        context = maven_context(Path(scratch))
        try:
            wanted = [context.create_dependency(text) for text in data["dependencies"]["coordinates"]]
            direct, transitive = context.resolver.resolve(wanted)
            jars = [
                LockedJar(d.groupId, d.artifactId, d.version, sha256_of(d.artifact.resolve()), d.classifier or "")
                for d in [*direct, *transitive]
                if d.scope in (None, "compile", "runtime")
            ]
        except (requests.RequestException, RuntimeError, OSError) as error:
            raise SolrNotStarted(f"{spec} could not be resolved: {error}") from error
    return render_lock(jars, name=data["environment"]["name"], spec_hash=spec_hash_of(spec))


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands named at the top; returns the exit status."""
    from vision.errors import VisualSearchError
    from vision.settings import Settings

    folder = embedded_dir()
    try:
        if list(arguments) == ["lock"]:
            _write_atomically(folder / "jgo.lock.toml", resolve_lock(folder / "jgo.toml"))
            print(f"{len(read_lock(folder / 'jgo.lock.toml').jars)} jars locked in {folder / 'jgo.lock.toml'}")
        elif list(arguments) == ["sync"]:
            cache = Settings.from_environment().cache
            paths = ensure_jars(cache, progress=lambda done, total, name: print(f"{done}/{total} {name}"))
            print(f"{len(paths)} jars in {paths[0].parent}")
        elif list(arguments) == ["verify"]:
            damaged = damaged_jars(Settings.from_environment().cache, committed_lock())
            print("\n".join(f"missing or damaged: {jar.coordinate}" for jar in damaged) or "every jar is as locked")
            return 1 if damaged else 0
        else:
            print("usage: python -m vision.solr.embedded.jars lock|sync|verify", file=sys.stderr)
            return 2
    except VisualSearchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
