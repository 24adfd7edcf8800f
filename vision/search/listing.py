"""A result as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from vision.search.model import Explanation, Hit, Range, Result, Searched, Understood

_FACET_VALUES = 8


def lines(result: Result) -> Iterator[str]:
    """What was made of photo and words, the hits, the facets and the plan, one line each."""
    if result.region is not None:
        yield _region(result.region)
    if result.spelling is not None:
        found = f"{result.spelling.text!r} ({result.spelling.total:,} products)"
        corrected = result.corrected
        yield f"did you mean {found}?" if corrected is None else f"nothing found for {corrected!r}: showing {found}"
    for each in result.understood:
        yield f"understood: {each.text!r} as {_meaning(each)}" + ("" if each.applied else f", not used: {each.reason}")
    for rank, hit in enumerate(result.hits, start=1):
        yield f"{rank:>3}. {_hit(hit)}"
    yield f"{result.total:,} products match; {result.took.total:.0f} ms"
    for name, values in result.facets.items():
        shown = ", ".join(f"{each.value} {each.count:,}" for each in values[:_FACET_VALUES])
        more = f", and {len(values) - _FACET_VALUES} more" if len(values) > _FACET_VALUES else ""
        yield f"  {name}: {shown}{more}"
    for name, histogram in result.histograms.items():
        shown = ", ".join(f"{each.low:g}..{each.high:g} {each.count:,}" for each in histogram.buckets)
        yield f"  {name}: {shown or 'none'}"
    yield f"plan: {result.plan.way} ({result.plan.reason})"
    if result.partial:
        yield "Solr gave up early: totals and facets are incomplete"


def _region(region: Searched) -> str:
    if region.label is None:
        return f"searched by the whole photo: {region.notice}"
    box = ",".join(f"{side:g}" for side in region.box)
    notice = "" if region.notice is None else f"; {region.notice}"
    return f"searched by the {region.label} at {box} ({region.detector}, score {region.score:.2f}{notice})"


def _meaning(each: Understood) -> str:
    if not isinstance(each.value, Range):
        return f"{each.field} {each.value}"
    low, high = ("" if end is None else f"{end:g}" for end in (each.value.min, each.value.max))
    return f"{each.field} {low}..{high} {each.currency or ''}".rstrip()


def _hit(hit: Hit) -> str:
    distance = "" if hit.distance is None else f"  d²={hit.distance:.4g}"
    price = hit.attributes.get("price")
    currency = hit.attributes.get("currency", "")
    cost = "" if price is None else f"  {price:.2f} {currency}".rstrip()
    part = "" if hit.box is None else f"  ({hit.label} at {','.join(f'{side:g}' for side in hit.box)})"
    why = "" if hit.explain is None else _why(hit.explain)
    return f"{hit.score:.4f}{distance}  {hit.id}  {hit.title}{cost}{part}{why}"


def _why(found: Explanation) -> str:
    """The shares that make the score, and what agrees."""
    parts = [f"{each.of or each.name} {each.share:.4f} ({each.value:.4f}·{each.weight:g})" for each in found.parts]
    agrees = dict.fromkeys(f"{each.field}={each.value}" for each in found.agrees)
    return f"  = {' + '.join(parts)}" + (f"  agrees: {', '.join(agrees)}" if agrees else "")
