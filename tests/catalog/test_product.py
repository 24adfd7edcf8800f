from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from vision.catalog.product import Product, Rejected, read

BASE = {"id": "1", "title": "A dress", "image": "a.jpg"}


def test_a_whole_row() -> None:
    row = BASE | {
        "id": " 17 ",
        "title": "  A\n red\x00 dress ",
        "description": "first line\nsecond\x0bline",
        "price": "1299.90",
        "currency": "EUR",
        "url": "https://shop.example/17",
        "in_stock": "Yes",
        "product_id": "p17",
        "category": "dress|evening",
        "color": "red | dark red||red",
        "neck_line": "",
    }
    assert read(row) == Product(
        id="17",
        product_id="p17",
        title="A red dress",
        image="a.jpg",
        description="first line\nsecond line",
        price=1299.9,
        currency="EUR",
        url="https://shop.example/17",
        in_stock=True,
        attributes={"category": ("dress", "evening"), "color": ("red", "dark red")},
    )


def test_empty_cells_are_absent_and_the_product_is_the_picture() -> None:
    nothing = {"price": "", "in_stock": " ", "color": None, "size": math.nan, "product_id": None, "description": ""}
    assert read(BASE | nothing) == Product("1", "1", "A dress", "a.jpg")


def test_values_of_other_types_than_text() -> None:
    row = BASE | {
        "id": 17,
        "price": Decimal("9.90"),
        "in_stock": False,
        "title": b"A dress",
        "fabrics": ["wool", 3, None, "wool", True],
        "width": 42.5,
    }
    found = read(row)
    assert (found.id, found.price, found.in_stock, found.title) == ("17", 9.9, False, "A dress")
    assert found.attributes == {"fabrics": ("wool", "3", "true"), "width": ("42.5",)}


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("0", False), ("N", False), ("y", True), ("", None)])
def test_in_stock(text: str, flag: bool | None) -> None:
    assert read(BASE | {"in_stock": text}).in_stock is flag


@pytest.mark.parametrize(("text", "price"), [("0", 0.0), ("12", 12.0), (".5", 0.5), ("1e3", 1000.0), ("", None)])
def test_price(text: str, price: float | None) -> None:
    assert read(BASE | {"price": text}).price == price


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": " "}, "id is empty; id, title and image are required"),
        ({"title": None}, "title is empty"),
        ({"title": "\x00"}, "title is empty"),
        ({"image": math.nan}, "image is empty"),
        ({"price": "1.299,90"}, "price is '1.299,90'; a number such as 1299.90 is accepted"),
        ({"price": "$5"}, "price is '\\$5'"),
        ({"price": "1_000"}, "price is '1_000'"),
        ({"price": "٣"}, "price is '٣'"),
        ({"price": "NaN"}, "price is 'NaN'"),
        ({"price": "inf"}, "price is 'inf'"),
        ({"price": "1e999"}, "price is 1e999; a number of 0 or more"),
        ({"price": -1}, "price is -1; a number of 0 or more"),
        ({"price": True}, "price is 'true'"),
        ({"currency": "euro"}, "currency is 'euro'; three letters are accepted, as EUR or USD"),
        ({"currency": "€"}, "currency is '€'"),
        ({"in_stock": "maybe"}, "in_stock is 'maybe'; true or false is accepted"),
        ({"id": "a\tb"}, "id has a control character"),
        ({"image": "a\x00.jpg"}, "image has a control character"),
        ({"id": "a#region-12"}, "id 'a#region-12' ends as the ids of pictures' regions do, in '#region-' and a number"),
        ({"id": "x" * 257}, "id has 257 characters; at most 256 are accepted"),
        ({"product_id": "x" * 300}, "product_id has 300 characters; at most 256"),
        ({"image": "data:image/png;base64," + "A" * 5000}, "image has 5,022 characters; at most 4,096"),
        ({"title": "x" * 2001}, "title has 2,001 characters; at most 2,000"),
        ({"description": "x" * 100_001}, "description has 100,001 characters; at most 100,000"),
        ({"currency": "x" * 65}, "currency has 65 characters"),
        ({"color": "x" * 1001}, "color has a value of 1,001 characters; at most 1,000 are accepted"),
        ({"color": "red|" + "ü" * 40_000}, "color has a value of 40,000 characters"),
        ({"color": "red\x1fblue"}, "color has a control character"),
        ({"color": {"main": "red"}}, "color is or holds an object"),
        ({"color": [["red"]]}, "color is or holds a list"),
        ({"title": ["a", "b"]}, "title is or holds a list"),
        ({"title": b"\xff\xfe"}, "title is 2 bytes that are no UTF-8 text"),
    ],
)
def test_a_bad_row_is_rejected_with_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        read(BASE | change)


def test_the_longest_that_is_accepted() -> None:
    found = read(BASE | {"id": "x" * 256, "title": "t" * 2000, "description": "d" * 100_000, "color": "c" * 1000})
    assert len(found.id) == 256
    assert len(found.attributes["color"][0]) == 1000
