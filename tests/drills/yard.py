"""The place of the drills: an embedded Solr in a home of its own, a catalogue, and indexers that may be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.catalog.support import COLUMNS, draw, row, write
from tests.drills import fuse
from tests.drills.contents import Contents, contents
from tests.drills.points import Event, Point, read_events
from tests.processes import kill
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr

EXTRACTOR = "histogram"
# 1,000 rows are a bulk load, which is merged in the end; each picture comes once in each of several rounds, and few
# components are fitted, as drills are about what is sent, not about how long it takes.
ROWS, PICTURES, DIMS = 1000, 125, 64
SOLR_TIMEOUT = 10.0
_PATIENCE = 180.0
"""Seconds for a run of the indexer that takes ten on an idle machine."""


@dataclass(frozen=True)
class Run:
    """An indexer's end, and what it came by."""

    status: int
    output: str
    said: str
    events: tuple[Event, ...]
    seconds: float

    def came_by(self, name: str) -> int:
        """How many times."""
        return sum(event.name == name for event in self.events)


@dataclass(frozen=True)
class Yard:
    """Nothing of it is written by anything but the product, except ``catalogue`` and ``logs``."""

    home: Path
    catalogue: Path
    port: int

    @classmethod
    def at(cls, folder: Path) -> Yard:
        """A new one, its pictures drawn; Solr is not started."""
        images = folder / "catalogue" / "images"
        images.mkdir(parents=True)
        for number in range(PICTURES):
            (images / f"{number}.png").write_bytes(draw(number))
        rows = (
            row(number, image=f"images/{number % PICTURES}.png", round=f"r{number // PICTURES}")
            for number in range(ROWS)
        )
        path = write(images.parent / "catalogue.csv", rows, (*COLUMNS, "round"))
        return cls(folder / "home", path, choose_port(0))

    @property
    def settings(self) -> Settings:
        here = Settings.from_environment()
        return Settings(home=self.home, cache=here.cache, solr_port=self.port, solr_timeout=SOLR_TIMEOUT)

    @property
    def solr(self) -> EmbeddedSolr:
        return EmbeddedSolr(self.settings)

    def kill_solr(self) -> None:
        """End the JVM without a word."""
        kill(self.solr)

    def client(self, collection: str) -> SolrClient:
        return SolrClient(self.solr.url, collection, timeout=60)

    def contents(self, collection: str) -> Contents:
        with self.client(collection) as client:
            return contents(client)

    def drop(self, collection: str) -> None:
        with self.client(collection) as client:
            if configset.exists(client):
                configset.drop(client)

    def environment(self, collection: str) -> dict[str, str]:
        """The variables of a process that works here, with the embedded Solr."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VISUAL_SEARCH_")}
        return inherited | {
            "SOLR_URL": "",
            "VISUAL_SEARCH_CACHE": str(self.settings.cache),
            "VISUAL_SEARCH_HOME": str(self.home),
            "VISUAL_SEARCH_COLLECTION": collection,
            "VISUAL_SEARCH_SOLR_PORT": str(self.port),
            "VISUAL_SEARCH_SOLR_TIMEOUT": f"{SOLR_TIMEOUT:g}",
            "VISUAL_SEARCH_SEARCH_SECONDS": f"{3 * SOLR_TIMEOUT:g}",
        }

    def index(
        self, collection: str, point: Point | None = None, options: tuple[str, ...] = (), **variables: str
    ) -> Run:
        """``visual-search index`` of the catalogue with more options; Solr is killed at ``point``."""
        return self._index(self.environment(collection) | variables, str(point or "-"), str(self._state), *options)

    def index_apart(self, collection: str, home: Path, point: Point | None = None) -> Run:
        """The same with features and embeddings in another home; the indexer itself is killed at ``point``."""
        variables = self.environment(collection) | {"VISUAL_SEARCH_HOME": str(home), "SOLR_URL": self.solr.url}
        return self._index(variables, str(point or "-"), "self")

    def command(self, collection: str, point: Point | None, *words: str) -> Run:
        """``visual-search`` with any words; Solr is killed at ``point``."""
        return self._run(self.environment(collection), str(point or "-"), str(self._state), *words)

    @property
    def _state(self) -> Path:
        return self.home / "solr" / "run" / "state.json"

    def _index(self, variables: Mapping[str, str], point: str, victim: str, *more: str) -> Run:
        options = ("--extractor", EXTRACTOR, "--dims", str(DIMS), "--json", *more)
        return self._run(variables, point, victim, "index", str(self.catalogue), *options)

    def _run(self, variables: Mapping[str, str], point: str, victim: str, *words: str) -> Run:
        self.home.mkdir(parents=True, exist_ok=True)
        log = self.home / "events.log"
        log.unlink(missing_ok=True)
        command = (sys.executable, "-P", fuse.__file__, log, point, victim, *words)
        began = time.monotonic()
        done = subprocess.run(
            [str(each) for each in command],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        return Run(done.returncode, done.stdout, done.stderr, read_events(log), time.monotonic() - began)
