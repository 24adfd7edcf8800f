"""A real SolrCloud of one node, for what must hold on several shards: the embedded Solr's jars, ZooKeeper inside.

`visual-search solr start` runs a standalone node; this one exists in tests only.
"""

from __future__ import annotations

import io
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from vision.settings import Settings
from vision.solr.configset import CONFIGSET
from vision.solr.home import choose_port, prepare, quote_logs
from vision.solr.jars import ensure_jars
from vision.solr.java import find_java
from vision.solr.jvm import Launch, command, environment
from vision.solr.resources import configsets, embedded_dir

_ATTEMPTS = 3
_ANSWERS_S = 90.0
_GAVE_UP = "CoreContainer has shut down"
_ENDS_S = 30.0


@contextmanager
def solr_cloud(home: Path) -> Iterator[str]:
    """The base address of a node that has our configset; it ends with the block.

    Solr gives its ZooKeeper half a minute to begin, which is short on a machine that is busy: then it is tried again.
    """
    for attempt in range(_ATTEMPTS):
        began = time.time()
        folder = home / str(attempt)
        node, url = _started(folder)
        try:
            if _answers(url, node, folder):
                _upload(url)
                yield url
                return
        finally:
            _end(node)
    raise AssertionError(f"SolrCloud did not start; its log ends with\n{quote_logs(folder, since=began)}")


def _started(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = _port_with_zookeeper()
    prepare(home)
    zookeeper = home / "server" / "solr" / "zoo.cfg"  # where Solr looks for it
    zookeeper.parent.mkdir(parents=True)
    zookeeper.write_bytes((embedded_dir() / "zoo.cfg").read_bytes())
    launch = Launch(find_java(), ensure_jars(Settings().cache), embedded_dir(), home, port, "1g", "cloud")
    words = command(launch)
    at = words.index("-cp")
    with (home / "logs" / "console.log").open("wb") as console:
        node = subprocess.Popen(
            [*words[:at], "-DzkRun", "-Dzookeeper.admin.enableServer=false", *words[at:]],
            cwd=home,
            env=environment(os.environ),
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return node, f"http://127.0.0.1:{port}/solr"


def _end(node: subprocess.Popen[bytes]) -> None:
    node.terminate()
    try:
        node.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()


def _port_with_zookeeper() -> int:
    """A free port whose thousandth neighbour, ZooKeeper's, is free as well."""
    while True:
        port = choose_port(0)
        if port + 1000 < 65_536 and choose_port(port + 1000) == port + 1000:
            return port


def _answers(url: str, node: subprocess.Popen[bytes], home: Path) -> bool:
    """Whether the node came to be one of its cluster's live nodes."""
    deadline = time.monotonic() + _ANSWERS_S
    while time.monotonic() < deadline and node.poll() is None:
        try:
            found = requests.get(f"{url}/admin/collections", params={"action": "CLUSTERSTATUS"}, timeout=5)
            if found.status_code == 200 and found.json()["cluster"]["live_nodes"]:
                return True
        except requests.RequestException:
            pass
        log = home / "logs" / "solr.log"
        if log.exists() and _GAVE_UP in log.read_text(encoding="utf-8", errors="replace"):
            return False
        time.sleep(0.3)
    return False


def _upload(url: str) -> None:
    """Our configset, as `solr zk upconfig` would bring it there."""
    conf = configsets()[CONFIGSET]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(conf.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(conf))
    answer = requests.post(
        f"{url}/admin/configs",
        params={"action": "UPLOAD", "name": CONFIGSET},
        data=packed.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
