from __future__ import annotations

import os
from pathlib import Path

import pytest

from vision.errors import BadSetting
from vision.solr.embedded.java import Java
from vision.solr.embedded.jvm import REFUSED_WHOLE, Launch, environment, heap_megabytes, solr, zookeeper


def launch(heap: str = "512m", version: int = 25) -> Launch:
    java = Java(Path("/jdk/bin/java"), version, version > 20, "test", f"{version}.0.1")
    jars = [Path("/jars/a.jar"), Path("/jars/b.jar")]
    return Launch(java, jars, Path("/config"), Path("/a home"), 8999, heap, "abc")


def test_command() -> None:
    arguments = solr(launch())
    assert arguments[0] == "/jdk/bin/java"
    assert {
        "-Xmx512m",
        "-Xms64m",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        "--add-modules=jdk.incubator.vector",
        "-Dsolr.solr.home=/a home",
        "-Djetty.port=8999",
        "-Dsolr.jetty.host=127.0.0.1",
        "-Dvisualsearch.token=abc",
        "-Duser.timezone=UTC",
    } <= set(arguments)
    assert arguments[-4:] == [
        "-cp",
        os.pathsep.join(["/jars/a.jar", "/jars/b.jar"]),
        "org.eclipse.jetty.xml.XmlConfiguration",
        "/config/jetty.xml",
    ]
    assert not [argument for argument in arguments if "jmxremote" in argument]


def test_a_small_heap_has_no_larger_start() -> None:
    assert not [argument for argument in solr(launch("32m")) if argument.startswith("-Xms")]


@pytest.mark.parametrize(("heap", "megabytes"), [("512m", 512), ("2g", 2048), ("2G", 2048), ("1024k", 1)])
def test_heap(heap: str, megabytes: float) -> None:
    assert heap_megabytes(heap) == megabytes


@pytest.mark.parametrize("heap", ["", "512mb", "m", "-1g", "1 g", "1g -XX:OnError=x"])
def test_a_heap_java_would_refuse(heap: str) -> None:
    with pytest.raises(BadSetting, match="512m or 2g"):
        heap_megabytes(heap)


def test_solrs_own_variables_do_not_reach_it() -> None:
    assert environment({"SOLR_URL": "x", "SOLR_HOME": "y", "ZK_HOST": "z", "PATH": "p"}) == {"PATH": "p"}


def test_handlers_cannot_be_changed_over_http_unless_asked_for() -> None:
    assert "-Ddisable.configEdit=true" in solr(launch())
    assert "-Ddisable.configEdit=true" not in solr(launch(), config_edit=True)


def test_a_node_of_a_cloud_knows_its_ensemble() -> None:
    assert {"-DzkHost=127.0.0.1:2181", *REFUSED_WHOLE} <= set(solr(launch(), zookeeper="127.0.0.1:2181"))
    assert not set(REFUSED_WHOLE) & set(solr(launch()))
    assert not [argument for argument in solr(launch()) if argument.startswith("-Dzk")]


def test_zookeeper() -> None:
    arguments = zookeeper(launch("64m"), Path("/a home/zoo.cfg"))
    assert arguments[:2] == ["/jdk/bin/java", "-Xmx64m"]
    assert {"-Dvisualsearch.token=abc", "-Dsolr.log.dir=/a home/logs"} <= set(arguments)
    assert arguments[-2:] == ["org.apache.zookeeper.server.quorum.QuorumPeerMain", "/a home/zoo.cfg"]
