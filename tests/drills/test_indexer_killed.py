"""The indexer killed anywhere in its life, and run again."""

from __future__ import annotations

import sys

import pytest

from tests.drills.drills import (
    INDEXER_POINTS,
    INDEXER_STAGES,
    MANY_INDEXER_POINTS,
    Undisturbed,
    indexer_points,
    kill_indexer,
    points,
)
from tests.drills.yard import Yard

pytestmark = [
    pytest.mark.solr,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
SEED = 1


@pytest.mark.parametrize(("number", "count"), points(1, 6, INDEXER_POINTS, MANY_INDEXER_POINTS))
def test_killed_and_run_again(number: int, count: int, yard: Yard, undisturbed: Undisturbed) -> None:
    point = indexer_points(undisturbed, SEED, count)[number]
    print(f"seed {SEED}, {count} points: killed at {point}")
    kill_indexer(yard, undisturbed.contents, point, f"indexer_{number}_{count}")


@pytest.mark.parametrize("count", [INDEXER_POINTS, MANY_INDEXER_POINTS])
def test_every_stage_was_hit(count: int, undisturbed: Undisturbed) -> None:
    drawn = indexer_points(undisturbed, SEED, count)
    assert ({point.stage for point in drawn}, len(drawn)) == (set(INDEXER_STAGES), count)
