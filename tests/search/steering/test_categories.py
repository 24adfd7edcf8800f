"""What a photo shows: votes, how likely they are right, and a search that is kept to it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.search.synthetic import CATEGORIES, Synthetic, build
from vision.errors import BadQuery
from vision.search.request import categories as chosen
from vision.search.request import parse, to_query
from vision.search.steering import calibration, categories
from vision.search.steering.calibration import Calibrations
from vision.search.steering.categories import Votes


def test_each_neighbour_has_one_vote() -> None:
    assert categories.vote([("a",), ("b",), ("a", "c"), ("a",)]) == (("a", 0.625), ("b", 0.25), ("c", 0.125))
    assert categories.vote([("b",), ("a",)]) == (("a", 0.5), ("b", 0.5))
    assert categories.vote([]) == ()


def test_a_probability_is_what_votes_with_such_a_share_were_worth() -> None:
    right = [(0, 0), (0, 0), (1, 10), (2, 10), (9, 10), (5, 10), (8, 10), (9, 10), (95, 100), (99, 100)]
    votes = Votes("category", right, {})
    found = [votes.probability(share / 10 + 0.05) for share in range(10)]
    assert found == sorted(found)
    assert found[4] == found[5] == pytest.approx((9 + 5 + 2) / 24)  # the two are out of order, so they are one
    assert found[9] == pytest.approx(100 / 102) and votes.probability(1.0) == found[9]


def test_categories_that_are_taken_for_each_other_are_kept_together() -> None:
    outcomes = (
        [((("dress", 1.0),), ("dress",))] * 18 + [((("dress", 1.0),), ("skirt",))] * 2 + [((("sofa", 1.0),), ("sofa",))]
    )
    votes = categories.learn("category", [*outcomes, ((), ("lamp",))])
    assert votes.alike("dress") == ("dress", "skirt") and votes.alike("sofa") == ("sofa",)
    assert votes.right[9] == (19, 21) and votes.alike("lamp") == ("lamp",)


def test_a_vote_that_is_not_sure_keeps_the_search_to_nothing() -> None:
    sure = Votes("category", [(0, 30)] * 9 + [(60, 60)], {"dress": {"dress": 0.9, "skirt": 0.1}})
    found = categories.predict(sure, (("dress", 0.95), ("sofa", 0.05)))
    assert found is not None and found.kept_to == ("dress", "skirt") and found.probability > 0.95
    unsure = categories.predict(sure, (("dress", 0.5), ("sofa", 0.5)))
    assert unsure is not None and unsure.kept_to == () and unsure.value == "dress"
    assert categories.predict(sure, ()) is None


def test_it_needs_a_picture() -> None:
    with pytest.raises(BadQuery, match="category_first needs a picture"):
        to_query(parse({"q": "dress", "category_first": True}), None, None)


@pytest.fixture(scope="module")
def kinds(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    """A collection whose categories are what its clusters are."""
    built = build(solr_url, "kinds", tmp_path_factory.mktemp("kinds"), pictures=3000, kinds=True)
    found = calibration.calibrate(built.engine.client, built.embedding, sample=120)
    Calibrations(built.engine.collection.store.folder).save("kinds", found)
    yield built
    built.engine.client.close()


@pytest.mark.solr
def test_a_sure_photo_is_kept_to_its_category_and_the_user_decides_otherwise(kinds: Synthetic) -> None:
    row = 17
    category = kinds.columns["category"][row]
    asked = {"image_id": kinds.ids[row], "rows": 20, "facets": ["category"]}
    found = kinds.engine.search(parse(asked | {"category_first": True}))
    assert found.category is not None
    assert found.category.value == found.category.kept_to[0] == category
    assert found.category.probability > 0.8
    keep = kinds.where(category=found.category.kept_to)
    expected = kinds.ranked(-kinds.distances(kinds.vectors[row]), keep, top=20)
    assert [hit.id for hit in found.hits] == expected and found.total == kinds.total(keep)
    everything = np.ones(len(kinds.ids), dtype=bool)
    assert {each.value: each.count for each in found.facets["category"]} == kinds.counts("category", everything)
    other = next(name for name in ("dress", "sofa") if name != category)
    chosen = kinds.engine.search(parse(asked | {"category_first": True, "filters": {"category": [other]}}))
    assert chosen.category is not None and chosen.category.value == category and chosen.category.kept_to == ()
    assert {hit.attributes["category"] for hit in chosen.hits} == {other}
    assert kinds.engine.search(parse(asked)).category is None


@pytest.mark.solr
def test_where_nothing_of_the_category_matches_everything_is_searched(kinds: Synthetic) -> None:
    row = 17
    sure = kinds.engine.search(parse({"image_id": kinds.ids[row], "category_first": True})).category
    assert sure is not None
    word = next(name for name in CATEGORIES if name not in sure.kept_to)
    found = kinds.engine.search(parse({"image_id": kinds.ids[row], "q": word, "category_first": True}))
    assert found.total > 0 and found.category is not None and found.category.kept_to == ()


@pytest.mark.solr
def test_a_probability_says_how_often_the_vote_is_right(kinds: Synthetic) -> None:
    """Over new photos, those said to be sure are right at least as often as is said, less what 200 can tell."""
    vectors = kinds.queries(200, seed=77)
    nearest = kinds.distances(vectors).argmin(axis=1)
    said, right = [], []
    for vector, row in zip(vectors, nearest, strict=True):
        found = kinds.engine.search(parse({"vector": vector.tolist(), "rows": 1, "category_first": True})).category
        if found is not None and kinds.columns["category"][row]:
            said.append(found.probability)
            right.append(found.value == kinds.columns["category"][row])
    print(f"said {np.mean(said):.3f}, right {np.mean(right):.3f}")
    assert abs(np.mean(said) - np.mean(right)) < 0.08


@pytest.mark.solr
def test_categories_that_the_request_gives_take_the_place_of_the_vote(kinds: Synthetic) -> None:
    row = 17
    voted = kinds.engine.search(parse({"image_id": kinds.ids[row], "category_first": True})).category
    assert voted is not None and voted.decided == "vote"
    others = tuple(name for name in CATEGORIES if name not in voted.kept_to)[:2]
    asked = {"image_id": kinds.ids[row], "category_first": {"categories": list(others)}, "facets": ["category"]}
    found = kinds.engine.search(parse(asked | {"explain": True, "rows": 1000}))
    assert found.category is not None
    assert (found.category.value, found.category.kept_to, found.category.decided) == (voted.value, others, "request")
    keep = kinds.where(category=others)
    assert found.total == kinds.total(keep)
    everything = np.ones(len(kinds.ids), dtype=bool)
    assert {each.value: each.count for each in found.facets["category"]} == kinds.counts("category", everything)
    for hit in found.hits:
        assert hit.explain is not None
        assert ("category", "category") in {(each.field, each.by) for each in hit.explain.agrees}
    filtered = kinds.engine.search(parse(asked | {"filters": {"category": [voted.value]}}))
    assert filtered.category is not None and (filtered.category.kept_to, filtered.category.decided) == ((), "filter")
    assert {hit.attributes["category"] for hit in filtered.hits} == {voted.value}
    # What was chosen is honoured where nothing of it matches, and so is no.
    none = kinds.engine.search(parse({"image_id": kinds.ids[row], "category_first": {"categories": ["lamp"]}}))
    assert none.total == 0 and none.category is not None and none.category.kept_to == ("lamp",)
    off = kinds.engine.search(parse({"image_id": kinds.ids[row], "category_first": False}))
    assert off.category is None and off.total == kinds.total(everything)


def test_a_request_names_at_least_one_category() -> None:
    for given, says in (([], "length >= 1"), ([""], "empty value")):
        with pytest.raises(BadQuery, match=says):
            chosen(parse({"image_id": "a", "category_first": {"categories": given}}))
    assert chosen(parse({"image_id": "a", "category_first": {"categories": ["a", "a", "b"]}})) == ("a", "b")
    assert chosen(parse({"image_id": "a", "category_first": True})) == ()
