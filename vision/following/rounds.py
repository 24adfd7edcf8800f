"""One look at a catalogue, from options to report: what changed is sent, what is gone is deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from vision import atomic, extractors
from vision.catalog import reader, session, stale
from vision.catalog.cache import FeatureCache
from vision.catalog.features import Checked, check
from vision.catalog.fitting import held
from vision.catalog.ingest import IndexOptions, IndexReport, Ingest
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product
from vision.catalog.regions import Regions
from vision.catalog.rejects import Rejects
from vision.console import Progress
from vision.embedding import Embedding
from vision.errors import Conflict
from vision.extractors import Extractor
from vision.following.applying import Applied, Applying
from vision.following.comparing import compare
from vision.following.noting import source
from vision.following.sent import Sent
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

STAGES: Final = {"compare": "looking for changes"}
_AT_ONCE: Final = 2000
"""Rows between two commits: what was noted by then is not sent once more after a kill."""


@dataclass(frozen=True)
class ChangesReport:
    """What a round did; ``whole`` where all rows were sent, as nothing was known of what is there.

    ``indexed`` rows were sent and ``unchanged`` were not; ``deleted`` are gone; documents of ``rejected`` rows stay.
    """

    indexed: int
    unchanged: int
    deleted: int
    rejected: int
    cached: int
    regions: int
    seconds: float
    whole: bool = False
    rejects: Path | None = None
    amended: int = 0
    overtaken: int = 0
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The answer of ``index --changes --json``."""
        names = ("indexed", "unchanged", "deleted", "rejected", "cached", "seconds", "regions")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Round:
    """Looks at one catalogue, again and again if need be.

    Attributes:
        workspace: where caches, models and the detector are.
        client: of the collection.
        catalogue: CSV, JSONL or Parquet.
        name: the extractor as the user named it.
        options: all but the detector.
        detect: whether the settings' detector looks for things in pictures.
        most_gone: the share of what was sent that may be gone at once.
        progress: told of all stages.
        extractor: loaded.
    """

    workspace: Workspace
    client: SolrClient
    catalogue: Path
    name: str
    options: IndexOptions
    detect: bool
    most_gone: float
    progress: Progress
    extractor: Extractor

    @classmethod
    def of(cls, workspace: Workspace, catalogue: Path, name: str, **more: Any) -> Round:
        """Load the extractor, once the catalogue is known to be one.

        Raises:
            BadCatalogue: it is none.
            ModelUnavailable: the extractor cannot be loaded.
        """
        reader.probe(catalogue)
        loaded = extractors.load(name, models=workspace.settings.models)
        return cls(workspace, catalogue=catalogue, name=name, extractor=loaded, **more)

    def run(self, *, recreate: bool = False) -> ChangesReport:
        """Send what changed since the last time.

        Args:
            recreate: delete what the collection holds, and send all.

        Raises:
            BadCatalogue: the file cannot be read, or lacks too much of what was sent from it.
            Conflict: the collection holds vectors of another embedding, or the file changed meanwhile.
            Locked: another process indexes into the collection.
            SolrError: Solr did not answer or refused.
        """
        began = time.perf_counter()
        with self.workspace.sent(self.client) as sent:
            current = None if recreate else self._current()
            if current is None or not sent.count(source(self.catalogue)):
                return self._whole(sent, recreate)
            report = self._part(sent, current)
        return replace(report, seconds=round(time.perf_counter() - began, 2))

    def _current(self) -> Embedding | None:
        if not configset.exists(self.client):
            return None
        self.client.commit()  # an interrupted run may have sent what cannot be seen yet
        return held(self.client, self.workspace.store())

    def _whole(self, sent: Sent, recreate: bool) -> ChangesReport:
        options = replace(self.options, recreate=recreate)
        report = session.index(
            self.workspace,
            self.client,
            self.catalogue,
            self.name,
            options,
            detect=self.detect,
            progress=self.progress,
            loaded=self.extractor,
            sent=sent,
        )
        unknown = self.client.count(fq=self.client.names.pictures) - sent.count()
        remarks = list(report.remarks)
        if unknown > 0:
            remarks.append(
                f"of {unknown:,} pictures in {self.client.collection!r} it is not known where they came from: they "
                f"stay, also if {self.catalogue.name} once had them; --recreate deletes them"
            )
        return _reported(report, tuple(remarks))

    def _part(self, sent: Sent, current: Embedding) -> ChangesReport:
        options, before = self.options, atomic.stamp(self.catalogue)
        with (
            self.workspace.cache() as cache,
            Rejects(self.catalogue, options.rejects, options.spare) as rejects,
        ):
            ingest = Ingest(self.client, self.workspace.store(), cache, self.workspace.roots())
            ingest.check(options)
            embedding = ingest.fitting(current, self.extractor, options).embedding(self.name, (), cache)
            applying = self._applying(sent, embedding, cache)
            self.progress("compare", 0, None)
            distrusted = sent.compare(self.client)
            found = compare(self._rows(), sent, applying.source, applying.pictures, applying.made, reject=rejects.add)
            self._check_same(before)
            found.check_gone(self.most_gone, self.catalogue.name)
            self.workspace.roots().remember(applying.pictures)
            done = Applied()
            for batch in _batches(self._chosen(found.chosen)):
                done.add(applying.apply(batch))
                self.progress("index", done.sent + done.same, len(found.chosen))
            for row in done.rejected:
                rejects.add(row)
            self._check_same(before)
            if found.gone and not found.nameless:
                done.add(applying.apply((), found.gone))
        remarks = []
        if distrusted:
            remarks.append(f"{distrusted:,} rows were sent again: Solr does not hold them as they were sent before")
        if found.gone and found.nameless:
            remarks.append(
                f"{len(found.gone):,} rows are gone, and {found.nameless:,} cannot be read at all, which may be these: "
                "nothing was deleted"
            )
        return ChangesReport(
            indexed=done.sent,
            unchanged=found.unchanged + done.same,
            deleted=done.deleted,
            rejected=rejects.count,
            cached=max(0, done.sent + done.same - done.extracted),
            regions=done.regions,
            seconds=0,
            rejects=rejects.path if rejects.count else None,
            amended=done.amended,
            overtaken=done.overtaken,
            remarks=tuple(remarks),
        )

    def _applying(self, sent: Sent, embedding: Embedding, cache: FeatureCache) -> Applying:
        regions = None
        if self.detect:
            regions = Regions(self.workspace.finder(), cache)
            stale.check_fields(self.client)
        return Applying(
            client=self.client,
            sent=sent,
            source=source(self.catalogue),
            catalogue=self.catalogue,
            pictures=Pictures(self.catalogue.parent, self.options.allow_urls),
            extractor=self.extractor,
            embedding=embedding,
            cache=cache,
            regions=regions,
            amendments=lambda: self.workspace.accepted(self.client),
            siblings=self._siblings if self.workspace.journal(self.client).exists() else lambda products: (),
        )

    def _rows(self) -> Iterator[Checked]:
        return check(self.catalogue, allow_missing_images=self.options.allow_missing_images)

    def _chosen(self, chosen: Mapping[int, bytes]) -> Iterator[Checked]:
        return (row for number, row in enumerate(self._rows()) if number in chosen)

    def _siblings(self, products: frozenset[str]) -> Iterable[Product]:
        return (row.product for row in self._rows() if row.product is not None and row.product.product_id in products)

    def _check_same(self, before: tuple[int, int, int] | None) -> None:
        if atomic.stamp(self.catalogue) != before:
            raise Conflict(
                f"{self.catalogue.name} changed while it was being read; rows that were sent by then are right, and "
                "nothing was deleted: run the same command again"
            )


def _batches(rows: Iterator[Checked]) -> Iterator[list[Checked]]:
    while batch := list(islice(rows, _AT_ONCE)):
        yield batch


def _reported(report: IndexReport, remarks: tuple[str, ...]) -> ChangesReport:
    return ChangesReport(
        indexed=report.indexed,
        unchanged=0,
        deleted=0,
        rejected=report.rejected,
        cached=report.cached,
        regions=report.regions,
        seconds=report.seconds,
        whole=True,
        rejects=report.rejects,
        amended=report.amended,
        overtaken=report.overtaken,
        notes=report.notes,
        remarks=remarks,
    )
