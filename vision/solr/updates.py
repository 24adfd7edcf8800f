"""Documents read page by page, and atomic updates that nobody else's change is lost to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vision.solr import vectors
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

_PAGE = 500
_ASKED = 50


def documents(
    client: SolrClient, key: str, fields: str, query: str = "*:*", *, page: int = _PAGE, **bound: str
) -> Iterator[list[dict[str, Any]]]:
    """All matching documents in the order of their keys, in pages; each comes once, whatever is written meanwhile.

    ``bound`` are parameters that ``query`` refers to.
    """
    cursor = "*"
    while True:
        params = {"q": query, "fl": fields, "sort": f"{key} asc", "rows": page, "cursorMark": cursor} | bound
        answer = client.select(params)
        if found := answer["response"]["docs"]:
            yield found
        if answer["nextCursorMark"] == cursor or len(found) < page:
            return
        cursor = answer["nextCursorMark"]


def current(client: SolrClient, key: str, ids: Sequence[str], fields: str) -> dict[str, dict[str, Any]]:
    """Documents by key as they are now, committed or not; those that are deleted are not there."""
    found: dict[str, dict[str, Any]] = {}
    parts = client.shards.parts()
    # Where a field decides which shard a document comes to, its key does not tell: they are all asked.
    everywhere = {} if parts.field is None else {"shards": ",".join(parts.names)}
    for start in range(0, len(ids), _ASKED):
        answer = client.get_json("get", id=list(ids[start : start + _ASKED]), fl=fields, **everywhere)
        listed = [answer["doc"]] if answer.get("doc") else answer.get("response", {}).get("docs", [])
        found |= {str(each[key]): each for each in listed}
    return found


def atomic(
    client: SolrClient, key: str, updates: Sequence[Mapping[str, Any]], *, compared: Sequence[str]
) -> dict[str, int]:
    """Send updates that carry the ``_version_`` they were made for; returns the new versions of those accepted, by key.

    A document that changed or was deleted meanwhile is left as it is; the others are updated. (Solr's default stops at
    the first such document, and has then written those before it.)

    Args:
        client: the collection.
        key: its uniqueKey.
        updates: each with key, ``_version_`` and fields as ``{"set": value}``; no key twice.
        compared: the fields that tell whether an update is there, where Solr's answer does not.

    Raises:
        SolrError: Solr did not answer or refused.
        NotFound: a vector that is kept outside Solr is not where it should be.
    """
    if not updates:
        return {}
    sent = {str(each[key]): each for each in updates}
    whole = list(updates) if client.keeping is Keeping.STORED else _with_vectors(client, key, updates)
    if (field := client.shards.parts().field) is not None:
        whole = _routed(client, key, field, whole)
    answer = client.post("update", whole, versions="true", failOnVersionConflicts="false")
    adds = answer.get("adds", [])
    versions = adds if isinstance(adds, dict) else dict(zip(adds[::2], adds[1::2], strict=True))
    accepted = {str(id): int(version) for id, version in versions.items() if version > sent[str(id)]["_version_"]}
    # SolrCloud repeats the version that was sent where another shard decides, whatever that one decided.
    unsure = [str(id) for id in versions if str(id) not in accepted]
    now = current(client, key, unsure, ",".join([key, "_version_", *compared]))
    return accepted | {id: int(each["_version_"]) for id, each in now.items() if _done(each, sent[id], compared)}


def _routed(client: SolrClient, key: str, field: str, updates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Updates with what decides their shard; without those of documents that are deleted, which nobody can place."""
    found = current(client, key, [str(each[key]) for each in updates], f"{key},{field}")
    return [{**each, field: found[str(each[key])][field]} for each in updates if field in found.get(str(each[key]), ())]


def _with_vectors(client: SolrClient, key: str, updates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Updates that put back the vectors that Solr does not store.

    They are those of the documents as they are now; where that is not the version named, Solr refuses the update.
    """
    names = f"{vectors.VECTOR},{vectors.COARSE}"
    asked = vectors.returning(",".join((key, names)))
    found = current(client, key, [str(each[key]) for each in updates], asked)
    vectors.fill(list(found.values()), names, client.outside)
    return [
        dict(each)
        | {
            name: {"set": values}
            for name in (vectors.VECTOR, vectors.COARSE)
            if (values := found.get(str(each[key]), {}).get(name)) is not None
        }
        for each in updates
    ]


def _done(document: Mapping[str, Any], update: Mapping[str, Any], compared: Sequence[str]) -> bool:
    changed = document["_version_"] != update["_version_"]
    return changed and all(document.get(name) == update[name]["set"] for name in compared if name in update)
