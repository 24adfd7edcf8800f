"""``json.facet`` of a search: products by value, by bucket of a number, and those that agree with what the words say.

Pure, as the composer. Each facet leaves out its own filter and the grouping: it sees all pictures that match everything
else, and counts ``unique(product_id)``. That is exact, on several shards as well if all pictures of a product are on
one of them (docs/facets.md).

What a facet sees is said as a query of its own, without the part that ranks: left to ``excludeTags``, Solr runs the
main query again for every facet, graph search and all. Facets that see the same stand under one: it is found once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from vision.search.histograms import GRID
from vision.search.literals import CONSTANT, number, tag
from vision.search.model import Query
from vision.solr.fields import NUMBERS, FieldMap

FACET_LIMIT = 1000
SHARED = "shared."
"""The facet that those stand under which see the same; no attribute has such a name."""
TOTAL = "total."
"""Under that one, how many match altogether."""
_REFERENCE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Matched:
    """All that a search matches, in pictures.

    Attributes:
        query: without any part that ranks; None where regions are counted as the pictures that they belong to, which
            only the main query's own filters tell.
        filters: that of each field, as ``fq`` has it.
    """

    query: str | None
    filters: Mapping[str, str]

    def without(self, name: str | None) -> dict[str, Any]:
        """The domain of a facet that leaves this field's own filter out."""
        if self.query is None:
            return {} if name is None else {"excludeTags": [tag(name)]}
        return {"query": self.query, "filter": [each for field, each in self.filters.items() if field != name]}


def facet_request(query: Query, matched: Matched, names: FieldMap, *, whole: bool) -> str:
    """What the ranking request counts.

    Args:
        query: whose facets and preferences are counted.
        matched: what they are counted over.
        names: how the collection calls its fields.
        whole: whether it must say how many match, because the main query does not.
    """
    grouped = names if query.grouped and names.groups else None
    facets: dict[str, Any] = {}
    for name in query.facets:
        facets[name] = _buckets(name, query, names) if name in NUMBERS else _values(name, names, grouped)
    for group, wanted in enumerate(query.preferences):
        for number_ in range(len(wanted)):
            facets[agreeing(group, number_)] = _agreeing(f"$prefer{group}_{number_}", grouped)
    own = {name: facets.pop(name) | {"domain": matched.without(name)} for name in matched.filters if name in facets}
    if whole:
        facets[TOTAL] = {"type": "query", "q": CONSTANT} if grouped is None else _unique(grouped)
    if facets:
        own[SHARED] = {"type": "query", "q": CONSTANT, "domain": matched.without(None), "facet": facets}
    return orjson.dumps(own).decode()


def counted_by(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a ranking request counts, and those of its parameters that this refers to, however indirectly.

    Where facets see a query of their own, the same of these count the same, whatever is ranked and by what picture.
    """
    found = {"json.facet": params["json.facet"]}
    ahead = list(found.values())
    while ahead:
        for name in _REFERENCE.findall(str(ahead.pop())):
            if name in params and name not in found:
                found[name] = params[name]
                ahead.append(params[name])
    return found


def spread_request(query: Query, names: FieldMap) -> str | None:
    """How the numbers asked for are spread over what matches without their own filter; None where none is asked for."""
    facets = {}
    for name in query.facets:
        if name in NUMBERS:
            field = names.field(name)
            between = [_between(field, low, high) for low, high in pairwise((None, *GRID, None))]
            whole = {"type": "query", "q": CONSTANT, "domain": {"excludeTags": [tag(name)]}}
            facets[name] = whole | {"facet": _ends(field) | _numbered(between, None)}
    return orjson.dumps(facets).decode() if facets else None


def agreeing(group: int, number_: int) -> str:
    """The name in ``json.facet`` of the products that a preference agrees with; no attribute has such a name."""
    return f"agreeing.{group}.{number_}"


def _values(name: str, names: FieldMap, grouped: FieldMap | None) -> dict[str, Any]:
    facet: dict[str, Any] = {
        "type": "terms",
        "field": names.field(name),
        "limit": FACET_LIMIT,
        "refine": True,
    }
    return facet if grouped is None else facet | _products(grouped) | {"sort": "products desc"}


def _buckets(name: str, query: Query, names: FieldMap) -> dict[str, Any]:
    """Products in each bucket; the first and the last are open, so that nothing is in none."""
    field = names.field(name)
    grouped = names if query.grouped and names.groups else None
    edges = (None, *query.edges.get(name, ())[1:-1], None)
    between = [_between(field, low, high) for low, high in pairwise(edges)]
    return {"type": "query", "q": CONSTANT, "facet": _ends(field) | _numbered(between, grouped)}


def _ends(field: str) -> dict[str, Any]:
    return {"min": f"min({field})", "max": f"max({field})"}


def _numbered(queries: list[str], grouped: FieldMap | None) -> dict[str, Any]:
    products = {} if grouped is None else _products(grouped)
    return {str(place): {"type": "query", "q": each} | products for place, each in enumerate(queries)}


def _between(field: str, low: float | None, high: float | None) -> str:
    """Numbers from ``low`` on and below ``high``; a facet of type ``range`` would keep each in filterCache."""
    return f"{{!lucene cache=false}}{field}:[{_end(low)} TO {_end(high)}{']' if high is None else '}'}"


def _end(value: float | None) -> str:
    return "*" if value is None else number(value)


def _agreeing(prefer: str, grouped: FieldMap | None) -> dict[str, Any]:
    counted: dict[str, Any] = {"type": "query", "q": f"{{!bool filter={prefer} cache=false}}"}
    return counted if grouped is None else counted | _products(grouped)


def _products(grouped: FieldMap) -> dict[str, Any]:
    return {"facet": {"products": _unique(grouped)}}


def _unique(grouped: FieldMap) -> str:
    return f"unique({grouped.known('product_id')})"
