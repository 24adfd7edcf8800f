"""A SolrCloud on this machine: one ZooKeeper, several nodes, each a process of its own, from the same jars.

with EmbeddedCloud(settings, nodes=3) as cloud:     # ends with the block
    SolrClient(cloud.url, "products")

EmbeddedCloud(settings, nodes=3).start()            # lives on; start again brings back what was killed
EmbeddedCloud(settings).stop()
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from vision.errors import BadSetting, SolrError, SolrNotStarted
from vision.settings import Settings
from vision.solr import auth, configset
from vision.solr.client import SolrClient
from vision.solr.embedded import jvm
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.jars import Progress, ensure_jars
from vision.solr.embedded.java import Java, find_java
from vision.solr.embedded.launcher import EmbeddedSolr
from vision.solr.embedded.server import Server, run_tool
from vision.solr.embedded.zookeeper import ZooKeeper
from vision.solr.status import SolrStatus

NODES: Final = 3
_MOST: Final = 9
_ABOVE: Final = 1000
"""ZooKeeper's port lies so far above that of the first node."""
_POLL_S: Final = 0.3


@dataclass(frozen=True)
class Cluster:
    """What is written down of a cloud; replicas know their nodes by these ports, so they stay for good.

    Attributes:
        zookeeper: ZooKeeper's port.
        nodes: the nodes' ports.
        used: whether it is what this home folder uses, and not the standalone Solr.
        configset: which version of ours it has.
    """

    zookeeper: int
    nodes: tuple[int, ...]
    used: bool = True
    configset: str = ""


class EmbeddedCloud:
    """The SolrCloud of one home folder, running or not."""

    def __init__(
        self,
        settings: Settings,
        *,
        home: Path | None = None,
        nodes: int | None = None,
        port: int | None = None,
        heap: str | None = None,
        java: Java | None = None,
        timeout: float = 180.0,
        progress: Progress | None = None,
        auth: bool | None = None,
    ) -> None:
        """Nothing is started, written or looked for yet.

        Args:
            settings: Gives what the other arguments leave open.
            home: The folder of all its servers. ``settings.home/"cloud"`` by default.
            nodes: How many; as many as it has, or :data:`NODES`, by default. More than it has join it.
            port: The first port tried for the first node, those above for others; 0 for any free ones.
            heap: Of each node, as Java's -Xmx.
            java: The best of this machine by default.
            timeout: Seconds from a launch to the first answer, and from then on until all replicas are active.
            progress: Told about each jar while they are fetched.
            auth: Whether its nodes ask for a password, from their next start on; None leaves that as it was.

        Raises:
            BadSetting: fewer nodes than it has, or more than nine.
        """
        self.home = (home or settings.home / "cloud").absolute()
        self._settings = settings
        self._wanted = nodes
        self._port = settings.solr_port if port is None else port
        self._heap = heap
        self._java = java
        self._timeout = timeout
        self._progress = progress
        self._auth = auth
        self._owned: ExitStack | None = None
        if nodes is not None and not 1 <= nodes <= _MOST:
            raise BadSetting(f"a SolrCloud of {nodes} nodes is asked for; accepted: 1 to {_MOST}")
        there = read(self.home)
        if there is not None and nodes is not None and nodes < len(there.nodes):
            raise BadSetting(
                f"the SolrCloud of {self.home} has {len(there.nodes)} nodes, and {nodes} are asked for; replicas live "
                "on each of them: stop it and delete that folder to begin anew with fewer"
            )

    @cached_property
    def zookeeper(self) -> ZooKeeper:
        """Its ZooKeeper."""
        return ZooKeeper(
            self._settings,
            home=self.home / "zookeeper",
            port=self._cluster.zookeeper,
            java=self._java,
            timeout=self._timeout,
            progress=self._progress,
        )

    @cached_property
    def nodes(self) -> tuple[EmbeddedSolr, ...]:
        """Its nodes."""
        return tuple(
            EmbeddedSolr(
                self._settings,
                home=self.home / f"node{number}",
                port=port,
                heap=self._heap,
                java=self._java,
                timeout=self._timeout,
                zookeeper=self.zookeeper.address,
            )
            for number, port in enumerate(self._cluster.nodes, 1)
        )

    @cached_property
    def _cluster(self) -> Cluster:
        """What is written down, or what is to be."""
        there = read(self.home)
        ports = () if there is None else there.nodes
        first = self._port
        taken = set(ports)
        for number in range(len(ports), self._wanted or len(ports) or NODES):
            ports += (_free(first + number if first else 0, taken),)
        if there is not None:
            return replace(there, nodes=ports)
        return Cluster(_free(first + _ABOVE if first else 0, taken), ports)

    @property
    def url(self) -> str:
        """The base URLs of the nodes that run, with commas in between.

        Raises:
            SolrNotStarted: none does.
        """
        running = [each.url for each in self.nodes if each.state() is not None] if read(self.home) else []
        if not running:
            raise SolrNotStarted(f"no node of {self.home} runs; start them with: visual-search solr start --cloud")
        return ",".join(running)

    def start(self) -> bool:
        """Start what does not run, so that it outlives us; wait until every replica is active.

        False when everything ran already.

        Raises:
            SolrNotStarted: no jars, no Java, or no answer in time; quotes the log.
        """
        return self._start(lambda server: server.start())

    def stop(self) -> bool:
        """End its servers, and no other process; False when none ran."""
        if read(self.home) is None:
            return False
        stopped = self._all(lambda node: node.stop(), self.nodes)
        return any([*stopped, self.zookeeper.stop()])

    def status(self) -> SolrStatus:
        """What a running node says; an empty status when none runs.

        Raises:
            SolrUnavailable: nodes run and none answers.
        """
        running = [each for each in self.nodes if each.state() is not None] if read(self.home) else []
        last: SolrError | None = None
        for node in running:
            try:
                return node.status()
            except SolrError as error:
                last = error
        if last is not None:
            raise last
        return SolrStatus()

    def __enter__(self) -> Self:
        """Start what does not run; that ends with the block, and with it what was started again meanwhile.

        Raises:
            SolrNotStarted: as :meth:`start`.
        """
        with ExitStack() as stack:
            ours = self.zookeeper.state() is None
            self._start(lambda server: bool(stack.enter_context(server)))
            if ours:
                stack.callback(self.stop)
            self._owned = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what this block started."""
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.close()

    def _start(self, start: Callable[[Server], bool]) -> bool:
        there = read(self.home)
        # An earlier start of ours may have brought the configset since the cluster was first looked at.
        cluster = replace(self._cluster, used=True, configset="" if there is None else there.configset)
        _write(self.home, cluster)
        begun = start(self.zookeeper)
        self._sign_in()
        started = [begun, *self._all(start, self.nodes)]
        if any(started):
            self._wait(cluster)
        return any(started)

    def _sign_in(self) -> None:
        """Bring to ZooKeeper who may sign in, where that changes, and to nodes' homes, where their clients look."""
        was = auth.is_on(self.home)
        if self._auth is not None and self._auth != was:
            if any(each.state() for each in self.nodes):
                raise BadSetting(
                    f"the SolrCloud of {self.home} runs already, with{'' if was else 'out'} a password; stop it first: "
                    "visual-search solr stop"
                )
            with tempfile.TemporaryDirectory() as folder:
                wanted = Path(folder)
                if self._auth:
                    auth.switch_on(wanted)
                self._tell(auth.for_zookeeper(wanted))
                auth.copy(wanted, self.home)
        for node in self.nodes:
            auth.copy(self.home, node.home)

    def _tell(self, security: Path) -> None:
        """Bring a ``security.json`` to ZooKeeper."""
        words = ("zk", "cp", f"file:{security}", "zk:/security.json", "-z", self.zookeeper.address)
        jars = ensure_jars(self._settings.cache)
        done = run_tool(jvm.tool(self._java or find_java(), jars, *words), timeout=self._timeout)
        if done.returncode:
            raise SolrNotStarted(f"ZooKeeper could not be told who may sign in: {done.stdout}{done.stderr}")

    def _all(self, do: Callable[[EmbeddedSolr], bool], nodes: Iterable[EmbeddedSolr]) -> list[bool]:
        with ThreadPoolExecutor(_MOST) as pool:
            return list(pool.map(do, nodes))

    def _wait(self, cluster: Cluster) -> None:
        """Return once every replica is active, with our configset; they recover after a kill."""
        deadline = time.monotonic() + self._timeout
        with SolrClient(self.url, "", timeout=self._settings.solr_timeout) as client:
            self._active(client, deadline)
            # The committed one is the truth, as for the standalone server. A replica that recovers is not reloaded.
            if cluster.configset != (current := configset.digest()):
                configset.upload(client)
                _write(self.home, replace(cluster, configset=current))
                self._active(client, deadline)

    def _active(self, client: SolrClient, deadline: float) -> None:
        while waited := inactive(client):
            if time.monotonic() > deadline:
                raise SolrNotStarted(
                    f"the SolrCloud of {self.home} answers, but {', '.join(waited)} did not become active within "
                    f"{self._timeout:g} s; its logs are in {self.home / 'node1' / 'logs'} and beside"
                )
            time.sleep(_POLL_S)


