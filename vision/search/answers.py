"""Solr's answer, read back into hits and facets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.search import counting
from vision.search.explaining import explained, likeness, squared_distance
from vision.search.histograms import GRID, Spread
from vision.search.model import Bucket, FacetValue, Histogram, Hit, Query
from vision.search.scoring import by_picture
from vision.solr.fields import ATTRIBUTE_PREFIX, NUMBERS

_PLAIN = ("price", "currency", "url", "in_stock")


def hits(answer: Mapping[str, Any], query: Query, sigma2: float | None) -> tuple[Hit, ...]:
    """The page's hits, in Solr's order."""
    return tuple(_hit(document, query, sigma2) for document in answer["response"]["docs"])


def embeddings(answer: Mapping[str, Any]) -> frozenset[str]:
    """The fingerprints of what the vectors of the page's documents are made with."""
    return frozenset(str(each["embedding"]) for each in answer["response"]["docs"] if "embedding" in each)


def settled(answer: Mapping[str, Any], query: Query) -> Mapping[str, Any] | None:
    """The page by score, then id, of an answer by score alone with a hit more at each end.

    None where a hit beyond an end scores as much as the one on it: which of them the page has, only Solr can tell.
    What scores 0, where anything does, is no candidate, and shown by no page of this order.
    """
    documents = answer["response"]["docs"]
    before = min(1, query.start)
    ends = [documents[:2] if before else [], documents[before + query.rows - 1 :]]
    if any(len(pair) == 2 and pair[0]["score"] == pair[1]["score"] > 0.0 for pair in ends):
        return None
    return trimmed(answer, query)


def trimmed(answer: Mapping[str, Any], query: Query) -> Mapping[str, Any]:
    """An answer by score alone with a hit more at each end, without those, by score, then id."""
    before = min(1, query.start)
    page = answer["response"]["docs"][before : before + query.rows]
    page = sorted(page, key=lambda each: (-each["score"], each["id"]))
    return {**answer, "response": {**answer["response"], "docs": page}}


def compared(answer: Mapping[str, Any], query: Query, most: int) -> bool:
    """Whether a vector query that compares all of ``most`` pictures did, and the page lacks none without a vector."""
    pictures = answer.get("facets", {}).get(counting.SHARED, {}).get("count")
    page = min(query.rows, max(0, total(answer) - query.start))
    found = len(answer["response"]["docs"]) - min(1, query.start)
    return isinstance(pictures, int) and pictures <= most and found >= page


def coarse(answer: Mapping[str, Any]) -> NDArray[np.float32]:
    """(hits, dims) of the page's coarse vectors, in steps; a row of NaN for a product without a picture."""
    found = [document.get("coarse") for document in answer["response"]["docs"]]
    dims = max((len(each) for each in found if each is not None), default=1)
    rows = [np.full(dims, np.nan) if each is None else np.asarray(each) for each in found]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), dims)


def total(answer: Mapping[str, Any]) -> int:
    """How many products (pictures when not grouped) match."""
    counted = _counted(answer).get(counting.TOTAL)
    if counted is None:
        return int(answer["response"]["numFound"])
    return _count(counted) if isinstance(counted, Mapping) else int(counted)


def is_partial(answer: Mapping[str, Any]) -> bool:
    """Whether Solr gave up early; its ``numFoundExact`` does not tell, only this header does."""
    return bool(answer["responseHeader"].get("partialResults", False))


def facets(answer: Mapping[str, Any], query: Query) -> dict[str, Sequence[FacetValue]]:
    """Values and counts of every facet asked for that is no number, largest first, then by name."""
    answered = _counted(answer)
    wanted = [name for name in query.facets if name not in NUMBERS]
    return {name: _values(answered.get(name, {}).get("buckets", [])) for name in wanted}


def histograms(answer: Mapping[str, Any], query: Query) -> dict[str, Histogram]:
    """Products by bucket of every number asked for."""
    answered = _counted(answer)
    return {
        name: _histogram(answered.get(name, {}), query.edges.get(name, ())) for name in query.facets if name in NUMBERS
    }


