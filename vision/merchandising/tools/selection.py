"""The products of any query, as compact vectors and values: what every tool here works on.

A product is one row: the mean of its pictures' coarse vectors, so that views of one product are never counted as two
opinions, nor one of them judged by the other. The coarse field holds the leading PCA components, by which pictures are
told apart as well as by all of them, at 256 bytes a product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadQuery
from vision.merchandising.tools.budget import Budget
from vision.search.composer import compose_selection
from vision.search.engine import SearchEngine
from vision.search.explaining import texts
from vision.search.request import SearchRequest

PAGE: Final = 1000
"""Pictures asked for at once: about a megabyte of JSON."""
EVERYTHING: Final = SearchRequest(q="*")

Codes = NDArray[np.int8]
Matrix = NDArray[np.float32]
Values = tuple[str, ...]
_CODE: Final = "coarse"
_ENDLESS: Final = Budget()


@dataclass(frozen=True)
class Selection:
    """Rows in the order of their ids.

    Attributes:
        ids: of products, or of pictures where single ones were asked for.
        pictures: one picture's id of each.
        products: whose they are; the same as ``ids`` for products.
        codes: (n, dims) int8, vectors in units of ``step``.
        step: what one unit is worth.
        sigma2: the collection's median squared distance.
        values: by field, the sorted values of each row, empty without any.
        without: how many matched and have no picture.
    """

    ids: list[str]
    pictures: list[str]
    products: list[str]
    codes: Codes
    step: float
    sigma2: float
    values: dict[str, list[Values]] = field(default_factory=dict)
    without: int = 0

    def __len__(self) -> int:
        """How many rows."""
        return len(self.ids)

    def matrix(self, rows: Any = slice(None)) -> Matrix:
        """Vectors of some rows in the collection's own unit: float32 (n, dims)."""
        return np.asarray(self.codes[rows], dtype=np.float32) * np.float32(self.step)

    def rows(self, ids: Sequence[str], member: str) -> list[int]:
        """Rows of products, given by their ids or one of their pictures'.

        Raises:
            BadQuery: one that is not in the selection; names the first.
        """
        known = {id: row for row, id in enumerate(self.pictures)} | {id: row for row, id in enumerate(self.ids)}
        for id in ids:
            if id not in known:
                raise BadQuery(f"{member}: {id!r} is none of the {len(self):,} products that are looked at", member)
        return [known[id] for id in dict.fromkeys(ids)]

    def kept(self, rows: Sequence[int] | NDArray[np.intp]) -> Selection:
        """Some of the rows."""
        picked = [int(row) for row in rows]

        def take(values: Sequence[Any]) -> list[Any]:
            return [values[row] for row in picked]

        held = {name: take(values) for name, values in self.values.items()}
        return Selection(
            take(self.ids),
            take(self.pictures),
            take(self.products),
            self.codes[picked],
            self.step,
            self.sigma2,
            held,
            self.without,
        )


@dataclass
class _Product:
    """The pictures of one product, while they come."""

    id: str
    picture: str
    total: NDArray[np.int32]
    count: int = 1
    values: dict[str, set[str]] = field(default_factory=dict)


class _Builder:
    """Rows as they come, in blocks, so that only int8 is ever held of all of them."""

    def __init__(self, names: Sequence[str], *, single: bool) -> None:
        self.ids: list[str] = []
        self.pictures: list[str] = []
        self.products: list[str] = []
        self.values: dict[str, list[Values]] = {name: [] for name in names}
        self._single = single
        self._current: _Product | None = None
        self._blocks: list[Codes] = []
        self._open: list[Codes] = []
        self._same: dict[Values, Values] = {}

    def picture(self, id: str, product: str, code: Sequence[int], values: Mapping[str, Sequence[str]]) -> None:
        """Take the next picture; those of one product come one after the other."""
        one = np.asarray(code, dtype=np.int32)
        if self._single or self._current is None or self._current.id != product:
            self._finish()
            self._current = _Product(product, id, one)
        else:
            self._current.total += one
            self._current.count += 1
        for name, held in values.items():
            self._current.values.setdefault(name, set()).update(held)

    def codes(self) -> Codes:
        """All rows' codes; no more pictures may come."""
        self._finish()
        self._close()
        return np.concatenate(self._blocks) if self._blocks else np.zeros((0, 1), dtype=np.int8)

    def _finish(self) -> None:
        one, self._current = self._current, None
        if one is None:
            return
        self.ids.append(one.picture if self._single else one.id)
        self.pictures.append(one.picture)
        self.products.append(one.id)
        self._open.append(np.rint(one.total / one.count).astype(np.int8))
        if len(self._open) >= PAGE:
            self._close()
        for name, held in self.values.items():
            values = tuple(sorted(one.values.get(name, ())))
            held.append(self._same.setdefault(values, values))

    def _close(self) -> None:
        if self._open:
            self._blocks.append(np.stack(self._open))
            self._open = []


def select(
    engine: SearchEngine,
    request: SearchRequest = EVERYTHING,
    fields: Sequence[str] = (),
    *,
    image: bytes | None = None,
    single: bool = False,
    budget: Budget = _ENDLESS,
) -> Selection:
    """Read what a search would find, all of it, from Solr, a page at a time.

    Args:
        engine: of the collection.
        request: a search; its order, facets and page do not count.
        fields: attributes whose values are wanted.
        image: the request's picture, where it comes beside it.
        single: rows are pictures instead of products.
        budget: how long it may take, told of the stage ``read``.

    Raises:
        BadQuery: no such field, or a picture without a threshold, which all products match.
        NotFound, SolrError: as a search.
        TookTooLong: it took longer than the budget allows.
    """
    query, vectors = engine.resolve(request, image)
    if vectors is not None and query.max_distance is None:
        raise BadQuery(
            "by a picture alone everything is found, nearest first; give max_distance or min_match to say what is near",
            "max_distance",
        )
    client, names = engine.client, engine.client.names
    known = {name: names.field(name) for name in fields}
    embedding = engine.collection.embedding()
    key, product = names.key, names.product
    returned = [key, product, _CODE, *known.values()]
    builder, without, read, total = _Builder(list(fields), single=single), 0, 0, None
    cursor, following = "", "*"
    while following != cursor:
        cursor = following
        budget.at("read", read, total)
        found = client.select(compose_selection(query, vectors, returned, PAGE, cursor, names))
        for document in found["response"]["docs"]:
            if _CODE not in document:
                without += 1
                continue
            values = {name: texts(document.get(solr)) for name, solr in known.items()}
            builder.picture(str(document[key]), str(document[product]), document[_CODE], values)
        read, total = read + len(found["response"]["docs"]), int(found["response"]["numFound"])
        following = str(found["nextCursorMark"])
    budget.at("read", read, total)
    return Selection(
        builder.ids,
        builder.pictures,
        builder.products,
        builder.codes(),
        embedding.codec.step,
        embedding.sigma2,
        builder.values,
        without,
    )
