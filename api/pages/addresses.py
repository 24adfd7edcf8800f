"""The page's address: everything that a shopper chose, so that it can be reloaded, shared and read without JavaScript.

`shop/state.js` below `api/web/static` reads and writes the same in the browser; a test holds both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

ROWS: Final = 24
"""Products on a page."""
CLOSE: Final = 0.9
"""What "only what looks close" asks of ``match``: one photo in ten of a strange thing still finds something."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_FILTER: Final = "f."
_TEXTS: Final = ("q", "like", "photo", "crop", "currency", "min", "max", "sort", "page")
_LISTS: Final = ("more", "less", "ignore")
_FLAGS: Final = ("close", "exact", "stock")


@dataclass(frozen=True)
class Address:
    """What is searched for, as texts from an address: nothing of it is checked yet.

    Attributes:
        q: words.
        filters: values by field.
        like: id of a product to search by.
        photo: id of an upload to search by.
        crop: the part of the photo, four numbers with commas between.
        more: ids of products that are liked.
        less: ids of products that are not.
        close: only what looks close to the picture.
        weight: share of the picture beside words, 0 to 100.
        ignore: parts of the words that are to mean nothing special.
        exact: words as they are spelled.
        page: token of the page shown, "" for one that is counted.
        number: of the page shown.
    """

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min: str = ""
    max: str = ""
    currency: str = ""
    stock: bool = False
    sort: str = ""
    like: str = ""
    photo: str = ""
    crop: str = ""
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    close: bool = False
    weight: int = 50
    ignore: tuple[str, ...] = ()
    exact: bool = False
    page: str = ""
    number: int = 1

    @property
    def is_by_picture(self) -> bool:
        """Whether there is anything besides words to be near to."""
        return bool(self.like or self.photo or self.more)

    def url(self, **changes: Any) -> str:
        """The address with changes; another search begins on its first page."""
        if not {"page", "number"} & set(changes):
            changes |= {"page": "", "number": 1}
        query = urlencode(replace(self, **changes)._pairs())
        return f"/?{query}" if query else "/"

    def without(self, name: str, value: str) -> str:
        """The address without one value of a facet."""
        left = tuple(each for each in self.filters.get(name, ()) if each != value)
        return self.url(filters={**self.filters, name: left})

    def carried(self) -> list[tuple[str, str]]:
        """What a form on the page has no control for, and has to send all the same."""
        names = {"like", "photo", "crop", "weight", "close", *_LISTS[:2]}
        return [pair for pair in self._pairs() if pair[0] in names]

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [(name, getattr(self, name)) for name in _TEXTS[:-1]]
        pairs += [(_FILTER + name, value) for name, values in self.filters.items() for value in values]
        pairs += [(name, value) for name in _LISTS for value in getattr(self, name)]
        pairs += [(name, "1" if getattr(self, name) else "") for name in _FLAGS]
        pairs += [("weight", str(self.weight) if self.weight != 50 else ""), ("page", self.page)]
        pairs.append(("n", str(self.number) if self.number > 1 else ""))
        return [(name, value) for name, value in pairs if value]

    def request(self, facets: Sequence[str], rows: int = ROWS) -> dict[str, Any]:
        """The body of `POST /v1/search`."""
        filters = {name: list(values) for name, values in self.filters.items() if values}
        if self.stock:
            filters["in_stock"] = ["true"]
        if self.currency:
            filters["currency"] = [self.currency]
        words = self.q.strip()
        request: dict[str, Any] = {"rows": rows, "facets": list(facets), "filters": filters}
        request |= self._words(words)
        request |= self._picture()
        if words and self.is_by_picture:
            request["weights"] = {"text": (100 - self.weight) / 100, "image": self.weight / 100}
        bounds = {name: bound for name in ("min", "max") if (bound := _number(getattr(self, name))) is not None}
        if bounds:
            request["ranges"] = {"price": bounds}
        if self.sort:
            request["sort"] = self.sort
        if self.page:
            request["page"] = self.page
        elif self.number > 1:
            request["start"] = (self.number - 1) * rows
        return request

    def _words(self, words: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if words:
            found["q"] = words
        elif not self.is_by_picture:
            found["q"] = "*"
        if self.ignore:
            found["ignore"] = list(self.ignore)
        if self.exact:
            found["spelling"] = "off"
        return found

    def _picture(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.like:
            found["image_id"] = self.like
        elif self.photo:
            found["upload_id"] = self.photo
            crop = [_number(each) for each in self.crop.split(",")]
            if len(crop) == 4 and None not in crop:
                found["crop"] = crop
        if self.more:
            found["like"] = list(self.more)
        if self.less:
            # Away from what is not liked there is only from somewhere; but it is not shown in any case.
            if self.is_by_picture:
                found["unlike"] = list(self.less)
            found["exclude"] = list(self.less)
        if self.close and self.is_by_picture:
            found["min_match"] = CLOSE
        return found


def read(given: MultiDict[str, str]) -> Address:
    """What an address says; what cannot be meant is left out."""
    filters: dict[str, tuple[str, ...]] = {}
    for name in given:
        if name.startswith(_FILTER) and name != _FILTER:
            filters[name.removeprefix(_FILTER)] = tuple(each for each in given.getlist(name) if each)
    texts: dict[str, Any] = {name: given.get(name, "") for name in _TEXTS}
    lists: dict[str, Any] = {name: tuple(each for each in given.getlist(name) if each) for name in _LISTS}
    flags: dict[str, Any] = {name: given.get(name) == "1" for name in _FLAGS}
    weight = _whole(given.get("weight"), 50)
    number = _whole(given.get("n"), 2 if texts["page"] else 1)
    return Address(
        filters=filters,
        weight=weight if 0 <= weight <= 100 else 50,
        number=min(max(2 if texts["page"] else 1, number), 10_000),
        **texts,
        **lists,
        **flags,
    )


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 7 else default
