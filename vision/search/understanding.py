"""What the words of a search mean beyond their letters: prices become ranges, under the rules that any range has."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from vision.search.model import Kind, Query, Range, Understood
from vision.search.prices import PriceWords, find_prices, without_prices
from vision.search.tokens import fold


class Facts(Protocol):
    """What must be known of a collection."""

    def has_prices(self) -> bool:
        """Whether any product has a price."""

    def currencies(self) -> tuple[str, ...]:
        """The currencies that products with a price name."""


def understand(query: Query, facts: Facts) -> tuple[Query, tuple[Understood, ...]]:
    """Read the words of a query.

    Returns:
        The query as it is to be run, and what was read, in the order of the words.
    """
    if not query.understand or query.text is None:
        return query, ()
    return _prices(query, facts)


def _prices(query: Query, facts: Facts) -> tuple[Query, tuple[Understood, ...]]:
    """Prices leave the words and become a range; one that is ignored, or cannot be applied, only leaves the words."""
    assert query.text is not None
    found = find_prices(query.text, query.language)
    if not found or not facts.has_prices():
        return query, ()
    ignored = {" ".join(fold(each).split()) for each in query.ignore}
    kept = [each for each in found if " ".join(fold(each.text).split()) not in ignored]
    currency, reason = _currency(kept, query, facts)
    chips = tuple(
        Understood(Kind.PRICE, "price", Range(each.low, each.high), each.text, reason is None, currency, reason=reason)
        for each in kept
    )
    query = replace(query, text=without_prices(query.text, found) or None)
    if not kept or reason is not None:
        return query, chips
    lows, highs = [each.low for each in kept], [each.high for each in kept]
    bounds = Range(
        next((low for low in lows if low is not None), None), next((h for h in highs if h is not None), None)
    )
    query = replace(query, ranges={**query.ranges, "price": bounds})
    if currency is not None and len(facts.currencies()) > 1:
        query = replace(query, filters={**query.filters, "currency": (currency,)})
    return query, chips


def _currency(found: list[PriceWords], query: Query, facts: Facts) -> tuple[str | None, str | None]:
    """The currency that prices in words are of, if any is needed; or why the range cannot be applied."""
    if "price" in query.ranges:
        return None, "ranges.price is given, and counts"
    named = next((each.currencies for each in found if each.currencies), ())
    known = facts.currencies()
    chosen = query.filters.get("currency", ())
    if len(known) <= 1:
        if known and named and known[0] not in named:
            return None, f"prices are in {known[0]}"
        return (known[0] if known else None), None
    if len(chosen) == 1:
        if named and chosen[0] not in named:
            return None, f"filters.currency is {chosen[0]}"
        return chosen[0], None
    fitting = [each for each in known if each in named]
    if len(fitting) == 1:
        return fitting[0], None
    which = ", ".join(fitting or known)
    return None, f"prices are in {which}: name one of them in the words, or give it as filters.currency"
