"""How far a load is merged: no further than Solr's heap has room for, as Solr ends where it has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.search.synthetic import build
from vision.errors import SolrRefused
from vision.solr import merging
from vision.solr.shards import Parts
from vision.solr.statistics import read_index, read_server

MB = 1 << 20


def test_one_segment_where_the_heap_has_room() -> None:
    assert [merging.segments(each, 512 * MB) for each in (0, 1, 100_000, 900_000)] == [1] * 4
    for documents in (500_000, 3_000_000, 30_000_000):
        heap = merging.heap(documents)
        assert merging.segments(documents, heap) == 1
        assert merging.segments(documents + 10, heap) == 2


@pytest.mark.parametrize("documents", [1_000_000, 3_000_000, 30_000_000])
@pytest.mark.parametrize("heap", [256 * MB, 512 * MB, 4096 * MB])
def test_no_segment_is_larger_than_the_heap_has_room_for(documents: int, heap: int) -> None:
    """Lucene makes one of them up to 1.25 times as large as the others."""
    segments = merging.segments(documents, heap)
    assert segments == 1 or merging.heap(int(1.25 * documents / segments)) <= heap


def saying(heap: int | None, *cores: str) -> Callable[..., dict[str, Any]]:
    """A node that says that of itself, or nothing to us."""

    def admin(path: str, **_: str) -> dict[str, Any]:
        if heap is None:
            raise SolrRefused("403", 403)
        if path == "admin/cores":
            return {"status": dict.fromkeys(cores)}
        return {"jvm": {"memory": {"raw": {"max": heap} if heap else {}}}}

    return admin


@pytest.mark.parametrize("heap", [None, 0])
def test_a_heap_that_nobody_says_is_the_smallest(heap: int | None) -> None:
    found = merging.wanted(2_000_000, Parts(), saying(heap))
    assert found.segments == merging.segments(2_000_000, 512 * MB) > 1
    assert found.seconds == 3600 + 20_000


def test_each_shard_is_merged_by_itself_and_those_of_a_node_together() -> None:
    assert merging.wanted(2_000_000, Parts(), saying(2048 * MB)).segments == 1
    assert merging.wanted(8_000_000, Parts(), saying(2048 * MB)).segments == 3
    four = Parts(tuple(f"shard{number}" for number in (1, 2, 3, 4)), collection="products_1")
    one = saying(2048 * MB, "products_1_shard1_replica_n1", "products_2_shard1_replica_n1")
    assert merging.wanted(8_000_000, four, one) == (1, 3600 + 20_000, merging.heap(2_000_000))
    three = saying(2048 * MB, *(f"products_1_shard{number}_replica_n{number}" for number in (1, 2, 3)))
    assert merging.wanted(8_000_000, four, three).segments == 2
    assert merging.wanted(8_000_000, four, saying(None)).segments == merging.segments(2_000_000, 512 * MB)


@pytest.mark.solr
def test_solr_merges_as_far_as_that(solr_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = build(solr_url, "merging", tmp_path, pictures=400, segment=50).engine.client

    heap = read_server(client).heap_max
    monkeypatch.setattr(merging, "GRAPH", (heap - merging.ALIVE) // 100)  # room for a hundred documents
    before = read_index(client).segments
    merged = client.merge()
    assert merged.segments == 5 and 1 < read_index(client).segments <= 5 < before
    assert "merged into 5 segments" in merged.remarks[0]
    assert f"with {math.ceil(merging.heap(400) / MB):,} MB it would be one" in merged.remarks[0]
    monkeypatch.undo()
    assert client.merge().remarks == ()
    assert read_index(client).segments == 1 and client.count() == 400


@pytest.mark.solr
def test_no_files_are_put_into_one(solr_url: str, tmp_path: Path) -> None:
    """In such a file the system reads ahead, as it does not know that vectors are read here and there."""
    client = build(solr_url, "compound", tmp_path, pictures=300, segment=10).engine.client
    config = client.get_json("config")["config"]["indexConfig"]
    assert config["mergePolicyFactory"]["noCFSRatio"] == 0.0 and not config["useCompoundFile"]
