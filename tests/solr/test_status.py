from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from tests import web
from tests.web import Handler
from vision.errors import SolrRefused, SolrUnavailable
from vision.solr.commands import solr
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.jvm import REFUSED_WHOLE
from vision.solr.status import SolrStatus, answers_with, read_status, uses_simd

SYSTEM: dict[str, Any] = {
    "mode": "std",
    "lucene": {"solr-spec-version": "9.10.1"},
    "jvm": {
        "version": "21.0.2 21.0.2+13-LTS",
        "jmx": {"commandLineArgs": ["--add-modules=jdk.incubator.vector", "-Dvisualsearch.token=abc"]},
    },
}
CORES: dict[str, dict[str, object]] = {"status": {"zebra": {}, "apple": {}}}


@contextmanager
def serving(answers: dict[str, Any], status: int = 200) -> Iterator[str]:
    """A server that gives those answers by path, dicts as JSON; its URL."""

    class Answers(Handler):
        def do_GET(self) -> None:
            self.say(answers.get(self.path.partition("?")[0].removeprefix("/solr"), {}), status)

    with web.serving(Answers) as url:
        yield f"{url}/solr"


def test_standalone() -> None:
    with serving({"/admin/info/system": SYSTEM, "/admin/cores": CORES}) as url:
        status = read_status(url, timeout=5)
    assert status == SolrStatus(url, "9.10.1", "21.0.2", True, "standalone", ("apple", "zebra"))
    assert status.running


def test_cloud() -> None:
    cloud = {**SYSTEM, "mode": "solrcloud"}
    cluster = {"cluster": {"collections": {"b": {}, "a": {}}, "live_nodes": ["h:1_solr", "h:2_solr"]}}
    with serving({"/admin/info/system": cloud, "/admin/collections": cluster}) as url:
        status = read_status(f"http://127.0.0.1:9/solr,{url}", timeout=5)
    assert (status.mode, status.collections, status.nodes) == ("cloud", ("a", "b"), 2)


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{choose_port(0)}/solr"
    with pytest.raises(SolrUnavailable, match=r"no Solr answers at \S+: no connection$"):
        read_status(url, timeout=5)
    assert not answers_with(url, "abc")
    assert not SolrStatus().running


@pytest.mark.parametrize("answer", [{}, [], b"<html>", {"jvm": None}])
def test_something_else_there(answer: Any) -> None:
    with serving({"/admin/info/system": answer}) as url, pytest.raises(SolrRefused, match="answer"):
        read_status(url, timeout=5)


def test_an_error_there() -> None:
    with serving({}, status=404) as url, pytest.raises(SolrRefused, match="HTTP 404") as caught:
        read_status(url, timeout=5)
    assert caught.value.status == 404


def test_only_the_server_with_the_token_is_ours() -> None:
    with serving({"/admin/info/system": SYSTEM}) as url:
        assert answers_with(url, "abc")
        assert not answers_with(url, "def")


UPPER = "-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=25"


@pytest.mark.parametrize(
    ("java", "arguments", "expected"),
    [
        ("21.0.2", ["--add-modules=jdk.incubator.vector"], True),
        ("21.0.2", ["--add-modules", "jdk.incubator.vector"], True),
        ("21.0.2", ["--add-modules=java.sql,jdk.incubator.vector"], True),
        ("21.0.2", [], False),
        ("17.0.1", ["--add-modules=jdk.incubator.vector"], False),
        ("25", ["--add-modules=jdk.incubator.vector"], False),
        ("25", ["--add-modules=jdk.incubator.vector", UPPER], True),
        ("26", ["--add-modules=jdk.incubator.vector", UPPER], False),
    ],
)
def test_uses_simd(java: str, arguments: list[str], expected: bool) -> None:
    assert uses_simd(java, arguments) is expected


