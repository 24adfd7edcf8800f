"""A process that changes products, and may kill itself in the middle of it.

    python -m tests.merchandising.worker accept URL COLLECTION JOURNAL CHANGE-IDS-FILE POINT
    python -m tests.merchandising.worker edit URL COLLECTION JOURNAL NAME ROUNDS

POINT is EVENT:N, before the Nth batch is sent (``before``), when half of it was (``half``), when all of it was and
nothing is noted yet (``after``), or when an item is settled (``settle``); ``-`` lets it run.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.merchandising.material import proposal
from vision.errors import Conflict
from vision.merchandising import changes, writing
from vision.merchandising.desk import Desk
from vision.merchandising.documents import Documents
from vision.merchandising.journal import Journal
from vision.merchandising.model import Intent
from vision.solr.client import SolrClient

EVENTS = ("before", "half", "after", "settle")
BATCH = 16
_seen: Counter[str] = Counter()


def burn(event: str, point: str) -> bool:
    """Whether it is time to die."""
    _seen[event] += 1
    return point == f"{event}:{_seen[event]}"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    real, settle = Documents.write, changes.settle

    def write(self: Documents, wanted: Mapping[str, Mapping[str, Intent]]) -> dict[str, int]:
        if burn("before", point):
            die()
        if burn("half", point):
            real(self, dict(list(wanted.items())[: len(wanted) // 2]))
            die()
        answer = real(self, wanted)
        if burn("after", point):
            die()
        return answer

    def settled(*given: Any) -> None:
        settle(*given)
        if burn("settle", point):
            die()

    Documents.write = write  # type: ignore[method-assign]
    changes.settle = settled  # type: ignore[assignment]
    writing.BATCH = BATCH  # type: ignore[misc]


def edit(desk: Desk, client: SolrClient, name: str, rounds: int) -> None:
    """Change random products to values of its own, and take some of it back."""
    seeded = random.Random(name)
    for number in range(rounds):
        found = client.select({"q": "*:*", "fl": "product_id,attr_color", "rows": 1000})["response"]["docs"]
        now = {each["product_id"]: each.get("attr_color", []) for each in found}
        chosen = seeded.sample(sorted(now), 60)
        proposals = [proposal(each, now[each], [f"{name}-{number}"]) for each in chosen]
        desk.proposals.save(proposals)
        change = desk.accept([each.id for each in proposals], by=name)
        if number % 3 == 2:
            try:
                desk.undo(change.id, by=name, products=chosen[::2])
            except Conflict as error:  # others were quicker, every time
                assert "nothing" in str(error)


def main() -> None:
    what, url, name, journal, *rest = sys.argv[1:]
    with SolrClient(url, name) as client:
        desk = Desk(client, Journal(Path(journal)))
        if what == "edit":
            edit(desk, client, rest[0], int(rest[1]))
        elif what == "accept":
            arm(rest[1])
            desk.accept(Path(rest[0]).read_text().split(), by="killed")
        else:
            arm(rest[1])
            desk.undo(rest[0], by="killed")


if __name__ == "__main__":
    main()
