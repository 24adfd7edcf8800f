"""Prices in words: "under 50", "between 20 and 40", "50-80 euro", in English, German, French and Spanish.

Pure: text in, ranges and their places out. What means money is a table; what looks like it and is none ("size under
50", "under 50 cm", "women over 50", "air max 90") is another. In doubt a number is left where it stands: a word that
is searched in vain is seen, a price that nobody meant is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from vision.search.words.price_words import (
    ABOVE,
    ADULTS,
    BELOW,
    BETWEEN,
    CHILDREN,
    CURRENCIES,
    LEAD,
    NEEDS_MONEY,
    NOT_MONEY_BEFORE,
    SUFFIX_ABOVE,
    SUFFIX_BELOW,
    TO,
    UNITS,
)
from vision.search.words.tokens import cut, fold

_CHILDHOOD = 18


@dataclass(frozen=True)
class PriceWords:
    """A price range in words.

    Attributes:
        low: the least price, included; None leaves it open.
        high: the highest price, included.
        currencies: ISO codes that the sign may stand for, as a dollar is one of several; empty where none was named.
        text: the words, as they were typed.
        start: where they begin.
        end: where they end.
    """

    low: float | None
    high: float | None
    currencies: tuple[str, ...]
    text: str
    start: int
    end: int


def find_prices(text: str, language: str = "en") -> tuple[PriceWords, ...]:
    """The price ranges that a text speaks of, at most one lower and one upper bound.

    Args:
        text: what a shopper typed.
        language: of the words; one without forms of its own is read for signs alone, as in "€50-€80".
    """
    folded = fold(text)
    found: list[PriceWords] = []
    for pattern in _patterns(language):
        for match in pattern.finditer(folded):
            each = _read(match, text, language)
            if each is not None and not any(each.start < one.end and one.start < each.end for one in found):
                found.append(each)
    return tuple(_compatible(sorted(found, key=lambda each: each.start)))


def without_prices(text: str, prices: tuple[PriceWords, ...]) -> str:
    """The text without the words of its prices."""
    return cut(text, [(each.start, each.end) for each in prices])


def _compatible(found: list[PriceWords]) -> Iterator[PriceWords]:
    """The first lower and the first upper bound, where they are of one currency and leave something between them."""
    low = high = None
    currencies: tuple[str, ...] = ()
    for each in found:
        if (each.low is not None and low is not None) or (each.high is not None and high is not None):
            continue
        if each.currencies and currencies and each.currencies != currencies:
            continue
        ends = (each.low if low is None else low, each.high if high is None else high)
        if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
            continue
        (low, high), currencies = ends, each.currencies or currencies
        yield each


def _read(match: re.Match[str], text: str, language: str) -> PriceWords | None:
    """What a match says, unless it is no money after all."""
    parts = match.groupdict()
    money = [CURRENCIES[name] for key in ("s1", "c1", "s2", "c2") if (name := parts.get(key))]
    if len(set(money)) > 1:
        return None
    amounts = [_amount(parts[name]) for name in ("n1", "n2") if parts.get(name)]
    kind = parts.get("form") or ""
    between = len(amounts) == 2
    lower = bool(parts.get("above")) or _is(kind, ABOVE.get(language), SUFFIX_ABOVE.get(language))
    if not money and not _is_plain(match, amounts, language, kind, lower=lower and not between):
        return None
    if between:
        low, high = sorted(amounts)
        ends: tuple[float | None, float | None] = (low, high)
    else:
        ends = (amounts[0], None) if lower else (None, amounts[0])
    if ends[1] == 0:
        return None
    start, end = match.span()
    return PriceWords(*ends, money[0] if money else (), text[start:end], start, end)


def _is_plain(match: re.Match[str], amounts: list[float], language: str, kind: str, *, lower: bool) -> bool:
    """Whether numbers without a currency are a price: by what stands around them."""
    if "needs" in match.groupdict() or _is(kind, NEEDS_MONEY.get(language)):
        return False
    if re.match(rf"\s*-?(?:{UNITS})", match.string[match.end() :]):
        return False
    before = re.findall(r"[^\W_]+", match.string[: match.start()])[-1:]
    word = before[0] if before else ""
    if word in NOT_MONEY_BEFORE:
        return False
    if word in ADULTS and lower:
        return False
    if word.isdigit() and language in BETWEEN and _is(kind, BETWEEN[language][1]):  # the end of "36 to 44"
        return False
    return not (word in CHILDREN and max(amounts) <= _CHILDHOOD)


def _is(kind: str, *tables: str | None) -> bool:
    return kind != "" and any(table is not None and re.fullmatch(table, kind) for table in tables)


def _amount(written: str) -> float:
    """Read 1,299.50 as 1.299,50 and 1'299.50: what is followed by three digits groups, the rest is a decimal mark."""
    plain = re.sub(r"[.,' ](?=\d{3}(?!\d))", "", written.rstrip(".,-"))
    return float(plain.replace(",", "."))


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """The forms, the most telling first: between two amounts, then a word before, a sign, a word behind."""
    language = language if language in BELOW else ""
    group = "[.,' ]" if language == "fr" else "[.,']"
    number = rf"(?<![\d.,])(?:\d{{1,3}}(?:{group}\d{{3}})+(?:[.,]\d{{1,2}})?|\d{{1,7}}(?:[.,]\d{{1,2}})?)(?:[.,]-)?"
    signs = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))

    def amount(n: int) -> str:
        return rf"(?:(?P<s{n}>{signs})\s?)?(?P<n{n}>{number})(?:\s?(?P<c{n}>{signs})(?![^\W_]))?"

    last = r"(?![^\W_]|[.,]\d|\s?[%°″\"*])(?!-[^\W\d_])"
    lead = rf"(?:(?:{LEAD[language]})\s+)?" if language else ""
    begin = r"(?<![^\W_])(?<![^\W_][-'/&.,])"
    to = rf"\s?(?:-|{TO[language]})\s?" if language else r"\s?-\s?"
    forms = []
    if language:
        before, middle = BETWEEN[language]
        forms.append(rf"{begin}{lead}(?P<form>{before})\s+{amount(1)}\s?(?:{middle}|-)\s?{amount(2)}")
    forms.append(rf"{begin}{lead}(?P<needs>){amount(1)}{to}{amount(2)}")
    if language:
        forms.append(rf"{begin}{lead}(?P<form>{BELOW[language]}|{ABOVE[language]})\s+{amount(1)}")
        forms.append(rf"{begin}{lead}{amount(1)}\s+(?P<form>{SUFFIX_BELOW[language]}|{SUFFIX_ABOVE[language]})")
    forms.append(rf"{begin}{lead}(?:(?P<above>>=?|≥)|<=?|≤)\s?{amount(1)}")
    return tuple(re.compile(form + last) for form in forms)
