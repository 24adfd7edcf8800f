"""Solr killed while a merchandiser's change set is written or undone: resumed, it is whole, and can be undone."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator

import pytest

from tests.drills.contents import differences
from tests.drills.drills import CHANGING_POINTS, MANY_CHANGING_POINTS, ids, points
from tests.drills.points import Event, Point, draw_points
from tests.drills.yard import Run, Yard
from tests.merchandising.material import proposal
from vision.merchandising.desk import Desk
from vision.merchandising.journal import Journal

pytestmark = [
    pytest.mark.solr,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
SEED = 1
COLLECTION = "changing"
PRODUCTS = 500
"""Three batches."""
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def shop(yard: Yard) -> Iterator[Yard]:
    yard.solr.start()
    run = yard.index(COLLECTION)
    assert run.status == 0, run.said
    yield yard
    yard.solr.start()
    yard.drop(COLLECTION)


@pytest.fixture(scope="module")
def events(shop: Yard) -> dict[str, tuple[Event, ...]]:
    """What a change set comes by that nobody disturbs."""
    accepted = accept(shop, None)
    undone = undo(shop, newest(shop), None)
    assert (accepted.status, undone.status) == (0, 0), accepted.said + undone.said
    return {"accept": accepted.events, "undo": undone.events}


def journal(shop: Yard) -> Journal:
    return Journal(shop.home / "changes" / f"{COLLECTION}.sqlite")


def newest(shop: Yard) -> str:
    with journal(shop).reading() as database:
        return str(database.execute("SELECT id FROM changes ORDER BY seq DESC LIMIT 1").fetchone()[0])


def accept(shop: Yard, point: Point | None) -> Run:
    with shop.client(COLLECTION) as client:
        desk = Desk(client, journal(shop))
        found = client.select({"rows": 10_000, "fl": "id,attr_color"})["response"]["docs"]
        now, new = {each["id"]: each["attr_color"] for each in found}, f"mauve {next(_NUMBERS)}"
        desk.proposals.save([proposal(id, now[id], [new]) for id in ids(shop.catalogue)[:PRODUCTS]])
    return shop.command(COLLECTION, point, "changes", "accept", "--all", "--by", "Ada", "--json")


def undo(shop: Yard, change: str, point: Point | None) -> Run:
    return shop.command(COLLECTION, point, "changes", "undo", change, "--by", "Ada", "--json")


@pytest.mark.parametrize(("number", "count"), points(0, 1, CHANGING_POINTS, MANY_CHANGING_POINTS))
@pytest.mark.parametrize("what", ["accept", "undo"])
def test_killed_and_resumed(
    what: str, number: int, count: int, shop: Yard, events: dict[str, tuple[Event, ...]]
) -> None:
    shop.solr.start()
    before = shop.contents(COLLECTION)
    drawn = draw_points(events[what], ("write",), count, SEED, within=lambda name: name.endswith(">"))
    point = drawn[number]
    print(f"seed {SEED}, {count} points: {what} killed at {point}")
    if what == "undo":
        assert accept(shop, None).status == 0
        run = undo(shop, newest(shop), point)
    else:
        run = accept(shop, point)
    assert run.came_by("killed") == 1, run.said
    assert run.status == 1 and "Traceback" not in run.said, run.said
    assert re.search(r"Error: Solr at http://127.0.0.1:\d+/solr\S* did not answer", run.said), run.said
    shop.solr.start()
    with shop.client(COLLECTION) as client:
        desk = Desk(client, journal(shop))
        assert desk.resume(newest(shop)).state == "written"
        client.commit()
        if what == "accept":
            now = shop.contents(COLLECTION)
            changed = {id for id in now if now[id]["attr_color"] != before[id]["attr_color"]}
            assert changed == set(ids(shop.catalogue)[:PRODUCTS])
            plain = {id: {**each, "attr_color": before[id]["attr_color"]} for id, each in now.items()}
            assert not differences(plain, before)
            assert desk.undo(newest(shop), by="Ada").state == "written"
            client.commit()
    unlike = differences(shop.contents(COLLECTION), before)
    assert not unlike, f"{len(unlike)} differences: {unlike[:5]}"
