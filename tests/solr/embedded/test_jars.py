from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from vision.errors import BadSetting, SolrNotStarted
from vision.solr.embedded.jars import damaged_jars, ensure_jars
from vision.solr.embedded.lockfile import Lock, LockedJar, read_lock, render_lock, sha256_of, spec_hash_of
from vision.solr.resources import embedded_dir


def content(name: str) -> bytes:
    return f"the bytes of {name}".encode() * 10


def locked(name: str) -> LockedJar:
    return LockedJar("org.example", name, "1.0", hashlib.sha256(content(name)).hexdigest())


LOCK = Lock(tuple(locked(name) for name in ("a", "b", "c", "d")), "0" * 16)


class FakeRegistry:
    """Serves each jar's bytes; ``broken`` are served damaged that many times, ``absent`` not at all."""

    def __init__(self, broken: dict[str, int] | None = None, absent: tuple[str, ...] = ()) -> None:
        self.broken = dict(broken or {})
        self.absent = absent
        self.served: list[str] = []
        self._mutex = threading.Lock()

    def __call__(self, jar: LockedJar, scratch: Path) -> Iterable[Path]:
        for attempt in range(2):
            with self._mutex:
                if jar.artifact in self.absent:
                    raise SolrNotStarted(f"{jar.coordinate} could not be fetched")
                self.served.append(jar.artifact)
                damaged = self.broken.get(jar.artifact, 0) > 0
                self.broken[jar.artifact] = self.broken.get(jar.artifact, 0) - 1
            path = scratch / f"{jar.artifact}-{attempt}"
            path.write_bytes(content(jar.artifact)[: 10 if damaged else None])
            yield path


def test_fetches_all_then_nothing(tmp_path: Path) -> None:
    registry = FakeRegistry()
    seen: list[tuple[int, int, str]] = []
    paths = ensure_jars(tmp_path, lock=LOCK, fetch=registry, progress=lambda *each: seen.append(each))
    assert [path.name for path in paths] == ["a-1.0.jar", "b-1.0.jar", "c-1.0.jar", "d-1.0.jar"]
    assert all(sha256_of(path) == jar.sha256 for path, jar in zip(paths, LOCK.jars, strict=True))
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {name for *_, name in seen} == {path.name for path in paths}
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert sorted(registry.served) == ["a", "b", "c", "d"]


def test_resumes_after_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(SolrNotStarted, match="c:1.0 could not be fetched"):
        ensure_jars(tmp_path, lock=LOCK, fetch=FakeRegistry(absent=("c",)))
    there = {path.name[0] for path in tmp_path.rglob("*.jar")}
    registry = FakeRegistry()
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert set(registry.served) == {"a", "b", "c", "d"} - there
    assert damaged_jars(tmp_path, LOCK) == []


def test_partial_and_abandoned_files_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "jars" / LOCK.digest
    (folder / "fetch-old").mkdir(parents=True)
    (folder / "fetch-old" / "a-1.0.jar.partial").write_bytes(content("a"))
    (folder / "b-1.0.jar").write_bytes(content("b")[:-1])
    registry = FakeRegistry()
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert sorted(registry.served) == ["a", "b", "c", "d"]
    assert not list(folder.glob("fetch-*"))


@pytest.mark.parametrize("damage", [content("a")[:-1] + b"?", content("a")[:5], None])
def test_a_damaged_or_missing_jar_is_fetched_again(tmp_path: Path, damage: bytes | None) -> None:
    path = ensure_jars(tmp_path, lock=LOCK, fetch=FakeRegistry())[0]
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    assert [jar.artifact for jar in damaged_jars(tmp_path, LOCK)] == ["a"]
    registry = FakeRegistry()
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert registry.served == ["a"]
    assert sha256_of(path) == LOCK.jars[0].sha256


def test_a_touched_jar_is_hashed_not_fetched(tmp_path: Path) -> None:
    path = ensure_jars(tmp_path, lock=LOCK, fetch=FakeRegistry())[0]
    path.touch()
    registry = FakeRegistry()
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert registry.served == []


def test_a_second_offer_may_be_right(tmp_path: Path) -> None:
    registry = FakeRegistry(broken={"b": 1})
    ensure_jars(tmp_path, lock=LOCK, fetch=registry)
    assert sorted(registry.served) == ["a", "b", "b", "c", "d"]


def test_wrong_bytes_are_never_placed(tmp_path: Path) -> None:
    with pytest.raises(SolrNotStarted, match=r"b:1\.0 came with SHA-256 .* the lock says"):
        ensure_jars(tmp_path, lock=LOCK, fetch=FakeRegistry(broken={"b": 2}))
    assert not (tmp_path / "jars" / LOCK.digest / "b-1.0.jar").exists()


def test_two_at_once_fetch_each_jar_once(tmp_path: Path) -> None:
    registry = FakeRegistry()
    threads = [threading.Thread(target=ensure_jars, args=(tmp_path,), kwargs={"lock": LOCK, "fetch": registry})]
    threads.append(threading.Thread(target=ensure_jars, args=(tmp_path,), kwargs={"lock": LOCK, "fetch": registry}))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(registry.served) == ["a", "b", "c", "d"]


def test_lock_is_read_back_as_written(tmp_path: Path) -> None:
    jars = (*LOCK.jars, LockedJar("org.example", "e", "1.0", "f" * 64, "linux-x86_64"))
    path = tmp_path / "lock.toml"
    path.write_text(render_lock(reversed(jars), name="any", spec_hash="1234"))
    assert read_lock(path) == Lock(jars, "1234")
    assert jars[-1].filename == "e-1.0-linux-x86_64.jar"


def test_any_other_jar_gives_another_digest() -> None:
    assert Lock(LOCK.jars[:3], "").digest != LOCK.digest
    assert Lock(LOCK.jars[::-1], "").digest == LOCK.digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml at all [",
        render_lock([], name="x", spec_hash="1"),
        render_lock([LockedJar("g", "a", "1", "abc")], name="x", spec_hash="1"),
        render_lock([LockedJar("g", "../a", "1", "0" * 64)], name="x", spec_hash="1"),
        render_lock([LockedJar("g", "a", "1", "0" * 64), LockedJar("h", "a", "1", "1" * 64)], name="x", spec_hash="1"),
    ],
)
def test_a_bad_lock_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock.toml"
    path.write_text(text)
    with pytest.raises(BadSetting, match=r"lock\.toml"):
        read_lock(path)


def test_the_committed_lock_belongs_to_the_committed_spec() -> None:
    lock = read_lock(embedded_dir() / "jgo.lock.toml")
    assert lock.spec_hash == spec_hash_of(embedded_dir() / "jgo.toml"), "run: python -m vision.solr.embedded.jars lock"
    assert {"solr-core-9.10.1.jar", "lucene-core-9.12.3.jar", "jetty-xml-10.0.26.jar"} <= {
        jar.filename for jar in lock.jars
    }


def test_the_committed_files_name_no_registry() -> None:
    for name in ("jgo.toml", "jgo.lock.toml"):
        assert "://" not in (embedded_dir() / name).read_text()


def test_jgo_reads_the_committed_lock() -> None:
    environment = pytest.importorskip("jgo.env")
    lock = environment.LockFile.load(embedded_dir() / "jgo.lock.toml")
    assert len(lock.dependencies) == len(read_lock(embedded_dir() / "jgo.lock.toml").jars)
