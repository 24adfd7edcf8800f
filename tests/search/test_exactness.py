"""Totals, facets, order and pages: the same whatever the segments, the shards, the mode and the page, and NumPy's.

The table of what is exact, and how we know, is in docs/facets.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.search.cloud import solr_cloud
from tests.search.oracle import assert_same_counts, assert_same_order, ids, image_score, run, text_score, values
from tests.search.synthetic import Synthetic, build
from vision.search import counted
from vision.search.model import Mode, Query, Range
from vision.search.planner import Limits
from vision.solr import configset, merging
from vision.solr.client import SolrClient
from vision.solr.configset import Shape
from vision.solr.statistics import read_index, read_server

pytestmark = pytest.mark.solr

PICTURES = 2100
WAYS = ("one segment", "many segments", "two shards")
FACETS = ("color", "half", "length", "hundredth", "price")


@dataclass(frozen=True)
class Case:
    """A search, the rows that match it but for its filters on color and price, and the scores of all rows."""

    query: Query
    keep: NDArray[np.bool_]
    scores: NDArray[np.float64]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Synthetic]]:
    """The same documents in a collection of each kind; a product's two pictures may differ in color and price."""
    home = tmp_path_factory.mktemp("exactness")
    with solr_cloud(home / "solr") as url:

        def made(name: str, shards: int = 1, segment: int | None = None) -> Synthetic:
            create = partial(configset.create, shape=Shape(shards, 1) if shards > 1 else None)
            limits = Limits(candidates=100, exact_below=500)
            folder = home / name
            return build(
                url, name, folder, pictures=PICTURES, limits=limits, create=create, segment=segment, variants=True
            )

        one, many, two = made("one"), made("many", segment=150), made("two", shards=2)
        scattered = build(
            url, "scattered", home / "scattered", pictures=PICTURES, create=create_scattered, variants=True
        )
        assert (read_index(one.engine.client).segments, shards(two)) == (1, 2) and read_index(
            many.engine.client
        ).segments >= 4
        yield {"one segment": one, "many segments": many, "two shards": two, "scattered": scattered}
        for each in (one, many, two, scattered):
            each.engine.client.close()


def create_scattered(client: SolrClient) -> None:
    """Two shards that pictures come to by their own ids, as Solr does unless told otherwise."""
    configset_name = {"collection.configName": configset.CONFIGSET}
    client.admin("admin/collections", action="CREATE", name=client.collection, numShards=2, **configset_name)


def shards(indexed: Synthetic) -> int:
    client = indexed.engine.client
    return len(configset.cluster(client)["collections"][configset.real_name(client)]["shards"])


@pytest.fixture(params=WAYS)
def indexed(request: pytest.FixtureRequest, built: dict[str, Synthetic]) -> Synthetic:
    found: Synthetic = built[request.param]
    return found


@pytest.fixture(scope="module")
def cases(built: dict[str, Synthetic]) -> dict[str, Case]:
    """Scores of words are those of the collection of one segment, everything else is NumPy's."""
    one = built["one segment"]
    words, matching = text_score(one, "dress")
    assert (matching == one.where(category="dress")).all()
    vector = one.queries(1, seed=5)[0]
    image = image_score(one, vector)
    limit = float(np.quantile(one.distances(vector), 0.3)) * (1 + 1e-4)
    return {
        "browse": Case(Query(), np.ones(PICTURES, dtype=bool), np.zeros(PICTURES)),
        "text": Case(Query(text="dress"), matching, words),
        "exact": Case(Query(vector=vector, mode=Mode.EXACT), np.ones(PICTURES, dtype=bool), image),
        "blend": Case(Query(text="dress", vector=vector, mode=Mode.EXACT), matching, (words + image) / 2),
        "threshold": Case(Query(vector=vector, max_distance=limit), one.distances(vector) <= limit, image),
        "approximate": Case(Query(vector=vector, mode=Mode.APPROXIMATE), np.ones(PICTURES, dtype=bool), image),
        "auto": Case(Query(text="dress", vector=vector), matching, (words + image) / 2),
    }


