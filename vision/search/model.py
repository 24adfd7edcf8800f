"""What crosses the boundaries of a search: a query comes in, a plan is made, hits go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.search.steering.categories import Prediction

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
class Taste:
    """Where a shopper's likes lie, and the largest squared distance that a result may have to it.

    ``vector`` is (1024,) float32 of the collection's embedding.
    """

    vector: Vector
    max_distance: float


@dataclass(frozen=True)
class Likeness:
    """A part of the score: being like another picture than the one searched by, by the same formula.

    Attributes:
        vector: (1024,) float32 of the collection's embedding.
        weight: over 0, how much it counts beside words and picture.
        name: what it is called where a score is explained; ``profile`` is a shopper's.
        of: the picture's id, where it has one.
    """

    vector: Vector
    weight: float
    name: str = "similarity"
    of: str | None = None


@dataclass(frozen=True)
class Closeness:
    """A part of the score: having a number near one, 1/(1+((x-near)/scale)²); 0 without the number."""

    field: str
    near: float
    scale: float
    weight: float


@dataclass(frozen=True)
class Diversity:
    """How the first results are ordered anew.

    Attributes:
        mmr: 0 to 1, how much being unlike those before counts beside the score.
        most: for each of these fields, how many products of one value come before all other values had theirs.
        fold: whether near-duplicates are shown as one.
    """

    mmr: float = 0.0
    most: Mapping[str, int] = field(default_factory=dict)
    fold: bool = False


@dataclass(frozen=True)
class Query:
    """One search, validated; ``vector`` is (1024,) float32 of ``embedding``, or None without a picture.

    ``missing`` are fields that a result has no value of.
    ``excluded`` are ids of products that are no result, neither shown nor counted. ``one_in`` leaves one product in so
    many, by a hash of their ids: what measurements filter by where no facet leaves as many.
    ``understand`` reads prices and attributes out of the words, but for the texts in ``ignore``. What was read as
    attributes are the ``preferences``: one group for each part of the words, with the fields that it may mean.
    ``edges`` are where the buckets of each number in ``facets`` begin and end. ``similarities`` are further parts of
    the score; likeness to another picture needs a ``vector`` beside it. ``depicted`` are attributes of what is searched
    by, by how they are known: ``picture``, those of the indexed product, or ``category``, what a vote says; they do
    nothing but explain. ``regions`` says that the collection has documents of regions, which stand for their pictures
    where not ``grouped``.
    """

    text: str | None = None
    language: str = DEFAULT_LANGUAGE
    vector: Vector | None = None
    embedding: str | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
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
    excluded: tuple[str, ...] = ()
    one_in: int | None = None
    diversity: Diversity | None = None
    taste: Taste | None = None
    similarities: tuple[Likeness | Closeness, ...] = ()
    understand: bool = False
    ignore: tuple[str, ...] = ()
    spelling: bool = False
    preferences: tuple[tuple[Preference, ...], ...] = ()
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    depicted: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    regions: bool = False


@dataclass(frozen=True)
class Plan:
    """The way taken, why, and (after it ran) the requests that were sent.

    Attributes:
        candidates: K, how many pictures the approximate phase hands on at least.
        of_shard: how many each of several shards does.
        matching: how many there are to choose from.
        embedding: the fingerprint of the vectors that were compared; None where none were.
    """

    way: Way
    reason: str
    candidates: int | None = None
    of_shard: int | None = None
    matching: int | None = None
    requests: tuple[str, ...] = ()
    embedding: str | None = None

    @property
    def exact(self) -> bool:
        """Whether every matching picture was verified, so that no neighbour can be missed."""
        return self.way not in (Way.APPROXIMATE, Way.TAIL)


@dataclass(frozen=True)
class Part:
    """A part of a hit's score: 0 to 1, its weight, and what it adds to the score; ``of`` tells several apart."""

    name: str
    value: float
    weight: float
    share: float
    of: str | None = None


@dataclass(frozen=True)
class Agreement:
    """An attribute of a hit that agrees with the search, ``by`` its words, filter, picture or category."""

    field: str
    value: str
    by: str


@dataclass(frozen=True)
class Explanation:
    """Why a hit has its score.

    Attributes:
        parts: they add up to the score.
        agrees: which attributes agree with the search.
        bm25: of the words, with ``agreement``; None without words.
        agreement: what of it agreeing attributes add; None where the words say none.
        sigma2: the collection's median squared distance; None without a picture.
    """

    parts: tuple[Part, ...] = ()
    agrees: tuple[Agreement, ...] = ()
    bm25: float | None = None
    agreement: float | None = None
    sigma2: float | None = None

    def part(self, name: str) -> Part | None:
        """The first part of this name."""
        return next((each for each in self.parts if each.name == name), None)


@dataclass(frozen=True)
class Hit:
    """One product as its best picture; ``distance`` is squared Euclidean, None without a vector.

    ``id`` is that of the picture, also where a region of it matched: that is then ``region``, with its ``box`` (x, y,
    width, height, as fractions of the picture) and the detector's ``label``.
    ``duplicates`` are ids of near-duplicates that it stands for, where those are folded; ``match`` is what the
    distance means in the collection, 0 to 1, where that was calibrated.
    """

    id: str
    product_id: str
    title: str
    image: str | None
    attributes: Mapping[str, Any]
    score: float
    distance: float | None
    explain: Explanation | None = None
    duplicates: tuple[str, ...] = ()
    match: float | None = None
    box: tuple[float, float, float, float] | None = None
    label: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet and the number of products that have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Bucket:
    """Products with a number from ``low`` on and below ``high``; the last bucket of a number has ``high`` as well."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Histogram:
    """A number's facet: the smallest and the largest, both None where nothing has any, and products by bucket."""

    min: float | None
    max: float | None
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True)
class Took:
    """Milliseconds spent."""

    extract: float
    solr: float
    total: float


@dataclass(frozen=True)
class Searched:
    """The part of a photo that a search took by itself.

    Attributes:
        box: (x, y, width, height) as fractions of the upright photo; all of it where nothing was found.
        label: what is there, in the detector's words; None where nothing was found.
        score: how sure the detector is, 0 to 1; None where nothing was found.
        detector: which one it was.
        notice: what a reader must know about it, if anything.
    """

    box: tuple[float, float, float, float]
    label: str | None
    score: float | None
    detector: str
    notice: str | None


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
    misses: Sequence[Hit] = ()
    """The nearest of what a threshold left out, where it left nothing."""
    category: Prediction | None = None
    """What the photo shows, where that was asked."""
    region: Searched | None = None
    understood: Sequence[Understood] = ()
    spelling: Correction | None = None
    corrected: str | None = None
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    """Facets of numbers; those of values are in ``facets``."""
