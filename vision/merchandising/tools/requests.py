"""What each tool is asked and what it answers, on the command line and over HTTP alike."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from vision.errors import BadQuery
from vision.merchandising.proposal import Proposal
from vision.merchandising.tools.clusters import MOST, Method
from vision.merchandising.tools.mapping import Projection
from vision.search.request import SearchRequest
from vision.search.steering.diversity import FOLDED

MOST_MEMBERS = 10_000
MOST_ROWS = 10_000

Share = Annotated[float, Meta(gt=0, lt=1)]
Ids = Annotated[list[str], Meta(max_length=MOST_MEMBERS)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Rows = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
Seed = Annotated[int, Meta(ge=0, lt=2**31)]
EVERYTHING = SearchRequest(q="*")


class _Request(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Whatever is asked is asked of what ``search`` finds; left out, of everything."""

    search: SearchRequest = EVERYTHING


class ClusterRequest(_Request, frozen=True, kw_only=True):
    """Groups of products that look alike.

    ``clusters`` is their number, for k-means; chosen where it is left out. ``least`` products make one for HDBSCAN.
    ``members`` is how many of each are named, nearest to the medoid first; ``about`` are fields whose values are
    counted. ``places``: where products are on the map is answered as well.
    """

    clusters: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    method: Method = "kmeans"
    least: Annotated[int, Meta(ge=2, le=1000)] = 5
    seed: Seed = 0
    members: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    about: Annotated[list[Name], Meta(max_length=10)] = []
    projection: Projection = "pca"
    places: bool = False


class AssignRequest(_Request, frozen=True, kw_only=True):
    """A value for a cluster: for its ``members``, or for what ``search`` finds, within a distance of its medoid.

    ``existing`` says what becomes of the values that a product has: ``skip`` proposes nothing for it, ``add`` puts the
    value beside them, ``replace`` in their place.
    """

    field: Name
    value: Name
    medoid: Name
    members: Ids = []
    max_distance: Annotated[float, Meta(ge=0)] | None = None
    existing: Literal["skip", "add", "replace"] = "skip"


class FillRequest(_Request, frozen=True, kw_only=True):
    """Values for products without one: learned from those that have one, or, with ``value``, from a few examples.

    ``precision`` is what the list should reach, as cross-validation says; ``confidence`` the least of a proposal
    instead. ``group`` is a field: products that share its value are not judged by each other. Of examples,
    ``questions`` is how many products to ask about, and ``replace`` puts the value in the place of others.
    """

    field: Name
    value: Name | None = None
    positives: Annotated[list[str], Meta(max_length=200)] = []
    negatives: Annotated[list[str], Meta(max_length=200)] = []
    precision: Share = 0.9
    confidence: Share | None = None
    rows: Rows = 100
    questions: Annotated[int, Meta(ge=0, le=100)] = 5
    group: Name | None = None
    replace: bool = False
    seed: Seed = 0


class AuditRequest(_Request, frozen=True, kw_only=True):
    """Products whose pictures speak against ``field``, the most suspicious first."""

    field: Name
    rows: Rows = 100
    group: Name | None = None
    seed: Seed = 0


class DuplicatesRequest(_Request, frozen=True, kw_only=True):
    """Products that show (nearly) the same picture.

    ``within`` is the part of the collection's median squared distance that two pictures may be apart. ``fields`` are
    copied to products of a group that have no value; ``mark`` is a field that gets the id of the group's first product.
    """

    within: Share = FOLDED
    fields: Annotated[list[Name], Meta(max_length=20)] = []
    mark: Name | None = None


class ClusterForm(msgspec.Struct, frozen=True):
    """One cluster; products by their ids, ``members`` and their squared ``distances`` nearest first."""

    id: int
    medoid: str
    picture: str
    size: int
    cohesion: float
    members: list[str]
    distances: list[float]
    farthest: list[str]
    values: dict[str, dict[str, int]]


class PlaceForm(msgspec.Struct, frozen=True):
    """A product on the map: ``x`` and ``y`` 0 to 1 from above on the left; ``cluster`` null where it is in none."""

    product: str
    picture: str
    x: float
    y: float
    cluster: int | None


class ClustersForm(msgspec.Struct, frozen=True):
    """Clusters, the largest first; ``noise`` products are in none, ``without`` have no picture.

    ``places`` has up to 1,500 products and each medoid, where they were asked for.
    """

    clusters: list[ClusterForm]
    products: int
    noise: int
    without: int
    silhouette: float | None
    tried: dict[int, float]
    places: list[PlaceForm] = []


class LearnedForm(msgspec.Struct, frozen=True):
    """How well an attribute can be told, by cross-validation over the products that have it."""

    known: int
    missing: int
    accuracy: float
    neighbours: float
    confidence: float | None
    precision: float
    recall: float
    rare: list[str]


class FillForm(msgspec.Struct, frozen=True):
    """Proposals; how well the attribute was learned, or, of examples, products to ask about."""

    proposals: list[Proposal]
    total: int
    learned: LearnedForm | None
    questions: list[str]
    threshold: float | None
    products: int


class AuditForm(msgspec.Struct, frozen=True):
    """Proposals; of ``products`` with the attribute ``suspected`` are estimated to be wrong."""

    proposals: list[Proposal]
    products: int
    suspected: int


class GroupForm(msgspec.Struct, frozen=True):
    """Products of (nearly) the same picture; ``same`` where their vectors are equal."""

    products: list[str]
    pictures: list[str]
    distance: float
    same: bool


class DuplicatesForm(msgspec.Struct, frozen=True):
    """Groups, the nearest first, of ``pictures`` that were compared."""

    groups: list[GroupForm]
    proposals: list[Proposal]
    pictures: int


class AssignedForm(msgspec.Struct, frozen=True):
    """What a tool proposes."""

    proposals: list[Proposal]


def check_examples(request: FillRequest) -> None:
    """Refuse examples without a value, or a value without examples.

    Raises:
        BadQuery: saying which.
    """
    if request.value is None and (request.positives or request.negatives):
        raise BadQuery("there are examples, and no value that they are of; give value", "value")
    if request.value is not None and not request.positives:
        raise BadQuery(f"value is {request.value!r}, without examples of it; give positives, 2 to 5 ids", "positives")
