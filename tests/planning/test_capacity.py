"""Plans: they hold what they promise, more costs more, and what cannot be is said."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from click.testing import CliRunner

from vision.cli import main
from vision.errors import BadSetting
from vision.planning import capacity
from vision.planning.capacity import Machine, Wanted, latency, plan
from vision.planning.costs import Costs, Power

COSTS = Costs(
    solr=Power(2.0, 0.15),
    latency=Power(6.0, 0.06),
    api=4.0,
    tail=1.6,
    disk=10_500.0,
    building=600.0,
    most=1_000_000,
    cores=2,
)
MACHINE = Machine(cores=8, memory=64, disk=1000)
SEED = 1


def test_one_machine_is_enough_and_a_second_stands_by() -> None:
    found = plan(COSTS, Wanted(100_000, 5, 500), MACHINE)
    assert (found.shards, found.replicas, found.api, found.machines) == (1, 2, 2, 4)
    assert found.in_memory == 1.0 and not found.beyond and found.cost is None


def test_thirty_million() -> None:
    found = plan(COSTS, Wanted(30_000_000, 200, 500), replace(MACHINE, price=0.5))
    assert found.shards * found.documents >= 30_000_000
    assert found.memory <= MACHINE.memory and found.disk <= MACHINE.disk and found.p95 <= 500
    assert found.cost == pytest.approx(0.5 * found.machines)
    assert found.beyond == (found.documents > COSTS.most)


def test_whatever_is_asked_the_plan_holds_it() -> None:
    chance = random.Random(SEED)
    planned = 0
    for _ in range(300):
        wanted = Wanted(
            round(10 ** chance.uniform(3, 7.7)), 10 ** chance.uniform(-1, 3), 10 ** chance.uniform(1.3, 3.5)
        )
        machine = Machine(chance.choice([2, 8, 32]), chance.choice([8, 32, 128]), chance.choice([100, 2000]))
        try:
            found = plan(COSTS, wanted, machine)
        except BadSetting:
            continue
        planned += 1
        assert found.shards * found.documents >= wanted.documents
        assert found.memory <= machine.memory * (1 + 1e-9) and found.disk <= machine.disk
        assert found.p95 <= wanted.p95 * (1 + 1e-9) and found.busy <= 0.6 + 1e-9
        served = found.replicas * machine.cores * 1000 / COSTS.solr.at(found.documents)
        assert served * 0.6 >= wanted.qps * (1 - 1e-9)
        more = plan_or_none(replace(wanted, qps=2 * wanted.qps), machine)
        assert more is None or more.machines >= found.machines
    assert planned > 150


def plan_or_none(wanted: Wanted, machine: Machine) -> capacity.Capacity | None:
    try:
        return plan(COSTS, wanted, machine)
    except BadSetting:
        return None


def test_less_memory_and_busy_cores_are_slower() -> None:
    alone = latency(COSTS, 1_000_000, 1, in_memory=1.0)
    assert latency(COSTS, 1_000_000, 1, in_memory=0.5) > alone
    assert latency(COSTS, 1_000_000, 1, in_memory=1.0, busy=0.5) == pytest.approx(2 * alone)


def test_shards_are_quicker_only_where_a_search_grows_with_its_index() -> None:
    steep = replace(COSTS, latency=Power(0.01, 0.7))
    assert latency(steep, 10**8, 8, in_memory=1.0) < latency(steep, 10**8, 1, in_memory=1.0)
    assert latency(COSTS, 10**8, 8, in_memory=1.0) > latency(COSTS, 10**8, 1, in_memory=1.0)


def test_what_cannot_be() -> None:
    with pytest.raises(BadSetting, match="the quickest that this plans with"):
        plan(COSTS, Wanted(1_000_000, 10, 5), MACHINE)
    with pytest.raises(BadSetting, match="above 0"):
        plan(COSTS, Wanted(0, 10, 500), MACHINE)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["plan", *words])
    return done.exit_code, done.output


def test_the_command() -> None:
    status, said = run("--products", "30e6", "--qps", "200", "--p95", "500ms", "--price", "0.5", "--extraction", "20")
    assert status == 0 and "machines of Solr" in said and "an hour" in said and "to extract" in said
    status, said = run("--products", "30,000,000", "--qps", "200", "--p95", "0.5s", "--json")
    found = json.loads(said)
    assert status == 0 and found["wanted"]["p95"] == 500 and found["wanted"]["products"] == 30_000_000
    assert {"machines", "shards", "replicas", "memory", "disk", "p95", "cost"} <= set(found)


@pytest.mark.parametrize(
    "words", [("--products", "many"), ("--products", "0"), ("--products", "10", "--p95", "soon"), ("--qps", "10")]
)
def test_what_is_not_understood(words: tuple[str, ...]) -> None:
    assert run(*words)[0] == 2
