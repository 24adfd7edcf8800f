from __future__ import annotations

import numpy as np
import pytest

from vision.search.model import Mode, Query, Way, Weights
from vision.search.planner import Limits, candidates_for, continued, needs_count, of_shards, plan

LIMITS = Limits(candidates=200, exact_below=1000)
VECTOR = np.zeros(1024, dtype=np.float32)


@pytest.mark.parametrize(
    ("query", "matching", "way"),
    [
        (Query(), None, Way.BROWSE),
        (Query(text="dress"), None, Way.TEXT),
        (Query(vector=VECTOR), 1000, Way.EXACT),
        (Query(vector=VECTOR), 1001, Way.APPROXIMATE),
        (Query(vector=VECTOR, mode=Mode.APPROXIMATE), None, Way.APPROXIMATE),
        (Query(vector=VECTOR, mode=Mode.EXACT), 5000, Way.EXACT),
        (Query(text="dress", vector=VECTOR, mode=Mode.EXACT), None, Way.EXACT),
        (Query(vector=VECTOR, max_distance=1.0, mode=Mode.APPROXIMATE), None, Way.THRESHOLD),
        (Query(vector=VECTOR, sort="price"), None, Way.EXACT),
        (Query(text="dress", vector=VECTOR, weights=Weights(0.8, 0.2)), None, Way.EXACT),
        (Query(text="dress", vector=VECTOR, weights=Weights(0.7, 0.3)), 5000, Way.APPROXIMATE),
        (Query(vector=VECTOR, start=180, rows=24), 5000, Way.TAIL),
        (Query(vector=VECTOR, start=176, rows=24), 5000, Way.APPROXIMATE),
    ],
)
def test_way(query: Query, matching: int | None, way: Way) -> None:
    assert needs_count(query) == (matching is not None)
    assert plan(query, LIMITS, matching).way is way


def test_auto_without_a_count_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="needs_count"):
        plan(Query(vector=VECTOR), LIMITS)


def test_candidates_depend_on_the_size_of_a_page_and_never_on_its_number() -> None:
    assert {candidates_for(Query(rows=100, start=start), LIMITS) for start in (0, 100, 5000)} == {400}
    assert candidates_for(Query(rows=10), LIMITS) == 200
    assert candidates_for(Query(rows=10, candidates=77), LIMITS) == 77


def test_a_page_past_the_candidates_goes_on_with_the_same_ones() -> None:
    first = plan(Query(vector=VECTOR), LIMITS, 5000)
    then = continued(Query(vector=VECTOR), first)
    assert (then.way, then.candidates) == (Way.TAIL, first.candidates)
    assert "candidate" in then.reason


def test_each_shard_looks_for_its_part_and_somewhat_more() -> None:
    many = plan(Query(vector=VECTOR, mode=Mode.APPROXIMATE), Limits(candidates=1000))
    assert of_shards(many, 1) == many
    found = {shards: of_shards(many, shards).of_shard for shards in (2, 4, 8, 100)}
    assert found == {2: 548, 4: 292, 8: 157, 100: 100}
    few = plan(Query(vector=VECTOR, mode=Mode.APPROXIMATE, rows=5), Limits(candidates=40))
    assert of_shards(few, 4).of_shard == 40  # never more than one index would
    assert "each of 4 shards looks for 40" in of_shards(few, 4).reason


def test_shards_hold_the_candidates_that_one_index_has() -> None:
    """Products thrown on shards at random: how seldom a shard holds more of the K nearest than it looks for."""
    chance = np.random.default_rng(1)
    many = plan(Query(vector=VECTOR, mode=Mode.APPROXIMATE), Limits(candidates=1000))
    for shards in (2, 4, 8):
        each = of_shards(many, shards).of_shard
        assert each is not None
        held = chance.multinomial(1000, [1 / shards] * shards, size=4000)
        missed = np.maximum(0, held - each).sum() / held.sum()
        assert (held > each).mean() < 0.002 and missed < 1e-4


def test_what_needs_no_candidates_has_none_on_shards() -> None:
    words = plan(Query(text="dress"), Limits())
    assert words.candidates is None and of_shards(words, 4) == words
