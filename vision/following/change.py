"""One change of a feed: a row, or that one is gone. The same over HTTP and from a topic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from vision.catalog import product as products
from vision.catalog import reader
from vision.catalog.features import Checked
from vision.catalog.product import Rejected
from vision.errors import BadQuery
from vision.solr.fields import of_region

ACCEPTED: Final = 'accepted: {"op": "upsert", "product": {a row}} or {"op": "delete", "id": "…"}, one on each line'
MAX_LINE: Final = 1 << 20
_MAX_ID: Final = 256
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Change:
    """Of one row; ``row`` is its JSON object, None where it is gone."""

    id: str
    row: bytes | None


class FeedLine(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One change: ``upsert`` with a ``product``, which is a row as a catalogue has it, or ``delete`` with an ``id``."""

    op: Literal["upsert", "delete"]
    product: dict[str, Any] | None = None
    id: str | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    op: Literal["upsert", "delete"]
    product: msgspec.Raw = msgspec.Raw()
    id: str | None = None


class _Named(msgspec.Struct, frozen=True):
    id: str | int | float | None = None


def of_line(data: bytes, number: int) -> Change:
    """A change from a line.

    Raises:
        BadQuery: it is none; what it says of a product is looked at later.
    """
    try:
        if len(data) > MAX_LINE:
            raise Rejected(f"it is longer than {MAX_LINE // 2**20} MiB")
        line = msgspec.json.decode(data, type=_Line)
        product = bytes(line.product).strip()
        nothing = product in (b"", b"null")
        if line.op == "delete":
            if not nothing:
                raise Rejected("a delete has no product")
            return Change(check_id(line.id), None)
        if line.id is not None or nothing:
            raise Rejected("an upsert has a product, whose id is in it")
        return _upsert(product)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Rejected) as error:
        raise BadQuery(f"line {number} is not understood: {error}; {ACCEPTED}") from error


def of_record(key: bytes | None, value: bytes | None) -> Change:
    """A change from a topic's record: the key is the id, the value the row, and no value says that it is gone.

    Raises:
        Rejected: it is none.
    """
    try:
        id = None if key is None else check_id(key.decode())
    except UnicodeDecodeError:
        raise Rejected("the key is not UTF-8; the id of a row is accepted") from None
    if value is None:
        if id is None:
            raise Rejected("there is neither a key nor a value; a deletion has the id as its key")
        return Change(id, None)
    if len(value) > MAX_LINE:
        raise Rejected(f"the value is longer than {MAX_LINE // 2**20} MiB")
    try:
        found = _upsert(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(f"the value is no row: {error}; a JSON object is accepted") from error
    if id is not None and id != found.id:
        raise Rejected(f"the key is {id!r} and the row's id {found.id!r}; they must be the same, so that order is kept")
    return found


def checked(change: Change, number: int, *, allow_missing_images: bool) -> Checked:
    """A row, checked but for its picture; with the reason where it is no good."""
    assert change.row is not None
    row, problem = reader.json_row(change.row)
    if row is None:
        return Checked(number, change.id, reason=problem)
    try:
        found = products.read(row, allow_missing_images=allow_missing_images)
    except Rejected as rejected:
        return Checked(number, change.id, reason=str(rejected))
    if found.id != change.id:
        return Checked(number, change.id, reason=f"its id is {found.id[:80]!r} in the row")
    return Checked(number, found.id, product=found)


def check_id(id: str | None) -> str:
    """The id of a row, without blanks around it.

    Raises:
        Rejected: it cannot be one.
    """
    id = (id or "").strip()
    if not id or len(id) > _MAX_ID or _CONTROL.search(id) or of_region(id) is not None:
        raise Rejected(
            f"id is {id[:80]!r}; 1 to {_MAX_ID} characters are accepted, none of them a control character, and no "
            "region's id"
        )
    return id


def _upsert(row: bytes) -> Change:
    named = msgspec.json.decode(row, type=_Named)
    return Change(check_id(None if named.id is None else str(named.id)), row)
