"""A result in its public JSON form: what `POST /v1/search` answers and `visual-search search --json` prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from vision.search.model import Explanation, Histogram, Hit, Mode, Plan, Range, Result, Understood
from vision.search.request import RangeRequest


class PartForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the score: its value, 0 to 1, its weight, and its ``share``, what it adds to the score.

    ``name`` is ``text``, ``image``, ``profile`` or ``similarity``; ``of`` says which one: a picture's id or a field.
    """

    name: str
    value: float
    weight: float
    share: float
    of: str | None = None


class AgreementForm(msgspec.Struct, frozen=True):
    """An attribute of the hit that agrees with the search.

    ``by`` is ``words``, ``filter``, ``picture`` (the product searched by) or ``category`` (what the photo shows).
    """

    field: str
    value: str
    by: str


class ExplainForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a hit has its score: ``parts`` add up to it, ``agrees`` are the attributes that agree with the search.

    ``bm25`` is that of the words and what ``agreement`` adds for attributes that they say; ``text`` is bm25/(bm25+2).
    ``sigma2`` is the collection's median squared distance; ``image`` is 1/(1+distance/sigma2).
    """

    parts: list[PartForm] = []
    agrees: list[AgreementForm] = []
    bm25: float | None = None
    agreement: float | None = None
    text: float | None = None
    text_weight: float | None = None
    image: float | None = None
    image_weight: float | None = None
    sigma2: float | None = None
    profile: float | None = None
    profile_weight: float | None = None


class HitForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """One product as its best picture.

    ``box`` is [x, y, width, height], 0 to 1, of the part of the picture that matched, null where that is all of it;
    ``label`` is what the detector called that part, and ``region`` its id, which ``image_id`` and ``like`` take too.
    ``distance`` is the exact squared Euclidean distance to the query's vector, null without one; ``explain`` has the
    parts of the score when they were asked for, ``duplicates`` the near-duplicates that it stands for where those are
    folded, ``match`` what the distance means, 0 to 1, where the collection was calibrated.
    """

    id: str
    product_id: str
    title: str
    image: str | None
    attributes: dict[str, Any]
    score: float
    distance: float | None
    box: tuple[float, float, float, float] | None
    label: str | None = None
    region: str | None = None
    explain: ExplainForm | None = None
    duplicates: list[str] = []
    match: float | None = None


class FacetValueForm(msgspec.Struct, frozen=True):
    """One value of a facet and how many products have it."""

    value: str
    count: int


class BucketForm(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Products with a number from ``from`` on and below ``to``; the last bucket has ``to`` as well."""

    from_: float
    to: float
    count: int


class HistogramForm(msgspec.Struct, frozen=True):
    """The facet of a number: the smallest and the largest, null where nothing has any, and products by bucket."""

    min: float | None
    max: float | None
    buckets: list[BucketForm]


class TookForm(msgspec.Struct, frozen=True):
    """Milliseconds: reading the picture, asking Solr, and all together."""

    extract: float
    solr: float
    total: float


class PlanForm(msgspec.Struct, frozen=True):
    """The way the search took and why.

    ``candidates`` is K of an approximate search, ``matching`` the pictures that keywords and facets leave where they
    were counted, ``requests`` what was sent to Solr, with vectors left out, ``embedding`` the fingerprint of the
    vectors that were compared, null where none were.
    """

    way: str
    mode: str
    reason: str
    exact: bool
    candidates: int | None
    matching: int | None
    requests: list[str]
    embedding: str | None


class ShareForm(msgspec.Struct, frozen=True):
    """A category and its part of the votes."""

    value: str
    share: float


class CategoryForm(msgspec.Struct, frozen=True):
    """What the photo shows by the vote of its nearest pictures, and the values that the search was kept to.

    ``probability`` is that ``value`` is right; ``kept_to`` is empty where that is too little, and the search is then as
    it would be without. ``decided`` says by what: the ``vote``, the categories that the ``request`` gave, a ``filter``
    on the field, or ``nothing``.
    """

    field: str
    value: str
    probability: float
    kept_to: list[str]
    alternatives: list[ShareForm]
    decided: str


class SearchedForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of the photo that ``detect`` took: ``box`` is [x, y, width, height], 0 to 1.

    Where the detector found nothing it is all of the photo, and ``label`` and ``score`` are null. ``notice`` is what a
    reader must know about it.
    """

    box: tuple[float, float, float, float]
    label: str | None
    score: float | None
    detector: str
    notice: str | None = None


class UnderstoodForm(msgspec.Struct, frozen=True):
    """A part of the words that was read as a price or as an attribute's value.

    ``text`` is what was typed; ``value`` the range of prices or the attribute's value; ``currency`` that of the price;
    ``count`` how many products found have the value; ``reason`` why it is not ``applied``. Given back in ``ignore``,
    ``text`` has no effect.
    """

    kind: str
    field: str
    value: str | RangeRequest
    text: str
    applied: bool
    currency: str | None
    count: int | None
    reason: str | None


class SpellingForm(msgspec.Struct, frozen=True):
    """Words that were meant, perhaps, and how many products they find."""

    q: str
    total: int


class CorrectedForm(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Nothing was found for ``from``; the hits are those of ``to``."""

    from_: str
    to: str


class ResultForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of hits; ``total`` and ``facets`` count products over everything that matches, not over the page.

    A facet is a list of values, that of a number an object with buckets.

    ``page`` is the token of the next page, null on the last; ``partial`` says that Solr gave up early; ``misses`` are
    the nearest of what a threshold left out, where it left nothing; ``category`` is what the photo shows and ``region``
    the part of it that was searched by, where those were asked; ``understood``
    is what was read out of the words; ``spelling`` proposes others where they find next to nothing, and is what the
    hits are of where ``corrected`` says so.
    """

    hits: list[HitForm]
    total: int
    facets: dict[str, list[FacetValueForm] | HistogramForm]
    took: TookForm
    plan: PlanForm
    partial: bool
    page: str | None
    understood: list[UnderstoodForm]
    spelling: SpellingForm | None
    corrected: CorrectedForm | None
    misses: list[HitForm] = []
    category: CategoryForm | None = None
    region: SearchedForm | None = None


def form(result: Result, *, image: Callable[[Hit], str | None] = lambda hit: hit.image) -> ResultForm:
    """Bring a result into its public form.

    Args:
        result: what the engine answered.
        image: where a reader finds a hit's picture; the catalogue's own path or URL if not given.
    """
    facets: dict[str, list[FacetValueForm] | HistogramForm] = {
        name: [FacetValueForm(each.value, each.count) for each in values] for name, values in result.facets.items()
    }
    facets |= {name: _histogram(each) for name, each in result.histograms.items()}
    took = TookForm(result.took.extract, result.took.solr, result.took.total)
    spelling, corrected = result.spelling, None
    if spelling is not None and result.corrected is not None:
        corrected = CorrectedForm(result.corrected, spelling.text)
    return ResultForm(
        hits=[hit_form(hit, image(hit)) for hit in result.hits],
        total=result.total,
        facets=facets,
        took=took,
        plan=plan_form(result.plan),
        partial=result.partial,
        page=result.page,
        misses=[hit_form(hit, image(hit)) for hit in result.misses],
        category=_category(result),
        region=None if result.region is None else SearchedForm(**asdict(result.region)),
        understood=[_understood(each) for each in result.understood],
        spelling=None if spelling is None else SpellingForm(spelling.text, spelling.total),
        corrected=corrected,
    )


def to_json(result: Result, *, image: Callable[[Hit], str | None] = lambda hit: hit.image) -> dict[str, Any]:
    """The same as plain dicts and lists, for whoever writes the JSON; no NaN, no infinity."""
    plain: dict[str, Any] = msgspec.to_builtins(form(result, image=image))
    return plain


def hit_form(hit: Hit, image: str | None) -> HitForm:
    """A hit in its public form, with the address of its picture."""
    return HitForm(
        id=hit.id,
        product_id=hit.product_id,
        title=hit.title,
        image=image,
        attributes=_finite(hit.attributes),
        score=_number(hit.score) or 0.0,
        distance=_number(hit.distance),
        box=hit.box,
        label=hit.label,
        region=hit.region,
        explain=None if hit.explain is None else _explain(hit.explain),
        duplicates=list(hit.duplicates),
        match=hit.match,
    )


def _explain(found: Explanation) -> ExplainForm:
    numbers = {name: getattr(found, name) for name in ("bm25", "agreement", "sigma2")}
    for name in ("text", "image", "profile"):
        part = found.part(name)
        if part is not None:
            numbers |= {name: part.value, f"{name}_weight": part.weight}
    return ExplainForm(
        parts=[
            PartForm(each.name, _number(each.value) or 0.0, each.weight, _number(each.share) or 0.0, each.of)
            for each in found.parts
        ],
        agrees=[AgreementForm(each.field, each.value, each.by) for each in found.agrees],
        **{name: None if value is None else _number(value) or 0.0 for name, value in numbers.items()},
    )


def _histogram(each: Histogram) -> HistogramForm:
    return HistogramForm(each.min, each.max, [BucketForm(one.low, one.high, one.count) for one in each.buckets])


def _category(result: Result) -> CategoryForm | None:
    found = result.category
    if found is None:
        return None
    shares = [ShareForm(value, round(share, 4)) for value, share in found.alternatives]
    return CategoryForm(
        found.field, found.value, round(found.probability, 4), list(found.kept_to), shares, found.decided
    )


def plan_form(plan: Plan) -> PlanForm:
    """A plan in its public form."""
    mode = Mode.EXACT if plan.exact else Mode.APPROXIMATE
    return PlanForm(
        way=plan.way.value,
        mode=mode.value,
        reason=plan.reason,
        exact=plan.exact,
        candidates=plan.candidates,
        matching=plan.matching,
        requests=list(plan.requests),
        embedding=plan.embedding,
    )


def _understood(each: Understood) -> UnderstoodForm:
    value = RangeRequest(each.value.min, each.value.max) if isinstance(each.value, Range) else each.value
    return UnderstoodForm(
        each.kind.value, each.field, value, each.text, each.applied, each.currency, each.count, each.reason
    )


def _finite(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) if isinstance(value, float) else value for name, value in attributes.items()}


def _number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity: such a number is no number."""
    return value if value is not None and math.isfinite(value) else None
