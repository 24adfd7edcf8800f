"""What merchandisers changed in the collection that is served, carried over to the one that takes its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from vision.errors import Conflict
from vision.merchandising.documents import Documents
from vision.merchandising.journal import Journal, values
from vision.merchandising.model import Intent, Values

_BATCH: Final = 200
_ROUNDS: Final = 20


def last_write(journal: Journal) -> int:
    """The number of the journal's last write; 0 where nothing was ever written."""
    if not journal.exists():
        return 0
    with journal.reading() as database:
        return int(database.execute("SELECT COALESCE(MAX(seq), 0) FROM writes").fetchone()[0])


def carry(journal: Journal, live: Documents, other: Documents) -> int:
    """Give the attributes that were ever changed the values that they have in ``live``; returns how many documents.

    Raises:
        Conflict: documents were changed by others again and again.
        SolrError: Solr did not answer or refused.
    """
    if not journal.exists():
        return 0
    fields: dict[str, set[str]] = defaultdict(set)
    with journal.reading() as database:
        for product, name in database.execute("SELECT DISTINCT product, field FROM writes ORDER BY product, field"):
            fields[product].add(name)
    changed = 0
    products = iter(fields)
    while batch := list(islice(products, _BATCH)):
        named = sorted(set().union(*(fields[each] for each in batch)))
        held = live.read(batch, named)
        wanted = {
            (id, name): (product, document.values.get(name))
            for product, found in held.items()
            for id, document in found.items()
            for name in fields[product]
        }
        changed += _give(other, wanted)
    return changed


def late(journal: Journal, live: Documents, since: int) -> tuple[int, int]:
    """Write again what was written after a number of the journal's: it may have gone to the other collection.

    Returns how many documents, and the number of the last write.
    """
    last = last_write(journal)
    if last <= since:
        return 0, last
    wanted: dict[tuple[str, str], tuple[str, Values]] = {}
    with journal.reading() as database:
        rows = database.execute(
            "SELECT product, field, document, after FROM writes WHERE seq > ? ORDER BY version", (since,)
        )
        for product, name, document, after in rows:
            wanted[document, name] = product, values(after)
    return _give(live, wanted), last


def _give(documents: Documents, wanted: Mapping[tuple[str, str], tuple[str, Values]]) -> int:
    """Write values, by document and attribute with their product, where they are others; how many documents were."""
    done: set[str] = set()
    for _ in range(_ROUNDS):
        planned = _planned(documents, wanted)
        if not planned:
            break
        done |= documents.write(planned).keys()
    else:
        raise Conflict(
            "products are changed by others again and again; run the same command again when less is written"
        )
    if done:
        documents.client.commit()
    return len(done)


def _planned(
    documents: Documents, wanted: Mapping[tuple[str, str], tuple[str, Values]]
) -> dict[str, dict[str, Intent]]:
    held = documents.read(_distinct(product for product, _ in wanted.values()), _distinct(name for _, name in wanted))
    planned: dict[str, dict[str, Intent]] = defaultdict(dict)
    for (id, name), (product, value) in wanted.items():
        there = held[product].get(id)
        if there is not None and (before := there.values.get(name)) != value:
            planned[id][name] = Intent(id, there.version, before, value)
    return dict(planned)


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
