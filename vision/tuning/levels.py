"""Filters that leave from a thousandth of a collection to all of it: what a setting has to hold at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from vision.search.collection import Collection
from vision.search.commands import filter_members
from vision.search.composer import compose_count
from vision.search.model import Query
from vision.search.request import parse, to_query

SHARES: Final = (0.001, 0.01, 0.05, 0.2, 0.5, 1.0)
EVERYTHING: Final = "all"
"""As a filter: none."""
_VALUES = 1000
"""Values of a facet that are looked at."""
_TOGETHER = 20
"""Values that one filter has at most: what somebody may have ticked."""
_NEAR = 1.3
"""How many times more or less than wanted a facet's values may leave, to be taken before a hash."""


@dataclass(frozen=True)
class Level:
    """A filter, and how many documents with and without a picture it leaves.

    Attributes:
        name: as it is shown.
        query: filters, ranges and hash alone.
        matching: documents.
        share: of all documents.
    """

    name: str
    query: Query
    matching: int
    share: float

    def within(self, query: Query) -> Query:
        """A query with this filter besides its own; on the same field this one counts."""
        filters, ranges = {**query.filters, **self.query.filters}, {**query.ranges, **self.query.ranges}
        return replace(query, filters=filters, ranges=ranges, one_in=self.query.one_in)


def count(collection: Collection, query: Query) -> int:
    """Documents that a query's filters leave, as the planner counts them."""
    matching, _ = collection.matching(compose_count(query, collection.client.names))
    return matching.pictures


def given(collection: Collection, filters: Sequence[str]) -> list[Level]:
    """The levels of filters as the command line takes them.

    Raises:
        BadQuery: another form, or a field that no product has.
    """
    total = count(collection, Query())
    found = []
    for each in dict.fromkeys(filters):
        members = filter_members(() if each == EVERYTHING else (each,))
        query = to_query(parse({"q": "*"} | members), None, None)
        collection.check_fields(query)
        collection.check_currency(query)
        found.append(_level(collection, each, query, total))
    return found


def built(collection: Collection, shares: Sequence[float] = SHARES) -> list[Level]:
    """A level for each share: of the values of a facet where some leave about as much, else by a hash of the ids."""
    total = count(collection, Query())
    facets = {name: counts for name, counts in _facets(collection).items() if counts}
    found: list[Level] = []
    for share in shares:
        wanted = share * total
        if share >= 1:
            level = _level(collection, EVERYTHING, Query(), total)
        elif wanted < 1:
            continue
        else:
            level = _by_facet(collection, facets, wanted, total) or hashed(collection, round(1 / share), total)
        if level.matching and level.matching not in {each.matching for each in found}:
            found.append(level)
    return found


def hashed(collection: Collection, one_in: int, total: int) -> Level:
    """One product in so many, by a hash of its id: a filter of any size, that says nothing about pictures."""
    name = EVERYTHING if one_in == 1 else f"one in {one_in}, by id"
    return _level(collection, name, Query(one_in=None if one_in == 1 else one_in), total)


def _level(collection: Collection, name: str, query: Query, total: int) -> Level:
    matching = count(collection, query)
    return Level(name, query, matching, matching / max(1, total))


def _facets(collection: Collection) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Values and documents of each attribute, most frequent first."""
    names = collection.client.names
    facets: dict[str, Any] = {
        name: {"type": "terms", "field": names.field(name), "limit": _VALUES} for name in collection.attributes()
    }
    params = {"q": "*:*", "fq": "{!cache=false}*:*", "rows": 0, "json.facet": orjson.dumps(facets).decode()}
    answer = collection.client.select(params)["facets"] if facets else {}
    return {
        name: [
            (str(bucket["val"]).lower() if isinstance(bucket["val"], bool) else str(bucket["val"]), bucket["count"])
            for bucket in answer.get(name, {}).get("buckets", [])
        ]
        for name in facets
    }


def _by_facet(
    collection: Collection, facets: Mapping[str, Sequence[tuple[str, int]]], wanted: float, total: int
) -> Level | None:
    """Values of one facet that leave nearest to what is wanted, or None where none leave about that."""
    choices = [(name, values) for name, counts in facets.items() for values in _choices(counts, wanted)]
    expected = [
        (abs(math.log(sum(dict(facets[name])[value] for value in values) / wanted)), len(values), name, values)
        for name, values in choices
    ]
    if not expected:
        return None
    _, _, name, values = min(expected)
    level = _level(collection, f"{name}={'|'.join(values)}", Query(filters={name: tuple(values)}), total)
    # Where a product has several values, together they leave less than they add up to.
    return level if wanted / _NEAR <= level.matching <= wanted * _NEAR else None


def _choices(counts: Sequence[tuple[str, int]], wanted: float) -> Iterator[list[str]]:
    """One value, and the largest that together do not pass what is wanted."""
    yield [min(counts, key=lambda each: abs(each[1] - wanted))[0]]
    taken: list[str] = []
    room = wanted
    for value, held in counts:
        if held <= room and len(taken) < _TOGETHER:
            taken.append(value)
            room -= held
    if taken:
        yield taken
