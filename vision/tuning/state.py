"""Which limits are in force for a collection, where each comes from, and whether what was tuned still fits it."""

from __future__ import annotations

from typing import Any

from vision.search.engine import SearchEngine
from vision.search.model import Query
from vision.search.tuned import InForce
from vision.tuning.levels import count

_GROWN = 2.0
"""How many times larger or smaller a collection may be than it was measured."""


def state(engine: SearchEngine) -> dict[str, Any]:
    """As `tune show --json` prints it and `GET /v1/tuning` answers.

    Raises:
        NotFound, SolrUnavailable: the collection cannot be asked.
    """
    found = engine.limits()
    pictures = count(engine.collection, Query())
    tuned = found.tuned
    return {
        "collection": engine.client.collection,
        "pictures": pictures,
        "candidates": {"value": found.limits.candidates, "from": found.candidates.value},
        "exact_below": {"value": found.limits.exact_below, "from": found.exact_below.value},
        "tuned": None
        if tuned is None
        else {
            "made": tuned.made,
            "embedding": tuned.embedding,
            "pictures": tuned.pictures,
            "candidates": tuned.candidates,
            "exact_below": tuned.exact_below,
        },
        "notice": _notice(found, pictures),
    }


def _notice(found: InForce, pictures: int) -> str | None:
    if found.notice is not None or found.tuned is None:
        return found.notice
    then = found.tuned.pictures
    if not then / _GROWN <= pictures <= then * _GROWN:
        return f"tuned on {then:,} pictures, there are {pictures:,} now; run `visual-search tune` again"
    return None
