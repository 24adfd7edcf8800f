"""Solr killed while the server answers searches, and started again under it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drills import serving
from tests.drills.drills import Undisturbed
from tests.drills.traffic import Traffic
from tests.drills.yard import Yard

pytestmark = [pytest.mark.solr, pytest.mark.slow]
SEED = 1


@pytest.fixture(scope="module")
def traffic(yard: Yard, undisturbed: Undisturbed) -> Iterator[Traffic]:
    with serving.traffic(yard, undisturbed) as traffic:
        yield traffic


@pytest.mark.parametrize("after", serving.moments(SEED))
def test_every_answer_is_right_or_says_that_solr_is_gone(after: int, yard: Yard, traffic: Traffic) -> None:
    serving.kill_solr_while_searching(yard, traffic, after)
