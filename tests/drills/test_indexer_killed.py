"""The indexer killed anywhere in its life, and run again."""

from __future__ import annotations

import sys

import pytest

from tests.drills.drills import INDEXER_POINTS, INDEXER_STAGES, Undisturbed, indexer_points, kill_indexer
from tests.drills.yard import Yard

pytestmark = [
    pytest.mark.solr,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
SEED = 1


@pytest.mark.parametrize("number", range(INDEXER_POINTS))
def test_killed_and_run_again(number: int, yard: Yard, undisturbed: Undisturbed) -> None:
    kill_indexer(yard, undisturbed.contents, indexer_points(undisturbed, SEED)[number], f"indexer_{number}")


def test_every_stage_was_hit(undisturbed: Undisturbed) -> None:
    assert {point.stage for point in indexer_points(undisturbed, SEED)} == set(INDEXER_STAGES)