def _histogram(answered: Mapping[str, Any], edges: Sequence[float]) -> Histogram:
    """The outer buckets are open: where the index changed since the edges were chosen, they reach as far as it does."""
    low, high = _ends(answered)
    if low is None or high is None:
        return Histogram(None, None, ())
    counts = [_count(answered.get(str(place), {})) for place in range(max(1, len(edges) - 1))]
    ends = list(edges) or [low, high]
    ends[0], ends[-1] = min(ends[0], low), max(ends[-1], high)
    return Histogram(low, high, tuple(Bucket(*each) for each in zip(ends, ends[1:], counts, strict=False)))


def spreads(facets: Mapping[str, Any]) -> dict[str, Spread]:
    """How numbers are spread, by the facets of the count request; one that nothing has is not there."""
    found = {}
    for name in NUMBERS:
        low, high = _ends(facets.get(name, {}))
        if low is not None and high is not None:
            counts = tuple(_count(facets[name].get(str(place), {})) for place in range(len(GRID) + 1))
            found[name] = Spread(low, high, counts)
    return found


def _ends(answered: Mapping[str, Any]) -> tuple[float | None, float | None]:
    low, high = answered.get("min"), answered.get("max")
    if isinstance(low, int | float) and isinstance(high, int | float) and math.isfinite(low + high):
        return float(low), float(high)
    return None, None


def agreeing(answer: Mapping[str, Any], query: Query) -> tuple[tuple[int, ...], ...]:
    """How many products each preference agrees with, in the order of the query's."""
    answered = _counted(answer)
    return tuple(
        tuple(_count(answered.get(counting.agreeing(group, number), {})) for number in range(len(wanted)))
        for group, wanted in enumerate(query.preferences)
    )


def totals(answer: Mapping[str, Any], count: int) -> tuple[int, ...]:
    """What each of several texts finds."""
    answered = _counted(answer)
    return tuple(_count(answered.get(f"total{number}", {})) for number in range(count))


def _counted(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was counted, by name."""
    found: Mapping[str, Any] = answer.get("facets", {})
    return {**found, **found.get(counting.SHARED, {})}


def _count(facet: Mapping[str, Any]) -> int:
    return int(facet.get("products", facet.get("count", 0)))


def _values(buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetValue, ...]:
    found = (FacetValue(_text(bucket["val"]), int(bucket.get("products", bucket["count"]))) for bucket in buckets)
    return tuple(sorted(found, key=lambda each: (-each.count, each.value)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _hit(document: Mapping[str, Any], query: Query, sigma2: float | None) -> Hit:
    score = float(document["score"])
    if sigma2 is not None and by_picture(query):
        document = {**document, "similarity": score}
        score = likeness(score, sigma2)
    distance = squared_distance(float(document.get("similarity", 0.0)))
    found = attributes(document)
    box = document.get("box")
    return Hit(
        id=document["id"] if box is None else document["picture_id"],
        product_id=document["product_id"],
        title=first(document.get("title", "")),
        image=first(document.get("image")),
        attributes=found,
        score=score,
        distance=distance,
        explain=explained(document, found, query, sigma2) if query.explain else None,
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        label=document.get("label"),
        region=None if box is None else document["id"],
    )


def attributes(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document's catalogue columns: price and the like as they are, attributes as one value or a list."""
    found: dict[str, Any] = {name: first(document[name]) for name in _PLAIN if name in document}
    for field, values in document.items():
        if field.startswith(ATTRIBUTE_PREFIX):
            one = isinstance(values, list) and len(values) == 1
            found[field.removeprefix(ATTRIBUTE_PREFIX)] = values[0] if one else values
    return found


def first(value: Any) -> Any:
    """The first of several values; what is one value already, as it is."""
    return next(iter(value), None) if isinstance(value, list) else value
