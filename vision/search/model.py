"""What crosses the boundaries of a search: a query comes in, a plan is made, hits go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


# What a result can be sorted by; ties in the order of their ids.
SORTS = {
    "score": "score desc,id asc",
    "price": "price asc,id asc",
    "-price": "price desc,id asc",
}


DEFAULT_LANGUAGE = "en"
"""Searched by the handler's own ``qf``; every other language by ``qf_<language>``."""


class Mode(StrEnum):
    """What the caller asks of the planner."""

    AUTO = "auto"
    APPROXIMATE = "approximate"
    EXACT = "exact"


class Way(StrEnum):
    """Which of the composed forms a plan takes."""

    BROWSE = "browse"
    TEXT = "text"
    APPROXIMATE = "approximate"
    TAIL = "tail"
    EXACT = "exact"
    THRESHOLD = "threshold"


@dataclass(frozen=True)
class Range:
    """Inclusive bounds of a number; None leaves a side open."""

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Weights:
    """How much words and picture count in a blended score; each 0 to 1, only their ratio matters."""

    text: float = 0.5
    image: float = 0.5


class Kind(StrEnum):
    """What a part of a search's words was understood as."""

    PRICE = "price"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True)
class Understood:
    """A part of the words that means more than its letters.

    Attributes:
        kind: a price or an attribute.
        field: ``price``, or the attribute's name.
        value: the range of prices, or the attribute's value.
        text: the words, as they were typed.
        applied: whether it had an effect.
        currency: of a price, where the words or the search name one.
        count: products found whose attribute agrees.
        reason: why it had no effect.
    """

    kind: Kind
    field: str
    value: str | Range
    text: str
    applied: bool = True
    currency: str | None = None
    count: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Preference:
    """A value that the words say: products that have one of ``values`` in ``field`` are ranked higher."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """One search, validated; ``vector`` is (1024,) float32 of ``embedding``, or None without a picture.

    ``understand`` reads prices and attributes out of the words, but for the texts in ``ignore``. What was read as
    attributes are the ``preferences``: one group for each part of the words, with the fields that it may mean.
    """

    text: str | None = None
    language: str = DEFAULT_LANGUAGE
    vector: Vector | None = None
    embedding: str | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    weights: Weights = Weights()
    max_distance: float | None = None
    mode: Mode = Mode.AUTO
    sort: str | None = None
    grouped: bool = True
    explain: bool = False
    rows: int = 24
    start: int = 0
    candidates: int | None = None
    understand: bool = False
    ignore: tuple[str, ...] = ()
    spelling: bool = False
    preferences: tuple[tuple[Preference, ...], ...] = ()


@dataclass(frozen=True)
class Plan:
    """The way taken, why, and (after it ran) the requests that were sent."""

    way: Way
    reason: str
    candidates: int | None = None
    matching: int | None = None
    requests: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every matching picture was verified, so that no neighbour can be missed."""
        return self.way not in (Way.APPROXIMATE, Way.TAIL)


@dataclass(frozen=True)
class Hit:
    """One product as its best picture; ``distance`` is squared Euclidean, None without a vector."""

    id: str
    product_id: str
    title: str
    image: str | None
    attributes: Mapping[str, Any]
    score: float
    distance: float | None
    explain: Mapping[str, float] | None = None


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet and the number of products that have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Took:
    """Milliseconds spent."""

    extract: float
    solr: float
    total: float


@dataclass(frozen=True)
class Correction:
    """The words of a search as they were meant, perhaps, and how many products they find."""

    text: str
    total: int


@dataclass(frozen=True)
class Result:
    """A page of hits, and counts in products over everything that matches, not over the page.

    ``spelling`` is proposed; where ``corrected`` it is what the hits are of, in place of the text it names.
    """

    hits: Sequence[Hit]
    total: int
    facets: Mapping[str, Sequence[FacetValue]]
    took: Took
    plan: Plan
    partial: bool
    page: str | None = None
    understood: Sequence[Understood] = ()
    spelling: Correction | None = None
    corrected: str | None = None
