"""Solr's answer, read back into hits and facets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.search import composer
from vision.search.model import FacetValue, Hit, Query
from vision.solr.fields import ATTRIBUTE_PREFIX

_PLAIN = ("price", "currency", "url", "in_stock")


def hits(answer: Mapping[str, Any], query: Query, sigma2: float | None) -> tuple[Hit, ...]:
    """The page's hits, in Solr's order."""
    return tuple(_hit(document, query, sigma2) for document in answer["response"]["docs"])


def coarse(answer: Mapping[str, Any]) -> NDArray[np.float32]:
    """(hits, dims) of the page's coarse vectors, in steps; a row of NaN for a product without a picture."""
    found = [document.get("coarse") for document in answer["response"]["docs"]]
    dims = max((len(each) for each in found if each is not None), default=1)
    rows = [np.full(dims, np.nan) if each is None else np.asarray(each) for each in found]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), dims)


def total(answer: Mapping[str, Any]) -> int:
    """How many products (pictures when not grouped) match."""
    return int(answer["response"]["numFound"])


def is_partial(answer: Mapping[str, Any]) -> bool:
    """Whether Solr gave up early; its ``numFoundExact`` does not tell, only this header does."""
    return bool(answer["responseHeader"].get("partialResults", False))


def facets(answer: Mapping[str, Any], query: Query) -> dict[str, Sequence[FacetValue]]:
    """Values and counts of every facet asked for, largest first, then by name."""
    answered = answer.get("facets", {})
    return {name: _values(answered.get(name, {}).get("buckets", [])) for name in query.facets}


def agreeing(answer: Mapping[str, Any], query: Query) -> tuple[tuple[int, ...], ...]:
    """How many products each preference agrees with, in the order of the query's."""
    answered = answer.get("facets", {})
    return tuple(
        tuple(_count(answered.get(composer.agreeing(group, number), {})) for number in range(len(wanted)))
        for group, wanted in enumerate(query.preferences)
    )


def totals(answer: Mapping[str, Any], count: int) -> tuple[int, ...]:
    """What each of several texts finds."""
    answered = answer.get("facets", {})
    return tuple(_count(answered.get(f"total{number}", {})) for number in range(count))


def _count(facet: Mapping[str, Any]) -> int:
    return int(facet.get("products", facet.get("count", 0)))


def _values(buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetValue, ...]:
    found = (FacetValue(_text(bucket["val"]), int(bucket.get("products", bucket["count"]))) for bucket in buckets)
    return tuple(sorted(found, key=lambda each: (-each.count, each.value)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _hit(document: Mapping[str, Any], query: Query, sigma2: float | None) -> Hit:
    similarity = float(document.get("similarity", 0.0))
    distance = squared_distance(similarity)
    box = document.get("box")
    return Hit(
        id=document["id"] if box is None else document["picture_id"],
        product_id=document["product_id"],
        title=first(document.get("title", "")),
        image=first(document.get("image")),
        attributes=attributes(document),
        score=float(document["score"]),
        distance=distance,
        explain=_explain(document, query, sigma2, distance) if query.explain else None,
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


def several(value: Any) -> list[Any]:
    """All of several values; one value as a list of it."""
    return list(value) if isinstance(value, list) else [value]


def squared_distance(similarity: float) -> float | None:
    """Squared Euclidean distance from Solr's s = 1/(1+d²); s = 0 is a document without a vector."""
    return None if similarity <= 0.0 else max(0.0, 1.0 / similarity - 1.0)


def _explain(
    document: Mapping[str, Any], query: Query, sigma2: float | None, distance: float | None
) -> dict[str, float]:
    parts: dict[str, float] = {}
    if query.text is not None:
        bm25 = float(document.get("bm25", 0.0))
        parts |= {"bm25": bm25, "text": bm25 / (bm25 + 2.0), "text_weight": query.weights.text}
        if query.preferences:
            parts["agreement"] = float(document.get("agreement", 0.0))
    if sigma2 is not None:
        image = 0.0 if distance is None else 1.0 / (1.0 + distance / sigma2)
        parts |= {"image": image, "image_weight": query.weights.image, "sigma2": sigma2}
    if query.taste is not None and query.taste.weight > 0:
        liked = squared_distance(float(document.get("liked_similarity", 0.0)))
        parts |= {
            "profile": 0.0 if liked is None else 1.0 / (1.0 + liked / query.taste.sigma2),
            "profile_weight": query.taste.weight,
        }
    return parts
