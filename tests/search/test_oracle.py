"""Searches of 20,000 vectors on real Solr, each decided by NumPy over the same vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.search.oracle import assert_same_order, ids, image_score, run, text_score
from tests.search.synthetic import COLORS, Synthetic
from vision.search.model import Mode, Query, Range, Way, Weights

pytestmark = pytest.mark.solr

FILTERS: dict[str, dict[str, tuple[str, ...]]] = {
    "100 %": {},
    "50 %": {"half": ("a",)},
    "10 %": {"tenth": ("t3",)},
    "1 %": {"hundredth": ("h42",)},
}


@pytest.mark.parametrize("mode", [Mode.APPROXIMATE, Mode.AUTO])
@pytest.mark.parametrize("share", list(FILTERS))
def test_recall_at_10_of_200_queries(synthetic: Synthetic, mode: Mode, share: str) -> None:
    keep = synthetic.where(**FILTERS[share])
    found = 0
    ways = set()
    vectors = synthetic.queries(200, seed=1)
    for vector, distances in zip(vectors, synthetic.distances(vectors), strict=True):
        expected = synthetic.ranked(-distances, keep, top=10)
        result = run(synthetic, Query(vector=vector, filters=FILTERS[share], mode=mode, rows=10))
        ways.add(result.plan.way)
        found += len(set(expected) & set(ids(result)))
    print(f"recall@10 at {share}, {mode}: {found / 2000:.4f} by {', '.join(sorted(ways))}")
    assert found / 2000 >= 0.99
    assert ways == ({Way.EXACT} if mode is Mode.AUTO and share == "1 %" else {Way.APPROXIMATE})


@pytest.mark.parametrize("weights", [Weights(0.5, 0.5), Weights(0.9, 0.1), Weights(0.0, 1.0), Weights(0.2, 0.6)])
def test_words_photo_and_filter_rank_as_numpy_ranks(synthetic: Synthetic, weights: Weights) -> None:
    text, matching = text_score(synthetic, "knee-length dress")
    keep = synthetic.where(color="red")
    assert (matching == synthetic.where(length="knee-length", category="dress")).all()
    for vector in synthetic.queries(20, seed=2):
        image = image_score(synthetic, vector)
        score = (weights.text * text + weights.image * image) / (weights.text + weights.image)
        query = Query(
            text="knee-length dress",
            vector=vector,
            filters={"color": ("red",)},
            weights=weights,
            mode=Mode.EXACT,
            rows=1000,
        )
        result = run(synthetic, query)
        expected = synthetic.ranked(score, matching & keep)
        assert_same_order(synthetic, result, expected, score)
        assert result.total == len(expected)
        assert all(hit.attributes["color"] == "red" and hit.attributes["category"] == "dress" for hit in result.hits)


def test_the_blend_of_a_large_set_is_found_approximately(synthetic: Synthetic) -> None:
    text, matching = text_score(synthetic, "dress")
    found = 0
    for vector in synthetic.queries(50, seed=3):
        score = 0.5 * text + 0.5 * image_score(synthetic, vector)
        result = run(synthetic, Query(text="dress", vector=vector, rows=10, mode=Mode.APPROXIMATE))
        found += len(set(ids(result)) & set(synthetic.ranked(score, matching, top=10)))
    assert found / 500 >= 0.99


def test_distances_are_squared_euclidean(synthetic: Synthetic) -> None:
    vector = synthetic.queries(1, seed=4)[0]
    expected = dict(zip(synthetic.ids, synthetic.distances(vector), strict=True))
    for mode in (Mode.EXACT, Mode.APPROXIMATE):
        for hit in run(synthetic, Query(vector=vector, mode=mode)).hits:
            assert hit.distance == pytest.approx(expected[hit.id], rel=1e-5)


@pytest.mark.parametrize("mode", list(Mode))
def test_an_indexed_product_finds_itself_first(synthetic: Synthetic, mode: Mode) -> None:
    for row in (0, 7, 4321, 19_999):
        asked = synthetic.engine.collection.indexed.picture(synthetic.ids[row])
        assert np.array_equal(asked.vector, synthetic.vectors[row])
        first = run(synthetic, Query(vector=asked.vector, embedding=asked.embedding, mode=mode)).hits[0]
        assert (first.id, first.distance, first.score) == (synthetic.ids[row], 0.0, 1.0)


@pytest.mark.parametrize("rows", [0, 1, 24, 300])
@pytest.mark.parametrize("mode", [Mode.APPROXIMATE, Mode.EXACT])
def test_totals_and_facets_are_the_oracles_whatever_the_page(synthetic: Synthetic, mode: Mode, rows: int) -> None:
    vector = synthetic.queries(1, seed=5)[0]
    query = Query(
        text="dress",
        vector=vector,
        filters={"color": ("red", "blue"), "half": ("a",)},
        ranges={"price": Range(20, 80)},
        facets=("color", "half", "length", "hundredth"),
        mode=mode,
        rows=rows,
    )
    result = run(synthetic, query)
    matching = synthetic.where(category="dress") & (synthetic.prices >= 20) & (synthetic.prices <= 80)
    color, half = synthetic.where(color=("red", "blue")), synthetic.where(half="a")
    assert result.total == synthetic.total(matching & color & half)
    expected = {
        "color": synthetic.counts("color", matching & half),
        "half": synthetic.counts("half", matching & color),
        "length": synthetic.counts("length", matching & color & half),
        "hundredth": synthetic.counts("hundredth", matching & color & half),
    }
    assert {name: {each.value: each.count for each in values} for name, values in result.facets.items()} == expected
    assert set(expected["color"]) == set(COLORS)


def test_a_photo_alone_counts_the_whole_collection(synthetic: Synthetic) -> None:
    result = run(synthetic, Query(vector=synthetic.vectors[0], facets=("color",)))
    everything = np.ones(len(synthetic.ids), dtype=bool)
    assert result.total == 18_000
    assert {each.value: each.count for each in result.facets["color"]} == synthetic.counts("color", everything)


@pytest.mark.parametrize("mode", list(Mode))
def test_pages_past_the_candidates_repeat_and_lose_nothing(synthetic: Synthetic, mode: Mode) -> None:
    vector = synthetic.queries(1, seed=6)[0]
    query = Query(vector=vector, filters={"tenth": ("t1",)}, mode=mode, rows=70)
    keep = synthetic.where(tenth="t1")
    seen: list[str] = []
    ways = set()
    total = synthetic.total(keep)
    for start in range(0, total, 70):
        result = run(synthetic, replace(query, start=start))
        assert result.total == total
        ways.add(result.plan.way)
        seen += [hit.product_id for hit in result.hits]
    assert len(seen) == len(set(seen)) == total
    assert set(seen) == {synthetic.products[row] for row in np.flatnonzero(keep)}
    if mode is not Mode.EXACT:
        assert ways == {Way.APPROXIMATE, Way.TAIL}


def test_a_page_that_candidates_cannot_fill_goes_on_exactly(synthetic: Synthetic) -> None:
    """60 candidate pictures hold fewer than 60 products where products have several pictures."""
    vector = synthetic.queries(1, seed=7)[0]
    query = Query(vector=vector, mode=Mode.APPROXIMATE, candidates=60)
    whole = run(synthetic, replace(query, rows=60))
    assert whole.plan.way is Way.TAIL
    assert len(whole.plan.requests) == 2
    pages = [run(synthetic, replace(query, rows=20, start=start)) for start in (0, 20, 40)]
    assert [id for page in pages for id in ids(page)] == ids(whole)


def test_a_threshold_returns_exactly_what_is_within_it(synthetic: Synthetic) -> None:
    for vector in synthetic.queries(10, seed=8):
        distances = synthetic.distances(vector)
        limit = float(np.quantile(distances, 0.01)) * (1 + 1e-4)
        near = distances <= limit
        for filters, keep in (({}, near), ({"color": ("red",)}, near & synthetic.where(color="red"))):
            query = Query(vector=vector, filters=filters, max_distance=limit, facets=("length",), rows=1000)
            result = run(synthetic, query)
            assert result.plan.way is Way.THRESHOLD
            assert sorted(ids(result)) == sorted(synthetic.ranked(-distances, keep))
            counted = {each.value: each.count for each in result.facets["length"]}
            assert counted == synthetic.counts("length", keep)


def cache_sizes(synthetic: Synthetic) -> dict[str, int]:
    beans = synthetic.engine.client.get_json("admin/mbeans", cat="CACHE", stats="true", **{"json.nl": "map"})
    caches = beans["solr-mbeans"]["CACHE"]
    return {
        name: caches[name]["stats"][f"CACHE.searcher.{name}.inserts"] for name in ("filterCache", "queryResultCache")
    }


@pytest.mark.parametrize(
    "query",
    [
        Query(max_distance=500.0),
        Query(text="dress", max_distance=500.0),
        Query(text="dress", mode=Mode.APPROXIMATE),
        Query(mode=Mode.EXACT, text="dress"),
        Query(mode=Mode.APPROXIMATE),
    ],
)
def test_queries_leave_the_caches_flat(synthetic: Synthetic, query: Query) -> None:
    facets = replace(query, facets=("color",))
    before = cache_sizes(synthetic)
    for vector in synthetic.queries(10, seed=9):
        run(synthetic, replace(facets, vector=vector))
    assert cache_sizes(synthetic) == before


def test_facet_filters_are_cached_once(synthetic: Synthetic) -> None:
    query = Query(filters={"length": ("mini", "midi")}, max_distance=500.0)
    run(synthetic, replace(query, vector=synthetic.vectors[0]))
    before = cache_sizes(synthetic)
    for vector in synthetic.queries(10, seed=10):
        run(synthetic, replace(query, vector=vector))
    assert cache_sizes(synthetic) == before


@pytest.mark.alone
def test_the_cost_of_a_threshold_follows_keyword_and_facets(synthetic: Synthetic) -> None:
    """Interleaved, compared as a ratio: verifying 1 % of the collection must cost far less than all of it.

    The quickest of each count: what else the machine does adds to both alike, and hides the difference.
    """
    times: dict[str, list[float]] = {"whole": [], "hundredth": []}
    for vector in synthetic.queries(100, seed=11):
        query = Query(vector=vector, max_distance=1e6, rows=0)
        for name, filters in (("whole", {}), ("hundredth", {"hundredth": ("h7",)})):
            times[name].append(run(synthetic, replace(query, filters=filters)).took.solr)
    whole, part = (min(times[name]) for name in ("whole", "hundredth"))
    print(f"threshold over 20,000 pictures {whole:.1f} ms, over the 1 % that a facet leaves {part:.1f} ms")
    assert part < whole / 2
