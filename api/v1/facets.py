"""`/v1/facets`: what the catalogue can be filtered by, with counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import orjson
from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.operations import Operation, Parameter, answer, describe
from api.services import services
from vision.search.collection import Collection
from vision.search.engine import SearchEngine
from vision.search.presentation import FacetValueForm, HistogramForm, form
from vision.search.request import RangeRequest, SearchRequest
from vision.solr.fields import NUMBERS

blueprint = Blueprint("facets", __name__, url_prefix="/v1")

_FIELD: Final = Parameter(
    "field",
    "A field to count; may be repeated. Left out: every field there is.",
    {"type": "array", "items": {"type": "string"}},
)
_CURRENCY: Final = Parameter(
    "currency", "Of the range of prices, which a collection of several currencies has for each of them alone."
)
_Q: Final = Parameter("q", "Count only the products that these words find.")


class FacetsForm(msgspec.Struct, frozen=True):
    """Values and counts in products, and the smallest and largest number of each range, over the whole catalogue.

    ``partial``: Solr ran out of time, so that the counts are lower bounds.
    """

    facets: dict[str, list[FacetValueForm] | HistogramForm]
    ranges: dict[str, RangeRequest]
    total: int
    partial: bool


@blueprint.get("/facets")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "What the catalogue can be filtered by, with counts",
        answer=FacetsForm,
        parameters=(_FIELD, _Q, _CURRENCY),
        problems=(400, 404, 502, 503),
    )
)
def facets() -> Response:
    """Answer values and counts."""
    engine = services().engine
    words, currency = (request.args.get(name, "").strip() for name in ("q", "currency"))
    return answer(known_facets(engine, request.args.getlist("field"), words or "*", currency or None))


def known_facets(
    engine: SearchEngine, fields: Sequence[str] = (), words: str = "*", currency: str | None = None
) -> FacetsForm:
    """Values and counts of these fields, or of all there are, among what the words find."""
    fields = list(fields or engine.collection.attributes())
    # Counts of other words than those asked for would be silent here.
    found = form(engine.search(SearchRequest(q=words, facets=fields, rows=0, spelling="off"), logged=False))
    return FacetsForm(found.facets, _ranges(engine.collection, currency), found.total, found.partial)


def _ranges(collection: Collection, currency: str | None) -> dict[str, RangeRequest]:
    client = collection.client
    if currency is None and len(collection.currencies()) > 1:
        return {}
    fields = {name: field for name in NUMBERS if (field := client.names.known(name)) is not None}
    wanted = {f"{end}_{name}": f"{end}({field})" for name, field in fields.items() for end in ("min", "max")}
    params: dict[str, Any] = {"q": "*:*", "rows": 0, "json.facet": orjson.dumps(wanted).decode()}
    if currency is not None:
        params |= {"fq": f"{{!term f={client.names.field('currency')} v=$currency}}", "currency": currency}
    answered: dict[str, Any] = client.select(params).get("facets", {})
    found = {}
    for name in NUMBERS:
        low, high = answered.get(f"min_{name}"), answered.get(f"max_{name}")
        if _is_finite(low) and _is_finite(high):
            found[name] = RangeRequest(low, high)
    return found


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
