"""One catalogue row, checked: what becomes a Solr document, or the reason why it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vision.catalog.reader import KNOWN, REQUIRED, Row
from vision.solr.fields import attribute_name

_MAX_ID = 256
_MAX_VALUE = 1000
_TRUE = ("true", "yes", "1", "y", "t")
_FALSE = ("false", "no", "0", "n", "f")


class Rejected(Exception):
    """A row that is not indexed; the message is its reason."""


@dataclass(frozen=True)
class Product:
    """A picture of a product, as the catalogue tells of it; empty cells are absent."""

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


def read(row: Row) -> Product:
    """Check one row.

    Raises:
        Rejected: with the reason.
    """
    for name in REQUIRED:
        if not _text(row.get(name)):
            raise Rejected(f"{name} is empty; id, title and image are required")
    id = _text(row["id"])
    if len(id) > _MAX_ID or any(ord(character) < 32 for character in id):
        raise Rejected(f"id is longer than {_MAX_ID} characters or has control characters")
    return Product(
        id=id,
        product_id=_text(row.get("product_id")) or id,
        title=_text(row["title"]),
        image=_text(row["image"]),
        description=_text(row.get("description")) or None,
        price=_price(row.get("price")),
        currency=_text(row.get("currency")) or None,
        url=_text(row.get("url")) or None,
        in_stock=_flag(row.get("in_stock")),
        attributes=_attributes(row),
    )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()


def _price(value: Any) -> float | None:
    text = _text(value)
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        raise Rejected(f"price is {text!r}; a number such as 1299.90 is accepted") from None
    if not math.isfinite(price) or price < 0:
        raise Rejected(f"price is {text}; a number of 0 or more is accepted")
    return price


def _flag(value: Any) -> bool | None:
    text = _text(value).lower()
    if not text:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Rejected(f"in_stock is {text!r}; true or false is accepted")


def _attributes(row: Row) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for column, value in row.items():
        if column in KNOWN and column != "category":
            continue
        values = _values(value)
        if not values:
            continue
        try:
            name = attribute_name(column)
        except ValueError as error:
            raise Rejected(str(error)) from None
        for each in values:
            if len(each) > _MAX_VALUE or any(ord(character) < 32 for character in each):
                raise Rejected(f"{column} has a value over {_MAX_VALUE} characters or with control characters")
        found[name] = tuple(dict.fromkeys(found.get(name, ()) + values))
    return found


def _values(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else _text(value).split("|")
    return tuple(text for part in parts if (text := _text(part)))
