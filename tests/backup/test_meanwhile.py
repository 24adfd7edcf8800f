"""A backup while others change products and index: what is restored belongs together."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.backup.place import Place
from tests.catalog.support import row
from tests.merchandising.material import explained
from vision.backup import restoring, saving
from vision.merchandising import changes
from vision.merchandising.model import Outcome

pytestmark = [pytest.mark.solr, pytest.mark.model]
SEED = 11
BACKUPS = 3


def test_changed_while_it_is_backed_up(place: Place, tmp_path: Path) -> None:
    """What a restored index holds is what the restored journal says, once open change sets are resumed."""
    place.change(0)
    over = threading.Event()
    seeded, errors = random.Random(SEED), []

    def merchandise() -> None:
        try:
            while not over.is_set():
                change = place.change(*seeded.sample(range(1, 60), 20))
                place.undo(change)
        except BaseException as error:
            errors.append(error)

    worker = threading.Thread(target=merchandise)
    worker.start()
    try:
        for number in range(BACKUPS):
            saving.back_up(place.workspace, tmp_path / str(number))
    finally:
        over.set()
        worker.join()
    assert not errors, errors
    for number in range(BACKUPS):
        restoring.restore(place.workspace, tmp_path / str(number), replace=True)
        with place.client() as client:
            desk = place.workspace.desk(client)
            with desk.journal.reading() as database:
                every = [each.id for each in changes.page(database, rows=10_000)[0]]
            for change in every:
                if desk.change(change).counts.get(Outcome.PENDING):
                    desk.resume(change)
            said = explained(desk.journal)
        colors = place.colors()
        for id, found in colors.items():
            expected = said.get((id, "color"))
            assert found == ([row(int(id[1:]))["color"]] if expected is None else list(expected)), f"{SEED}: {id}"
        assert sum(found == ["mauve"] for found in colors.values()) in (1, 21), f"{SEED}: half a change"
