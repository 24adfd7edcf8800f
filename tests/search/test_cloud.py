"""Searches on a SolrCloud of which a part is away: what is there is answered, and said to be partial."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.processes import kill
from tests.search.oracle import run
from tests.search.synthetic import Synthetic, build
from vision.errors import VisualSearchError
from vision.search.model import Mode, Query, Way
from vision.search.planner import Limits
from vision.settings import Settings
from vision.solr import configset
from vision.solr.configset import Shape
from vision.solr.embedded.cloud import EmbeddedCloud

pytestmark = [pytest.mark.solr, pytest.mark.slow]
PICTURES = 2100


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    home = tmp_path_factory.mktemp("cloud")
    with EmbeddedCloud(Settings(home=home), home=home, nodes=2, port=0, heap="512m") as cloud:
        yield cloud
    assert [each.state() for each in (*cloud.nodes, cloud.zookeeper)] == [None] * 3  # the one started again as well


@pytest.fixture(scope="module")
def halves(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    """Two shards without a second replica, one on each node."""
    create = partial(configset.create, shape=Shape(2, 1))
    home: Path = tmp_path_factory.mktemp("halves")
    limits = Limits(candidates=200, exact_below=500)
    made = build(cloud.url, "halves", home, pictures=PICTURES, limits=limits, create=create)
    yield made
    made.engine.client.close()


def test_recall_of_what_each_shard_looks_for(halves: Synthetic) -> None:
    found = hits = 0
    for vector in halves.queries(50, seed=3):
        result = run(halves, Query(vector=vector, mode=Mode.APPROXIMATE, rows=10))
        assert result.plan.way is Way.APPROXIMATE and result.plan.of_shard == 122
        best = halves.ranked(-halves.distances(vector), halves.where(), 10)
        hits += len({hit.id for hit in result.hits} & set(best))
        found += 10
    assert hits / found >= 0.99


def test_what_is_there_is_answered_and_said_to_be_partial(cloud: EmbeddedCloud, halves: Synthetic) -> None:
    query = Query(text="dress", facets=("color",), rows=10)
    whole = run(halves, query)
    assert not whole.partial
    kill(cloud.nodes[1])
    try:
        halves.engine.collection.forget()
        part = run(halves, query)
        assert part.partial and part.hits and 0 < part.total < whole.total
        counted = {each.value: each.count for each in whole.facets["color"]}
        assert all(each.count <= counted[each.value] for each in part.facets["color"])
        vector = halves.queries(1, seed=4)[0]
        for mode in Mode:
            found = run(halves, Query(vector=vector, mode=mode, rows=10))
            assert found.partial and len(found.hits) == 10
        with pytest.raises(VisualSearchError):  # a count that decides something must be whole
            halves.engine.client.count()
    finally:
        cloud.start()
    halves.engine.collection.forget()
    again = run(halves, query)
    assert not again.partial and [hit.id for hit in again.hits] == [hit.id for hit in whole.hits]
    assert again.total == whole.total
