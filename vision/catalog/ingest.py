"""Index a catalogue: check, extract, reduce, send, sweep, commit, count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision import reduction
from vision.catalog import amending, reader, sending, stale
from vision.catalog.amending import Amendments, Unamended
from vision.catalog.cache import FeatureCache
from vision.catalog.drift import Watch, Watched
from vision.catalog.drift_record import DriftFiles
from vision.catalog.features import BATCH, Checked, extract
from vision.catalog.fitting import Fitting, held
from vision.catalog.pictures import Pictures, Roots
from vision.catalog.regions import Regions
from vision.catalog.rejects import Rejects
from vision.catalog.survey import Survey
from vision.console import Progress
from vision.detect import Finder
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadCatalogue, Conflict, SolrUnavailable, VisualSearchError
from vision.extractors import Extractor
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.configset import Shape
from vision.solr.vectors import Keeping


@dataclass(frozen=True)
class IndexOptions:
    """What a run of ``visual-search index`` may choose."""

    pca: Path | None = None
    dims: int = reduction.DIMS
    coarse_dims: int | None = None
    """Leading components that candidates are found by; None takes those of the collection, 256 of a new one."""
    vectors: Keeping | None = None
    """Where vectors are kept for writing back; None takes the collection's way, ``stored`` of a new one."""
    shards: int | None = None
    replicas: int | None = None
    """Of a SolrCloud's collection; None takes what it has, one shard and two replicas of a new one."""
    rejects: Path | None = None
    spare: Path | None = None
    """A folder for the rejects file where it cannot be written beside the catalogue."""
    allow_urls: bool = False
    allow_missing_images: bool = False
    """Rows whose image cell is empty are indexed without vectors."""
    recreate: bool = False
    seed: int = 0
    finder: Finder | None = None
    """Finds regions of pictures, each of which becomes a document of its own; None indexes whole pictures alone."""


@dataclass(frozen=True)
class IndexReport:
    """What a run did.

    ``cached`` pictures needed no extraction and no detection, ``without`` of the indexed rows have no picture,
    ``regions`` were indexed beside the rows; ``remarks`` say what became of those of an earlier run.
    """

    indexed: int
    rejected: int
    cached: int
    seconds: float
    embedding: str
    rejects: Path | None = None
    notes: tuple[str, ...] = ()
    without: int = 0
    regions: int = 0
    remarks: tuple[str, ...] = ()
    amended: int = 0
    """Rows that were given other values, as those had been changed in the index and the catalogue does not know."""
    overtaken: int = 0
    """Such changes that were dropped, as the catalogue itself has another value by now."""
    drifted: bool = False
    """Whether the collection's PCA describes its new pictures worse than is tolerated."""

    def plain(self) -> dict[str, Any]:
        """The answer of ``index --json``."""
        return {
            name: getattr(self, name) for name in ("indexed", "rejected", "cached", "seconds", "regions", "drifted")
        }


