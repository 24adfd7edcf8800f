"""Vectors that are kept outside Solr and that no document names any more: counted, and dropped.

A document that was deleted, or indexed again with another picture or embedding, leaves its vectors behind. They may
only go when nobody names them, and nobody is about to: whoever sends documents holds a lock from writing vectors until
Solr has their keys, and what Solr has is committed before it is asked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vision.errors import Conflict
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.solr.status import read_status
from vision.solr.updates import documents
from vision.solr.vectors import KEY, Keeping, VectorFile


@dataclass(frozen=True)
class Pruned:
    """How many vectors there were, how many of them documents name, how many went; the collections that were asked."""

    vectors: int
    named: int
    dropped: int
    collections: tuple[str, ...]


def prune(urls: Sequence[str], settings: Settings, *, dry_run: bool = False) -> Pruned:
    """Drop what no document of any collection of these Solrs names.

    Raises:
        Conflict: none of them keeps vectors outside, which they would then all lose; or one cannot be loaded.
        SolrError: one did not answer or refused; nothing was dropped.
        BadSetting: the file cannot be read or written.
    """
    path = settings.home / "vectors.sqlite"
    file = VectorFile(path)
    try:
        if not path.exists():
            return Pruned(0, 0, 0, ())
        with file.naming(alone=True):
            named: set[bytes] = set()
            asked = []
            for url in urls:
                for client in _keeping_outside(url, settings):
                    named.update(_keys(client))
                    asked.append(client.collection)
            if not asked:
                raise Conflict(
                    f"no collection of Solr at {', '.join(urls)} keeps its vectors outside, and {path} has some: if it "
                    "is not used any more, delete it; else set SOLR_URL to the Solr whose documents name them"
                )
            there = file.keys()
            dropped = len(there - named) if dry_run else file.drop_others(named)
            return Pruned(len(there), len(there & named), dropped, tuple(asked))
    finally:
        file.close()


def _keeping_outside(url: str, settings: Settings) -> Iterator[SolrClient]:
    """A client of each such collection, with everything that was sent to it visible.

    Raises:
        Conflict: a core could not be loaded, and nobody knows what it names.
    """
    status = read_status(url, timeout=settings.solr_timeout)
    for name in status.collections:
        with SolrClient(url, name, timeout=settings.solr_timeout) as client:
            if status.mode == "standalone" and (
                failed := client.admin("admin/cores", action="STATUS", indexInfo="false").get("initFailures")
            ):
                raise Conflict(f"Solr could not load {', '.join(failed)}: mend or delete it first, nothing was dropped")
            if client.keeping is Keeping.OUTSIDE:
                client.commit()
                yield client


def _keys(client: SolrClient) -> Iterator[bytes]:
    for page in documents(client, "id", f"id,{KEY}"):
        yield from (base64.b64decode(each[KEY]) for each in page if KEY in each)
