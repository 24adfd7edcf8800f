"""security.sh against a real ZooKeeper: what it leaves there is what a SolrCloud asks for."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from vision.settings import Settings
from vision.solr import auth
from vision.solr.embedded import jvm
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.jars import ensure_jars
from vision.solr.embedded.java import find_java
from vision.solr.embedded.zookeeper import ZooKeeper

SCRIPT = Path(__file__).parents[2] / "docker" / "security.sh"
WORD = "a password of the cloud"

pytestmark = [pytest.mark.solr, pytest.mark.slow]


def test_it_is_in_zookeeper(tmp_path: Path) -> None:
    settings = Settings()
    tool = jvm.tool(find_java(), ensure_jars(settings.cache))
    solr = tmp_path / "bin" / "solr"  # what the image has under this name
    solr.parent.mkdir()
    solr.write_text(f'#!/bin/sh\nexec {shlex.join(tool)} "$@"\n')
    solr.chmod(0o755)
    (tmp_path / "password").write_text(WORD)
    with ZooKeeper(settings, home=tmp_path / "zookeeper", port=choose_port(0)) as zookeeper:
        environ = {
            "PATH": f"{solr.parent}:{os.environ['PATH']}",
            "SOLR_HOME": str(tmp_path),
            "SOLR_PASSWORD_FILE": str(tmp_path / "password"),
            "ZK_HOST": zookeeper.address,
        }
        for _ in range(2):  # and again, when the container starts again
            subprocess.run(["bash", "-eu", "-c", f". {SCRIPT}"], env=environ, check=True, timeout=120)
        back = tmp_path / "back.json"
        words = ("zk", "cp", "zk:/security.json", f"file:{back}", "-z", zookeeper.address)
        subprocess.run([str(solr), *words], env=environ, check=True, timeout=120)
    found = json.loads(back.read_text())
    assert found == json.loads((tmp_path / "security.json").read_text())
    assert list(found["authentication"]["credentials"]) == [auth.USER]
