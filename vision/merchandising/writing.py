"""Change sets written to the index in batches; can be ended anywhere, and go on where they stopped.

Before anything is sent, what it is and for which version of a document is on disk; afterwards, what came of it.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from vision.errors import Conflict, Locked
from vision.locks import file_lock
from vision.merchandising import changes
from vision.merchandising.documents import Documents
from vision.merchandising.journal import Journal, encode
from vision.merchandising.model import Intent, Item, Outcome, Values, Write
from vision.merchandising.steps import Step, Work, advance, resumed

BATCH: Final = 200
"""Items that are read, noted and written at once."""
_ROUNDS: Final = 50
_PAUSE_S: Final = 0.02
_LOCK_S: Final = 2.0


@dataclass(frozen=True)
class _Others:
    """See :class:`~vision.merchandising.steps.Others`; of one attribute, from the journal."""

    database: sqlite3.Connection
    change: str
    field: str

    def wrote(self, document: str, version: int) -> bool:
        row = self.database.execute(
            "SELECT 1 FROM writes WHERE document = ? AND field = ? AND version = ? AND change <> ?",
            (document, self.field, version, self.change),
        ).fetchone()
        return row is not None

    def saw(self, document: str, value: Values, since: int) -> int | None:
        row = self.database.execute(
            "SELECT version FROM intents i WHERE document = ? AND field = ? AND before = ? AND version > ? "
            "AND change <> ? AND NOT EXISTS (SELECT 1 FROM writes w WHERE w.document = i.document "
            "AND w.field = i.field AND w.after = i.before AND w.version > ? AND w.version <= i.version) "
            "ORDER BY version LIMIT 1",
            (document, self.field, encode(value), since, self.change, since),
        ).fetchone()
        return None if row is None else int(row[0])


class Writer:
    """Writes the change sets of one collection."""

    def __init__(self, documents: Documents, journal: Journal) -> None:
        """Nothing is opened yet."""
        self._documents = documents
        self._journal = journal

    def run(self, change: str, *, cancel: bool = False) -> Iterator[int]:
        """Write what has no outcome yet; yields how many items have come by one after each batch.

        Args:
            change: the change set's id.
            cancel: take back what was written of those that are half done, and write none of the others.

        Raises:
            Conflict: another process writes this change set, or others wrote to a product again and again.
            SolrError: Solr did not answer or refused; run it again to go on.
        """
        with self._alone(change):
            with self._journal.reading() as database:
                changes.get(database, change)
                batch = changes.pending(database, change, after=0, limit=BATCH)
            if not batch:
                return
            self._documents.client.commit()  # so that products' documents are all seen
            done = 0
            while batch:
                self._batch(change, [item for _, item in batch], cancel)
                done += len(batch)
                yield done
                with self._journal.reading() as database:
                    batch = changes.pending(database, change, after=batch[-1][0], limit=BATCH)
            self._documents.client.commit()

    def _batch(self, change: str, items: list[Item], cancel: bool) -> None:
        with self._journal.reading() as database:
            open_ = [
                resumed(item, changes.intents(database, change, item), changes.writes(database, change, item), cancel)
                for item in items
            ]
        for number in range(_ROUNDS):
            open_ = self._round(change, open_)
            if not open_:
                return
            time.sleep(random.uniform(0, _PAUSE_S * number))  # those who write the same products take turns
        raise Conflict(
            f"{len(open_):,} items of change set {change!r} were changed by others again and again; what was written "
            "is noted, run `visual-search changes resume` when less is written"
        )

    def _round(self, change: str, open_: list[Work]) -> list[Work]:
        """One step of each; returns those that need another."""
        products = list(dict.fromkeys(work.item.product for work in open_))
        held = self._documents.read(products, dict.fromkeys(work.item.field for work in open_))
        wanted: dict[str, dict[str, Intent]] = {}
        going: list[tuple[Work, Step]] = []
        with self._journal.writing() as database:
            for work in open_:
                item = work.item
                step = advance(work, held[item.product], _Others(database, change, item.field))
                for write in step.found:
                    changes.wrote(database, change, item, write)
                for intent in step.writes:
                    if work.intents.get(intent.document) != intent:
                        changes.intend(database, change, item, intent)
                    if work.refused is None:
                        work.intents[intent.document] = intent
                    wanted.setdefault(intent.document, {})[item.field] = intent
                if step.outcome is not None:
                    changes.settle(database, change, item, step.outcome, step.detail, self._journal.clock())
                else:
                    going.append((work, step))
        if not wanted:
            return [work for work, _ in going]
        versions = self._documents.write(wanted)
        with self._journal.writing() as database:
            return [work for work, step in going if not self._written(database, change, work, step, versions)]

    def _written(
        self, database: sqlite3.Connection, change: str, work: Work, step: Step, versions: Mapping[str, int]
    ) -> bool:
        """Note what was accepted; returns whether the item is done with."""
        work.unsure -= {intent.document for intent in step.writes}
        for intent in step.writes:
            if (version := versions.get(intent.document)) is None:
                continue
            write = Write(intent.document, version, intent.before, intent.after)
            changes.wrote(database, change, work.item, write)
            if work.refused is None:
                work.done[intent.document] = write
            else:
                del work.done[intent.document]
        if work.refused is not None or not all(id in work.done for id in work.intents):
            return False
        changes.settle(database, change, work.item, Outcome.WRITTEN, {}, self._journal.clock())
        return True

    @contextmanager
    def _alone(self, change: str) -> Iterator[None]:
        lock = self._journal.file.with_suffix(".locks") / change
        try:
            with file_lock(lock, timeout=_LOCK_S, doing="writing"):
                yield
                lock.unlink(missing_ok=True)  # it is finished: whoever comes now finds nothing to do
        except Locked as error:
            raise Conflict(
                f"change set {change!r} is being written by another process or request; wait for it"
            ) from error
