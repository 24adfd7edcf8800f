"""Small collections to change, and what tells whether a change did what it should, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.merchandising import changes
from vision.merchandising.desk import Desk
from vision.merchandising.journal import Journal, values
from vision.merchandising.model import Outcome, Values
from vision.merchandising.proposal import Proposal, Tool, propose
from vision.reduction import DIMS
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.configset import Shape
from vision.solr.updates import atomic, current
from vision.solr.vectors import Keeping

COARSE = 256
Contents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Shelf:
    """One collection and its journal."""

    client: SolrClient
    journal: Journal

    @property
    def desk(self) -> Desk:
        return Desk(self.client, self.journal)

    def contents(self) -> dict[str, dict[str, Any]]:
        """Everything that every document shows, by id, less its version; vectors as bytes."""
        self.client.commit()
        params = {"q": "*:*", "rows": 100_000, "fl": "*,vector,coarse", "sort": "id asc"}
        found = {}
        for each in self.client.select(params)["response"]["docs"]:
            if "vector" in each:
                each["vector"] = np.array(each["vector"], dtype="<f4").tobytes()
                each["coarse"] = np.array(each["coarse"], dtype=np.int8).tobytes()
            del each["_version_"]
            found[each["id"]] = each
        return found

    def accept(self, proposals: Sequence[Proposal], by: str = "Ada", why: str = "") -> str:
        desk = self.desk
        desk.proposals.save(proposals)
        return desk.accept([each.id for each in proposals], by=by, why=why).id

    def set(self, id: str, **fields: Any) -> None:
        """Somebody else's change, who knows of no journal."""
        version = current(self.client, "id", [id], "id,_version_")[id]["_version_"]
        update = {"id": id, "_version_": version, **{name: {"set": value} for name, value in fields.items()}}
        assert atomic(self.client, "id", [update], compared=list(fields))
        self.client.commit()

    def outcomes(self, change: str) -> dict[str, Outcome]:
        with self.journal.reading() as database:
            return {each.item.product: each.outcome for each in changes.settled(database, change)}


@contextmanager
def shelf(
    url: str,
    home: Path,
    name: str,
    documents: Sequence[Mapping[str, Any]],
    keeping: Keeping = Keeping.STORED,
    shape: Shape | None = None,
) -> Iterator[Shelf]:
    with SolrClient(url, name, vectors=home / "vectors.sqlite") as client:
        configset.create(client, keeping=keeping, shape=shape)
        try:
            for start in range(0, len(documents), 500):
                client.add(documents[start : start + 500])
            client.commit()
            yield Shelf(client, Journal(home / f"{name}.sqlite"))
        finally:
            configset.drop(client)


def document(number: int, **fields: Any) -> dict[str, Any]:
    """A picture with random vectors; ``fields`` win."""
    random = np.random.default_rng(number)
    made = {
        "id": f"p{number:05d}",
        "product_id": f"p{number:05d}",
        "title": f"dress number {number}",
        "description": "A dress, with sleeves.",
        "price": number + 0.99,
        "in_stock": True,
        "image": f"images/{number}.png",
        "attr_color": ["red"],
        "attr_tags": ["zebra", "apple", "mango"],
        "vector": random.normal(size=DIMS).astype(np.float32),
        "coarse": random.integers(-127, 128, size=COARSE).astype(np.int8),
        "embedding": "made-up",
    }
    return {name: value for name, value in (made | fields).items() if value is not None}


def proposal(product: str, old: Sequence[str], new: Sequence[str], field: str = "color") -> Proposal:
    return propose(Tool.FILL, product, field, tuple(old), tuple(new), confidence=0.9)


def explained(journal: Journal) -> dict[tuple[str, str], Values]:
    """What the journal says that each document's attribute holds now, where it was written to.

    Raises:
        AssertionError: the writes, in the order of their versions, do not follow from one another.
    """
    last: dict[tuple[str, str], Values] = {}
    with journal.reading() as database:
        rows = database.execute("SELECT document, field, before, after, version FROM writes ORDER BY version, seq")
        for document, field, before, after, version in rows:
            place = (document, field)
            if place in last:
                assert values(before) == last[place], f"{place} at {version}: {before}, not {last[place]}"
            last[place] = values(after)
    return last


def wait_until(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
