"""A workspace of its own on a real Solr, and what is in its collection."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision import extractors
from vision.catalog import IndexOptions, IndexReport, Ingest
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

ALL = 100_000


@dataclass(frozen=True)
class Shop:
    """One home folder and one collection."""

    home: Path
    url: str
    name: str
    timeout: float = 10
    """Seconds for an answer of Solr; a cold one on a busy machine takes longer for its first collection."""

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, solr_url=self.url, collection=self.name, solr_timeout=self.timeout)

    def index(self, catalogue: Path, extractor: str = "histogram", **options: Any) -> IndexReport:
        workspace = Workspace(self.settings)
        with workspace.client() as client, workspace.cache() as cache:
            ingest = Ingest(client, workspace.store(), cache, workspace.roots())
            return ingest.run(catalogue, extractor, extractors.load(extractor), IndexOptions(**options))

    def command(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """``visual-search`` in a process of its own, in this workspace."""
        variables = {
            "SOLR_URL": self.url,
            "VISUAL_SEARCH_HOME": str(self.home),
            "VISUAL_SEARCH_COLLECTION": self.name,
            "VISUAL_SEARCH_SOLR_TIMEOUT": "10",
        }
        return subprocess.Popen(
            [sys.executable, "-c", "from vision.cli import main; main()", *map(str, arguments)],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def client(self) -> SolrClient:
        return SolrClient(self.url, self.name)

    def exists(self) -> bool:
        with self.client() as client:
            return configset.exists(client)

    def drop(self) -> None:
        with self.client() as client:
            if configset.exists(client):
                configset.drop(client)

    def documents(self, fields: str = "*") -> dict[str, Mapping[str, Any]]:
        """All documents by id."""
        params = {"q": "*:*", "rows": ALL, "fl": f"id,{fields}", "sort": "id asc"}
        with self.client() as client:
            found = client.select(params)["response"]["docs"]
        by_id = {each["id"]: each for each in found}
        assert len(by_id) == len(found)
        return by_id

    def vectors(self) -> dict[str, tuple[NDArray[np.float32], list[int], str]]:
        """Both vectors and the embedding of each document."""
        return {
            id: (np.array(each["vector"], dtype=np.float32), each["coarse"], each["embedding"])
            for id, each in self.documents("vector,coarse,embedding").items()
        }


def same_vectors(one: Shop, other: Shop) -> bool:
    """Whether two collections hold the same documents with vectors that are equal bit for bit."""
    left, right = one.vectors(), other.vectors()
    return left.keys() == right.keys() and all(
        np.array_equal(left[id][0].view(np.uint32), right[id][0].view(np.uint32)) and left[id][1:] == right[id][1:]
        for id in left
    )