def test_command_with_solr_url() -> None:
    runner = CliRunner()
    with serving({"/admin/info/system": SYSTEM, "/admin/cores": CORES}) as url:
        status = runner.invoke(solr, ["status", "--json"], env={"SOLR_URL": url})
        started = runner.invoke(solr, ["start"], env={"SOLR_URL": url})
    assert status.exit_code == started.exit_code == 0
    answer = json.loads(status.stdout)
    assert list(answer) == ["url", "version", "java", "simd", "mode", "collections"]
    assert answer["collections"] == ["apple", "zebra"]
    assert started.stdout.startswith("SOLR_URL is set, nothing was started: Solr 9.10.1")


def test_a_cloud_that_may_lose_documents_is_warned_of() -> None:
    cluster = {"cluster": {"collections": {}, "live_nodes": ["a", "b"]}}
    runner, jvm = CliRunner(), SYSTEM["jvm"]
    for given, missing in (((), REFUSED_WHOLE), (REFUSED_WHOLE[:1], REFUSED_WHOLE[1:]), (REFUSED_WHOLE, ())):
        system = {**SYSTEM, "mode": "solrcloud", "jvm": {**jvm, "jmx": {"commandLineArgs": [*given]}}}
        with serving({"/admin/info/system": system, "/admin/collections": cluster}) as url:
            status = runner.invoke(solr, ["status"], env={"SOLR_URL": url})
            answer = json.loads(runner.invoke(solr, ["status", "--json"], env={"SOLR_URL": url}).stdout)
        assert status.exit_code == 0 and answer["nodes"] == 2
        if missing:
            assert f"start every node with {' '.join(missing)} (" in status.stderr
            assert len(answer["warnings"]) == 1
        else:
            assert not status.stderr and "warnings" not in answer


def test_replicas_that_copy_are_warned_of() -> None:
    system = {**SYSTEM, "mode": "solrcloud", "jvm": {**SYSTEM["jvm"], "jmx": {"commandLineArgs": [*REFUSED_WHOLE]}}}
    kinds = {"old_1": ("TLOG", "TLOG"), "new_1": ("NRT", "PULL")}
    collections = {
        name: {"shards": {"shard1": {"replicas": {str(n): {"type": kind} for n, kind in enumerate(each)}}}}
        for name, each in kinds.items()
    }
    cluster = {"cluster": {"collections": collections, "live_nodes": ["a"]}}
    with serving({"/admin/info/system": system, "/admin/collections": cluster}) as url:
        (warning,) = read_status(url, timeout=5).warnings
    assert warning.startswith("the TLOG replicas of old_1 lose") and "--recreate" in warning


def test_command_with_a_dead_solr_url() -> None:
    url = f"http://127.0.0.1:{choose_port(0)}/solr"
    result = CliRunner().invoke(solr, ["status"], env={"SOLR_URL": url})
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: no Solr answers at {url}")


def test_commands_when_none_runs(tmp_path: Any) -> None:
    runner = CliRunner(env={"SOLR_URL": "", "VISUAL_SEARCH_HOME": str(tmp_path)})
    status = runner.invoke(solr, ["status", "--json"])
    assert status.exit_code == 1
    assert json.loads(status.stdout) == {
        "url": None,
        "version": None,
        "java": None,
        "simd": None,
        "mode": None,
        "collections": [],
    }
    assert "solr start" in runner.invoke(solr, ["status"]).stderr
    stopped = runner.invoke(solr, ["stop"])
    assert stopped.exit_code == 0
    assert stopped.stdout.startswith("no embedded Solr runs")
    assert not list(tmp_path.iterdir())


def test_without_the_packages_of_the_embedded_solr(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith(("vision.solr.embedded.", "vision.processes"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psutil", None)
    result = CliRunner(env={"SOLR_URL": "", "VISUAL_SEARCH_HOME": str(tmp_path)}).invoke(solr, ["status"])
    assert result.exit_code == 1
    assert "pip install 'solr-visual-search[embedded]', or set SOLR_URL" in result.stderr


def test_a_bad_option_is_exit_2(tmp_path: Any) -> None:
    result = CliRunner().invoke(
        solr, ["start", "--heap", "lots"], env={"SOLR_URL": "", "VISUAL_SEARCH_HOME": str(tmp_path)}
    )
    assert result.exit_code == 2
    assert "512m or 2g" in result.stderr
