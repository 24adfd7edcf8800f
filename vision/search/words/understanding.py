"""What the words of a search mean beyond their letters.

Prices become ranges, under the rules that any range has. Values of attributes become preferences: the words stay, and
whatever they found they find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from vision.search.model import Kind, Preference, Query, Range, Understood
from vision.search.words.prices import PriceWords, find_prices, without_prices
from vision.search.words.tokens import fold
from vision.search.words.vocabulary import Vocabulary, merged

MAX_PREFERENCES = 8
"""Parts of the words that are read as attributes."""


class Facts(Protocol):
    """What must be known of a collection."""

    def has_prices(self) -> bool:
        """Whether any product has a price."""

    def currencies(self) -> tuple[str, ...]:
        """The currencies that products with a price name."""

    def vocabulary(self, language: str) -> Vocabulary:
        """The attributes' values as phrases."""


def understand(query: Query, facts: Facts) -> tuple[Query, tuple[Understood, ...]]:
    """Read the words of a query.

    Returns:
        The query as it is to be run, and what was read: prices first, then attributes, in the order of the words.
    """
    if not query.understand or query.text is None:
        return query, ()
    query, prices = _prices(query, facts)
    query, attributes = _attributes(query, facts)
    return query, (*prices, *attributes)


def counted(understood: Sequence[Understood], counts: Sequence[Sequence[int]]) -> tuple[Understood, ...]:
    """The same with the products that each attribute agrees with; one without any had no effect.

    Args:
        understood: what :func:`understand` read.
        counts: of each preference, by group.
    """
    flat = iter([each for group in counts for each in group])
    return tuple(each if each.kind is Kind.PRICE else _with_count(each, next(flat)) for each in understood)


def _with_count(chip: Understood, count: int) -> Understood:
    reason = None if count else "no product that was found has this value"
    return replace(chip, count=count, applied=count > 0, reason=reason)


def _attributes(query: Query, facts: Facts) -> tuple[Query, tuple[Understood, ...]]:
    """Values that the words say are preferred, unless they are filtered by already; the words stay as they are."""
    if query.text is None:
        return query, ()
    ignored = _ignored(query)
    groups: list[tuple[Preference, ...]] = []
    chips: list[Understood] = []
    for group in merged(facts.vocabulary(query.language).said(query.text)):
        text = query.text[group[0].start : group[0].end]
        wanted = [each for each in group if not set(each.values) & set(query.filters.get(each.field, ()))]
        if not wanted or _plain(text) in ignored or len(groups) == MAX_PREFERENCES:
            continue
        groups.append(tuple(Preference(each.field, each.values) for each in wanted))
        chips += [Understood(Kind.ATTRIBUTE, each.field, each.values[0], text) for each in wanted]
    return replace(query, preferences=tuple(groups)), tuple(chips)


def _plain(text: str) -> str:
    return " ".join(fold(text).split())


def _ignored(query: Query) -> set[str]:
    return {_plain(each) for each in query.ignore}


def _prices(query: Query, facts: Facts) -> tuple[Query, tuple[Understood, ...]]:
    """Prices leave the words and become a range; one that is ignored, or cannot be applied, only leaves the words."""
    assert query.text is not None
    found = find_prices(query.text, query.language)
    if not found or not facts.has_prices():
        return query, ()
    ignored = _ignored(query)
    kept = [each for each in found if _plain(each.text) not in ignored]
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
    if "price" in query.missing:
        return None, "price is in missing, and counts"
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
