"""Accept, undo, resume: what a merchandiser does with proposals and change sets, of one collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final

from vision.errors import BadQuery, Conflict, NotFound, SolrUnavailable
from vision.merchandising import changes
from vision.merchandising.documents import Documents
from vision.merchandising.journal import Journal
from vision.merchandising.model import ChangeSet, Intent, Item, Outcome, State
from vision.merchandising.proposals import Kept, Proposals, find
from vision.merchandising.writing import Writer
from vision.solr.client import SolrClient

MAX_NAME: Final = 100
MAX_REASON: Final = 1000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Told = Callable[[int, int], None]
"""Called with how many items are done, of how many."""


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


class Desk:
    """One collection and its journal."""

    def __init__(self, client: SolrClient, journal: Journal) -> None:
        """Nothing is asked or opened yet."""
        self.journal = journal
        self.proposals = Proposals(journal)
        self._documents = Documents(client)
        self._writer = Writer(self._documents, journal)

    def accept(self, ids: Sequence[str], *, by: str, why: str = "", told: Told = _silent) -> ChangeSet:
        """Write kept proposals to the index as one change set.

        What the index has other values of than a proposal's ``old`` is a conflict: reported, and not overwritten.

        Raises:
            BadQuery: a name, reason, attribute or value that is not accepted, or nothing to change.
            NotFound: a proposal that is not kept.
            Conflict: a proposal that is accepted already, or two for the same attribute of a product.
            SolrError: Solr did not answer or refused; :meth:`resume` goes on, as the change set is noted.
        """
        _check_words(by, why)
        items: dict[tuple[str, str], Item] = {}
        kept = self.proposals.get(list(dict.fromkeys(ids)))
        if not kept:
            raise BadQuery("no proposal is named; give at least one id", "ids")
        for each in kept:
            item = self._item(each)
            if (other := items.setdefault((item.product, item.field), item)) is not item:
                raise Conflict(
                    f"proposals {other.proposal!r} and {item.proposal!r} both change {item.field} of product "
                    f"{item.product!r}; accept one of them"
                )
        with self.journal.writing() as database:
            for id in dict.fromkeys(ids):
                _check_open(find(database, id))  # nobody was quicker
            change = changes.begin(database, list(items.values()), by=by, why=why, now=self.journal.clock())
        return self._write(change, told)

    def undo(
        self, id: str, *, by: str, why: str = "", products: Collection[str] = (), told: Told = _silent
    ) -> ChangeSet:
        """Restore what was before a change set, or before its changes of some products, as a change set of its own.

        One that is unfinished is first taken back where a product is half done, and goes no further; where it had come
        to nothing, it is answered itself. Undoing an undo does again what that had undone.

        Raises:
            NotFound: no such change set, or products that it did not change.
            Conflict: nothing of it is there any more to be undone, another process writes it, or single products of
                an unfinished one are named.
            BadQuery, SolrError: as for accepting.
        """
        _check_words(by, why)
        unfinished = self.change(id).counts.get(Outcome.PENDING, 0)
        if unfinished and products:
            raise Conflict(f"change set {id!r} is unfinished; resume it first, or undo all of it")
        for _ in self._writer.run(id, cancel=True):
            pass
        wanted = set(products)
        with self.journal.writing() as database:
            found = [each for each in changes.settled(database, id) if not wanted or each.item.product in wanted]
            if unknown := wanted - {each.item.product for each in found}:
                raise NotFound(f"change set {id!r} has no product {min(unknown)!r}", "products")
            written = [each.item for each in found if each.outcome is Outcome.WRITTEN]
            if not written and unfinished:
                return changes.get(database, id)
            if not written:
                had = ", ".join(sorted({each.outcome for each in found}))
                raise Conflict(f"nothing that change set {id!r} wrote is left to be undone: its items are {had}")
            planned = {}
            for item in written:
                plan: dict[str, Intent] = {}
                for write in changes.writes(database, id, item):
                    first = plan.get(write.document)
                    before = first.after if first else write.before
                    plan[write.document] = Intent(write.document, None, write.after, before)
                planned[item.product, item.field] = list(plan.values())
            items = [Item(item.product, item.field, item.new, item.old) for item in written]
            undo = changes.begin(database, items, by=by, why=why, now=self.journal.clock(), undoes=id, planned=planned)
        return self._write(undo, told)

    def resume(self, id: str, *, told: Told = _silent) -> ChangeSet:
        """Go on with a change set that was interrupted; does nothing where it was not.

        Raises:
            NotFound: no such change set.
            Conflict: another process writes it.
            SolrError: Solr did not answer or refused.
        """
        return self._write(id, told)

    def change(self, id: str) -> ChangeSet:
        """One change set as it stands.

        Raises:
            NotFound: there is none of this id.
        """
        with self.journal.reading() as database:
            return changes.get(database, id)

    def _write(self, id: str, told: Told) -> ChangeSet:
        total = self.change(id).counts.get(Outcome.PENDING, 0)
        told(0, total)
        try:
            for done in self._writer.run(id):
                told(done, total)
        except SolrUnavailable as error:
            raise SolrUnavailable(
                f"{error}; change set {id!r} is noted and goes on where it stopped with `visual-search changes resume`"
            ) from error
        return self.change(id)

    def _item(self, kept: Kept) -> Item:
        _check_open(kept)
        each = kept.proposal
        self._documents.check(each.field, each.new)
        if each.old == each.new:
            raise BadQuery(f"proposal {each.id!r} changes nothing: its old and new values are the same")
        return Item(each.product, each.field, each.old, each.new, each.id)


def _check_open(kept: Kept) -> None:
    if kept.state is State.ACCEPTED:
        raise Conflict(f"proposal {kept.proposal.id!r} was accepted already, in change set {kept.change!r}")


def _check_words(by: str, why: str) -> None:
    if not by.strip() or len(by) > MAX_NAME or _CONTROL.search(by):
        raise BadQuery(f"by is {by[:40]!r}; who decides is needed, a name of up to {MAX_NAME} characters", "by")
    if len(why) > MAX_REASON or _CONTROL.search(why):
        raise BadQuery(f"why has {len(why):,} characters; accepted: one line of up to {MAX_REASON:,}", "why")
