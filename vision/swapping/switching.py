"""The switch: checked, changes carried over, names exchanged, files with them; the way back is the same.

What is to be done is written down before the names are exchanged. A switch that was killed goes on when the same
command is run again, from wherever it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from vision.embedding import Embedding
from vision.errors import Conflict
from vision.merchandising.documents import Documents
from vision.search.collection import Collection
from vision.search.steering.calibration import Calibrations
from vision.solr import configset, updates
from vision.solr.client import SolrClient
from vision.swapping import changes, exchange
from vision.swapping.comparing import wholes
from vision.swapping.state import Beside, Going
from vision.workspace import Workspace

_SETTLE_S: Final = 0.5
"""A change that was being written as the names were exchanged is noted by then."""
_LOCK_S: Final = 60.0
"""For those who index into one of both to come to an end of what they have begun."""
_ROUNDS: Final = 20
_SHOWN: Final = 5
_PAGE: Final = 5000
"""Ids that are asked for at once."""


@dataclass(frozen=True)
class Difference:
    """Pictures that one of two collections has: how many, and the first of their ids."""

    missing: int
    missing_ids: tuple[str, ...]
    more: int
    more_ids: tuple[str, ...]


@dataclass(frozen=True)
class Switched:
    """What a switch did.

    Attributes:
        collection: the name that is served.
        other: the name that what was served has now.
        embedding: of the vectors that are served now.
        before: of those that were.
        carried: documents that got values which had been changed in what was served.
        difference: what one of them has and the other has not.
        seconds: it took.
    """

    collection: str
    other: str
    embedding: str
    before: str
    carried: int
    difference: Difference
    seconds: float


class Switch:
    """The exchange of one collection with what is beside it."""

    def __init__(self, workspace: Workspace, live: SolrClient, other: SolrClient) -> None:
        """Nothing is asked yet."""
        self._files = workspace.beside()
        self._workspace = workspace
        self._live = live
        self._other = other
        self._journal = workspace.journal(live)

    def run(
        self, *, back: bool = False, missing_ok: bool = False, told: Callable[[str], None] = lambda what: None
    ) -> Switched:
        """Switch, or switch back.

        Args:
            back: whether what was served before is to be served again.
            missing_ok: whether what comes may lack pictures that are there now.
            told: what is being done, in words.

        Raises:
            NotFound: nothing is beside the collection, or its embedding's files are not here.
            Conflict: they are switched already, or not; what comes lacks something; the two cannot be exchanged.
            Locked: another process is at it.
            SolrError: Solr did not answer or refused; run it again.
        """
        began = time.perf_counter()
        with (
            self._files.alone(self._live.collection),
            self._workspace.sent(self._live, timeout=_LOCK_S),
            self._workspace.sent(self._other, timeout=_LOCK_S),
        ):
            beside = self._files.known(self._live.collection)
            if beside.going is None and beside.switched != back:
                raise Conflict(
                    f"{beside.collection!r} and {beside.other!r} have not changed places; there is no way back"
                    if back
                    else f"{beside.collection!r} and {beside.other!r} have changed places; `swap back` takes it back"
                )
            difference, carried = Difference(0, (), 0, ()), 0
            before = self._embedding(self._live).fingerprint
            if beside.going is None:
                exchange.check(self._live, self._other)
                self._embedding(self._other)
                told("comparing what both have")
                difference = self._difference()
                if difference.missing and not missing_ok:
                    raise Conflict(_lacks(beside, difference))
                told("carrying changes over")
                writes = changes.last_write(self._journal)
                carried = changes.carry(self._journal, Documents(self._live), Documents(self._other))
                going = Going(exchange.identity(self._live), exchange.identity(self._other), writes)
                beside = msgspec.structs.replace(beside, going=going)
                self._files.save(beside)
            assert beside.going is not None
            told("exchanging names")
            exchange.exchange(self._live, self._other, (beside.going.live, beside.going.other))
            served, replaced = self._embedding(self._live), self._embedding(self._other)
            self._exchange_files({beside.collection: served, beside.other: replaced})
            carried += self._late(beside.going.writes)
            self._files.save(msgspec.structs.replace(beside, going=None, switched=not beside.switched))
        return Switched(
            collection=beside.collection,
            other=beside.other,
            embedding=served.fingerprint,
            before=before,
            carried=carried,
            difference=difference,
            seconds=round(time.perf_counter() - began, 2),
        )

    def _embedding(self, client: SolrClient) -> Embedding:
        """That of a collection's vectors, whose files must be here; the collection is asked."""
        return Collection(client, self._workspace.store()).embedding()

    def _difference(self) -> Difference:
        """What whole pictures are in one of them alone."""
        missing: list[str] = []
        more: list[str] = []
        lacking = extra = 0
        one, two = _ids(self._live), _ids(self._other)
        left, right = next(one, None), next(two, None)
        while left is not None or right is not None:
            if right is None or (left is not None and left < right):
                assert left is not None
                lacking += 1
                missing += [left][: _SHOWN - len(missing)]
                left = next(one, None)
            elif left is None or right < left:
                extra += 1
                more += [right][: _SHOWN - len(more)]
                right = next(two, None)
            else:
                left, right = next(one, None), next(two, None)
        return Difference(lacking, tuple(missing), extra, tuple(more))

    def _exchange_files(self, now: Mapping[str, Embedding]) -> None:
        """What is kept here by a collection's name goes with what the name means; each step may be taken again.

        ``now`` has the embeddings of both, by the names that they have by now.
        """
        one, other = names = tuple(now)
        calibrations = Calibrations(self._workspace.store().folder)
        for name, was in ((one, other), (other, one)):
            held = calibrations.load(was, now[name].fingerprint)
            if held is not None:
                calibrations.save(name, held)
        self._workspace.catalogues().exchange({name: each.extractor for name, each in now.items()})
        tuned, drift = self._workspace.tuned(), self._workspace.drift()
        # Each says which embedding it belongs to, and so where: where both have the same one, it is right anywhere.
        choices = {each.embedding: each for name in names if (each := tuned.load(name)) is not None}
        records = {kept.embedding: kept for name in names if (kept := drift.record(name)) is not None}
        for name, embedding in now.items():
            if (choice := choices.get(embedding.fingerprint)) is None:
                tuned.remove(name)
            else:
                tuned.save(msgspec.structs.replace(choice, collection=name))
            if (record := records.get(embedding.fingerprint)) is None:
                drift.forget(name)
            else:
                drift.change(name, lambda _, kept=record: kept)  # type: ignore[misc]

    def _late(self, since: int) -> int:
        """Changes that were written while the names were exchanged."""
        carried, documents = 0, Documents(self._live)
        for _ in range(_ROUNDS):
            time.sleep(_SETTLE_S)
            count, last = changes.late(self._journal, documents, since)
            carried += count
            if last == since:
                break
            since = last
        return carried


def drop(workspace: Workspace, beside: Beside, *, collection: bool) -> None:
    """Forget what is beside a collection; delete it, too, where ``collection`` says so."""
    files = workspace.beside()
    with files.alone(beside.collection):
        if beside.going is not None:
            raise Conflict(
                f"a switch of {beside.collection!r} was broken off; run `visual-search swap switch` again first, or "
                "`swap back`"
            )
        if collection:
            with workspace.client(beside.other) as client:
                if configset.exists(client):
                    configset.drop(client)
            workspace.tuned().remove(beside.other)
        files.remove(beside.collection)
        workspace.shadow_file(beside.collection).path.unlink(missing_ok=True)


def _ids(client: SolrClient) -> Iterator[str]:
    key = client.names.key
    for page in updates.documents(client, key, key, wholes(client), page=_PAGE):
        yield from (str(each[key]) for each in page)


def _lacks(beside: Beside, found: Difference) -> str:
    listed = ", ".join(map(repr, found.missing_ids)) + (", …" if found.missing > len(found.missing_ids) else "")
    return (
        f"{found.missing:,} pictures of {beside.collection!r} are not in {beside.other!r}: {listed}; index what is "
        "missing into it, or switch all the same with --missing-ok"
    )
