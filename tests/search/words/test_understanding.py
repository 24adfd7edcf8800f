from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from vision.search.model import Kind, Preference, Query, Range
from vision.search.words.understanding import MAX_PREFERENCES, counted, understand
from vision.search.words.vocabulary import Values, Vocabulary

SHOP: Values = {
    "color": {"red": 5, "Red": 1, "blue": 3},
    "category": {"dress": 7},
    "sleeve": {"short": 3},
    "length": {"short": 2},
}


@dataclass(frozen=True)
class Catalogue:
    """What a collection says of its prices."""

    known: tuple[str, ...] = ("EUR",)
    priced: bool = True
    values: Values = field(default_factory=dict)

    def has_prices(self) -> bool:
        return self.priced

    def currencies(self) -> tuple[str, ...]:
        return self.known

    def vocabulary(self, language: str) -> Vocabulary:
        return Vocabulary(self.values, language)


def asked(text: str, **members: object) -> Query:
    return Query(text=text, understand=True, **members)  # type: ignore[arg-type]


def test_a_price_leaves_the_words_and_becomes_a_range() -> None:
    query, (chip,) = understand(asked("red dress under 50"), Catalogue())
    assert (query.text, query.ranges, query.filters) == ("red dress", {"price": Range(None, 50)}, {})
    assert (chip.kind, chip.field, chip.value, chip.text) == (Kind.PRICE, "price", Range(None, 50), "under 50")
    assert (chip.applied, chip.currency, chip.reason) == (True, "EUR", None)


def test_two_bounds_are_one_range_and_two_chips() -> None:
    query, chips = understand(asked("over 20 dress under 50"), Catalogue())
    assert (query.text, query.ranges) == ("dress", {"price": Range(20, 50)})
    assert [(chip.text, chip.value) for chip in chips] == [
        ("over 20", Range(20, None)),
        ("under 50", Range(None, 50)),
    ]
    query, chips = understand(asked("over 20 dress under 50", ignore=("Over  20",)), Catalogue())
    assert (query.text, query.ranges) == ("dress", {"price": Range(None, 50)})
    assert [chip.text for chip in chips] == ["under 50"]


def test_words_that_were_all_price_leave_none() -> None:
    query, _ = understand(asked("under 50"), Catalogue())
    assert query.text is None


def test_nothing_is_read_where_it_is_switched_off_or_there_are_no_prices() -> None:
    off = Query(text="dress under 50")
    assert understand(off, Catalogue()) == (off, ())
    on = asked("dress under 50")
    assert understand(on, Catalogue(priced=False)) == (on, ())


@pytest.mark.parametrize(
    ("text", "known", "chosen", "currency", "filtered", "reason"),
    [
        ("under 50", (), (), None, None, None),
        ("under $50", (), (), None, None, None),
        ("under €50", ("EUR",), (), "EUR", None, None),
        ("under $50", ("EUR",), (), None, None, "prices are in EUR"),
        ("under $50", ("CAD",), (), "CAD", None, None),
        ("under 50", ("EUR", "JPY"), (), None, None, "prices are in EUR, JPY: name one of them"),
        ("under 50", ("EUR", "JPY"), ("JPY",), "JPY", ("JPY",), None),
        ("under 50", ("EUR", "JPY"), ("EUR", "JPY"), None, None, "prices are in EUR, JPY: name one of them"),
        ("under 50 euro", ("EUR", "JPY"), (), "EUR", ("EUR",), None),
        ("under 50 euro", ("EUR", "JPY"), ("JPY",), None, None, "filters.currency is JPY"),
        ("under $50", ("EUR", "JPY"), (), None, None, "prices are in EUR, JPY: name one of them"),
        ("under $50", ("EUR", "USD"), (), "USD", ("USD",), None),
        ("under $50", ("AUD", "EUR", "USD"), (), None, None, "prices are in AUD, USD: name one of them"),
        ("under us$50", ("AUD", "EUR", "USD"), (), "USD", ("USD",), None),
    ],
)
def test_prices_of_several_currencies_are_never_mixed(
    text: str,
    known: tuple[str, ...],
    chosen: tuple[str, ...],
    currency: str | None,
    filtered: tuple[str, ...] | None,
    reason: str | None,
) -> None:
    filters = {"currency": chosen} if chosen else {}
    query, (chip,) = understand(asked(f"dress {text}", filters=filters), Catalogue(known))
    assert query.text == "dress"
    assert chip.currency == currency
    if reason is None:
        assert chip.applied and query.ranges == {"price": Range(None, 50)}
        assert query.filters.get("currency") == filtered
    else:
        assert not chip.applied and reason in (chip.reason or "")
        assert query.ranges == {} and query.filters == filters


def test_a_range_that_was_given_counts() -> None:
    query, (chip,) = understand(asked("dress under 50", ranges={"price": Range(10, 20)}), Catalogue())
    assert (query.text, query.ranges) == ("dress", {"price": Range(10, 20)})
    assert (chip.applied, chip.reason) == (False, "ranges.price is given, and counts")


def test_attributes_are_preferred_and_the_words_stay() -> None:
    query, chips = understand(asked("red dress under 50"), Catalogue(values=SHOP))
    assert query.text == "red dress"
    assert query.preferences == ((Preference("color", ("red", "Red")),), (Preference("category", ("dress",)),))
    assert [(chip.kind, chip.field, chip.value, chip.text) for chip in chips[1:]] == [
        (Kind.ATTRIBUTE, "color", "red", "red"),
        (Kind.ATTRIBUTE, "category", "dress", "dress"),
    ]


def test_words_that_may_mean_two_fields_are_one_group() -> None:
    query, chips = understand(asked("short"), Catalogue(values=SHOP))
    assert query.preferences == ((Preference("sleeve", ("short",)), Preference("length", ("short",))),)
    counts = counted(chips, ((3, 0),))
    assert [(chip.field, chip.count, chip.applied) for chip in counts] == [("sleeve", 3, True), ("length", 0, False)]
    assert counts[1].reason == "no product that was found has this value"


def test_what_is_ignored_or_filtered_already_is_not_preferred() -> None:
    catalogue = Catalogue(values=SHOP)
    query, chips = understand(asked("red dress", ignore=("RED",)), catalogue)
    assert [chip.text for chip in chips] == ["dress"]
    assert query.text == "red dress"
    query, chips = understand(asked("red dress", filters={"color": ("Red",)}), catalogue)
    assert [chip.text for chip in chips] == ["dress"]
    query, chips = understand(asked("red dress", filters={"color": ("blue",)}), catalogue)
    assert [chip.text for chip in chips] == ["red", "dress"]


def test_a_novel_of_attributes_is_cut_short() -> None:
    query, chips = understand(asked("red blue " * 20), Catalogue(values=SHOP))
    assert len(query.preferences) == len(chips) == MAX_PREFERENCES
