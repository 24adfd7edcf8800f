"""What was changed in the index since a catalogue was written, laid over its rows again while they are indexed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from vision.catalog.product import Product

Attributes = Mapping[str, tuple[str, ...]]


class Amendments(Protocol):
    """Changes that somebody keeps; where they come from is no concern of indexing.

    Attributes:
        amended: rows that were given other values so far.
        overtaken: changes that were dropped, as the catalogue itself had changed the value since.
    """

    amended: int
    overtaken: int

    def survey(self, catalogue: str, rows: Iterable[tuple[str, str, Attributes]]) -> None:
        """Look at all rows, each with its id, product and attributes, and decide what is to become of them."""

    def attributes(self, id: str, product: str, attributes: Attributes) -> Attributes:
        """What a row is to have."""

    def late(self) -> frozenset[str]:
        """Products that were changed since the survey, whose rows are to be surveyed and sent again."""


class Unamended:
    """No changes at all."""

    amended = overtaken = 0

    def survey(self, catalogue: str, rows: Iterable[tuple[str, str, Attributes]]) -> None:
        """Look at nothing."""

    def attributes(self, id: str, product: str, attributes: Attributes) -> Attributes:
        """As they are."""
        return attributes

    def late(self) -> frozenset[str]:
        """None."""
        return frozenset()


def rows(products: Iterable[tuple[Product, bytes]]) -> Iterator[tuple[str, str, Attributes]]:
    """What amendments need to know of each row."""
    return ((product.id, product.product_id, product.attributes) for product, _ in products)


def amend(
    products: Iterable[tuple[Product, bytes]], amendments: Amendments, only: frozenset[str] | None
) -> Iterator[tuple[Product, bytes]]:
    """The rows as they are to be indexed; of some products only, where they are named."""
    for product, picture in products:
        if only is None or product.product_id in only:
            attributes = amendments.attributes(product.id, product.product_id, product.attributes)
            yield (product if attributes is product.attributes else replace(product, attributes=attributes)), picture
