"""The real Solr, from its jars: started, found, killed, restarted and ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests
from click.testing import CliRunner

from vision.errors import BadSetting, SolrNotStarted
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.commands import solr as commands
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.java import find_java
from vision.solr.embedded.launcher import EmbeddedSolr
from vision.solr.embedded.state import State, write_state

SOLRCONFIG = """<config>
  <luceneMatchVersion>9.12</luceneMatchVersion>
  <schemaFactory class="ClassicIndexSchemaFactory"/>
  <updateHandler class="solr.DirectUpdateHandler2"><updateLog/></updateHandler>
  <requestHandler name="/select" class="solr.SearchHandler"/>
</config>"""
SCHEMA = """<schema name="tiny" version="1.6">
  <uniqueKey>id</uniqueKey>
  <fieldType name="string" class="solr.StrField" docValues="true"/>
  <fieldType name="long" class="solr.LongPointField" docValues="true"/>
  <field name="id" type="string" indexed="true" stored="true"/>
  <field name="_version_" type="long" indexed="false" stored="false"/>
</schema>"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The user's cache of jars, and everything else in a folder that goes away."""
    return replace(Settings.from_environment(), home=tmp_path, solr_url=None, solr_port=choose_port(0))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSolr]:
    """One server for the tests that only look."""
    settings = replace(Settings.from_environment(), home=tmp_path_factory.mktemp("solr"), solr_url=None)
    with EmbeddedSolr(settings, port=0) as solr:
        yield solr


@pytest.fixture
def detached(settings: Settings) -> Iterator[EmbeddedSolr]:
    """Not started; ended after the test if the test started it."""
    solr = EmbeddedSolr(settings)
    yield solr
    solr.stop()


def create_core(solr: EmbeddedSolr, name: str) -> None:
    conf = solr.home / "configsets" / "tiny" / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "solrconfig.xml").write_text(SOLRCONFIG)
    (conf / "schema.xml").write_text(SCHEMA)
    created = requests.get(f"{solr.url}/admin/cores?action=CREATE&name={name}&configSet=tiny", timeout=30)
    assert created.status_code == 200, created.text


def add(solr: EmbeddedSolr, core: str, ids: list[str], *, commit: bool) -> None:
    url = f"{solr.url}/{core}/update?commit={str(commit).lower()}"
    answer = requests.post(url, json=[{"id": each} for each in ids], timeout=30)
    assert answer.status_code == 200, answer.text


def ids(solr: EmbeddedSolr, core: str) -> list[str]:
    answer = requests.get(f"{solr.url}/{core}/select?q=*:*&sort=id+asc&rows=100", timeout=30)
    assert answer.status_code == 200, answer.text
    return [doc["id"] for doc in answer.json()["response"]["docs"]]


def kill(state: State) -> None:
    victim = psutil.Process(state.pid)
    victim.kill()
    victim.wait(10)


def running_state(solr: EmbeddedSolr) -> State:
    state = solr.state()
    assert state is not None
    return state


@pytest.mark.solr
def test_status_says_what_runs(running: EmbeddedSolr) -> None:
    status = running.status()
    java = find_java()
    assert (status.url, status.version, status.mode) == (running.url, "9.10.1", "standalone")
    assert status.java is not None and status.java.startswith(str(java.version))
    assert status.simd is java.simd


@pytest.mark.solr
def test_a_block_within_a_block_uses_the_same_and_leaves_it(running: EmbeddedSolr) -> None:
    with EmbeddedSolr(running._settings, port=0) as second:
        assert second.url == running.url
    assert running.status().running


