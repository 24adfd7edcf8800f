"""One catalogue row, checked: what becomes a Solr document, or the reason why it does not."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vision.catalog.columns import KNOWN, REQUIRED
from vision.catalog.reader import Row
from vision.solr.fields import of_region

# Characters. Solr refuses an indexed string of more than 32,766 bytes, and a character has up to 4.
_LIMITS = {
    "id": 256,
    "product_id": 256,
    "currency": 64,
    "image": 4096,
    "url": 4096,
    "title": 2000,
    "description": 100_000,
}
_MAX_VALUE = 1000
_PROSE = ("title", "description")
_TRUE = ("true", "yes", "1", "y", "t")
_FALSE = ("false", "no", "0", "n", "f")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURRENCY = re.compile("[A-Z]{3}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Rejected(Exception):
    """A row that is not indexed; the message is its reason."""


@dataclass(frozen=True)
class Product:
    """A picture of a product, as the catalogue tells of it; empty cells are absent, ``image`` is then empty."""

    id: str
    product_id: str
    title: str
    image: str
    description: str | None = None
    price: float | None = None
    currency: str | None = None
    url: str | None = None
    in_stock: bool | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read(row: Row, *, allow_missing_images: bool = False) -> Product:
    """Check one row, whose keys are column names.

    Raises:
        Rejected: with the reason.
    """
    for name in REQUIRED:
        if _cell(row, name) or (name == "image" and allow_missing_images):
            continue
        hint = "; --allow-missing-images takes products without a picture" if name == "image" else ""
        raise Rejected(f"{name} is empty; id, title and image are required{hint}")
    id = _cell(row, "id")
    if of_region(id) is not None:
        raise Rejected(f"id {id!r} ends as the ids of pictures' regions do, in '#region-' and a number; give another")
    return Product(
        id=id,
        product_id=_cell(row, "product_id") or id,
        title=_cell(row, "title"),
        image=_cell(row, "image"),
        description=_cell(row, "description") or None,
        price=_price(_cell(row, "price")),
        currency=_currency(_cell(row, "currency")),
        url=_cell(row, "url") or None,
        in_stock=_flag(_cell(row, "in_stock")),
        attributes=_attributes(row),
    )


def _cell(row: Row, name: str) -> str:
    """The text of a column that has one value."""
    text = _text(row.get(name), name)
    if name in _PROSE:
        text = _tidy(text, name)
    elif _CONTROL.search(text):
        raise Rejected(f"{name} has a control character (a tab or line break, say) inside")
    limit = _LIMITS.get(name, _MAX_VALUE)
    if len(text) > limit:
        raise Rejected(f"{name} has {len(text):,} characters; at most {limit:,} are accepted")
    return text


def _tidy(text: str, name: str) -> str:
    """Prose without control characters: a title in one line, a description with its line breaks."""
    if name == "title":
        return " ".join(_CONTROL.sub(" ", text).split())
    return _CONTROL.sub(lambda found: found.group() if found.group() in "\n\r\t" else " ", text).strip()


def _text(value: Any, name: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, dict)):
        kind = "an object" if isinstance(value, dict) else "a list"
        raise Rejected(f"{name} is or holds {kind} where one text, number or true/false is accepted")
    if isinstance(value, bytes):
        try:
            return value.decode().strip()
        except UnicodeDecodeError:
            raise Rejected(f"{name} is {len(value):,} bytes that are no UTF-8 text") from None
    return str(value).strip()


def _price(text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise Rejected(f"price is {text[:40]!r}; a number such as 1299.90 is accepted")
    price = float(text)
    if not math.isfinite(price) or price < 0:
        raise Rejected(f"price is {text[:40]}; a number of 0 or more is accepted")
    return price


def _currency(text: str) -> str | None:
    if not text:
        return None
    if not _CURRENCY.fullmatch(text.upper()):
        raise Rejected(f"currency is {text[:40]!r}; three letters are accepted, as EUR or USD (ISO 4217)")
    return text.upper()


def _flag(text: str) -> bool | None:
    text = text.lower()
    if not text:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Rejected(f"in_stock is {text[:40]!r}; true or false is accepted")


def _attributes(row: Row) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for column, value in row.items():
        if column in KNOWN and column != "category":
            continue
        values = _values(value, column)
        for each in values:
            if len(each) > _MAX_VALUE:
                raise Rejected(f"{column} has a value of {len(each):,} characters; at most {_MAX_VALUE:,} are accepted")
            if _CONTROL.search(each):
                raise Rejected(f"{column} has a control character (a tab or line break, say) inside")
        if values:
            found[column] = values
    return found


def _values(value: Any, column: str) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else _text(value, column).split("|")
    return tuple(dict.fromkeys(text for part in parts if (text := _text(part, column))))
