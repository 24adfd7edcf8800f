"""The collection beside the one that is served, as a server sees it: asked by its extractor's name, and in the shadow.

The file that says what is beside is looked at once a second, so that nothing need be started anew.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from vision import atomic
from vision.errors import BadSetting, VisualSearchError
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.request import SearchRequest
from vision.swapping.shadow import Shadow
from vision.swapping.state import Beside, BesideFiles

_LOOKS_S: Final = 1.0
_LOG = logging.getLogger(__name__)


class Companion:
    """What is beside one collection; safe to share between threads."""

    def __init__(
        self,
        files: BesideFiles,
        collection: str,
        engine: Callable[[str], SearchEngine],
        shadow: Shadow,
        *,
        load: Callable[[SearchEngine], object] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            files: say what is beside.
            collection: the name that is served.
            engine: makes one of a collection.
            shadow: asks it what others asked.
            load: runs an extractor as soon as its collection is seen, so that no search waits for it; None leaves that
                to the first that needs it.
            chance: 0 to 1, of each search.
        """
        self._files = files
        self._collection = collection
        self._engine = engine
        self._shadow = shadow
        self._load = load
        self._chance = chance
        self._lock = threading.Lock()
        self._looked = 0.0
        self._stamp: tuple[int, int, int] | None = None
        self._beside: Beside | None = None
        self._other: SearchEngine | None = None

    def engines(self) -> Sequence[SearchEngine]:
        """Of the collection that is beside, if one is."""
        other = self._now()[1]
        return () if other is None else (other,)

    def searched(self, request: SearchRequest, image: bytes | None, result: Result) -> None:
        """A search was answered: part of them is asked again of the collection that is beside, by somebody else."""
        beside, other = self._now()
        if beside is not None and other is not None and beside.shadow > 0 and self._chance() < beside.shadow:
            self._shadow.ask(other, request, image, result)

    def _now(self) -> tuple[Beside | None, SearchEngine | None]:
        with self._lock:
            if time.monotonic() < self._looked + _LOOKS_S:
                return self._beside, self._other
            self._looked = time.monotonic()
            stamp = atomic.stamp(self._files.path(self._collection))
            if stamp != self._stamp:
                self._stamp = stamp
                self._read()
            return self._beside, self._other

    def _read(self) -> None:
        try:
            found = self._files.load(self._collection)
        except BadSetting as error:
            _LOG.warning("what is beside %s is not asked: %s", self._collection, error)
            found = None
        if found is None:
            self._other = None
        elif self._other is None or self._other.client.collection != found.other:
            self._other = self._engine(found.other)
            if self._load is not None:
                threading.Thread(target=_run, args=(self._load, self._other), name="beside", daemon=True).start()
        self._beside = found


def _run(load: Callable[[SearchEngine], object], engine: SearchEngine) -> None:
    try:
        load(engine)
    except VisualSearchError as error:  # said again, and better, by the first search that needs it
        _LOG.info("the model of %s was not loaded ahead: %s", engine.client.collection, error)
