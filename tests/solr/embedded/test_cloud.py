"""A real SolrCloud from the jars: started, found, its nodes killed and brought back, its collections sharded."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests
from click.testing import CliRunner

from tests.processes import kill
from vision.errors import BadSetting, SolrNotStarted
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.commands import solr as commands
from vision.solr.configset import Shape
from vision.solr.current import current_status, embedded
from vision.solr.embedded import cloud as clouds
from vision.solr.embedded.cloud import Cluster, EmbeddedCloud, inactive
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The user's cache of jars, and everything else in a folder that goes away."""
    here = Settings.from_environment()
    return replace(here, home=tmp_path_factory.mktemp("cloud"), solr_url=None, solr_port=choose_port(0))


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(settings, nodes=2, heap="256m") as cloud:
        yield cloud


def filled(cloud: EmbeddedCloud, name: str, shape: Shape) -> SolrClient:
    client = SolrClient(cloud.url, name, timeout=20)
    configset.create(client, shape=shape)
    client.add([{"id": f"p{number}", "product_id": f"p{number}", "title": f"thing {number}"} for number in range(50)])
    client.commit()
    return client


def counted(client: SolrClient, wanted: int) -> int:
    """How many documents are found, once each replica of each shard has what was committed."""
    deadline = time.monotonic() + 30
    shards = configset.cluster(client)["collections"][configset.real_name(client)]["shards"].values()
    cores = [[f"{each['base_url']}/{each['core']}/select" for each in shard["replicas"].values()] for shard in shards]
    while time.monotonic() < deadline:
        copies = zip(*([_own(core) for core in shard] for shard in cores), strict=True)
        if all(sum(each) == wanted for each in copies):
            break
        time.sleep(0.3)
    return client.count()


def opened(node: EmbeddedSolr) -> dict[str, str]:
    """When each core of a node was opened; a reload opens it again."""
    said = requests.get(f"{node.url}/admin/cores", timeout=20).json()["status"]
    return {name: each["startTime"] for name, each in said.items()}


def _own(core: str) -> int:
    answer = requests.get(core, {"q": "*:*", "rows": "0", "distrib": "false"}, timeout=20)
    return int(answer.json()["response"]["numFound"])


