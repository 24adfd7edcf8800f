from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from vision.errors import SolrNotStarted
from vision.solr.embedded.home import (
    CONSOLE,
    choose_port,
    cores_to_load,
    prepare,
    quote_logs,
    start_failed,
    vectors_enabled,
)
from vision.solr.resources import configsets, embedded_dir, solr_config_dir


def test_a_free_port_is_kept_and_a_taken_one_is_not() -> None:
    free = choose_port(0)
    assert choose_port(free) == free
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free))
        assert choose_port(free) != free
        taken.listen()
        assert choose_port(free) != free


def test_a_listener_on_every_address_counts() -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert choose_port(port) != port


def test_prepare_creates_what_is_missing_and_keeps_what_is_the_users(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    prepare(home)
    assert (home / "solr.xml").read_text() == (embedded_dir() / "solr.xml").read_text()
    (home / "solr.xml").write_text("<solr/>")
    (home / "run" / "tmp" / "jetty-left-behind").mkdir()
    (home / "configsets" / "mine" / "conf").mkdir(parents=True)
    (home / "core" / "data").mkdir(parents=True)
    prepare(home)
    assert (home / "solr.xml").read_text() == "<solr/>"
    assert not list((home / "run" / "tmp").iterdir())
    assert (home / "configsets" / "mine" / "conf").is_dir()
    assert (home / "core" / "data").is_dir()


def test_what_is_left_of_a_core_that_was_never_made_goes(tmp_path: Path) -> None:
    for name, text, data in (("half", "", False), ("whole", "name=whole\n", False), ("old", "", True)):
        (tmp_path / name / ("data" if data else "")).mkdir(parents=True)
        (tmp_path / name / "core.properties").write_text(text)
    prepare(tmp_path)
    assert not (tmp_path / "half").exists()
    assert cores_to_load(tmp_path) == {"whole", "old"}


def test_configsets_are_copied_anew(tmp_path: Path) -> None:
    prepare(tmp_path)
    for name, conf in configsets().items():
        copied = tmp_path / "configsets" / name / "conf"
        (copied / "left-over.txt").write_text("from an older version")
        prepare(tmp_path)
        assert sorted(p.relative_to(copied) for p in copied.rglob("*")) == sorted(
            p.relative_to(conf) for p in conf.rglob("*")
        )


def test_the_previous_console_log_is_kept(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "logs" / CONSOLE).write_text("before")
    prepare(tmp_path)
    assert (tmp_path / "logs" / "console.previous.log").read_text() == "before"


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SolrNotStarted, match="VISUAL_SEARCH_HOME"):
        prepare(tmp_path / "file" / "home")


def test_quotes_the_end_without_stack_frames(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    lines = [f"line {n}" for n in range(50)] + ["Caused by: this", "\tat a.b.C(D.java:1)"]
    (tmp_path / "logs" / CONSOLE).write_text("\n".join(lines))
    quoted = quote_logs(tmp_path, since=time.time() - 5, lines=3)
    assert quoted.splitlines()[1:] == ["line 48", "line 49", "Caused by: this"]


def test_quotes_nothing_older_than_the_start(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "solr.log").write_text("the run before")
    assert quote_logs(tmp_path, since=time.time() + 60).startswith("nothing was written")


def test_vectors_enabled_is_what_lucene_said(tmp_path: Path) -> None:
    assert not vectors_enabled(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / CONSOLE).write_text("INFO: Java vector incubator API enabled; uses preferredBitSize=512")
    assert vectors_enabled(tmp_path)


def test_gives_up_when_jetty_did(tmp_path: Path) -> None:
    assert not start_failed(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / CONSOLE).write_text('Exception in thread "main" java.io.IOException: Failed to bind')
    assert start_failed(tmp_path)


def test_cores_to_load(tmp_path: Path) -> None:
    for name, text in {"a": "", "b": "#comment\nname=other\n", "c": "name = c\nloadOnStartup=false\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "core.properties").write_text(text)
    assert cores_to_load(tmp_path) == {"a", "other"}


def test_resources_are_where_they_are_committed() -> None:
    assert (solr_config_dir() / "embedded" / "jetty.xml").is_file()
    assert "embedded" not in configsets()
