"""What exact search must find: squared distances of every query to every stored vector, in NumPy.

They are held as float32, 4 bytes for each query and document; vectors pass through in batches and are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.embedding import check_vector
from vision.evaluation.ranking import squared_distances
from vision.search.composer import compose_selection
from vision.search.model import Query
from vision.solr.client import SolrClient

K: Final = 10
"""Of recall."""
BATCH: Final = 500
"""Vectors that are read at once."""
_IDS = 20_000
_TIE = 1e-6
"""Part of a distance by which float32 may tell equal pictures apart."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Documents:
    """The documents of a collection that have a vector, in the order of their products.

    Attributes:
        rows: by id.
        products: each row's product.
        of: the rows of each product.
    """

    rows: Mapping[str, int]
    products: Sequence[str]
    of: Mapping[str, Sequence[int]]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.products)


def documents(client: SolrClient) -> Documents:
    """Read ids and products, in the order in which :func:`vectors` gives theirs."""
    rows: dict[str, int] = {}
    products: list[str] = []
    of: dict[str, list[int]] = {}
    for found in select(client, Query(), "id,product_id", _IDS, having=("embedding:[* TO *]",)):
        for each in found:
            product = str(each.get("product_id", each["id"]))
            rows[str(each["id"])] = len(products)
            of.setdefault(product, []).append(len(products))
            products.append(product)
    return Documents(rows, products, of)


def select(
    client: SolrClient, query: Query, names: str, rows: int, *, having: Sequence[str] = (), stored: Sequence[str] = ()
) -> Iterator[list[dict[str, Any]]]:
    """Everything that a query's filters leave, regions too, in batches.

    Args:
        client: of the collection.
        query: filters alone.
        names: catalogue names of what is returned, separated by commas; the answer has them as our schema does.
        rows: of a batch.
        having: further filters in Solr's own form.
        stored: Solr's names of what else is returned.
    """
    cursor = "*"
    while True:
        returned = (client.names.returned(names), *stored)
        params = compose_selection(query, None, returned, rows, cursor, client.names, regions=True)
        params["fq"] += having
        answer = client.select(params)
        if answer["response"]["docs"]:
            yield answer["response"]["docs"]
        if answer["nextCursorMark"] == cursor:
            return
        cursor = answer["nextCursorMark"]


@dataclass(eq=False)
class Truth:
    """Distances of queries to documents, filled batch by batch.

    Attributes:
        documents: of the collection.
        asked: (queries, 1024) float32.
        distances: (queries, documents) float32, squared; infinite until the document was read.
    """

    documents: Documents
    asked: NDArray[np.float32]
    distances: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        """Make room."""
        self.distances = np.full((len(self.asked), len(self.documents)), np.inf, dtype=np.float32)

    def read(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Take documents with their ``id`` and ``vector``; what came in after the ids were read is left out."""
        known = [each for each in batch if "vector" in each and str(each["id"]) in self.documents.rows]
        if known:
            rows = [self.documents.rows[str(each["id"])] for each in known]
            vectors = np.stack([check_vector(each["vector"]) for each in known])
            self.distances[:, rows] = squared_distances(self.asked, vectors)

    def mask(self, client: SolrClient, query: Query) -> Mask:
        """(documents,) True where the filters of a query, as Solr decides them, leave the document."""
        keep = np.zeros(len(self.documents), dtype=bool)
        for batch in select(client, query, "id", _IDS):
            rows = [self.documents.rows[str(each["id"])] for each in batch if str(each["id"]) in self.documents.rows]
            keep[rows] = True
        return keep

    def nearest(self, number: int, keep: Mask, own: str | None = None) -> Nearest:
        """The ten products nearest to a query among the kept documents, each by its best picture; not ``own``."""
        rows = np.flatnonzero(keep)
        distances = self.distances[number]
        found: dict[str, float] = {}
        some = min(len(rows), 50 * K)
        while True:
            near = rows[np.argpartition(distances[rows], some - 1)[:some]] if some < len(rows) else rows
            for row in near[np.argsort(distances[near], kind="stable")]:
                product = self.documents.products[row]
                if product != own and len(found) < K:
                    found.setdefault(product, float(distances[row]))
            if len(found) == K or some == len(rows):
                break
            some = min(len(rows), 10 * some)  # a few products have all the nearest pictures
        limit = max(found.values(), default=-1.0)
        return Nearest(len(found), limit * (1 + _TIE) + _TIE, self._distance(number, keep), own)

    def _distance(self, number: int, keep: Mask) -> Callable[[str], float]:
        def distance(product: str) -> float:
            rows = [row for row in self.documents.of.get(product, ()) if keep[row]]
            return float(self.distances[number][rows].min()) if rows else np.inf

        return distance


@dataclass(frozen=True)
class Nearest:
    """The ten products nearest to a query.

    Attributes:
        count: how many there are, ten or fewer.
        limit: the squared distance of the last of them; what is as near is as good.
        distance: of a product, by the same filter.
        own: the product that asks, which is no result.
    """

    count: int
    limit: float
    distance: Callable[[str], float]
    own: str | None = None

    def recall(self, products: Sequence[str]) -> float:
        """The part of them among the first ten of these products."""
        if not self.count:
            return 1.0
        first = [each for each in products if each != self.own][:K]
        return min(self.count, sum(self.distance(each) <= self.limit for each in first)) / self.count