def inactive(client: SolrClient) -> list[str]:
    """The replicas that do not answer yet, or no longer, as ``collection/shard/replica (state)``.

    Raises:
        SolrUnavailable: no answer.
        SolrRefused: an error.
    """
    cluster = configset.cluster(client)
    live = set(cluster["live_nodes"])
    return [
        f"{name}/{shard}/{replica} ({about['state']})"
        for name, collection in cluster["collections"].items()
        for shard, part in collection["shards"].items()
        if part.get("state", "active") == "active"
        for replica, about in part["replicas"].items()
        if about["state"] != "active" or about["node_name"] not in live
    ]


def read(home: Path) -> Cluster | None:
    """What is written down of a cloud; None where there is none.

    Raises:
        SolrNotStarted: it cannot be read.
    """
    path = home / "cluster.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        ports = tuple(map(int, found["nodes"]))
        return Cluster(int(found["zookeeper"]), ports, bool(found["used"]), str(found["configset"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SolrNotStarted(f"{path}, which says what the SolrCloud consists of, cannot be read: {error}") from error


def leave(home: Path) -> None:
    """Use the standalone Solr from now on; the cloud stays as it is."""
    if (there := read(home)) is not None and there.used:
        _write(home, replace(there, used=False))


def _write(home: Path, cluster: Cluster) -> None:
    path = home / "cluster.json"
    partial = path.with_name(f"{path.name}.partial")
    try:
        home.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(cluster)), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise SolrNotStarted(
            f"{home} cannot be written: {error}; give a folder that can as VISUAL_SEARCH_HOME"
        ) from error


def _free(first: int, taken: set[int]) -> int:
    port = choose_port(first)
    while port in taken:
        port = choose_port(0)
    taken.add(port)
    return port
