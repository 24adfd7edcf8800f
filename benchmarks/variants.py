"""Cores whose schema or configuration differs from the product's in one thing, to measure what that thing costs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from benchmarks.server import Server
from vision.solr.client import SolrClient
from vision.solr.resources import configsets


def graph(connections: int, beam: int) -> str:
    """M and beam as a field type's attributes."""
    return f'hnswMaxConnections="{connections}" hnswBeamWidth="{beam}"'


COARSE_GRAPH = graph(24, 100)
"""What the product's schema says of the coarse field."""
FULL_GRAPH = {"schema.xml": (graph(2, 4), graph(16, 100))}
"""The verification field with the graph that Solr builds unless told otherwise."""


def create(server: Server, client: SolrClient, name: str, changes: Mapping[str, tuple[str, str]]) -> None:
    """Create the client's core from a copy of the product's configset.

    Args:
        server: where; the copy is written to its home.
        client: names the core.
        name: of the copied configset.
        changes: by file, what is replaced by what; everything that is replaced must be there.
    """
    target = server.solr.home / "configsets" / name / "conf"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(configsets()["visual"], target)
    for file, (old, new) in changes.items():
        text = (target / file).read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{file} of the configset has no {old!r} to replace")
        (target / file).write_text(text.replace(old, new), encoding="utf-8")
    client.admin("admin/cores", action="CREATE", name=client.collection, configSet=name)
