"""What the model says of sizes and loads that it was not fitted to."""

from __future__ import annotations

import pytest

from vision.planning.costs import Costs, Point, measured

POINTS, CORES = measured()
SIZES = [each.products for each in POINTS]
BETWEEN = [each for each in POINTS if min(SIZES) < each.products < max(SIZES)]
WITHIN = 1.35
"""The largest ratio that a prediction may miss by."""


def without(point: Point) -> Costs:
    return Costs.of([each for each in POINTS if each is not point], CORES)


def assert_near(said: float, found: float) -> None:
    assert 1 / WITHIN <= said / found <= WITHIN, f"{said:.4g} was said, {found:.4g} was found"


def test_there_is_enough_to_fit() -> None:
    assert len(BETWEEN) >= 2 and max(SIZES) >= 30 * min(SIZES)


@pytest.mark.parametrize("point", BETWEEN, ids=lambda each: f"{each.products}")
def test_a_size_that_was_left_out(point: Point) -> None:
    costs = without(point)
    assert_near(costs.solr.at(point.products), point.load(4).solr)
    assert_near(costs.latency.at(point.products), point.load(1).p50)
    assert_near(costs.tail * costs.latency.at(point.products), point.load(1).p95)
    assert_near(costs.disk * point.products, point.disk)


@pytest.mark.parametrize("point", BETWEEN, ids=lambda each: f"{each.products}")
def test_a_load_that_was_left_out(point: Point) -> None:
    """Fitted to other sizes, and to one and four clients alone: what eight are answered."""
    assert_near(without(point).throughput(point.products, CORES), point.load(8).qps)


def test_the_largest_is_foretold_by_the_others() -> None:
    """Three times as many products as were fitted."""
    largest = max(POINTS, key=lambda each: each.products)
    assert_near(without(largest).solr.at(largest.products), largest.load(4).solr)
