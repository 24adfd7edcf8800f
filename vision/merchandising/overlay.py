"""Changes that hold, laid over a catalogue's rows when it is indexed again.

A change holds as long as the catalogue has the value that was there before it. Where the catalogue has the new value by
now, it has taken the change over; where it has a third one, somebody changed it there, and the catalogue wins.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vision.errors import Conflict
from vision.merchandising import changes
from vision.merchandising.journal import Journal, encode, values
from vision.merchandising.model import Item, Outcome, Values

Attributes = Mapping[str, tuple[str, ...]]
_SETTLE_S = 0.5


def _same(one: Values, other: Values) -> bool:
    """In any order: a catalogue that lists the same values is the same."""
    return sorted(one or ()) == sorted(other or ())


@dataclass
class Chain:
    """The values of one document's attribute: the catalogue's, and one after each change that holds."""

    values: list[Values] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    """The change set that led to each value but the first."""

    def write(self, change: str, before: Values, after: Values) -> None:
        """Somebody wrote; writing what was there before takes the last change back."""
        if not self.values or self.values[-1] != before:
            self.values, self.changes = [before, after], [change]
        elif len(self.values) > 1 and self.values[-2] == after:
            self.values.pop()
            self.changes.pop()
        else:
            self.values.append(after)
            self.changes.append(change)

    def came(self, value: Values) -> None:
        """The catalogue said this."""
        place = self.place(value)
        if place is None:
            self.values, self.changes = [value], []
        else:
            self.values, self.changes = self.values[place:], self.changes[place:]

    def place(self, value: Values) -> int | None:
        """How many of the changes the value of a row has; None for a value that is none of these."""
        found = [number for number, each in enumerate(self.values) if _same(each, value)]
        return found[-1] if found else None


Chains = dict[tuple[str, str], dict[str, Chain]]
"""By product and attribute, then by document."""


def chains(database: sqlite3.Connection) -> Chains:
    """What the journal says, in the order in which it came about."""
    found: Chains = defaultdict(lambda: defaultdict(Chain))
    # Solr's versions are its clock in milliseconds, shifted.
    rows = database.execute(
        "SELECT version AS place, change, product, field, document, before, after FROM writes UNION ALL "
        "SELECT CAST(time * 1000 AS INTEGER) << 20, NULL, product, field, document, NULL, came FROM catalogue "
        "ORDER BY place"
    )
    for _, change, product, name, document, before, after in rows:
        chain = found[product, name][document]
        if change is None:
            chain.came(values(after))
        else:
            chain.write(change, values(before), values(after))
    return found


class Accepted:
    """The changes of a journal; see :class:`vision.catalog.amending.Amendments`."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is read yet."""
        self.amended = self.overtaken = 0
        self._journal = journal
        self._chains: Chains = {}
        self._fields: dict[str, list[str]] = {}
        self._wanted: dict[tuple[str, str], tuple[Values, Values]] = {}
        self._seen = 0
        self._file = ""

    def survey(self, catalogue: str, rows: Iterable[tuple[str, str, Attributes]]) -> None:
        """Decide what each row is to have; what the catalogue has changed itself is noted in the journal."""
        self._wanted, self._file = {}, catalogue
        if not self._journal.exists():
            return
        with self._journal.reading() as database:
            self._chains = chains(database)
            self._seen = _last(database)
        self._fields = {}
        for product, name in self._chains:
            self._fields.setdefault(product, []).append(name)
        if not self._fields:
            return
        found: dict[str, list[tuple[str, Attributes]]] = defaultdict(list)
        for id, product, attributes in rows:
            if product in self._fields:
                found[product].append((id, attributes))
        with self._journal.writing() as database:
            for (product, name), known in self._chains.items():
                came = {id: attributes.get(name) for id, attributes in found.get(product, ())}
                if came:
                    self._decide(database, product, name, known, came)

    def attributes(self, id: str, product: str, attributes: Attributes) -> Attributes:
        """What a row is to have.

        Raises:
            Conflict: it is another row than when it was surveyed.
        """
        amended = dict(attributes)
        for name in self._fields.get(product, ()):
            if (id, name) not in self._wanted:
                continue
            came, wanted = self._wanted[id, name]
            if attributes.get(name) != came:
                raise Conflict(f"{self._file} changed while it was being indexed: product {id!r}; run it again")
            if wanted:
                amended[name] = wanted
            else:
                amended.pop(name, None)
        if amended == attributes:
            return attributes
        self.amended += 1
        return amended

    def late(self) -> frozenset[str]:
        """Products that somebody wrote to, or was about to, since the survey."""
        if not self._journal.exists():
            return frozenset()
        with self._journal.reading() as database:
            found = database.execute("SELECT DISTINCT product FROM intents WHERE seq > ?", (self._seen,)).fetchall()
        if found:
            time.sleep(_SETTLE_S)  # whoever was about to write has done so and noted it then
        return frozenset(product for (product,) in found)

    def _decide(
        self,
        database: sqlite3.Connection,
        product: str,
        name: str,
        known: Mapping[str, Chain],
        came: Mapping[str, Values],
    ) -> None:
        """All pictures of a product get the changed value, or none does."""
        sibling = next(iter(known.values()))
        places = {id: known.get(id, sibling).place(value) for id, value in came.items()}
        lost = [id for id, place in places.items() if place is None and known.get(id, sibling).changes]
        if lost:
            for id in came.keys() & known.keys():
                self._note(database, product, name, id, "overtaken", came[id], known[id].values[-1])
            self._drop(database, product, name, known, came[lost[0]])
            return
        for id, value in came.items():
            place, chain = places[id], known.get(id, sibling)
            if place is None:
                continue
            if place < len(chain.changes):
                self._wanted[id, name] = (value, chain.values[-1])
            if place > 0 and id in known:
                self._note(database, product, name, id, "adopted", value, chain.values[-1])

    def _drop(
        self, database: sqlite3.Connection, product: str, name: str, known: Mapping[str, Chain], came: Values
    ) -> None:
        detail = {"why": f"{self._file} has another value by now, which counts", "found": came}
        for change in dict.fromkeys(change for chain in known.values() for change in chain.changes):
            item = Item(product, name, (), ())
            changes.settle(database, change, item, Outcome.OVERTAKEN, detail, self._journal.clock())
            self.overtaken += 1

    def _note(
        self,
        database: sqlite3.Connection,
        product: str,
        name: str,
        id: str,
        outcome: str,
        came: Values,
        changed: Values,
    ) -> None:
        database.execute(
            "INSERT INTO catalogue (product, field, document, outcome, came, changed, file, time) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (product, name, id, outcome, encode(came), encode(changed), self._file, self._journal.clock()),
        )


def _last(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT COALESCE(MAX(seq), 0) FROM intents").fetchone()[0])
