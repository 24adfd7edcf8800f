"""The order of the first results, against what NumPy makes of the same vectors; nothing is lost or repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.search.synthetic import Synthetic
from vision.errors import BadQuery, NotFound
from vision.search.model import Diversity, Hit, Mode, Query, Result
from vision.search.request import parse, to_query
from vision.search.steering import diversity
from vision.search.steering.rocchio import LIKED, UNLIKED, steer


def hits(count: int) -> list[Hit]:
    return [hit(f"p{row}", 1 - row / 10) for row in range(count)]


def hit(id: str, score: float, color: str = "") -> Hit:
    return Hit(id, id, "", None, {"color": color} if color else {}, score, 0.0)


def test_mmr_is_the_greedy_choice_of_its_definition() -> None:
    random = np.random.default_rng(0)
    vectors, scores = random.normal(size=(30, 4)), np.sort(random.random(30))[::-1]
    distances = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    for weight in (0.0, 0.3, 0.7, 1.0):
        found = diversity.mmr(range(30), scores, distances.astype(np.float32), weight)
        chosen: list[int] = []
        while len(chosen) < 30:
            rest = [row for row in range(30) if row not in chosen]
            gains = [
                (1 - weight) * scores[row] - weight * max((1 / (1 + distances[row, one]) for one in chosen), default=0)
                for row in rest
            ]
            chosen.append(rest[int(np.argmax(gains))])
        assert found == chosen
    assert diversity.mmr(range(30), scores, distances.astype(np.float32), 0.0) == list(range(30))


def test_near_duplicates_have_one_representative_the_best_and_nearest() -> None:
    points = np.array([0.0, 5.0, 0.1, 4.95, 10.0, 0.3])
    distances = np.asarray((points[:, None] - points[None]) ** 2, dtype=np.float32)
    assert diversity.fold(distances, 0.05) == {0: [2], 1: [3], 4: [], 5: []}


def test_no_more_than_so_many_of_a_brand_before_the_others_had_theirs() -> None:
    brands = ["a", "a", "a", "b", "a", "", "b", "b"]
    values = [(brand,) if brand else () for brand in brands]
    assert diversity.capped(range(8), values, 2) == [0, 1, 3, 5, 6, 2, 4, 7]
    assert sorted(diversity.capped(range(8), values, 1)) == list(range(8))


def test_a_product_without_a_picture_is_neither_folded_nor_alike() -> None:
    vectors = np.array([[0, 0], [np.nan, np.nan], [0, 0.01], [np.nan, np.nan]], dtype=np.float32)
    order = diversity.arranged(diversity.Pool(hits(4), vectors, 1.0), Diversity(mmr=0.5, fold=True))
    assert sorted(hit.id for hit in order) == ["p0", "p1", "p3"]
    assert {hit.id: hit.duplicates for hit in order}["p0"] == ("p2",)


def test_steering_moves_towards_the_liked_and_away_from_the_unliked() -> None:
    photo, liked, unliked = (np.array(each, dtype=np.float32) for each in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0]))
    towards = steer(photo, [liked], [])
    np.testing.assert_allclose(towards, [LIKED / (1 + LIKED), 0])
    away = steer(photo, [liked], [unliked])
    np.testing.assert_allclose(away, towards + UNLIKED * (towards - unliked), rtol=1e-6)
    np.testing.assert_array_equal(steer(None, [liked, liked], []), liked)
    with pytest.raises(ValueError, match="nothing to search from"):
        steer(None, [], [unliked])


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"diversity": {"mmr": 2}}, "diversity.mmr"),
        ({"diversity": {"most": {"color": 0}}}, "diversity.most"),
        ({"diversity": {"mmr": 0.3}, "sort": "price"}, "diversity orders by score"),
        ({"exclude": [""]}, "exclude has an empty value"),
        ({"like": ["a"] * 101}, "like"),
    ],
)
def test_what_cannot_be_done_is_refused(members: dict[str, object], words: str) -> None:
    with pytest.raises(BadQuery, match=words):
        to_query(parse({"q": "dress"} | members), None, None)


def run(synthetic: Synthetic, query: Query) -> Result:
    return synthetic.engine.run(replace(query, embedding=synthetic.embedding.fingerprint))


def arranged(synthetic: Synthetic, query: Query, scores: NDArray[np.float64], keep: NDArray[np.bool_]) -> list[str]:
    """The whole order by NumPy: the pool of the best by the coarse vectors, then the rest by score."""
    assert query.diversity is not None
    ranked = synthetic.ranked(scores, keep)
    pool = ranked[: diversity.size(query.rows)]
    rows = [synthetic.ids.index(id) for id in pool]
    codec = synthetic.embedding.codec
    coarse = codec.encode(synthetic.vectors[rows]).astype(np.float32) * codec.step
    found = [hit(synthetic.ids[row], scores[row], synthetic.columns["color"][row]) for row in rows]
    order = diversity.arranged(diversity.Pool(found, coarse, synthetic.embedding.sigma2), query.diversity)
    return [each.id for each in order] + ranked[len(pool) :]


@pytest.mark.solr
@pytest.mark.parametrize(
    "wanted",
    [Diversity(mmr=0.4), Diversity(most={"color": 2}), Diversity(fold=True), Diversity(0.3, {"color": 3}, True)],
)
@pytest.mark.parametrize("mode", [Mode.EXACT, Mode.APPROXIMATE])
def test_all_pages_together_are_numpys_order(synthetic: Synthetic, wanted: Diversity, mode: Mode) -> None:
    vector = synthetic.queries(1, seed=21)[0]
    scores = 1.0 / (1.0 + synthetic.distances(vector) / synthetic.embedding.sigma2)
    query = Query(vector=vector, rows=30, mode=mode, diversity=wanted, filters={"tenth": ("t3",)})
    expected = arranged(synthetic, query, scores, synthetic.where(tenth="t3"))
    plain = run(synthetic, replace(query, diversity=None))
    seen: list[str] = []
    for start in range(0, 180, 30):
        result = run(synthetic, replace(query, start=start))
        seen += [hit.id for hit in result.hits]
        assert result.total == plain.total
    assert len(set(seen)) == 180
    assert seen == expected[:180]


@pytest.mark.solr
def test_excluded_products_are_neither_shown_nor_counted(synthetic: Synthetic) -> None:
    vector = synthetic.queries(1, seed=22)[0]
    for mode in (Mode.EXACT, Mode.APPROXIMATE):
        query = Query(vector=vector, rows=10, mode=mode, filters={"half": ("a",)}, facets=("color",))
        before = run(synthetic, query)
        gone = tuple(hit.product_id for hit in before.hits[:5])
        after = run(synthetic, replace(query, excluded=gone))
        keep = synthetic.where(half="a") & ~np.isin(synthetic.products, gone)
        assert [hit.id for hit in after.hits] == synthetic.ranked(-synthetic.distances(vector), keep, top=10)
        assert after.total == before.total - 5 == synthetic.total(keep)
        assert {each.value: each.count for each in after.facets["color"]} == synthetic.counts("color", keep)


@pytest.mark.solr
def test_likes_and_unlikes_search_from_the_point_they_make(synthetic: Synthetic) -> None:
    liked, unliked = synthetic.products[11], synthetic.ids[500]  # a product of two pictures, and a picture
    first = min(id for id, product in zip(synthetic.ids, synthetic.products, strict=True) if product == liked)
    rows = [synthetic.ids.index(id) for id in (first, unliked)]
    point = steer(None, [synthetic.vectors[rows[0]]], [synthetic.vectors[rows[1]]])
    result = synthetic.engine.search(parse({"like": [liked], "unlike": [unliked], "mode": "exact", "rows": 20}))
    everything = np.ones(len(synthetic.ids), dtype=bool)
    assert [hit.id for hit in result.hits] == synthetic.ranked(-synthetic.distances(point), everything, top=20)
    with pytest.raises(NotFound, match="no product or picture 'nobody'"):
        synthetic.engine.search(parse({"like": ["nobody"]}))
    with pytest.raises(BadQuery, match="unlike needs something to start from"):
        synthetic.engine.search(parse({"unlike": [liked]}))
