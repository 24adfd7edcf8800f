from __future__ import annotations

from collections import Counter

import pytest

from vision.demo.defects import list_product
from vision.demo.product import Product, sample_product, stream
from vision.demo.vocabulary import (
    CATEGORIES,
    COLORS,
    HAWAIIAN_COLORS,
    LENGTHS,
    NECKLINES,
    PATTERNS,
    SLEEVES,
)
from vision.demo.wording import write_texts

SEED = 7


@pytest.fixture(scope="module")
def products() -> list[Product]:
    return [sample_product(SEED, number) for number in range(1, 1201)]


def test_a_product_depends_on_seed_and_number_alone(products: list[Product]) -> None:
    assert sample_product(SEED, 700) == products[699]
    assert sample_product(SEED + 1, 700) != products[699]


def test_every_category_is_well_populated(products: list[Product]) -> None:
    counts = Counter(product.attributes.category for product in products)
    assert set(counts) == set(CATEGORIES)
    assert min(counts.values()) >= 60
    assert max(counts.values()) > 2 * min(counts.values())


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_hawaiian_is_on_enough_products_always_on_a_saturated_ground(seed: int) -> None:
    sampled = [sample_product(seed, number).attributes for number in range(1, 1201)]
    found = [attributes for attributes in sampled if attributes.pattern == "Hawaiian"]
    assert len(found) >= 40
    assert {attributes.color for attributes in found} <= set(HAWAIIAN_COLORS)
    assert {"dress", "shirt", "skirt"} <= {attributes.category for attributes in found}


def test_attributes_take_all_their_values_and_no_others(products: list[Product]) -> None:
    for name, values in (
        ("color", set(COLORS)),
        ("length", {"", *LENGTHS}),
        ("sleeve", {"", *SLEEVES}),
        ("neckline", {"", *NECKLINES}),
        ("pattern", {"", *PATTERNS}),
    ):
        assert {getattr(product.attributes, name) for product in products} == values


def test_attributes_apply_where_they_should(products: list[Product]) -> None:
    for product in products:
        attributes = product.attributes
        assert bool(attributes.length) == (attributes.category in ("dress", "skirt"))
        assert bool(attributes.sleeve) == (attributes.category in ("dress", "shirt"))
        assert bool(attributes.neckline) == (attributes.category in ("dress", "shirt"))
        assert bool(attributes.pattern) == (attributes.category != "table")
        assert attributes.material and attributes.brand


def test_shares_are_near_what_was_asked_for(products: list[Product]) -> None:
    defects = [list_product(product.attributes, stream(SEED, product.number, "defect")).defect for product in products]
    kinds = Counter(defect.split(":")[0] for defect in defects)
    assert kinds["missing"] / 1200 == pytest.approx(0.12, abs=0.03)
    assert kinds["wrong"] / 1200 == pytest.approx(0.04, abs=0.015)
    assert sum(product.in_stock for product in products) / 1200 == pytest.approx(0.92, abs=0.03)
    assert sum(product.views > 1 for product in products) / 1200 == pytest.approx(0.30, abs=0.05)


def test_texts_say_nothing_that_is_not_told(products: list[Product]) -> None:
    for product in products:
        listing = list_product(product.attributes, stream(SEED, product.number, "defect"))
        title, description = write_texts(listing.told, "", stream(SEED, product.number, "wording"))
        text = f"{title} {description}".lower().split()
        for color in COLORS:
            assert color == listing.told.color or color not in text
        assert "{" not in title + description and "[" not in title + description
        assert "  " not in title + description


def test_knee_length_is_spelled_both_ways(products: list[Product]) -> None:
    texts = " ".join(
        " ".join(write_texts(product.attributes, product.style, stream(SEED, product.number, "wording")))
        for product in products
        if product.attributes.length == "knee-length"
    ).lower()
    assert "knee-length" in texts
    assert "knee length" in texts


def test_in_half_of_the_defects_the_text_goes_with_the_catalogue(products: list[Product]) -> None:
    listings = [list_product(p.attributes, stream(SEED, p.number, "defect")) for p in products]
    faulty = [listing for listing in listings if listing.defect and "category" not in listing.defect]
    misled = sum(listing.told == listing.listed for listing in faulty) / len(faulty)
    assert misled == pytest.approx(0.5, abs=0.12)
