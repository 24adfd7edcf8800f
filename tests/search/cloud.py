"""A real SolrCloud of one node, for what must hold on several shards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vision.settings import Settings
from vision.solr.embedded.cloud import EmbeddedCloud


@contextmanager
def solr_cloud(home: Path, *, nodes: int = 1) -> Iterator[str]:
    """The base address of its nodes, which have our configset; they end with the block."""
    with EmbeddedCloud(Settings(home=home), home=home, nodes=nodes, port=0, heap="1g") as cloud:
        yield cloud.url
