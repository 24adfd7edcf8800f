"""The pieces wired together as the settings say: the one place that commands and the web server get them from."""

from __future__ import annotations

from vision.catalog.cache import FeatureCache
from vision.catalog.pictures import Roots
from vision.embedding import EmbeddingStore
from vision.search.engine import SearchEngine
from vision.search.planner import Limits
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.solr.current import embedded


class Workspace:
    """What lives below ``settings.home``, and the Solr that goes with it."""

    def __init__(self, settings: Settings, *, solr_url: str | None = None) -> None:
        """Nothing is opened or started yet.

        Args:
            settings: validated settings.
            solr_url: a Solr that is known to run; otherwise ``settings.solr_url`` or the embedded one.
        """
        self.settings = settings
        self._url = solr_url or settings.solr_url

    def solr_url(self) -> str:
        """Solr's base URL; starts the embedded one if that is meant and it does not run.

        Raises:
            SolrNotStarted: it did not become ready.
        """
        if self._url is None:
            server = embedded(self.settings)
            server.start()
            self._url = server.url
        return self._url

    def client(self) -> SolrClient:
        """A client of the collection that the settings name."""
        settings = self.settings
        return SolrClient(self.solr_url(), settings.collection, timeout=settings.solr_timeout)

    def store(self) -> EmbeddingStore:
        """The embeddings on this machine."""
        return EmbeddingStore(self.settings.home / "embeddings")

    def cache(self) -> FeatureCache:
        """The features extracted on this machine."""
        return FeatureCache(self.settings.home / "features.sqlite")

    def roots(self) -> Roots:
        """The folders of the catalogues that were indexed from this machine."""
        return Roots(self.settings.home / "roots.json")

    def engine(self, client: SolrClient | None = None) -> SearchEngine:
        """A search engine on the collection that the settings name."""
        settings = self.settings
        limits = Limits(settings.candidates, settings.exact_below)
        return SearchEngine(client or self.client(), self.store(), limits=limits, models=settings.models)