class Ingest:
    """Indexes catalogues into one collection; can be interrupted anywhere and run again."""

    def __init__(
        self,
        client: SolrClient,
        store: EmbeddingStore,
        cache: FeatureCache,
        roots: Roots,
        *,
        progress: Progress = lambda stage, done, total: None,
        amendments: Amendments | None = None,
        drift: DriftFiles | None = None,
        through: Callable[[Iterable[Checked]], Iterator[Checked]] = iter,
    ) -> None:
        """Wire what a run needs, without doing anything yet.

        ``amendments`` are laid over the rows; with ``drift`` it is watched how well the PCA describes new pictures;
        rows of the first pass go ``through`` whoever wants to see them all before any is sent.
        """
        self._client = client
        self._store = store
        self._cache = cache
        self._roots = roots
        self._progress = progress
        self._amendments = amendments or Unamended()
        self._watch = None if drift is None else Watch(drift, client, cache)
        self._through = through

    def run(self, catalogue: Path, extractor_name: str, extractor: Extractor, options: IndexOptions) -> IndexReport:
        """Index a catalogue. With ``recreate`` the old collection is dropped when the new vectors are ready.

        Args:
            catalogue: CSV, JSONL or Parquet.
            extractor_name: as the user gave it; kept with the embedding, so that queries can load the same.
            extractor: loaded from it.
            options: what the command line chose.

        Raises:
            BadCatalogue: the file cannot be read, or no row of it is good.
            Conflict: the collection holds vectors of another embedding, or has no fields for regions; or the
                catalogue changed meanwhile.
            ModelUnavailable: the detector cannot be loaded.
            SolrError: Solr did not answer or refused; what was sent stays.
        """
        began = time.perf_counter()
        total = reader.count(catalogue)
        pictures = Pictures(catalogue.parent, options.allow_urls)
        regions = None if options.finder is None else Regions(options.finder, self._cache)
        with self._prepared(options) as fresh:
            self.check(options)
            if regions is not None:
                stale.check_fields(self._client)
            before = stale.Before({}) if options.recreate else stale.look(self._client)
            current = None if options.recreate else held(self._client, self._store)
            fitting = self.fitting(current, extractor, options)
            with Rejects(catalogue, options.rejects, options.spare) as rejects:
                survey = Survey(catalogue, allow_missing_images=options.allow_missing_images)
                extracted = self._fill(survey, pictures, extractor, total, rejects, regions)
            if not survey.good:
                raise _no_good_row(catalogue, rejects)
            unique = survey.pictures()
            if fitting.fits:
                self._progress("pca", 0, None)
            embedding = fitting.embedding(extractor_name, unique, self._cache)
            self._store.save(embedding)
            self._roots.remember(pictures)
            if options.recreate and not fresh:
                keeping, shape = options.vectors or self._client.keeping, self._shape(options)
                configset.drop(self._client)
                self._create(options, keeping, shape)
            watched = self._watched(current, embedding, unique, fitted=fitting.fits)
            load = sending.Load(survey, embedding, self._cache, pictures.root_id, regions)
            parts = self._send(load)
            swept = sending.sweep(self._client, load) if before.any else 0
            merged = sending.commit(self._client, survey.good + parts, self._progress)
            sending.verify(self._client, load, parts, self._progress)
            if self._watch is not None and watched.turned:
                self._watch.told(watched.drifted)
            held(self._client, self._store)  # another run at the same time may have sent vectors of its own
        return IndexReport(
            indexed=survey.good,
            rejected=rejects.count,
            cached=survey.good - survey.without - extracted,
            seconds=round(time.perf_counter() - began, 2),
            embedding=embedding.fingerprint,
            rejects=rejects.path if rejects.count else None,
            notes=fitting.notes(embedding, len(unique)),
            without=survey.without,
            regions=parts,
            remarks=(*stale.remarks(before, self._client, regions, swept), *watched.remarks, *merged),
            amended=self._amendments.amended,
            overtaken=self._amendments.overtaken,
            drifted=watched.drifted,
        )

    def _watched(
        self, current: Embedding | None, embedding: Embedding, pictures: Sequence[bytes], *, fitted: bool
    ) -> Watched:
        """See how well the collection's PCA describes what is new; of its first pictures, how well it did then."""
        if self._watch is None:
            return Watched()
        self._progress("drift", 0, None)
        if current is None:
            return self._watch.begin(embedding, pictures, fitted=fitted)
        return self._watch.look(embedding, pictures)

    def check(self, options: IndexOptions) -> None:
        """See that the collection is as the options say, or is to be made anew.

        Raises:
            Conflict: it is not.
        """
        self._check_keeping(options)
        if not options.recreate and (options.shards, options.replicas) != (None, None):
            self._check_shape(options)

    def fitting(self, current: Embedding | None, extractor: Extractor, options: IndexOptions) -> Fitting:
        """What chooses the embedding of a run, where the documents that stay have the ``current`` one.

        Raises:
            Conflict, BadSetting: as :class:`Fitting`.
        """
        return Fitting(
            self._client.collection,
            current,
            extractor,
            pca=options.pca,
            dims=options.dims,
            coarse_dims=self._coarse_dims(options),
            seed=options.seed,
        )

    def _send(self, load: sending.Load) -> int:
        """Second pass: every good row, and once more those that somebody changed in the index meanwhile.

        Returns how many regions were sent beside the rows.
        """
        amendments, survey = self._amendments, load.survey
        only: frozenset[str] | None = None
        regions = 0
        while only is None or only:
            amendments.survey(survey.catalogue.name, amending.rows(survey.products()))
            products = amending.amend(survey.products(), amendments, only)
            sent = sending.send(self._client, load, products, self._progress)
            regions = sent if only is None else regions
            only = amendments.late()
        return regions

    def _coarse_dims(self, options: IndexOptions) -> int:
        """Values of the coarse field that is written to: its schema's, or those asked for where it is made anew."""
        if options.recreate:
            return options.coarse_dims or configset.COARSE_DIMS
        there = configset.coarse_dims(self._client)
        if options.coarse_dims not in (None, there):
            raise Conflict(
                f"collection {self._client.collection!r} finds candidates by {there} components, --coarse-dims is "
                f"{options.coarse_dims}: --recreate deletes it and indexes again, --collection takes another one"
            )
        return there

    def _create(self, options: IndexOptions, keeping: Keeping, shape: Shape | None) -> bool:
        """See that there is a collection as the options say; tells whether it had to be created."""
        coarse_dims = options.coarse_dims or configset.COARSE_DIMS
        return configset.create(self._client, shape=shape, coarse_dims=coarse_dims, keeping=keeping)

    def _shape(self, options: IndexOptions) -> Shape | None:
        """That of a collection to be made: as asked for, else as it was; None where nobody says."""
        there = configset.shape(self._client)
        if options.shards is None and options.replicas is None:
            return there
        was = there or configset.default_shape(self._client)
        return Shape(options.shards or was.shards, options.replicas or was.replicas)

    def _check_shape(self, options: IndexOptions) -> None:
        """See that the collection, which is not made anew, has the shards and replicas that are asked for."""
        there, wanted = configset.shape(self._client) or Shape(1, 1), self._shape(options) or Shape(1, 1)
        if wanted != there:
            raise Conflict(
                f"collection {self._client.collection!r} has {there}, and {wanted} are asked for: --recreate deletes "
                "it and indexes again, --collection takes another one, Solr's ADDREPLICA and SPLITSHARD change this one"
            )

    def _check_keeping(self, options: IndexOptions) -> None:
        """See that the collection keeps vectors as asked, and takes rows without a picture where those are allowed."""
        there = self._client.keeping
        if options.recreate:
            there = options.vectors or there
        if options.vectors not in (None, there):
            raise Conflict(
                f"collection {self._client.collection!r} keeps its vectors {there.value}, --vectors is "
                f"{options.vectors}: --recreate deletes it and indexes again, --collection takes another one"
            )
        if options.allow_missing_images and there is not Keeping.STORED:
            raise Conflict(
                f"collection {self._client.collection!r} keeps its vectors {there.value}, and Solr refuses documents "
                "without one; --allow-missing-images needs a collection whose vectors are stored"
            )

    @contextmanager
    def _prepared(self, options: IndexOptions) -> Iterator[bool]:
        """See that there is a collection, and tell whether it is new; a new one that stays empty does not stay."""
        fresh = False
        try:
            fresh = self._create(options, options.vectors or Keeping.STORED, self._shape(options))
            if not fresh and not options.recreate:
                self._client.commit()  # an interrupted run may have sent what cannot be seen yet
            yield fresh
        except BaseException as error:
            if isinstance(error, SolrUnavailable):
                raise SolrUnavailable(
                    f"{error}; once it answers, run the same command again (where Solr is embedded, that starts it): "
                    "pictures that were extracted are kept"
                ) from error
            if fresh:
                with suppress(VisualSearchError):
                    self._drop_if_empty()
            raise

    def _drop_if_empty(self) -> None:
        self._client.commit()
        if not self._client.count():
            configset.drop(self._client)

    def _fill(
        self,
        survey: Survey,
        pictures: Pictures,
        extractor: Extractor,
        total: int,
        rejects: Rejects,
        regions: Regions | None,
    ) -> int:
        """First pass: what each row is; returns how many pictures were extracted, or looked at for regions."""
        extracted = 0

        def count(missing: int) -> None:
            nonlocal extracted
            extracted += missing

        extracting = extract(survey.check(), pictures, extractor, self._cache, regions=regions, advance=count)
        with closing(extracting) as rows:
            for row in self._through(rows):
                survey.add(row)
                if row.picture is None:
                    rejects.add(row)
                if len(survey) % BATCH == 0:
                    self._progress("extract", len(survey), total)
        self._progress("extract", len(survey), total)
        return extracted


def _no_good_row(catalogue: Path, rejects: Rejects) -> BadCatalogue:
    if not rejects.count:
        return BadCatalogue(f"{catalogue.name} has no rows")
    return BadCatalogue(
        f"none of the {rejects.count:,} rows of {catalogue.name} can be indexed ({rejects.first}); "
        f"all reasons are in {rejects.path}"
    )