@pytest.mark.solr
def test_listens_on_loopback_only(running: EmbeddedSolr) -> None:
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for connection in psutil.Process(running_state(running).pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


@pytest.mark.solr
def test_answers_no_other_host_and_names_no_server(running: EmbeddedSolr) -> None:
    url = f"{running.url}/admin/info/system"
    port = running_state(running).port
    assert requests.get(url, headers={"Host": f"localhost:{port}"}, timeout=10).status_code == 200
    rebound = requests.get(url, headers={"Host": f"evil.example:{port}"}, timeout=10)
    assert rebound.status_code == 404
    assert "Server" not in rebound.headers


@pytest.mark.solr
def test_speaks_clear_text_http2_as_cloud_nodes_do(running: EmbeddedSolr) -> None:
    with socket.create_connection(("127.0.0.1", running_state(running).port), timeout=10) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
        # The server's first frame is SETTINGS: three bytes of length, then the type, 4.
        assert connection.recv(9)[3] == 4


@pytest.mark.solr
def test_logs_go_to_a_file(running: EmbeddedSolr) -> None:
    assert "CoreContainer" in (running.home / "logs" / "solr.log").read_text()


@pytest.mark.solr
def test_start_twice_stop_twice(detached: EmbeddedSolr, settings: Settings) -> None:
    assert detached.start() is True
    url, pid = detached.url, running_state(detached).pid
    assert url == f"http://127.0.0.1:{settings.solr_port}/solr"
    other = EmbeddedSolr(settings)
    assert other.start() is False
    assert (other.url, running_state(other).pid) == (url, pid)
    assert other.stop() is True
    assert not psutil.pid_exists(pid)
    assert other.stop() is False
    with pytest.raises(SolrNotStarted, match="solr start"):
        detached.url  # noqa: B018
    assert not detached.status().running


@pytest.mark.solr
@pytest.mark.slow
def test_a_taken_port_gives_another(settings: Settings) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", settings.solr_port))
        foreign.listen()
        with EmbeddedSolr(settings) as solr:
            assert running_state(solr).port != settings.solr_port
            assert solr.status().running


@pytest.mark.solr
@pytest.mark.slow
def test_a_port_lost_to_another_in_between_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", settings.solr_port))
        foreign.listen()
        # As if the port had been free when it was looked at.
        monkeypatch.setattr("vision.solr.embedded.server.choose_port", lambda first: first or choose_port(0))
        with EmbeddedSolr(settings) as solr:
            assert running_state(solr).port != settings.solr_port


@pytest.mark.solr
def test_data_survives_a_restart_and_a_kill(detached: EmbeddedSolr) -> None:
    detached.start()
    create_core(detached, "kept")
    add(detached, "kept", ["1", "2"], commit=True)
    add(detached, "kept", ["3"], commit=False)
    detached.stop()
    detached.start()
    assert ids(detached, "kept") == ["1", "2", "3"]
    assert detached.status().collections == ("kept",)
    add(detached, "kept", ["4"], commit=True)
    add(detached, "kept", ["5"], commit=False)
    state = running_state(detached)
    kill(state)
    assert list(detached.home.rglob("write.lock"))
    assert (detached.home / "run" / "state.json").exists()
    assert detached.state() is None
    assert detached.start() is True
    assert ids(detached, "kept") == ["1", "2", "3", "4", "5"]
    assert running_state(detached).pid != state.pid


@pytest.mark.solr
@pytest.mark.slow
def test_a_start_does_not_touch_who_has_the_number_now(detached: EmbeddedSolr) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as foreign:
        created = psutil.Process(foreign.pid).create_time()
        stale = State(foreign.pid, created, 1, str(detached.home), "java", "512m", "0" * 16)
        (detached.home / "run").mkdir(parents=True)
        write_state(detached.home / "run" / "state.json", stale)
        assert detached.stop() is False
        write_state(detached.home / "run" / "state.json", stale)
        assert detached.start() is True
        assert detached.stop() is True
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.solr
def test_a_jvm_that_refuses_its_options_is_quoted(settings: Settings) -> None:
    solr = EmbeddedSolr(settings, heap="1k")
    with pytest.raises(SolrNotStarted, match=r"-Xmx1k(.|\n)*console\.log(.|\n)*Too small maximum heap"):
        solr.start()
    assert solr.state() is None
    assert not (solr.home / "run" / "state.json").exists()


@pytest.mark.solr
def test_too_late_an_answer_is_given_up_and_ended(settings: Settings) -> None:
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(SolrNotStarted, match=r"did not answer within 0\.2 s"):
        EmbeddedSolr(settings, timeout=0.2).start()
    assert {child.pid for child in psutil.Process().children()} == before


@pytest.mark.solr
def test_two_starts_at_once_give_one_server(settings: Settings, detached: EmbeddedSolr) -> None:
    environ = {
        **os.environ,
        "VISUAL_SEARCH_HOME": str(settings.home),
        "VISUAL_SEARCH_SOLR_PORT": str(settings.solr_port),
        "SOLR_URL": "",
    }
    script = "from vision.solr.commands import solr; solr(['start', '--json'])"
    starts = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", script], env=environ, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [start.communicate()[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0]
    assert answers[0] == answers[1]
    assert json.loads(answers[0])["url"] == detached.url
    ours = [
        p for p in psutil.process_iter(["cmdline"]) if f"-Dsolr.solr.home={detached.home}" in (p.info["cmdline"] or [])
    ]
    assert len(ours) == 1


@pytest.mark.solr
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_block_takes_its_server_with_it(settings: Settings, number: signal.Signals) -> None:
    script = (
        "import sys, time; from pathlib import Path; from dataclasses import replace\n"
        "from vision.settings import Settings; from vision.solr.embedded.launcher import EmbeddedSolr\n"
        "with EmbeddedSolr(Settings.from_environment(), home=Path(sys.argv[1]), port=0) as solr:\n"
        "    print(solr.state().pid, flush=True); time.sleep(60)\n"
    )
    home = settings.home / "solr"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(60)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
    assert EmbeddedSolr(settings).state() is None


@pytest.mark.solr
def test_commands(settings: Settings) -> None:
    runner = CliRunner(env={"VISUAL_SEARCH_HOME": str(settings.home), "SOLR_URL": ""})
    started = runner.invoke(commands, ["start", "--port", str(settings.solr_port), "--heap", "256m"])
    try:
        assert started.exit_code == 0, started.output
        assert f"http://127.0.0.1:{settings.solr_port}/solr" in started.stdout
        assert "SIMD" in started.stdout and "ready in" in started.stdout
        assert "running already" in runner.invoke(commands, ["start"]).stdout
        status = runner.invoke(commands, ["status"])
        assert status.exit_code == 0
        assert "collections: none" in status.stdout
        answer = json.loads(runner.invoke(commands, ["status", "--json"]).stdout)
        assert list(answer) == ["url", "version", "java", "simd", "mode", "collections"]
    finally:
        stopped = runner.invoke(commands, ["stop"])
    assert stopped.stdout == "Solr stopped\n"
    assert runner.invoke(commands, ["status"]).exit_code == 1


def test_nothing_happens_before_start(settings: Settings) -> None:
    solr = EmbeddedSolr(settings)
    assert solr.state() is None
    assert solr.stop() is False
    assert not solr.home.exists()


def test_a_bad_heap_is_refused_at_once(settings: Settings) -> None:
    with pytest.raises(BadSetting):
        EmbeddedSolr(settings, heap="plenty")


@pytest.mark.solr
def test_a_web_page_cannot_unlock_select(settings: Settings) -> None:
    """What a page on the same machine may send without being asked: a POST of plain text."""
    with EmbeddedSolr(settings, port=0) as solr, SolrClient(solr.url, "locked") as client:
        configset.create(client)
        body = '{"update-requesthandler": {"name": "/select", "class": "solr.SearchHandler"}}'
        answer = client.session.post(
            f"{client.url}/config", data=body, headers={"Content-Type": "text/plain"}, timeout=10
        )
        assert answer.status_code == 403
