"""Which way a search takes: pure, decided by what was asked and by how many pictures keyword and facets leave."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vision.search.model import Closeness, Likeness, Mode, Plan, Query, Way
from vision.search.scoring import by_picture

# Candidates are found by picture alone; above this text weight they miss too much of the blend's own top
# (docs/queries.md has the measurement).
MAX_TEXT_WEIGHT = 0.7
_ASKED = "exact was asked for"
_LEAST = 100


@dataclass(frozen=True)
class Limits:
    """What a search engineer tunes.

    Attributes:
        candidates: K, the pictures that the approximate phase hands to the exact one.
        exact_below: `auto` verifies everything when at most this many pictures match.
    """

    candidates: int = 200
    exact_below: int = 2000


def candidates_for(query: Query, limits: Limits) -> int:
    """K: the same for every page of one search, so it depends on the page's size but never on its number."""
    return query.candidates or max(limits.candidates, 4 * query.rows)


def needs_count(query: Query) -> bool:
    """Whether the plan, or what form it takes, depends on how many pictures match."""
    return _decided(query) is None and query.mode is not Mode.APPROXIMATE


def plan(query: Query, limits: Limits, matching: int | None = None) -> Plan:
    """Choose the way.

    Args:
        query: what is asked.
        limits: K and the size up to which everything is verified.
        matching: pictures that keyword and facets leave; needed when :func:`needs_count` says so.
    """
    decided = _decided(query)
    if decided is not None:
        return decided
    if query.mode is Mode.EXACT:
        return Plan(Way.EXACT, _ASKED, matching=matching)
    if query.mode is Mode.AUTO:
        if matching is None:
            raise ValueError("auto needs the number of matching pictures; ask needs_count first")
        if matching <= limits.exact_below:
            return Plan(Way.EXACT, f"{matching} pictures match: all are verified", matching=matching)
    k = candidates_for(query, limits)
    if query.start + query.rows > k:
        reason = f"the page ends past the {k} candidates: they come first, then all others by exact score"
        return Plan(Way.TAIL, reason, candidates=k, matching=matching)
    asked = "approximate was asked for" if query.mode is Mode.APPROXIMATE else f"{matching} pictures match"
    reason = f"{asked}: the {k} nearest by the coarse vector are verified"
    return Plan(Way.APPROXIMATE, reason, candidates=k, matching=matching)


def of_shards(plan: Plan, shards: int) -> Plan:
    """The plan on several shards, each of which looks for so many that together they miss none that one would find.

    Products come to shards by a hash of their id, so that of the K nearest a shard holds K/S, with the spread of a
    binomial distribution; three times that is added, which leaves one shard in 700 with one too few. Not less than
    :data:`_LEAST`: Lucene looks as widely around in a graph as it looks for candidates, and finds worse ones of few.
    """
    k = plan.candidates
    if shards == 1 or k is None:
        return plan
    spread = math.sqrt(k * (shards - 1)) / shards
    each = min(k, max(_LEAST, math.ceil(k / shards + 3 * spread)))
    return replace(plan, of_shard=each, reason=f"{plan.reason}; each of {shards} shards looks for {each}")


def continued(query: Query, first: Plan) -> Plan:
    """The plan for a page that turned out to reach past the candidates of ``first``."""
    reason = f"the {first.candidates} candidate pictures hold fewer products than the page asks for: all are verified"
    return replace(first, way=Way.TAIL, reason=reason)


def _decided(query: Query) -> Plan | None:
    if query.vector is None:
        if query.text is None and not query.similarities:
            return Plan(Way.BROWSE, "no words and no picture: facets alone")
        found = ["BM25"] if query.text is not None else []
        found += ["nearness of numbers"] if query.similarities else []
        return Plan(Way.TEXT, f"no picture: {' and '.join(found)} alone")
    if query.max_distance is not None:
        return Plan(Way.THRESHOLD, "a threshold: lower bound, then exact distance, inside keyword and facets")
    if query.mode is Mode.EXACT and not by_picture(query):
        return Plan(Way.EXACT, _ASKED)
    if query.sort not in (None, "score"):
        return Plan(Way.EXACT, f"sorted by {query.sort}: everything that matches is verified")
    others, pictures = _weights(query)
    if others > MAX_TEXT_WEIGHT * (others + pictures):
        what = "words and numbers weigh" if query.similarities else "words weigh"
        return Plan(Way.EXACT, f"{what} over {MAX_TEXT_WEIGHT:.0%}: candidates by picture would miss the best")
    return None


def _weights(query: Query) -> tuple[float, float]:
    """How much of the score candidates are not found by, and how much they are."""
    numbers = sum(each.weight for each in query.similarities if isinstance(each, Closeness))
    pictures = sum(each.weight for each in query.similarities if isinstance(each, Likeness))
    return (query.weights.text if query.text is not None else 0.0) + numbers, query.weights.image + pictures
