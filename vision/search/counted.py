"""Counts of very many pictures, which are taken again for a few seconds: totals and facets of one answer in another.

What many pictures have in common is found by going through all of them, which takes longer than to find the nearest to
a photo; it changes little in seconds, and is asked for again with each photo (docs/decisions/0017-counts-of-many.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cachetools import TTLCache

from vision.search.answers import is_partial
from vision.search.composer import Params
from vision.search.counting import counted_by

MANY = 20_000
"""Pictures; what fewer have in common is counted anew for each answer."""
_KEPT = 512


class Counted:
    """Facets by what they count; safe to share between threads."""

    def __init__(self, fresh: float) -> None:
        """Keep them for so many seconds."""
        self._lock = threading.Lock()
        self._forgotten = 0
        self._facets: TTLCache[bytes, Mapping[str, Any]] = TTLCache(_KEPT, fresh)

    def forget(self) -> None:
        """Drop all: call after a commit in this process."""
        with self._lock:
            self._forgotten += 1
            self._facets.clear()

    def answered(self, params: Params, ask: Callable[[Params], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Solr's answer, with facets of one before if it counted the same.

        Args:
            params: of a ranking request, whose facets see queries of their own.
            ask: sends parameters to Solr.
        """
        key = orjson.dumps(counted_by(params), option=orjson.OPT_SORT_KEYS)
        with self._lock:
            held = self._facets.get(key)
            before = self._forgotten
        if held is not None:
            return {**ask({name: value for name, value in params.items() if name != "json.facet"}), "facets": held}
        answer = ask(params)
        if "facets" in answer and not is_partial(answer):
            with self._lock:
                if before == self._forgotten:
                    self._facets[key] = answer["facets"]
        return answer
