"""Further parts of the score, other pictures and numbers, against NumPy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.search.oracle import assert_same_order, ids, image_score, run, text_score, values
from tests.search.synthetic import Synthetic
from vision.errors import BadQuery, NotFound
from vision.search.model import Closeness, Likeness, Mode, Query, Way, Weights
from vision.search.request import parse, to_query

VECTOR = np.ones(1024, dtype=np.float32)


@pytest.mark.parametrize(
    ("similarity", "says"),
    [
        ({}, r"similarities\[0\] has nothing to compare with; give one of image_id, upload_id, vector, field"),
        ({"image_id": "a", "field": "price"}, "has image_id and field; give one"),
        ({"field": "price", "near": 5}, "needs near and scale beside field 'price'"),
        ({"image_id": "a", "near": 5}, "has near without a field"),
        ({"field": "color", "near": 5, "scale": 1}, "'color', which is no number; accepted: price"),
        ({"field": "price", "near": 5, "scale": 0}, "> 0.0"),
        ({"image_id": "a", "weight": 1.5}, "<= 1.0"),
        ({"image_id": "a", "name": "x"}, "unknown field `name`"),
    ],
)
def test_what_cannot_be_compared_says_so(synthetic: Synthetic, similarity: dict[str, Any], says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        synthetic.engine.search(parse({"q": "dress", "similarities": [similarity]}))


def test_at_most_four() -> None:
    with pytest.raises(BadQuery, match="length <= 4"):
        parse({"q": "x", "similarities": [{"image_id": "a"}] * 5})


def test_the_first_picture_takes_the_place_of_one_that_is_not_there() -> None:
    asked = [{"field": "price", "near": 5, "scale": 1}, {"image_id": "a", "weight": 0.4}, {"image_id": "b"}]
    others = (None, VECTOR, 2 * VECTOR)
    query = to_query(parse({"q": "x", "similarities": asked}), None, "e", others=others)
    assert query.vector is VECTOR and query.weights == Weights(0.5, 0.4)
    assert [each.weight for each in query.similarities] == [0.3, 0.3]
    beside = to_query(parse({"q": "x", "similarities": asked}), 3 * VECTOR, "e", others=others)
    assert beside.weights == Weights(0.5, 0.5) and len(beside.similarities) == 3
    with pytest.raises(BadQuery, match="weights of what is searched by are all 0"):
        to_query(parse({"similarities": [asked[0]], "q": "x", "weights": {"text": 0}}), None, None, others=(None,))
        to_query(parse({"weights": {"text": 0}, "q": "x"}), None, None)


def likeness(synthetic: Synthetic, vector: NDArray[np.float32]) -> NDArray[np.float64]:
    return image_score(synthetic, vector)


def closeness(synthetic: Synthetic, near: float, scale: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + ((synthetic.prices - near) / scale) ** 2))


@pytest.mark.solr
@pytest.mark.parametrize("mode", [Mode.EXACT, Mode.APPROXIMATE])
def test_pictures_and_a_number_rank_as_numpy_ranks(synthetic: Synthetic, mode: Mode) -> None:
    words, matching = text_score(synthetic, "dress")
    keep = matching & synthetic.where(tenth="t3")
    for seed in range(60, 65):
        photo, second, third = synthetic.queries(3, seed=seed)
        parts = (Likeness(second, 0.4, of="second"), Closeness("price", 50, 20, 0.2), Likeness(third, 0.1, of="third"))
        query = Query(text="dress", vector=photo, mode=mode, rows=20, explain=True, similarities=parts)
        result = run(synthetic, replace(query, filters={"tenth": ("t3",)}, weights=Weights(0.3, 0.5)))
        assert result.plan.way is (Way.EXACT if mode is Mode.EXACT else Way.APPROXIMATE)
        score = 0.3 * words + 0.5 * image_score(synthetic, photo) + 0.4 * likeness(synthetic, second)
        score = (score + 0.2 * closeness(synthetic, 50, 20) + 0.1 * likeness(synthetic, third)) / 1.5
        assert_same_order(synthetic, result, synthetic.ranked(score, keep), score)
        assert result.total == synthetic.total(keep)
        row = synthetic.ids.index(result.hits[0].id)
        found = values(result.hits[0])
        assert list(found) == ["text", "image", "second", "price", "third"]
        assert found["second"] == pytest.approx(likeness(synthetic, second)[row], rel=1e-5)
        assert found["price"] == pytest.approx(closeness(synthetic, 50, 20)[row], rel=1e-5)


@pytest.mark.solr
def test_candidates_are_taken_near_every_picture(synthetic: Synthetic) -> None:
    """What is near the second picture alone is found, however far it is from the photo."""
    everything = np.ones(len(synthetic.ids), dtype=bool)
    found = 0
    for seed in range(70, 90):
        photo, second = synthetic.queries(2, seed=seed)
        parts = (Likeness(second, 0.9),)
        query = Query(vector=photo, mode=Mode.APPROXIMATE, rows=10, similarities=parts, weights=Weights(0.0, 0.1))
        score = 0.1 * image_score(synthetic, photo) + 0.9 * likeness(synthetic, second)
        found += len(set(ids(run(synthetic, query))) & set(synthetic.ranked(score, everything, top=10)))
    assert found / 200 >= 0.99


@pytest.mark.solr
def test_a_number_alone_and_beside_words(synthetic: Synthetic) -> None:
    near = (Closeness("price", 33.5, 1e-3, 1.0),)
    score = closeness(synthetic, 33.5, 1e-3)
    result = run(synthetic, Query(similarities=near, rows=50))
    assert result.plan.way is Way.TEXT and result.total == 18_000
    first = float(np.abs(synthetic.prices - 33.5).min())
    assert abs(result.hits[0].attributes["price"] - 33.5) == pytest.approx(first)
    words, matching = text_score(synthetic, "knee-length dress")
    wide = Query(text="knee-length dress", similarities=(Closeness("price", 33.5, 15, 0.5),), rows=50)
    score = (words + closeness(synthetic, 33.5, 15)) / 2
    assert_same_order(synthetic, run(synthetic, wide), synthetic.ranked(score, matching), score)


@pytest.mark.solr
def test_numbers_that_weigh_too_much_for_candidates_are_verified_for_all(synthetic: Synthetic) -> None:
    query = Query(vector=synthetic.vectors[0], mode=Mode.APPROXIMATE, weights=Weights(0.5, 0.2))
    result = run(synthetic, replace(query, similarities=(Closeness("price", 50, 20, 0.8),)))
    assert result.plan.way is Way.EXACT and "words and numbers weigh over 70%" in result.plan.reason


@pytest.mark.solr
@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_pages_and_their_tokens(synthetic: Synthetic, mode: str) -> None:
    asked = [{"image_id": synthetic.ids[7], "weight": 0.5}, {"field": "price", "near": 50, "scale": 20}]
    members: dict[str, Any] = {"image_id": synthetic.ids[5], "similarities": asked, "mode": mode, "rows": 60}
    members["filters"] = {"hundredth": ["h7", "h8", "h9"]}
    result = synthetic.engine.search(parse(members))
    token = result.page
    seen = [hit.product_id for hit in result.hits]
    while result.page is not None:
        result = synthetic.engine.search(parse(members | {"page": result.page}))
        seen += [hit.product_id for hit in result.hits]
    assert len(seen) == len(set(seen)) == result.total
    for changed in (
        [asked[0]],
        [asked[0] | {"weight": 0.6}, asked[1]],
        [asked[0] | {"image_id": synthetic.ids[9]}, asked[1]],
    ):
        with pytest.raises(BadQuery, match="another search"):
            synthetic.engine.search(parse(members | {"similarities": changed, "page": token}))


@pytest.mark.solr
def test_a_search_by_other_pictures_alone(synthetic: Synthetic) -> None:
    asked = [{"image_id": synthetic.ids[7], "weight": 0.6}, {"vector": synthetic.vectors[9].tolist(), "weight": 0.2}]
    result = synthetic.engine.search(parse({"similarities": asked, "mode": "exact", "explain": True}))
    score = (0.6 * likeness(synthetic, synthetic.vectors[7]) + 0.2 * likeness(synthetic, synthetic.vectors[9])) / 0.8
    expected = synthetic.ranked(score, np.ones(len(synthetic.ids), dtype=bool))
    assert_same_order(synthetic, result, expected, score)
    assert list(values(result.hits[0])) == ["image", "similarity"]
    with pytest.raises(NotFound, match="no product or picture 'nobody'"):
        synthetic.engine.search(parse({"q": "dress", "similarities": [{"image_id": "nobody"}]}))


@pytest.mark.solr
def test_which_attributes_agree(synthetic: Synthetic) -> None:
    row = next(row for row in range(50, 999) if synthetic.columns["color"][row] and synthetic.columns["category"][row])
    color, category = (synthetic.columns[name][row] for name in ("color", "category"))
    members = {"q": f"{color} {category}", "image_id": synthetic.ids[row], "filters": {"half": ["a"]}, "explain": True}
    hits = synthetic.engine.search(parse(members | {"rows": 100})).hits
    rows = {id: place for place, id in enumerate(synthetic.ids)}
    columns = ("color", "length", "category", "half", "tenth", "hundredth")
    assert hits
    for hit in hits:
        assert hit.explain is not None
        of = {name: synthetic.columns[name][rows[hit.id]] for name in columns}
        expected = {
            (name, of[name], "words") for name, said in (("color", color), ("category", category)) if of[name] == said
        }
        expected |= {("half", "a", "filter")}
        expected |= {
            (name, of[name], "picture") for name in columns if of[name] and of[name] == synthetic.columns[name][row]
        }
        assert {(each.field, each.value, each.by) for each in hit.explain.agrees} == expected
        values(hit)
