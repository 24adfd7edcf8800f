"""The pieces wired together as the settings say: the one place that commands and the web server get them from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

from vision.catalog.cache import FeatureCache
from vision.catalog.catalogues import Catalogues
from vision.catalog.drift_record import DriftFiles
from vision.catalog.pictures import Roots
from vision.console import Progress
from vision.detect import Finder
from vision.embedding import EmbeddingStore
from vision.evaluation.measurements import Measurements
from vision.following.queue import Queue
from vision.following.sent import Sent
from vision.jobs.store import Jobs
from vision.locks import file_lock
from vision.merchandising.desk import Desk
from vision.merchandising.journal import Journal
from vision.merchandising.overlay import Accepted
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.photos import Photos
from vision.search.querylog import QueryLog
from vision.search.request import SearchRequest
from vision.search.steering.profiles import Profiles
from vision.search.tuned import Given, TunedFiles
from vision.settings import Settings
from vision.solr import auth, configset
from vision.solr.client import SolrClient
from vision.solr.current import embedded
from vision.swapping.beside import Companion
from vision.swapping.shadow import Shadow, ShadowFile
from vision.swapping.state import BesideFiles
from vision.uploads import Uploads

COLLECTION = "products"
DEMO_COLLECTION = "demo"
PATIENCE_S = 600.0
"""How long an indexing waits for another one into the same collection."""


class Workspace:
    """What lives below ``settings.home``, and the Solr that goes with it."""

    def __init__(self, settings: Settings, *, progress: Progress | None = None) -> None:
        """Nothing is opened or started yet.

        Args:
            settings: validated settings.
            progress: told about Solr's jars while they are fetched, as stage ``jars``.
        """
        self.settings = settings
        self._progress = progress
        self._url = auth.address(settings)
        self._finder: Finder | None = None
        self.queries = QueryLog(settings.recent_queries)

    def solr_url(self) -> str:
        """Solr's base URL, with its password if it has one; starts the embedded one if that is meant and does not run.

        Raises:
            SolrNotStarted: it did not become ready.
        """
        if self._url is None:
            told = self._progress
            jars = None if told is None else lambda done, total, name: told("jars", done, total)
            server = embedded(self.settings, progress=jars)
            server.start()
            self._url = server.url
        return self._url

    def client(self, collection: str | None = None) -> SolrClient:
        """A client of ``collection``, else of the one that the settings name, else of ``products``."""
        settings = self.settings
        name = collection or settings.collection or COLLECTION
        vectors = settings.home / "vectors.sqlite"
        return SolrClient(self.solr_url(), name, timeout=settings.solr_timeout, vectors=vectors)

    def reading_client(self) -> SolrClient:
        """A client to search with: where nothing was named and only the demo was indexed, that is the demo."""
        client = self.client()
        if self.settings.collection is None and not configset.exists(client):
            demo = self.client(DEMO_COLLECTION)
            if configset.exists(demo):
                client.close()
                return demo
            demo.close()
        return client

    def store(self) -> EmbeddingStore:
        """The embeddings on this machine."""
        return EmbeddingStore(self.settings.home / "embeddings")

    def cache(self) -> FeatureCache:
        """The features extracted on this machine."""
        return FeatureCache(self.settings.home / "features.sqlite")

    @contextmanager
    def sent(self, client: SolrClient, *, timeout: float = PATIENCE_S) -> Iterator[Sent]:
        """What was sent to the client's collection from here; nobody else sends meanwhile.

        Raises:
            Locked: somebody did, for ``timeout`` seconds.
            StorageUnavailable: it cannot be read or written.
        """
        folder, name = self.settings.home / "sent", client.collection
        with file_lock(folder / f"{name}.lock", timeout=timeout, doing=f"indexing into {name!r}"):
            with Sent(folder / f"{name}.sqlite") as sent:
                yield sent

    @property
    def feed_name(self) -> str:
        """The collection that changes come to: Solr need not be there to tell."""
        return self.settings.collection or COLLECTION

    def feed(self) -> Queue:
        """The changes that came over HTTP and wait."""
        return Queue(self.settings.home / "feed" / f"{self.feed_name}.sqlite")

    def roots(self) -> Roots:
        """The folders of the catalogues that were indexed from this machine."""
        return Roots(self.settings.home / "roots.json")

    def catalogues(self) -> Catalogues:
        """The catalogue files that were indexed from this machine."""
        return Catalogues(self.settings.home / "catalogues.json")

    def uploads(self) -> Uploads:
        """The photos that are kept for a while."""
        settings = self.settings
        return Uploads(settings.home / "uploads", ttl=settings.upload_ttl, limit=settings.uploads_mb << 20)

    def profiles(self) -> Profiles:
        """The shoppers' profiles."""
        settings = self.settings
        days = 24 * 3600
        return Profiles(
            settings.home / "profiles.sqlite",
            ttl=settings.profile_days * days,
            half_life=settings.profile_half_life * days,
        )

    def jobs(self) -> Jobs:
        """The long pieces of work of this home folder."""
        return Jobs(self.settings.home / "jobs")

    def journal(self, client: SolrClient) -> Journal:
        """What was proposed for and changed in the client's collection."""
        return Journal(self.settings.home / "changes" / f"{client.collection}.sqlite")

    def desk(self, client: SolrClient | None = None) -> Desk:
        """Where changes of the client's collection are accepted and undone, by default of the one to search."""
        client = client or self.reading_client()
        return Desk(client, self.journal(client))

    def accepted(self, client: SolrClient) -> Accepted:
        """What was changed in the client's collection, to be laid over a catalogue's rows."""
        return Accepted(self.journal(client))

    def tuned(self) -> TunedFiles:
        """What was chosen for collections by measuring them."""
        return TunedFiles(self.settings.home / "tuning")

    def drift(self) -> DriftFiles:
        """How well the PCAs of collections describe their new pictures."""
        return DriftFiles(self.settings.home / "embeddings", self.settings.home / "drift")

    def measurements(self) -> Measurements:
        """The results of what was measured."""
        return Measurements(self.settings.home / "measurements")

    def finder(self) -> Finder:
        """What finds things in photos; always the same one, as its model takes memory.

        Raises:
            BadSetting: an unknown detector, or a mapping file that is not accepted.
        """
        if self._finder is None:
            settings = self.settings
            self._finder = Finder(settings.detector, mapping=settings.detector_labels, models=settings.models)
        return self._finder

    def photos(self) -> Photos:
        """What gets the bytes of photos."""
        return Photos(uploaded=self.uploads().read, url_limit=self._url_limit())

    def beside(self) -> BesideFiles:
        """What is beside the collections."""
        return BesideFiles(self.settings.home / "beside")

    def shadow_file(self, collection: str) -> ShadowFile:
        """What came of searches that a collection and what is beside it were both asked."""
        return ShadowFile(self.settings.home / "beside" / f"{collection}.sqlite")

    def engine(self, client: SolrClient | None = None, *, serving: bool = False) -> SearchEngine:
        """A search engine on the client's collection, by default the one to search.

        ``serving``: shoppers ask it. The extractor of a collection that comes beside it is loaded as soon as it is
        there, and that collection is asked part of the searches too, where somebody wants that (docs/swaps.md).
        """
        client = client or self.reading_client()
        companion = Companion(
            self.beside(),
            client.collection,
            lambda name: self._engine(self.client(name)),
            Shadow(self.shadow_file(client.collection)),
            load=self.warm if serving else None,
        )
        return self._engine(client, companion, companion.searched if serving else None)

    def warm(self, engine: SearchEngine) -> None:
        """Run the extractor of an engine's collection once, so that no search waits for it to be loaded.

        Raises:
            VisualSearchError: it cannot be.
        """
        picture = Image.new("RGB", (64, 64))
        engine.collection.embedding().vectors([picture], models=self.settings.models)

    def _engine(
        self,
        client: SolrClient,
        companion: Companion | None = None,
        shadow: Callable[[SearchRequest, bytes | None, Result], None] | None = None,
    ) -> SearchEngine:
        settings = self.settings
        return SearchEngine(
            client,
            self.store(),
            limits=Given(settings.candidates, settings.exact_below),
            tuned=self.tuned(),
            models=settings.models,
            uploaded=self.uploads().read,
            language=settings.language,
            threads=settings.batch_threads,
            profiles=self.profiles(),
            url_limit=self._url_limit(),
            finder=self.finder(),
            log=self.queries,
            others=tuple if companion is None else companion.engines,
            shadow=shadow,
        )

    def _url_limit(self) -> int | None:
        return self.settings.max_upload_mb << 20 if self.settings.allow_image_urls else None
