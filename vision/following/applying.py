"""Some rows and deletions applied to a collection that has an embedding, as `index` does it with all rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vision.catalog import amending, sending, stale
from vision.catalog.amending import Amendments
from vision.catalog.cache import FeatureCache
from vision.catalog.features import Checked, extract
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product
from vision.catalog.regions import Regions
from vision.catalog.sending import Load, Pair
from vision.console import Progress
from vision.embedding import Embedding
from vision.extractors import Extractor
from vision.following import holding
from vision.following.comparing import digest, written
from vision.following.noting import made
from vision.following.sent import Noted, Row
from vision.solr.client import SolrClient


@dataclass(frozen=True)
class Chosen:
    """Rows whose pictures were read; see :class:`~vision.catalog.sending.Rows`."""

    catalogue: Path
    pairs: Sequence[Pair]

    @property
    def good(self) -> int:
        """How many there are."""
        return len(self.pairs)

    def products(self) -> Iterator[Pair]:
        """All of them."""
        return iter(self.pairs)


@dataclass
class Applied:
    """What became of rows; may be added up.

    Attributes:
        sent: that were written to Solr.
        same: whose picture's file was written again with the same bytes.
        deleted: that are gone from Solr, with their regions.
        regions: sent beside the rows.
        extracted: pictures that were not in the cache.
        amended: rows that were given values which were changed in the index.
        overtaken: such changes that were dropped.
        rejected: rows that are no good, whose documents stay as they were.
    """

    sent: int = 0
    same: int = 0
    deleted: int = 0
    regions: int = 0
    extracted: int = 0
    amended: int = 0
    overtaken: int = 0
    rejected: list[Checked] = field(default_factory=list)

    def add(self, other: Applied) -> None:
        """Count another batch."""
        for name in ("sent", "same", "deleted", "regions", "extracted", "amended", "overtaken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected += other.rejected


@dataclass(frozen=True)
class Applying:
    """What rows are applied with, and to what.

    Attributes:
        client: of the collection.
        sent: what is known of it; the caller holds its lock.
        source: whose rows they are.
        catalogue: as messages and the journal call it.
        pictures: where they are.
        extractor: loaded, the embedding's.
        embedding: the collection's.
        cache: of features.
        regions: what is looked for in pictures; None where whole pictures alone are indexed.
        amendments: makes what is laid over rows.
        siblings: more rows of the products of some, which are not sent themselves, for the amendments.
        progress: told of sending.
    """

    client: SolrClient
    sent: Noted
    source: str
    catalogue: Path
    pictures: Pictures
    extractor: Extractor
    embedding: Embedding
    cache: FeatureCache
    regions: Regions | None
    amendments: Callable[[], Amendments]
    siblings: Callable[[frozenset[str]], Iterable[Product]] = lambda products: ()
    progress: Progress = lambda stage, done, total: None

    def made(self, product: Product) -> str:
        """What a product's documents are made with."""
        detector = None if self.regions is None else self.regions.fingerprint
        return made(self.embedding.fingerprint, self.pictures, detector) if product.image else ""

    def apply(self, rows: Sequence[Checked], deleted: Sequence[str] = ()) -> Applied:
        """Read the rows' pictures, send what differs, delete, commit, and note all of it.

        Killed at any moment, whatever was not noted is not known to be there, and is sent again.

        Raises:
            SolrError: Solr did not answer or refused; nothing is noted then.
        """
        done = Applied()
        chosen = self._read(rows, done)
        had_regions = (chosen or deleted) and stale.look(self.client).any
        if chosen:
            load = Load(Chosen(self.catalogue, chosen), self.embedding, self.cache, self.pictures.root_id, self.regions)
            done.regions = self._send(load, done)
            done.sent = len(chosen)
            if had_regions:
                sending.sweep(self.client, load)
        if deleted:
            self._delete(deleted, with_regions=bool(had_regions))
            done.deleted = len(deleted)
        if chosen or deleted:
            self.client.commit()
            self.sent.forget(deleted)
            self.sent.confirm(self.client)
        return done

    def _read(self, rows: Sequence[Checked], done: Applied) -> list[Pair]:
        """Rows whose pictures are good and that differ from what was sent, noted as such."""
        files: dict[str, tuple[int, int]] = {}

        def about_to_be_read() -> Iterator[Checked]:
            for row in rows:
                if row.product is not None:
                    files[row.id] = written(self.pictures, row.product.image, before_ns=time.time_ns())
                yield row

        def count(extracted: int) -> None:
            done.extracted += extracted

        self.sent.discard()
        known = self.sent.rows([row.id for row in rows])
        chosen: list[Pair] = []
        noted: list[Row] = []
        same: list[Row] = []
        extracting = extract(
            about_to_be_read(), self.pictures, self.extractor, self.cache, regions=self.regions, advance=count
        )
        with closing(extracting) as checked:
            for row in checked:
                if row.product is None or row.picture is None:
                    done.rejected.append(row)
                    continue
                found = Row(row.id, digest(row.product), row.picture, self.made(row.product), *files[row.id])
                before = known.get(row.id)
                if before is not None and before.trusted and _content(before) == _content(found):
                    same.append(found)
                else:
                    noted.append(found)
                    chosen.append((row.product, row.picture))
        self.sent.looked(same)
        done.same = len(same)
        self.sent.note(self.source, noted)
        return chosen

    def _send(self, load: Load, done: Applied) -> int:
        """Send all rows, and once more those that somebody changed in the index meanwhile; returns their regions."""
        amendments = self.amendments()
        products = frozenset(product.product_id for product, _ in load.survey.products())
        ids = frozenset(product.id for product, _ in load.survey.products())
        only: frozenset[str] | None = None
        regions = 0
        while only is None or only:
            others = (each for each in self.siblings(products) if each.id not in ids)
            known = [*amending.rows(load.survey.products()), *((x.id, x.product_id, x.attributes) for x in others)]
            amendments.survey(self.catalogue.name, known)
            rows = amending.amend(load.survey.products(), amendments, only)
            found = sending.send(self.client, load, rows, self.progress)
            regions = found if only is None else regions
            only = amendments.late() & products
        done.amended, done.overtaken = amendments.amended, amendments.overtaken
        return regions

    def _delete(self, ids: Sequence[str], *, with_regions: bool) -> None:
        for start in range(0, len(ids), sending.BATCH):
            batch = ids[start : start + sending.BATCH]
            regions = holding.regions(self.client, batch) if with_regions else []
            self.client.delete_ids([*batch, *regions])


def _content(row: Row) -> tuple[bytes, bytes, str]:
    return row.digest, row.picture, row.made
