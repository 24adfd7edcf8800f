"""What the routes work with, made on first use: the application starts while Solr is still down."""

from __future__ import annotations

import threading
from typing import Final, cast

from flask import Flask, current_app

from api.access.callers import Callers
from vision.catalog.drift_form import DriftForm, drift_form
from vision.catalog.pictures import Roots
from vision.detect import Finder
from vision.merchandising.desk import Desk
from vision.search.engine import SearchEngine
from vision.search.photos import Photos
from vision.search.steering.profiles import Profiles
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.uploads import Uploads
from vision.workspace import Workspace

_NAME: Final = "visual-search"


class Services:
    """The engine and what goes with it; one for an application, shared by its threads."""

    def __init__(self, settings: Settings, workspace: Workspace, callers: Callers, notice: str | None = None) -> None:
        """Nothing is opened or connected yet; ``notice`` is what readiness says besides."""
        self.settings = settings
        self.workspace = workspace
        self.callers = callers
        self.notice = notice
        self.roots: Roots = workspace.roots()
        self.uploads: Uploads = workspace.uploads()
        self.profiles: Profiles = workspace.profiles()
        self.photos: Photos = workspace.photos()
        self.finder: Finder = workspace.finder()
        self._engine: SearchEngine | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> SearchEngine:
        """The search engine.

        Raises:
            SolrNotStarted: the embedded Solr was meant and did not become ready; the next call tries again.
        """
        with self._lock:
            if self._engine is None:
                self._engine = self.workspace.engine(serving=True)
            return self._engine

    @property
    def desk(self) -> Desk:
        """Where changes of the collection are accepted and undone."""
        return self.workspace.desk(self.client)

    @property
    def client(self) -> SolrClient:
        """The engine's client of the collection."""
        return self.engine.client

    def retries(self) -> int:
        """Requests to Solr that were sent again; nothing is started to count them."""
        engine = self._engine
        return 0 if engine is None else engine.client.budget.retries

    def drift(self) -> DriftForm | None:
        """How well the collection's new pictures are described; Solr is not asked for it."""
        if (engine := self._engine) is None:
            return None
        files, name = self.workspace.drift(), engine.client.collection
        record = files.record(name)
        return None if record is None else drift_form(files, name, record.embedding)


def attach(app: Flask, services: Services) -> None:
    """Give an application its services."""
    app.extensions[_NAME] = services


def services() -> Services:
    """The services of the application that answers this request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """The services of an application."""
    return cast(Services, app.extensions[_NAME])