NAMES = ("browse", "text", "exact", "blend", "threshold", "approximate", "auto")


@pytest.mark.parametrize("rows", [0, 7, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_totals_and_facets(indexed: Synthetic, cases: dict[str, Case], name: str, rows: int) -> None:
    case = cases[name]
    filters = {"color": ("red", "blue")}
    query = replace(case.query, filters=filters, ranges={"price": Range(20, 80)}, facets=FACETS, rows=rows)
    result = run(indexed, query)
    color = indexed.where(color=("red", "blue"))
    price = (indexed.prices >= 20) & (indexed.prices <= 80)
    both = case.keep & color & price
    assert result.total == indexed.total(both)
    assert not result.partial
    expected = {"color": case.keep & price, "half": both, "length": both, "hundredth": both}
    assert_same_counts(indexed, result, expected, case.keep & color)


@pytest.mark.parametrize("name", NAMES)
def test_counts_of_many_pictures_are_those_of_the_answer_before(
    indexed: Synthetic, cases: dict[str, Case], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "MANY", 0)
    indexed.engine.collection.forget()
    case = cases[name]
    query = replace(case.query, filters={"color": ("red", "blue")}, facets=FACETS, rows=7)
    sent: list[dict[str, Any]] = []
    select = SolrClient.select

    def noted(self: SolrClient, params: Any, **options: Any) -> dict[str, Any]:
        sent.append(params)
        return select(self, params, **options)

    monkeypatch.setattr(SolrClient, "select", noted)
    color = indexed.where(color=("red", "blue"))
    first = run(indexed, query)
    others = [query.vector] if name == "threshold" else list(indexed.queries(3, seed=6))
    for vector in others if query.vector is not None else [None]:
        sent.clear()
        result = run(indexed, replace(query, vector=vector))
        assert result.total == first.total == indexed.total(case.keep & color)
        keep = case.keep & color
        assert_same_counts(indexed, result, {"color": case.keep} | dict.fromkeys(FACETS[1:4], keep), keep)
        again = [each for each in sent if "json.facet" in each]
        assert not again if result.plan.matching else again


@pytest.mark.parametrize("name", ["browse", "text", "exact", "blend", "threshold"])
def test_order_and_scores(indexed: Synthetic, cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    for filters, keep in (({}, case.keep), ({"color": ("red",)}, case.keep & indexed.where(color="red"))):
        result = run(indexed, replace(case.query, filters=filters, rows=1000))
        expected = indexed.ranked(case.scores, keep)
        assert_same_order(indexed, result, expected[:1000], case.scores)


@pytest.mark.parametrize("name", NAMES)
def test_pages_repeat_and_lose_nothing(indexed: Synthetic, cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    keep = case.keep & indexed.where(tenth=("t1", "t2"))
    total = indexed.total(keep)
    seen: list[str] = []
    query = replace(case.query, filters={"tenth": ("t1", "t2")}, rows=30)
    for start in range(0, total, 30):
        result = run(indexed, replace(query, start=start))
        assert result.total == total
        seen += [hit.product_id for hit in result.hits]
    assert len(seen) == len(set(seen)) == total
    assert set(seen) == {indexed.products[row] for row in np.flatnonzero(keep)}


def test_the_nearest_are_found_approximately(indexed: Synthetic) -> None:
    found = 0
    for vector in indexed.queries(30, seed=9):
        expected = indexed.ranked(-indexed.distances(vector), np.ones(PICTURES, dtype=bool), top=10)
        result = run(indexed, Query(vector=vector, mode=Mode.APPROXIMATE, rows=10))
        found += len(set(expected) & set(ids(result)))
    assert found / 300 >= 0.99


def test_one_product_with_two_prices_is_counted_in_both_buckets_and_once_in_all(built: dict[str, Synthetic]) -> None:
    indexed = built["one segment"]
    row = next(row for row in range(1, PICTURES, 10) if abs(indexed.prices[row] - indexed.prices[row - 1]) > 60)
    query = Query(filters={"product_id": (indexed.products[row],)}, facets=("price",))
    result = run(indexed, query)
    assert result.total == 1
    assert sorted(each.count for each in result.histograms["price"].buckets if each.count) == [1, 1]


def test_buckets_come_with_the_planners_count_and_leave_no_filter_behind(built: dict[str, Synthetic]) -> None:
    indexed = built["one segment"]
    vector = indexed.queries(1, seed=21)[0]
    query = Query(text="coat", vector=vector, filters={"half": ("a",)}, facets=("price",))
    run(indexed, replace(query, facets=()))
    before = inserts(indexed.engine.client)
    assert len(run(indexed, query).plan.requests) == 2
    assert len(run(indexed, replace(query, start=24)).plan.requests) == 1
    assert inserts(indexed.engine.client) == before


def inserts(client: SolrClient) -> int:
    beans = client.get_json("admin/mbeans", cat="CACHE", stats="true", **{"json.nl": "map"})
    return int(beans["solr-mbeans"]["CACHE"]["filterCache"]["stats"]["CACHE.searcher.filterCache.inserts"])


def test_nothing_found_has_no_buckets(built: dict[str, Synthetic]) -> None:
    found = run(built["two shards"], Query(text="nothinglikeit", facets=("price", "color"))).histograms["price"]
    assert (found.min, found.max, found.buckets) == (None, None, ())


def test_explained_words_are_those_of_all_shards(built: dict[str, Synthetic]) -> None:
    one, two = (run(built[name], Query(text="red dress", explain=True)) for name in ("one segment", "two shards"))
    assert [(hit.id, hit.explain) for hit in one.hits] == [(hit.id, hit.explain) for hit in two.hits]
    for hit in two.hits:
        assert values(hit)["text"] == pytest.approx(hit.score, rel=1e-6)


def test_scattered_products_are_counted_wrongly(built: dict[str, Synthetic]) -> None:
    """Why products are routed: where their pictures are on several shards, they are found twice, and guessed at."""
    two, scattered = built["two shards"], built["scattered"]
    everything = np.ones(PICTURES, dtype=bool)
    total, expected = two.total(everything), two.counts("half", everything)
    query = Query(facets=("half",), rows=0)
    found = {name: run(built[name], query) for name in ("two shards", "scattered")}
    counts = {name: {each.value: each.count for each in result.facets["half"]} for name, result in found.items()}
    print(f"products {total}: routed {found['two shards'].total}, scattered {found['scattered'].total}")
    print(f"by half {expected}: routed {counts['two shards']}, scattered {counts['scattered']}")
    assert (found["two shards"].total, counts["two shards"]) == (total, expected)
    assert found["scattered"].total > total
    assert counts["scattered"] != expected
    assert scattered.products == two.products


def test_words_weigh_alike_on_shards_because_the_configset_says_so(built: dict[str, Synthetic]) -> None:
    """Not from the cache of results: what a shard found alone would be taken for its part of the whole."""
    params = {"q": "{!edismax cache=false v=$w}", "w": "red dress", "fl": "id,score", "rows": 50}
    params["sort"] = "score desc,id asc"

    def scores(name: str, **more: str) -> dict[str, float]:
        documents = built[name].engine.client.select(params | more)["response"]["docs"]
        return {each["id"]: each["score"] for each in documents}

    whole, alone = scores("two shards"), scores("two shards", distrib="false")
    assert list(whole.items()) == list(scores("one segment").items())
    both = whole.keys() & alone.keys()
    assert both and any(abs(whole[id] - alone[id]) > 1e-4 for id in both), "a shard by itself weighs words otherwise"


def test_shards_of_a_node_share_its_heap(built: dict[str, Synthetic], monkeypatch: pytest.MonkeyPatch) -> None:
    client = built["two shards"].engine.client
    heap = read_server(client).heap_max
    monkeypatch.setattr(merging, "GRAPH", (heap - merging.ALIVE) // 1500)  # room for either shard, not for both
    assert merging.wanted(client.count(), client.shards.parts(), client.admin).segments == 2
