"""Why a hit has its score: the parts, which add up to it, and the attributes that agree with the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vision.search.model import Agreement, Closeness, Explanation, Part, Query
from vision.search.scoring import further


def explained(
    document: Mapping[str, Any], attributes: Mapping[str, Any], query: Query, sigma2: float | None
) -> Explanation:
    """Put together what Solr returned beside a hit.

    Args:
        document: as Solr answered it.
        attributes: the same document's, by their catalogue names.
        query: what was asked.
        sigma2: the collection's median squared distance; None without a picture.
    """
    found = list(_parts(document, query, sigma2))
    whole = sum(weight for _, _, weight, _ in found)
    bm25 = None if query.text is None else float(document.get("bm25", 0.0))
    return Explanation(
        parts=tuple(Part(name, value, weight, value * weight / whole, of) for name, value, weight, of in found),
        agrees=tuple(_agrees(attributes, query)),
        bm25=bm25,
        agreement=float(document.get("agreement", 0.0)) if bm25 is not None and query.preferences else None,
        sigma2=sigma2,
    )


def squared_distance(similarity: float) -> float | None:
    """Squared Euclidean distance from Solr's s = 1/(1+d²); s = 0 is a document without a vector."""
    return None if similarity <= 0.0 else max(0.0, 1.0 / similarity - 1.0)


def _parts(
    document: Mapping[str, Any], query: Query, sigma2: float | None
) -> Iterator[tuple[str, float, float, str | None]]:
    """Name, value, weight and what of."""
    if query.text is not None:
        bm25 = float(document.get("bm25", 0.0))
        yield "text", bm25 / (bm25 + 2.0), query.weights.text, None
    if sigma2 is not None:
        yield "image", likeness(document.get("similarity", 0.0), sigma2), query.weights.image, None
    for name, each in further(query):
        value = float(document.get(name, 0.0))
        if isinstance(each, Closeness):
            yield "similarity", value, each.weight, each.field
        else:
            yield each.name, likeness(value, sigma2 or 1.0), each.weight, each.of


def likeness(similarity: float, sigma2: float) -> float:
    """The picture's part of a score, 1/(1+d²/σ²), from Solr's s."""
    distance = squared_distance(float(similarity))
    return 0.0 if distance is None else 1.0 / (1.0 + distance / sigma2)


def _agrees(attributes: Mapping[str, Any], query: Query) -> Iterator[Agreement]:
    """What the words say, what is filtered by, and what the picture searched by is or shows."""
    wanted = [("words", each.field, each.values) for group in query.preferences for each in group]
    wanted += [("filter", name, values) for name, values in sorted(query.filters.items())]
    for by, known in query.depicted.items():
        wanted += [(by, name, values) for name, values in sorted(known.items())]
    for by, name, values in wanted:
        yield from (Agreement(name, each, by) for each in texts(attributes.get(name)) if each in values)


def texts(value: Any) -> tuple[str, ...]:
    """An attribute's values as facets write them."""
    held = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in held)
