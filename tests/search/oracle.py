"""What NumPy says that a search of a synthetic collection must give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.search.synthetic import Synthetic
from vision.search.model import Histogram, Query, Result


def run(synthetic: Synthetic, query: Query) -> Result:
    return synthetic.engine.run(replace(query, embedding=synthetic.embedding.fingerprint))


def ids(result: Result) -> list[str]:
    return [hit.id for hit in result.hits]


def image_score(synthetic: Synthetic, query: NDArray[np.float32]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + synthetic.distances(query) / synthetic.embedding.sigma2)


def text_score(synthetic: Synthetic, text: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """b/(b+2) of every row, with Solr's own BM25, and which rows match."""
    found: dict[str, float] = {}
    page = Query(text=text, rows=1000, grouped=False, explain=True)
    for start in range(0, len(synthetic.ids), 1000):
        result = run(synthetic, replace(page, start=start))
        found |= {hit.id: (hit.explain or {})["bm25"] for hit in result.hits}
        if len(result.hits) < 1000:
            break
    bm25 = np.array([found.get(id, 0.0) for id in synthetic.ids])
    return bm25 / (bm25 + 2.0), bm25 > 0


def assert_same_order(
    synthetic: Synthetic, result: Result, expected: list[str], score: NDArray[np.floating[Any]]
) -> None:
    """The same order, but that scores which float32 cannot tell apart may change places."""
    scores = dict(zip(synthetic.ids, score, strict=True))
    assert sorted(ids(result)) == sorted(expected[: len(result.hits)])
    for got, wanted in zip(result.hits, expected, strict=False):
        assert scores[got.id] == pytest.approx(scores[wanted], rel=1e-5)
        assert got.score == pytest.approx(scores[got.id], rel=1e-5)


def assert_same_counts(
    synthetic: Synthetic, result: Result, expected: dict[str, NDArray[np.bool_]], prices: NDArray[np.bool_]
) -> None:
    """Every facet, by the rows that match everything but its own filter."""
    counted = {name: {each.value: each.count for each in values} for name, values in result.facets.items()}
    assert counted == {name: synthetic.counts(name, keep) for name, keep in expected.items()}
    assert_same_histogram(synthetic, result.histograms["price"], prices)


def assert_same_histogram(synthetic: Synthetic, found: Histogram, keep: NDArray[np.bool_]) -> None:
    """The ends of the prices of these rows, and products in each bucket."""
    prices = synthetic.prices
    assert (found.min, found.max) == (prices[keep].min(), prices[keep].max())
    for place, bucket in enumerate(found.buckets, start=1):
        below = prices <= bucket.high if place == len(found.buckets) else prices < bucket.high
        assert bucket.count == synthetic.total(keep & (prices >= bucket.low) & below), bucket
    assert found.buckets[0].low <= prices[keep].min() and prices[keep].max() <= found.buckets[-1].high
    assert all(one.high == other.low for one, other in zip(found.buckets, found.buckets[1:], strict=False))
