"""Less alike: what a varied first page costs in relevance, and how varied it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.features.shop import COLUMNS, TOP, Scores, Shop, Yard
from benchmarks.features.sources import Picture, Source, some
from benchmarks.report import Table
from vision.evaluation import squared_distances
from vision.search.model import Hit
from vision.search.steering.diversity import POOL

PAGE = 25
"""Rows of a page: four of them are the pool."""


def run(yard: Yard, sources: Sequence[Source], queries: int) -> Sequence[Table]:
    """A table for each source."""
    tables = []
    for source in sources:
        asked = some(source.asked, queries)
        with yard.shop(source.index, source.extractor) as shop:
            tables.append(_compared(shop, source, asked))
    return tables


def ways(maker: str) -> Mapping[str, dict[str, Any]]:
    """What is asked for."""
    return {
        "plain": {},
        "mmr 0.3": {"mmr": 0.3},
        "mmr 0.6": {"mmr": 0.6},
        f"most 2 of a {maker}": {"most": {maker: 2}},
        "fold": {"fold": True},
        f"mmr 0.3, most 2 of a {maker}, fold": {"mmr": 0.3, "most": {maker: 2}, "fold": True},
    }


def _compared(shop: Shop, source: Source, asked: Sequence[Picture]) -> Table:
    closely = any(picture.alike for picture in asked)
    columns = ("diversity", *COLUMNS, *(("P@10 closely",) if closely else ()), "nearest two", "apart", "kinds")
    title = f"less alike: {source.name}, {len(asked)} asked, {shop.products():,} products"
    table = Table(title, (*columns, f"{source.maker}s", "folded"))
    vectors, sigma2 = shop.indexed_vectors(), shop.engine.collection.embedding().sigma2
    # What comes after the pool keeps its order, as tests/search/steering/test_diversity.py holds.
    later = {picture.id: shop.ranked({"vector": shop.vector(picture)})[1][POOL:] for picture in asked}
    plain: Scores | None = None
    for name, wanted in ways(source.maker).items():
        scores, close = Scores(), Scores()
        seen: list[tuple[float, ...]] = []
        for picture in asked:
            hits = arranged(shop, {"vector": shop.vector(picture)}, wanted)
            ranked = list(dict.fromkeys([*(hit.product_id for hit in hits), *later[picture.id]]))
            scores.add(ranked, shop.right(picture))
            close.add(ranked, shop.right(picture, closely=True))
            hits = hits[:TOP]
            nearest, apart = distances(np.stack([vectors[hit.id] for hit in hits]))
            kinds, makers = (
                {hit.attributes[name] for hit in hits if name in hit.attributes} for name in ("category", source.maker)
            )
            folded = sum(len(hit.duplicates) for hit in hits)
            seen.append((nearest / sigma2, apart / sigma2, len(kinds), len(makers), folded))
        plain = plain or scores
        more = (f"{np.mean(close.p10):.3f}",) if closely else ()
        means = np.mean(seen, axis=0)
        table.add(name, *scores.cells(plain), *more, *(f"{each:.2f}" for each in means))
    table.notes += [
        f"apart: mean squared distance between two of the first {TOP}, nearest two: the smallest one; in the "
        "collection's median",
        f"kinds, {source.maker}s: different ones in the first {TOP}; folded: near-duplicates that they stand for",
        "mAP and folding: what is folded is shown as one, so that the others count as not found",
    ]
    if closely:
        table.notes.append("closely: same true category, color and pattern")
    return table


def arranged(shop: Shop, members: dict[str, Any], wanted: dict[str, Any]) -> list[Hit]:
    """The pool that is ordered anew, page by page as it is shown."""
    hits: list[Hit] = []
    for start in range(0, POOL, PAGE):
        asked = members | {"rows": PAGE, "start": start} | ({"diversity": wanted} if wanted else {})
        hits += shop.search(asked).hits
        if len(hits) + sum(len(hit.duplicates) for hit in hits) >= POOL:  # what is folded makes the pool shorter
            break
    return hits


def distances(vectors: NDArray[np.float32]) -> tuple[float, float]:
    """The least and the mean squared distance between two rows."""
    between = squared_distances(vectors, vectors)[np.triu_indices(len(vectors), 1)]
    return float(between.min()), float(between.mean())
