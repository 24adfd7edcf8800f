"""Nodes and leaders of a SolrCloud killed under load: who is answered, what is kept, how soon all is as before."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.drills import cluster
from tests.drills.cluster import GREEN_S, NODES, Cluster, Loss
from tests.drills.yard import Yard

# All replicas must be back within a minute: nothing else may run beside it.
pytestmark = [pytest.mark.solr, pytest.mark.slow, pytest.mark.alone]
SEED = 1
FEW, MANY = 1, 10


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster.cluster(Yard.at(tmp_path_factory.mktemp("cluster"))) as made:
        yield made


def check(running: Cluster, losses: list[Loss]) -> None:
    verdicts = sum((each.verdicts for each in losses), Counter[str]())
    print(
        f"{len(losses)} kills, seed {SEED}: {dict(verdicts)}, slowest {max(each.slowest for each in losses):.1f} s, "
        f"green after {', '.join(f'{each.green:.0f}' for each in losses)} s, "
        f"{sum(each.acknowledged for each in losses):,} documents acknowledged, "
        f"{sum(each.refused for each in losses)} batches refused and sent again"
    )
    running.writer.check()
    assert (verdicts["right"] + verdicts["partial"]) / verdicts.total() >= 0.99, verdicts
    assert all(each.acknowledged for each in losses)
    assert max(each.green for each in losses) <= GREEN_S


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=pytest.mark.many)])
def test_every_node_killed(running: Cluster, times: int) -> None:
    order = [*range(NODES)] * times
    random.Random(SEED).shuffle(order)
    check(running, [running.kill(running.cloud.nodes[number]) for number in order])


@pytest.mark.many
@pytest.mark.parametrize("times", [FEW, MANY])
def test_every_leader_killed(running: Cluster, times: int) -> None:
    shards = ["shard1", "shard2"] * times
    check(running, [running.kill(running.leader(shard)) for shard in shards])
