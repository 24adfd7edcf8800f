"""A search that was answered, once more both ways: whether the approximation cost it anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vision.search.engine import SearchEngine
from vision.search.model import Hit, Mode, Query, Result


@dataclass(frozen=True)
class Side:
    """One way's page; for each hit, its place on the other page from 1 on, or None where it is not there."""

    result: Result
    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Comparison:
    """The same page, everything verified and by candidates.

    Attributes:
        exact: everything that matches was verified.
        approximate: the candidates were; a search that has no such way (words alone, a threshold, an order by price) is
            the same as ``exact``, as its plan says.
        recall: part of the exact page that the approximate one has; 1 of an empty page.
        identical: whether both have the same products in the same order.
    """

    exact: Side
    approximate: Side
    recall: float
    identical: bool


def compare(engine: SearchEngine, query: Query) -> Comparison:
    """Run a query again, exactly and by candidates; nothing of it is kept in the query log.

    Raises:
        SolrUnavailable, SolrRefused, FingerprintMismatch: as of any search.
    """
    exact = engine.run(replace(query, mode=Mode.EXACT))
    approximate = engine.run(replace(query, mode=Mode.APPROXIMATE))
    sides = (_side(exact, approximate), _side(approximate, exact))
    found = sum(place is not None for place in sides[0].places)
    recall = found / len(exact.hits) if exact.hits else 1.0
    return Comparison(*sides, recall, _products(exact.hits) == _products(approximate.hits))


def _side(own: Result, other: Result) -> Side:
    places = {product: place for place, product in enumerate(_products(other.hits), start=1)}
    return Side(own, tuple(places.get(product) for product in _products(own.hits)))


def _products(hits: Sequence[Hit]) -> list[str]:
    return [hit.product_id for hit in hits]
