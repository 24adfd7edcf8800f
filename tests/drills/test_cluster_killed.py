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
LOAD = 0.5
"""Of what the nodes carry when all are there: what is left of two cores is what a node has to come back with."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster.cluster(Yard.at(tmp_path_factory.mktemp("cluster"))) as made:
        yield made


def check(running: Cluster, losses: list[Loss]) -> None:
    verdicts = sum((each.verdicts for each in losses), Counter[str]())
    searches, batches = running.most
    print(
        f"{len(losses)} kills, seed {SEED}, of at most {searches:.0f} searches and {batches:.0f} batches/s: "
        f"{dict(verdicts)}, slowest {max(each.slowest for each in losses):.1f} s, "
        f"up/loaded/green after {', '.join(f'{each.up:.0f}/{each.loaded:.0f}/{each.green:.0f}' for each in losses)} s, "
        f"{sum(each.acknowledged for each in losses):,} documents acknowledged, "
        f"{sum(each.refused for each in losses)} batches refused and sent again"
    )
    running.writer.check()
    assert (verdicts["right"] + verdicts["partial"]) / verdicts.total() >= 0.99, verdicts
    assert all(each.acknowledged for each in losses)


def every_node(running: Cluster, times: int) -> list[Loss]:
    order = [*range(NODES)] * times
    random.Random(SEED).shuffle(order)
    return [running.kill(running.cloud.nodes[number]) for number in order]


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=pytest.mark.many)])
def test_every_node_killed(running: Cluster, times: int) -> None:
    running.load(LOAD)
    losses = every_node(running, times)
    check(running, losses)
    assert max(each.green for each in losses) <= GREEN_S


@pytest.mark.many
@pytest.mark.parametrize("times", [FEW, MANY])
def test_every_leader_killed(running: Cluster, times: int) -> None:
    running.load(LOAD)
    losses = [running.kill(running.leader(shard)) for shard in ["shard1", "shard2"] * times]
    check(running, losses)
    assert max(each.green for each in losses) <= GREEN_S


@pytest.mark.many
@pytest.mark.parametrize("times", [FEW, MANY])
def test_every_node_killed_while_both_cores_are_taken(running: Cluster, times: int) -> None:
    """How soon all is as before is printed only: callers that never pause leave a node no time of its own."""
    running.load(None)
    check(running, every_node(running, times))