@pytest.mark.solr
@pytest.mark.slow
def test_what_runs_is_said(running: EmbeddedCloud, settings: Settings) -> None:
    status = running.status()
    assert (status.mode, status.nodes, status.version, status.warnings) == ("cloud", 2, "9.10.1", ())
    assert len(running.url.split(",")) == 2
    assert current_status(settings) == status  # what the home folder used last
    assert not running.start()
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for server in (running.zookeeper, *running.nodes)
        if (state := server.state()) is not None
        for connection in psutil.Process(state.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.solr
@pytest.mark.slow
def test_a_collection_has_shards_replicas_and_our_configset(running: EmbeddedCloud) -> None:
    with filled(running, "parts", Shape(2, 2)) as client:
        assert configset.shape(client) == Shape(2, 2)
        assert counted(client, 50) == 50
        cluster = client.admin("admin/collections", action="CLUSTERSTATUS", collection="parts")["cluster"]
        assert cluster["aliases"]["parts"] == "parts_1"
        shards = cluster["collections"]["parts_1"]["shards"].values()
        replicas = [each for shard in shards for each in shard["replicas"].values()]
        assert {each["type"] for each in replicas} == {"NRT"}
        assert len({each["node_name"] for each in replicas}) == 2
        assert configset.upload(client) == ["parts_1"]
        assert not configset.create(client, shape=Shape(2, 2))
        configset.drop(client)
        assert configset.shape(client) is None


@pytest.mark.solr
@pytest.mark.slow
def test_without_more_a_collection_survives_a_node(running: EmbeddedCloud) -> None:
    with SolrClient(running.url, "plain", timeout=20) as client:
        configset.create(client)
        assert configset.shape(client) == Shape(1, 2)
        configset.drop(client)


@pytest.mark.solr
@pytest.mark.many
def test_a_killed_node_is_missed_by_nobody_and_comes_back(running: EmbeddedCloud) -> None:
    with filled(running, "kept", Shape(1, 2)) as client:
        assert counted(client, 50) == 50
        for node, other in zip(running.nodes, reversed(running.nodes), strict=True):
            before = opened(other)
            kill(node)
            assert client.count() == 50
            again = {"id": "p0", "product_id": "p0", "title": "again"}
            client.add([again])  # one of the two leads: it waits for another
            assert running.start()
            assert not inactive(client)
            assert opened(other) == before  # nothing is loaded anew where nothing was changed
        client.add([{"id": "late", "product_id": "late", "title": "late"}])
        client.commit()
        assert counted(client, 51) == 51
        configset.drop(client)


@pytest.mark.solr
@pytest.mark.slow
def test_what_was_sent_is_there_after_all_nodes_stopped_at_once(settings: Settings, tmp_path: Path) -> None:
    """Whichever node leads afterwards; replicas that copy lose it (decision 0022)."""
    cloud = EmbeddedCloud(replace(settings, home=tmp_path, solr_port=choose_port(0)), nodes=2, heap="256m")
    sent = 0
    try:
        for committed in (True, False, True):
            cloud.start()
            with SolrClient(cloud.url, "kept", timeout=20) as client:
                configset.create(client, shape=Shape(1, 2))
                assert counted(client, sent) == sent
                ids = [f"p{number}" for number in range(sent, sent + 50)]
                client.add([{"id": id, "product_id": id, "title": "thing"} for id in ids])
                sent += len(ids)
                if committed:
                    client.commit()
            assert cloud.stop()
        cloud.start()
        with SolrClient(cloud.url, "kept", timeout=20) as client:
            assert counted(client, sent) == sent
    finally:
        cloud.stop()


@pytest.mark.solr
@pytest.mark.slow
def test_the_commands(settings: Settings, tmp_path: Path) -> None:
    environ = {
        "SOLR_URL": "",
        "VISUAL_SEARCH_HOME": str(tmp_path),
        "VISUAL_SEARCH_SOLR_PORT": str(choose_port(0)),
        "VISUAL_SEARCH_SOLR_HEAP": "256m",
    }
    runner = CliRunner(env=environ)
    mine = replace(settings, home=tmp_path, solr_port=int(environ["VISUAL_SEARCH_SOLR_PORT"]), solr_heap="256m")
    try:
        started = runner.invoke(commands, ["start", "--cloud", "--nodes", "1", "--json"])
        assert started.exit_code == 0, started.output
        assert json.loads(started.stdout)["mode"] == "cloud"
        with SolrClient(EmbeddedCloud(mine).url, "shop", timeout=20) as client:
            configset.create(client)
            client.add([{"id": "a", "product_id": "a", "title": "a"}])
            client.commit()
        refused = runner.invoke(commands, ["start", "--no-cloud"])
        assert refused.exit_code == 2 and "stop it first" in refused.stderr
        asked = runner.invoke(commands, ["start", "--auth"])
        assert asked.exit_code == 2 and "runs already, without a password" in asked.stderr
        assert "shop" in runner.invoke(commands, ["upload"]).stdout
        assert "cloud of 1 live nodes" in runner.invoke(commands, ["status"]).stdout
        assert runner.invoke(commands, ["stop"]).stdout.startswith("Solr stopped")
        again = runner.invoke(commands, ["start", "--nodes", "2", "--auth"])  # as it was, one more, and a password
        assert (
            again.exit_code == 0 and "cloud of 2 live nodes" in again.stdout and "asks for a password" in again.stdout
        )
        for node in EmbeddedCloud(mine).nodes:
            bare = f"http://127.0.0.1:{node.port}/solr/admin/info/system"
            assert requests.get(bare, timeout=20).status_code == 401
        with SolrClient(EmbeddedCloud(mine).url, "shop", timeout=20) as client:
            assert client.count() == 1
    finally:
        runner.invoke(commands, ["stop"])
    assert EmbeddedCloud(mine).zookeeper.state() is None


@pytest.mark.solr
@pytest.mark.slow
def test_a_port_that_another_process_has_is_said(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        clouds._write(tmp_path / "cloud", Cluster(taken.getsockname()[1], (choose_port(0),)))
        with pytest.raises(SolrNotStarted, match="another process has that port"):
            EmbeddedCloud(replace(settings, home=tmp_path)).start()


def test_fewer_nodes_than_there_are(tmp_path: Path) -> None:
    clouds._write(tmp_path / "cloud", Cluster(1, (2, 3, 4)))
    with pytest.raises(BadSetting, match="has 3 nodes, and 2 are asked for"):
        EmbeddedCloud(Settings(home=tmp_path), nodes=2)
    with pytest.raises(BadSetting, match="accepted: 1 to 9"):
        EmbeddedCloud(Settings(home=tmp_path), nodes=10)


def test_what_it_consists_of_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    (tmp_path / "cloud" / "cluster.json").write_text("{")
    with pytest.raises(SolrNotStarted, match=r"cluster\.json"):
        embedded(Settings(home=tmp_path))


def test_nothing_runs(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(Settings(home=tmp_path), nodes=3)
    assert not cloud.stop() and not cloud.status().running
    with pytest.raises(SolrNotStarted, match="solr start --cloud"):
        cloud.url  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_nodes_are_those_of_a_cloud(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="--nodes"):
        embedded(Settings(home=tmp_path), cloud=False, nodes=3)


def test_what_was_used_last(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert isinstance(embedded(settings), EmbeddedSolr)
    clouds._write(tmp_path / "cloud", Cluster(1, (2, 3)))
    assert isinstance(embedded(settings), EmbeddedCloud)
    assert isinstance(embedded(settings, cloud=False), EmbeddedSolr)
    assert isinstance(embedded(settings), EmbeddedSolr)
