from __future__ import annotations

import numpy as np

from vision.catalog.documents import document, without_picture
from vision.catalog.product import Product

VECTOR = np.arange(4, dtype=np.float32)
COARSE = np.array([1, -1], dtype=np.int8)


def test_a_product_and_its_vectors() -> None:
    product = Product(
        "i",
        "p",
        "a title",
        "a.jpg",
        "words",
        9.9,
        "EUR",
        "https://s/p",
        False,
        {"color": ("red", "blue"), "größe": ("M",)},
    )
    made = document(product, vector=VECTOR, coarse=COARSE, embedding="e-1", image_hash=b"\x01\xff", root="abc")
    vectors = made.pop("vector"), made.pop("coarse")
    assert [(each.dtype, each.tolist()) for each in vectors] == [(np.float32, [0, 1, 2, 3]), (np.int8, [1, -1])]
    assert made == {
        "id": "i",
        "product_id": "p",
        "title": "a title",
        "image": "a.jpg",
        "root": "abc",
        "image_hash": "01ff",
        "embedding": "e-1",
        "description": "words",
        "price": 9.9,
        "currency": "EUR",
        "url": "https://s/p",
        "in_stock": False,
        "attr_color": ["red", "blue"],
        "attr_größe": ["M"],
    }


def test_what_is_absent_is_left_out() -> None:
    made = document(
        Product("i", "i", "t", "a.jpg"), vector=VECTOR[::-1], coarse=COARSE, embedding="e", image_hash=b"", root="r"
    )
    assert set(made) == {"id", "product_id", "title", "image", "root", "image_hash", "vector", "coarse", "embedding"}
    assert made["vector"].flags.c_contiguous


def test_a_product_without_a_picture_has_nothing_of_one() -> None:
    made = without_picture(Product("i", "p", "t", "", price=1.5, attributes={"color": ("red",)}))
    assert made == {"id": "i", "product_id": "p", "title": "t", "price": 1.5, "attr_color": ["red"]}
