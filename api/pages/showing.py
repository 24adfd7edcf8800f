"""Names, prices and pictures as a reader of the page sees them, where the server writes it.

`common/words.js` and `shop/hits.js` below `api/web/static` do the same in the browser, in the reader's own manner of
writing numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from vision.search.presentation import HitForm

WIDTH: Final = 320

_SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
_WHOLE: Final = frozenset({"JPY", "KRW"})
_SAID: Final = {"true": "Yes", "false": "No"}


@dataclass(frozen=True)
class Card:
    """One product on the page; ``image`` and ``url`` are None where there is none that may be shown."""

    id: str
    title: str
    image: str | None
    sources: str | None
    url: str | None
    notes: str
    price: str
    match: str
    sold_out: bool


def label(name: str) -> str:
    """A field's name."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def value(text: str) -> str:
    """A facet's value."""
    return _SAID.get(text.lower(), text)


def number(amount: int) -> str:
    """A count."""
    return f"{amount:,}"


def price(amount: float, currency: object) -> str:
    """An amount with its currency, where it has one."""
    code = currency if isinstance(currency, str) else ""
    text = f"{amount:,.0f}" if code in _WHOLE else f"{amount:,.2f}"
    if code in _SIGNS:
        return _SIGNS[code] + text
    return f"{text} {code}".strip()


def card(hit: HitForm, by_picture: bool) -> Card:
    """A hit as it is shown."""
    title = hit.title or hit.id
    said = hit.attributes
    amount = said.get("price")
    has_price = isinstance(amount, int | float) and not isinstance(amount, bool)
    return Card(
        id=hit.id,
        title=title,
        image=_sized(hit.image, WIDTH),
        sources=_sources(hit.image),
        url=_web_address(said.get("url")),
        notes=_notes(said, title),
        price=price(float(amount), said.get("currency")) if has_price and amount is not None else "",
        match=_match(hit) if by_picture else "",
        sold_out=said.get("in_stock") is False,
    )


def _match(hit: HitForm) -> str:
    return "No picture to compare" if hit.distance is None else f"{round(hit.score * 100)}% match"


def _notes(said: dict[str, Any], title: str) -> str:
    words: list[str] = []
    for name in ("brand", "category", "color"):
        found = said.get(name)
        words += [value(str(each)) for each in (found if isinstance(found, list) else [found]) if each]
    return " · ".join(each for each in dict.fromkeys(words) if each.lower() != title.lower())


def _sized(image: str | None, width: int) -> str | None:
    return f"{image}?w={width}" if image is not None and image.startswith("/v1/") else image


def _sources(image: str | None) -> str | None:
    """Ours come in several widths."""
    if image is None or not image.startswith("/v1/"):
        return None
    return f"{image}?w={WIDTH} 1x, {image}?w={WIDTH * 2} 2x"


def _web_address(url: object) -> str | None:
    """Only web addresses become links: a catalogue could say `javascript:`."""
    if not isinstance(url, str):
        return None
    try:
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None
