"""What NumPy says that a search of a synthetic collection must give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.search.synthetic import Synthetic
from vision.search.model import Histogram, Hit, Query, Result


def run(synthetic: Synthetic, query: Query) -> Result:
    return synthetic.engine.run(replace(query, embedding=synthetic.embedding.fingerprint))


def ids(result: Result) -> list[str]:
    return [hit.id for hit in result.hits]


def bm25(hit: Hit) -> float:
    """Of the words, as a search with ``explain`` says."""
    assert hit.explain is not None and hit.explain.bm25 is not None
    return hit.explain.bm25


def values(hit: Hit) -> dict[str, float]:
    """The parts of the score by their names, and that they make it."""
    assert hit.explain is not None
    assert sum(each.share for each in hit.explain.parts) == pytest.approx(hit.score, rel=1e-5, abs=1e-9)
    whole = sum(each.weight for each in hit.explain.parts)
    for each in hit.explain.parts:
        assert 0 <= each.value <= 1 and each.share == pytest.approx(each.value * each.weight / whole)
    return {each.of or each.name: each.value for each in hit.explain.parts}


def image_score(synthetic: Synthetic, query: NDArray[np.float32]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + synthetic.distances(query) / synthetic.embedding.sigma2)


def text_score(synthetic: Synthetic, text: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """b/(b+2) of every row, with Solr's own BM25, and which rows match."""
    found: dict[str, float] = {}
    page = Query(text=text, rows=1000, grouped=False, explain=True)
    for start in range(0, len(synthetic.ids), 1000):
        result = run(synthetic, replace(page, start=start))
        found |= {hit.id: bm25(hit) for hit in result.hits}
        if len(result.hits) < 1000:
            break
    words = np.array([found.get(id, 0.0) for id in synthetic.ids])
    return words / (words + 2.0), words > 0


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
