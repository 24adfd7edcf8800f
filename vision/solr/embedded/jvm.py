"""The command lines of the embedded Solr and ZooKeeper: pure, values in, arguments out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision.errors import BadSetting
from vision.solr.embedded.java import Java

_SOLR = "org.eclipse.jetty.xml.XmlConfiguration"
_ZOOKEEPER = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
_TOOL = "org.apache.solr.cli.SolrCLI"
TOKEN_PROPERTY = "-Dvisualsearch.token="
"""Names one start of one server, in its command line and in what it answers: how we know our own."""

_SMALL_HEAP_MB = 64
_SESSION_MS = 8_000
"""How long ZooKeeper waits for a node that says nothing, before it counts as gone and others take its place.

A node that was killed and is started again waits for that too (docs/decisions/0024).
"""
REFUSED_WHOLE: Final = ("-Dsolr.retries.on.forward=0", "-Dsolr.retries.to.followers=0")
"""Of documents that one node sends another in one stream, Solr 9 repeats the first alone when that breaks off, and says
that all are there. So it says that they are not, and whoever sent them sends all again (docs/decisions/0022)."""
_UNIT_MB = {"": 1 / (1 << 20), "k": 1 / 1024, "m": 1, "g": 1024}


@dataclass(frozen=True)
class Launch:
    """What one start is made of."""

    java: Java
    jars: Sequence[Path]
    embedded: Path
    home: Path
    port: int
    heap: str
    token: str
    sharing: Sequence[str] = ()

    @property
    def logs(self) -> Path:
        """Where the server and the JVM write."""
        return self.home / "logs"

    @property
    def tmp(self) -> Path:
        """The JVM's own temporary folder, emptied before each start: a killed Jetty leaves its folders behind."""
        return self.home / "run" / "tmp"


def heap_megabytes(heap: str) -> float:
    """A ``-Xmx`` value in MiB.

    Raises:
        BadSetting: not a number with k, m or g.
    """
    match = re.fullmatch(r"(\d+)([kmg]?)", heap.lower())
    if match is None:
        raise BadSetting(f"the heap is {heap!r}; give it as Java does: 512m or 2g")
    return int(match.group(1)) * _UNIT_MB[match.group(2)]


def solr(launch: Launch, *, config_edit: bool = False, zookeeper: str | None = None) -> list[str]:
    """The whole command line of Solr.

    The collector and its flags are those of Solr's own start script, less what reserves memory ahead of need
    (``AlwaysPreTouch``, ``UseLargePages``): this server shares a laptop. Remote JMX is not switched on.

    Args:
        launch: one start.
        config_edit: whether the Config API may change handlers.
        zookeeper: the address of a SolrCloud's ensemble; None for a standalone server.
    """
    large = heap_megabytes(launch.heap) > _SMALL_HEAP_MB
    cloud = [f"-DzkHost={zookeeper}", f"-DzkClientTimeout={_SESSION_MS}", *REFUSED_WHOLE] if zookeeper else []
    return [
        *_java(launch, [f"-Xms{_SMALL_HEAP_MB}m"] if large else []),
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=250",
        "-XX:+ParallelRefProcEnabled",
        "-XX:+ExplicitGCInvokesConcurrent",
        *launch.java.flags(),
        *launch.sharing,
        f"-Dsolr.solr.home={launch.home}",
        f"-Dsolr.install.dir={launch.home}",
        f"-Dwebapp.dir={launch.embedded / 'webapp'}",
        f"-Djetty.port={launch.port}",
        "-Dsolr.jetty.host=127.0.0.1",
        # A web page on this machine can send a POST to any loopback port: it must not be able to unlock /select.
        *([] if config_edit else ["-Ddisable.configEdit=true"]),
        *cloud,
        *_class_path(launch),
        _SOLR,
        str(launch.embedded / "jetty.xml"),
    ]


def zookeeper(launch: Launch, config: Path) -> list[str]:
    """The whole command line of a ZooKeeper with this configuration file."""
    return [*_java(launch), "-XX:+UseSerialGC", *_class_path(launch), _ZOOKEEPER, str(config)]


def tool(java: Java, jars: Sequence[Path], *words: str) -> list[str]:
    """The command line of one of Solr's own tools, as ``zk cp file:FROM zk:TO -z ADDRESS``."""
    return [str(java.path), f"-Xmx{_SMALL_HEAP_MB}m", "-cp", _joined(jars), _TOOL, *words]


def _java(launch: Launch, more: Sequence[str] = ()) -> list[str]:
    return [
        str(launch.java.path),
        f"-Xmx{launch.heap}",
        *more,
        "-XX:+PerfDisableSharedMem",
        "-XX:-OmitStackTraceInFastThrow",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={launch.logs / 'jvm_crash_%p.log'}",
        "-Djava.awt.headless=true",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={launch.tmp}",
        f"-Dsolr.log.dir={launch.logs}",
        f"-Dlog4j2.configurationFile={(launch.embedded / 'log4j2.xml').as_uri()}",
    ]


def _class_path(launch: Launch) -> list[str]:
    return [f"{TOKEN_PROPERTY}{launch.token}", "-cp", _joined(launch.jars)]


def _joined(jars: Sequence[Path]) -> str:
    return os.pathsep.join(str(jar) for jar in jars)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The server's environment: ours, less ``SOLR_*`` and ``ZK_*``, which Solr would read as its own options."""
    return {name: value for name, value in environ.items() if not name.startswith(("SOLR_", "ZK_"))}
