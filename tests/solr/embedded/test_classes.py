"""What a start loads is kept for the next one, and nothing that is kept can keep Solr from starting."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from vision.settings import Settings
from vision.solr.embedded.classes import flags, keep
from vision.solr.embedded.jars import ensure_jars
from vision.solr.embedded.java import Java, find_java
from vision.solr.embedded.launcher import EmbeddedSolr

WHOLE = b"\x00\xba\xab\xf0 and so on"


@pytest.fixture
def jars(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "jars"
    folder.mkdir()
    found = [folder / "a.jar", folder / "b.jar"]
    for each in found:
        each.write_bytes(b"PK")
    return found


def java(version: int = 25, release: str = "25.0.1") -> Java:
    return Java(Path("/jdk/bin/java"), version, True, "test", release)


def archive(options: list[str]) -> Path:
    return Path(options[0].split("=", 1)[1])


def test_one_is_made_and_then_used(jars: list[Path], tmp_path: Path) -> None:
    making = flags(java(), jars, tmp_path)
    assert making[0].startswith("-XX:ArchiveClassesAtExit=")
    archive(making).write_bytes(WHOLE)
    keep(tmp_path, jars[0].parent)
    using = flags(java(), jars, tmp_path)
    assert using[0].startswith("-XX:SharedArchiveFile=")
    assert archive(using).read_bytes() == WHOLE
    assert not archive(making).exists()


def test_what_java_did_not_finish_is_not_kept(jars: list[Path], tmp_path: Path) -> None:
    for half in (b"", bytes(4) + b"and so on"):
        archive(flags(java(), jars, tmp_path)).write_bytes(half)
        keep(tmp_path, jars[0].parent)
        assert flags(java(), jars, tmp_path)[0].startswith("-XX:ArchiveClassesAtExit=")
    assert not list(tmp_path.glob("*.jsa"))


def test_another_java_or_jar_has_another_one(jars: list[Path], tmp_path: Path) -> None:
    def named() -> str:
        return archive(flags(java(), jars, tmp_path)).name

    first = named()
    assert named() == first
    assert archive(flags(java(release="25.0.2"), jars, tmp_path)).name != first
    jars[1].write_bytes(b"PK, another")
    assert named() != first


@pytest.mark.parametrize("version", [12, 26])
def test_a_java_that_has_none_or_was_not_tried_is_left_alone(jars: list[Path], tmp_path: Path, version: int) -> None:
    assert flags(java(version), jars, tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a server is killed there, and writes nothing")
def test_a_folder_that_cannot_be_written_stops_nothing(jars: list[Path], tmp_path: Path) -> None:
    archive(flags(java(), jars, tmp_path)).write_bytes(WHOLE)
    keep(tmp_path, tmp_path / "jars" / "a.jar")


@pytest.fixture
def solr(tmp_path: Path) -> Callable[[str], EmbeddedSolr]:
    """Servers of the same jars in a cache of the test's own."""
    settings = Settings.from_environment()
    theirs = ensure_jars(settings.cache)[0].parent
    ours = tmp_path / "cache" / theirs.relative_to(settings.cache)
    ours.mkdir(parents=True)
    for each in theirs.iterdir():
        if each.suffix != ".jsa":
            (ours / each.name).symlink_to(each)

    def made(name: str) -> EmbeddedSolr:
        return EmbeddedSolr(replace(settings, cache=tmp_path / "cache", home=tmp_path / name, solr_url=None), port=0)

    return made


@pytest.mark.solr
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process has mapped is asked of Linux")
def test_the_second_start_reads_what_the_first_left(solr: Callable[[str], EmbeddedSolr], tmp_path: Path) -> None:
    def mapped(running: EmbeddedSolr) -> tuple[list[Path], float]:
        state = running.state()
        assert state is not None
        process = psutil.Process(state.pid)
        files = [Path(each.path) for each in process.memory_maps() if each.path.endswith(".jsa")]
        times = process.cpu_times()
        return [each for each in files if each.is_relative_to(tmp_path)], times.user + times.system

    with solr("first") as first:
        none, slow = mapped(first)
    if not any(tmp_path.rglob("cache/**/*.jsa")):
        pytest.skip(f"{find_java().path} has no archive of its own classes, on which this one rests")
    with solr("second") as second:
        found, quick = mapped(second)
        assert second.status().running
        assert second.status().simd is find_java().simd
    print(f"processor time of a start: {slow:.1f} s, of the next {quick:.1f} s")
    assert (len(none), len(found)) == (0, 1)
    assert quick < 0.85 * slow

    data = found[0].read_bytes()
    for damaged in (data[: len(data) // 2], b"no archive at all"):
        found[0].write_bytes(damaged)
        with solr("third") as third:
            assert third.status().running
