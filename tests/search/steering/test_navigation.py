"""Looking around: nothing twice, everything in the end, nearer with each like."""

from __future__ import annotations

import numpy as np
import pytest

from tests.search.synthetic import Synthetic
from vision.errors import BadQuery, NotFound
from vision.search.model import Query
from vision.search.steering import navigation


def test_farthest_first_is_the_greedy_choice_of_its_definition() -> None:
    vectors = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    vectors[7] = np.nan
    found = navigation.farthest_first(vectors, 60)
    assert sorted(found) == list(range(60)) and found[-1] == 7
    usable = [row for row in range(60) if row != 7]
    middle = vectors[usable].mean(axis=0)
    assert found[0] == min(usable, key=lambda row: float(((vectors[row] - middle) ** 2).sum()))
    for place in range(1, 10):
        gaps = {
            row: min(float(((vectors[row] - vectors[one]) ** 2).sum()) for one in found[:place])
            for row in usable
            if row not in found[:place]
        }
        assert found[place] == max(gaps, key=lambda row: gaps[row])
    assert navigation.farthest_first(np.full((3, 2), np.nan, dtype=np.float32), 2) == [0, 1]


def test_a_token_that_is_none_of_ours_is_refused() -> None:
    for token in ("", "x", "é", "AAAA"):
        with pytest.raises(BadQuery, match="page is not a token"):
            navigation.resume(token, [], [])


@pytest.mark.solr
@pytest.mark.parametrize("start", ["diverse", "random"])
def test_a_walk_to_the_end_shows_every_product_once(synthetic: Synthetic, start: navigation.Start) -> None:
    narrowed = Query(filters={"hundredth": ("h7",)}, rows=25)
    keep = synthetic.where(hundredth="h7")
    state = navigation.first(5, start)
    seen: list[str] = []
    for _ in range(100):
        step = navigation.step(synthetic.engine, narrowed, state)
        seen += [hit.product_id for hit in step.hits]
        assert step.total == synthetic.total(keep) - len(seen) + len(step.hits)
        if step.page is None:
            break
        like = [step.hits[0].product_id] if len(seen) == 75 else []
        state = navigation.resume(step.page, like, [step.hits[1].product_id] if like else [])
    assert sorted(seen) == sorted({synthetic.products[row] for row in np.flatnonzero(keep)})


@pytest.mark.solr
def test_the_start_is_by_chance_the_same_for_its_seed_and_diverse_where_asked(synthetic: Synthetic) -> None:
    def shown(seed: int, start: navigation.Start) -> list[str]:
        return [hit.id for hit in navigation.step(synthetic.engine, Query(rows=12), navigation.first(seed, start)).hits]

    assert shown(1, "random") == shown(1, "random") != shown(2, "random")

    def closest(ids: list[str]) -> float:
        rows = [synthetic.ids.index(id) for id in ids]
        gaps = ((synthetic.vectors[rows][:, None] - synthetic.vectors[rows][None]) ** 2).sum(axis=2)
        return float(gaps[~np.eye(len(rows), dtype=bool)].min())

    assert closest(shown(1, "diverse")) > 1.3 * closest(shown(1, "random"))


@pytest.mark.solr
def test_each_like_brings_the_target_nearer(synthetic: Synthetic) -> None:
    """Somebody looks for one product and likes what is nearest to it on each page."""
    random = np.random.default_rng(9)
    before, after = [], []
    for target in random.integers(len(synthetic.ids), size=12):
        wanted = dict(zip(synthetic.ids, synthetic.distances(synthetic.vectors[target]), strict=True))
        state = navigation.first(int(target), "diverse")
        nearest = []
        for _ in range(5):
            step = navigation.step(synthetic.engine, Query(rows=12), state)
            best = min(step.hits, key=lambda hit: wanted[hit.id])
            nearest.append(wanted[best.id])
            assert step.page is not None
            state = navigation.resume(step.page, [best.product_id], [])
        before.append(nearest[0])
        after.append(min(nearest))
    print(f"squared distance to the target: first page {np.mean(before):.0f}, after four likes {np.mean(after):.0f}")
    assert np.mean(after) < 0.85 * np.mean(before)


@pytest.mark.solr
def test_a_liked_product_that_is_not_there_is_told(synthetic: Synthetic) -> None:
    step = navigation.step(synthetic.engine, Query(rows=3), navigation.first(1, "random"))
    assert step.page is not None
    with pytest.raises(NotFound, match="no product or picture 'nobody'"):
        navigation.step(synthetic.engine, Query(rows=3), navigation.resume(step.page, ["nobody"], []))
