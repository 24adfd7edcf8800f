"""Killed in the middle of a change set, then resumed or undone: nothing is lost, doubled or half done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.merchandising.material import Shelf, document, explained, proposal, shelf
from tests.merchandising.worker import BATCH, EVENTS
from vision.errors import Conflict
from vision.merchandising import changes
from vision.merchandising.model import Outcome

pytestmark = [
    pytest.mark.solr,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]
PRODUCTS = 40
SEED = 7
# One product in ten has another value by the time it is written.
CHANGED = range(3, PRODUCTS, 10)


def points(count: int) -> list[str]:
    seeded = random.Random(SEED)
    batches = -(-PRODUCTS // BATCH)
    every = [f"{event}:{number}" for event in EVENTS[:3] for number in range(1, batches + 1)]
    every += [f"settle:{number}" for number in seeded.sample(range(1, PRODUCTS), 2)]
    return seeded.sample(every, count)


@pytest.fixture
def shop(solr_url: str, tmp_path: Path) -> Iterator[Shelf]:
    pictures = [
        document(2 * number + side, product_id=f"d{number:02d}", attr_color=["red", "blue"][: 1 + side])
        for number in range(PRODUCTS)
        for side in (0, 1)
    ]
    with shelf(solr_url, tmp_path, f"killed_{tmp_path.name.strip('_')[-20:]}", pictures) as made:
        yield made


def run(shop: Shelf, what: str, given: str, point: str) -> int:
    place = (shop.client.base, shop.client.collection, str(shop.journal.file))
    command = (sys.executable, "-m", "tests.merchandising.worker", what, *place, given, point)
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def newest(shop: Shelf) -> str:
    with shop.journal.reading() as database:
        return changes.page(database, rows=1)[0][0].id


def begin(shop: Shelf, tmp_path: Path, point: str) -> str:
    proposals = [proposal(f"d{number:02d}", ["blue", "red"], ["green", "amber"]) for number in range(PRODUCTS)]
    shop.desk.proposals.save(proposals)
    for number in CHANGED:
        shop.set(f"p{2 * number + 1:05d}", attr_color=["mauve"])
    (tmp_path / "ids").write_text("\n".join(each.id for each in proposals))
    assert run(shop, "accept", str(tmp_path / "ids"), point) == -signal.SIGKILL
    return newest(shop)


def check(shop: Shelf, change: str) -> None:
    """What the index holds is what the journal says, and each product is whole."""
    now = shop.contents()
    for (id, field), value in explained(shop.journal).items():
        assert now[id].get(f"attr_{field}") == (None if value is None else list(value)), id
    for product, outcome in shop.outcomes(change).items():
        colors = [each["attr_color"] for each in now.values() if each["product_id"] == product]
        if outcome is Outcome.WRITTEN:
            assert colors == [["amber", "green"]] * 2, product
        elif outcome is not Outcome.PENDING:
            assert colors in ([["red"], ["red", "blue"]], [["red"], ["mauve"]]), product


@pytest.mark.parametrize("point", points(5))
def test_resumed(shop: Shelf, tmp_path: Path, point: str) -> None:
    change = begin(shop, tmp_path, point)
    before = shop.desk.change(change).counts[Outcome.PENDING]
    assert before > 0
    done = shop.desk.resume(change)
    assert done.counts == {Outcome.WRITTEN: PRODUCTS - len(CHANGED), Outcome.CONFLICT: len(CHANGED)}
    check(shop, change)
    now = shop.contents()
    assert shop.desk.resume(change).counts == done.counts
    assert shop.contents() == now


@pytest.mark.parametrize("point", points(10)[5:])
def test_undone_instead(shop: Shelf, tmp_path: Path, point: str) -> None:
    before = shop.contents()
    change = begin(shop, tmp_path, point)
    meant = {id: each for id, each in shop.contents().items() if each["attr_color"] == ["mauve"]}
    with pytest.raises(Conflict, match="unfinished"):
        shop.desk.undo(change, by="Ada", products=["d00"])
    undo = shop.desk.undo(change, by="Ada")
    assert undo.undoes == change or (undo.id, undo.state) == (change, "not written")
    assert Outcome.PENDING not in shop.desk.change(change).counts
    assert shop.contents() == before | meant
    check(shop, change)


@pytest.mark.parametrize("point", ["half:1", "after:2", "settle:20"])
def test_killed_while_undoing(shop: Shelf, tmp_path: Path, point: str) -> None:
    before = shop.contents()
    change = shop.accept(
        [proposal(f"d{number:02d}", ["blue", "red"], ["green", "amber"]) for number in range(PRODUCTS)]
    )
    assert run(shop, "undo", change, point) == -signal.SIGKILL
    undo = newest(shop)
    assert shop.desk.change(undo).state == "unfinished"
    shop.desk.resume(undo)
    assert (shop.desk.change(undo).state, shop.desk.change(change).state) == ("written", "undone")
    assert shop.contents() == before
    check(shop, change)
