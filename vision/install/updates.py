"""Documents read page by page, and atomic updates that nobody else's change is lost to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vision.solr.client import SolrClient

_PAGE = 500
_ASKED = 50


def documents(client: SolrClient, key: str, fields: str, query: str = "*:*") -> Iterator[list[dict[str, Any]]]:
    """All matching documents in the order of their keys, in pages; each comes once, whatever is written meanwhile."""
    cursor = "*"
    while True:
        params = {"q": query, "fl": fields, "sort": f"{key} asc", "rows": _PAGE, "cursorMark": cursor}
        answer = client.select(params)
        if found := answer["response"]["docs"]:
            yield found
        if answer["nextCursorMark"] == cursor or len(found) < _PAGE:
            return
        cursor = answer["nextCursorMark"]


def current(client: SolrClient, key: str, ids: Sequence[str], fields: str) -> dict[str, dict[str, Any]]:
    """Documents by key as they are now, committed or not; those that are deleted are not there."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _ASKED):
        answer = client.get_json("get", id=list(ids[start : start + _ASKED]), fl=fields)
        listed = [answer["doc"]] if answer.get("doc") else answer.get("response", {}).get("docs", [])
        found |= {str(each[key]): each for each in listed}
    return found


def atomic(client: SolrClient, key: str, updates: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Send updates that carry the ``_version_`` they were made for; returns the keys of those that were accepted.

    A document that changed or was deleted meanwhile is left as it is; the others are updated.

    Args:
        client: the collection.
        key: its uniqueKey.
        updates: each with key, ``_version_`` and ``embedding``, among the fields to set.

    Raises:
        SolrError: Solr did not answer or refused.
    """
    if not updates:
        return frozenset()
    sent = {str(each[key]): each for each in updates}
    answer = client.post("update", list(updates), versions="true", failOnVersionConflicts="false")
    adds = answer.get("adds", [])
    versions = adds if isinstance(adds, dict) else dict(zip(adds[::2], adds[1::2], strict=True))
    accepted = {str(id) for id, version in versions.items() if version > sent[str(id)]["_version_"]}
    # SolrCloud repeats the version that was sent where another shard decides, whatever that one decided.
    unsure = [str(id) for id in versions if str(id) not in accepted]
    now = current(client, key, unsure, f"{key},embedding")
    return frozenset(accepted | {id for id, each in now.items() if _done(each, sent[id])})


def _done(document: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    return bool(document.get("embedding") == update["embedding"]["set"])
