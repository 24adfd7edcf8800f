"""What a collection holds, told by the versions that Solr gives: nobody writes to a document and leaves it its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from vision.catalog import stale
from vision.solr import updates
from vision.solr.client import SolrClient
from vision.solr.fields import SEPARATOR, of_region

MASK: Final = (1 << 56) - 1
_PAGE: Final = 10_000
_ALL: Final = 1_000_000
_FIELDS: Final = "id,_version_"


def state(client: SolrClient) -> str:
    """How many documents there are, and the latest version: another one after whatever was written, put back or lost.

    Versions are Solr's clock and only grow; a deletion changes the number, and whoever adds in its place the version.
    """
    client.shards.parts()  # once they are known, who committed asks those that have it
    answer = client.select({"q": "*:*", "sort": "_version_ desc", "rows": 1, "fl": "_version_"})["response"]
    latest = answer["docs"][0]["_version_"] if answer["docs"] else 0
    return f"{answer['numFound']} {latest}"


def everything(client: SolrClient) -> Iterator[list[tuple[str, int]]]:
    """Pages of (a picture's id, a mark of one of its documents), over the whole collection."""
    for page in updates.documents(client, "id", _FIELDS, page=_PAGE):
        yield list(_marks(page))


def of(client: SolrClient, ids: Sequence[str]) -> list[tuple[str, int]]:
    """The same of these pictures alone."""
    client.shards.parts()
    wanted = {"wanted": SEPARATOR.join(ids)}
    found = _select(client, "id", wanted)
    if stale.look(client).any:
        found += [each for each in _select(client, "picture_id", wanted) if of_region(each["id"]) is not None]
    return list(_marks(found))


def regions(client: SolrClient, ids: Sequence[str]) -> list[str]:
    """The ids of the documents of these pictures' regions."""
    found = _select(client, "picture_id", {"wanted": SEPARATOR.join(ids)})
    return [each["id"] for each in found if of_region(each["id"]) is not None]


def _select(client: SolrClient, field: str, wanted: dict[str, str]) -> list[dict[str, Any]]:
    query = f"{{!terms f={field} cache=false separator='{SEPARATOR}' v=$wanted}}"
    answer = client.select({"q": query, "fl": _FIELDS, "rows": _ALL} | wanted)
    return list(answer["response"]["docs"])


def _marks(documents: Iterable[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for each in documents:
        id, version = str(each["id"]), each["_version_"]
        digest = hashlib.blake2b(f"{id}\0{version}".encode(), digest_size=7).digest()
        yield of_region(id) or id, int.from_bytes(digest)
