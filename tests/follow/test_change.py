"""What is a change, and what is none."""

from __future__ import annotations

import json

import pytest

from vision.catalog.product import Rejected
from vision.errors import BadQuery
from vision.following.change import MAX_LINE, Change, checked, of_line, of_record

ROW = {"id": "p1", "title": "thing", "image": "a.png", "Neck line": "v"}


def line(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_lines() -> None:
    change = of_line(line(op="upsert", product=ROW), 1)
    assert change.id == "p1"
    found = checked(change, 1, allow_missing_images=False).product
    assert found is not None
    assert (found.title, found.attributes) == ("thing", {"neck_line": ("v",)})
    assert of_line(line(op="delete", id=" p1 "), 1) == Change("p1", None)
    assert of_line(line(op="delete", id="p1", product=None), 1) == Change("p1", None)
    assert of_line(line(op="upsert", product={"id": 7}), 1).id == "7"


NO_LINES = [
    (b"", "line 3 is not understood"),
    (b"\xff", "not understood"),
    (b"[]", "Expected `object`"),
    (line(op="upsert"), "an upsert has a product"),
    (line(op="upsert", product=None), "an upsert has a product"),
    (line(op="upsert", id="p1", product=ROW), "whose id is in it"),
    (line(op="upsert", product=[1]), "Expected `object`"),
    (line(op="upsert", product={}), "id is ''"),
    (line(op="upsert", product={"id": ["p1"]}), "$.id"),
    (line(op="replace", product=ROW), "Invalid enum value 'replace'"),
    (line(op="delete", product=ROW), "a delete has no product"),
    (line(op="delete"), "id is ''"),
    (line(op="delete", id="a\tb"), "control character"),
    (line(op="delete", id="a\u0000"), "control character"),
    (line(op="delete", id="x" * 257), "1 to 256 characters"),
    (line(op="delete", id="p1#region-2"), "no region's id"),
    (line(op="delete", id="p1", also=1), "unknown field `also`"),
    (b'{"op":"upsert","product":' + b"[" * 100_000, "not understood"),
    (b'{"op":"upsert","product":{"id":"p1","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "recursion"),
    (b" " * MAX_LINE + b"{}", "longer than 1 MiB"),
]


@pytest.mark.parametrize(("data", "message"), NO_LINES, ids=range(len(NO_LINES)))
def test_what_is_no_line(data: bytes, message: str) -> None:
    with pytest.raises(BadQuery) as refused:
        of_line(data, 3)
    assert message in str(refused.value)
    assert str(refused.value).startswith("line 3 is not understood")
    assert "accepted: {" in str(refused.value)


def test_records() -> None:
    value = json.dumps(ROW).encode()
    assert of_record(b"p1", value) == Change("p1", value)
    assert of_record(None, value) == Change("p1", value)
    assert of_record(b"p1", None) == Change("p1", None)


NO_RECORDS = [
    (None, None, "neither a key nor a value"),
    (b"\xff", b"{}", "the key is not UTF-8"),
    (b"", b"{}", "id is ''"),
    (b"p1", b"nonsense", "the value is no row"),
    (b"p1", b"", "the value is no row"),
    (b"p1", b"{}", "id is ''"),
    (b"p2", json.dumps(ROW).encode(), "the key is 'p2' and the row's id 'p1'"),
    (b"p1", b"{" * 200_000, "the value is no row"),
    (b"p1", b" " * (MAX_LINE + 1), "longer than 1 MiB"),
]


@pytest.mark.parametrize(("key", "value", "message"), NO_RECORDS, ids=range(len(NO_RECORDS)))
def test_what_is_no_record(key: bytes | None, value: bytes | None, message: str) -> None:
    with pytest.raises(Rejected, match=message.replace("$", r"\$")):
        of_record(key, value)


def test_a_row_is_checked_as_a_catalogues() -> None:
    def reason(**more: object) -> str:
        change = of_line(line(op="upsert", product=ROW | more), 1)
        return checked(change, 1, allow_missing_images=False).reason

    assert reason() == ""
    assert reason(price="dear").startswith("price is 'dear'")
    assert reason(image="").startswith("image is empty")
    assert reason(color={"a": 1}).startswith("color is or holds an object")
    assert reason(Id="p2").startswith("has the column 'id' 2 times")
    assert reason(color="a\u0001b").startswith("color has a control character")
