"""Solr killed while an indexer writes to it, started again, and the indexer run again."""

from __future__ import annotations

import sys

import pytest

from tests.drills.drills import (
    MANY_WRITING_POINTS,
    WRITING_POINTS,
    WRITING_STAGES,
    Undisturbed,
    kill_solr_while_writing,
    points,
    writing_points,
)
from tests.drills.yard import Yard
from vision.errors import SolrRefused
from vision.solr import configset

pytestmark = [
    pytest.mark.solr,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
SEED = 1


@pytest.mark.parametrize(("number", "count"), points(0, 2, WRITING_POINTS, MANY_WRITING_POINTS))
def test_killed_and_started_again(number: int, count: int, yard: Yard, undisturbed: Undisturbed) -> None:
    point = writing_points(undisturbed, SEED, count)[number]
    print(f"seed {SEED}, {count} points: killed at {point}")
    kill_solr_while_writing(yard, undisturbed.contents, point, f"writing_{number}_{count}")


@pytest.mark.parametrize("count", [WRITING_POINTS, MANY_WRITING_POINTS])
def test_every_kind_of_writing_was_hit(count: int, undisturbed: Undisturbed) -> None:
    drawn = writing_points(undisturbed, SEED, count)
    assert ({point.stage for point in drawn}, len(drawn)) == (set(WRITING_STAGES), count)


@pytest.mark.slow
def test_what_a_kill_leaves_of_a_collection(yard: Yard) -> None:
    """One that was not made yet can be made; one that cannot be loaded is said to be there."""
    yard.solr.start()
    yard.kill_solr()
    for name, properties in (("half", ""), ("broken", "name=broken\nconfigSet=none\n")):
        folder = yard.home / "solr" / name
        folder.mkdir()
        (folder / "core.properties").write_text(properties)
    yard.solr.start()
    with yard.client("half") as client:
        assert configset.create(client)
        assert client.count() == 0
        configset.drop(client)
    with yard.client("broken") as client:
        with pytest.raises(SolrRefused, match="'broken' is there, and Solr at .* could not load it: .*none"):
            configset.create(client)
    kept = yard.home / "solr" / "broken" / "core.properties"
    assert kept.read_text() == "name=broken\nconfigSet=none\n"
    kept.unlink()
