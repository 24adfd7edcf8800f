"""Searches that Solr has little time for: all of an answer, part of one that says so, or none; never a wrong one."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.search.synthetic import Synthetic
from vision.errors import DeadlineExceeded
from vision.search.model import Result
from vision.search.request import SearchRequest, parse
from vision.solr import deadline

pytestmark = pytest.mark.solr

SEED = 10
SEARCHES = 600
LONGEST = 80
"""Milliseconds: of the searches below, Solr answers some in so many, and of others a part."""


def searches(synthetic: Synthetic) -> list[dict[str, Any]]:
    vectors = [vector.tolist() for vector in synthetic.queries(4, seed=SEED)]
    facets = ["color", "hundredth", "price"]
    return [
        {"vector": vectors[0], "mode": "exact", "rows": 50},
        {
            "vector": vectors[1],
            "q": "knee-length",
            "facets": facets,
            "mode": "exact",
            "weights": {"text": 0.3, "image": 0.7},
        },
        {"vector": vectors[2], "facets": facets, "mode": "approximate", "filters": {"half": ["a"]}},
        {"vector": vectors[3], "max_distance": 1e6, "facets": ["color"], "rows": 20},
        {"q": "*", "facets": facets, "rows": 30, "sort": "price"},
        {"vector": vectors[0], "mode": "exact", "rows": 10, "start": 200},
        {"vector": vectors[1], "diversity": {"mmr": 0.5}, "facets": ["color"]},
        {"q": "dress", "facets": facets, "rows": 0},
    ]


def asked(synthetic: Synthetic, members: dict[str, Any], milliseconds: int) -> Result | None:
    try:
        return synthetic.engine.search(parse({**members, "time_allowed": milliseconds}))
    except DeadlineExceeded:
        return None


def test_whatever_the_time_nothing_is_wrong(synthetic: Synthetic) -> None:
    chosen, seen = random.Random(SEED), Counter[str]()
    given = searches(synthetic)
    whole = [synthetic.engine.search(parse(each)) for each in given]
    row = {id: number for number, id in enumerate(synthetic.ids)}
    for _ in range(SEARCHES):
        number, time = chosen.randrange(len(given)), chosen.randint(1, LONGEST)
        full, found = whole[number], asked(synthetic, given[number], time)
        said = f"seed {SEED}, search {number} in {time} ms"
        if found is None:
            seen["none"] += 1
            continue
        if not found.partial:
            seen["whole"] += 1
            assert [each.id for each in found.hits] == [each.id for each in full.hits], said
            assert (found.total, found.facets, found.histograms) == (full.total, full.facets, full.histograms), said
            assert (found.page is None) == (full.page is None), said
            continue
        seen["partial"] += 1
        assert found.page is None, said
        assert 0 < found.total <= full.total, said
        assert found.hits or given[number]["rows"] == 0, said
        for name, values in found.facets.items():
            true = {each.value: each.count for each in full.facets[name]}
            assert all(each.count <= true[each.value] for each in values), said
        if "vector" in given[number]:
            distances = synthetic.distances(synthetic_vector(given[number]))
            for hit in found.hits:
                assert hit.distance == pytest.approx(distances[row[hit.id]], rel=1e-4, abs=1e-3), said
        if "diversity" not in given[number] and given[number].get("sort") is None:
            order = [(-hit.score, hit.id) for hit in found.hits]
            assert order == sorted(order), said
    print(f"of {SEARCHES}: {dict(seen)}")
    assert min(seen[kind] for kind in ("none", "whole", "partial")) >= SEARCHES // 200, f"seed {SEED}: {seen}"


def synthetic_vector(members: dict[str, Any]) -> Any:
    return np.asarray(members["vector"], dtype=np.float32)


def test_time_that_is_over_is_said_before_solr_is_asked(synthetic: Synthetic) -> None:
    with deadline.within(0.0), pytest.raises(DeadlineExceeded, match="over before Solr was asked"):
        synthetic.engine.search(SearchRequest(q="dress"))


def test_a_longer_time_asked_for_does_not_lengthen(synthetic: Synthetic) -> None:
    with deadline.within(0.0), pytest.raises(DeadlineExceeded):
        synthetic.engine.search(SearchRequest(q="dress", time_allowed=60_000))


def test_each_of_a_batch_has_its_time(synthetic: Synthetic) -> None:
    """And the one without time does not cost the others theirs."""
    batch = synthetic.engine.search_batch(
        [(parse({"q": "dress"}), None), (SearchRequest(q="red", time_allowed=1), None)]
    )
    good, late = batch.results
    assert isinstance(good, Result) and not good.partial and good.hits
    assert isinstance(late, DeadlineExceeded)
