"""The catalogue files that were indexed from this machine, and how: what may be indexed again without naming a path.

Whoever sits at a terminal of this machine may index any file; over HTTP only those of them can be meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from vision.catalog.remembered import Remembered
from vision.errors import NotFound


class Catalogue(msgspec.Struct, frozen=True):
    """A file, the collection that it was indexed into, and the options that are taken again.

    Attributes:
        file: its path.
        collection: where it was indexed.
        extractor: specification.
        dims: PCA components at most.
        pca: a PCA's file, where one was given.
        detect: whether things in pictures were indexed as well.
        allow_urls: whether pictures were fetched.
        allow_missing_images: whether rows without a picture were accepted.
        rows: that were indexed; None where the run did not come to its end.
        time: of its last run, seconds since 1970.
    """

    file: str
    collection: str
    extractor: str
    dims: int
    time: float
    pca: str | None = None
    detect: bool = False
    allow_urls: bool = False
    allow_missing_images: bool = False
    rows: int | None = None

    @property
    def id(self) -> str:
        """The same for the same file and collection."""
        return hashlib.sha256(f"{self.collection}\0{self.file}".encode()).hexdigest()[:12]

    @property
    def path(self) -> Path:
        """Where the file is, or was."""
        return Path(self.file)


class Catalogues:
    """All of them."""

    def __init__(self, file: Path) -> None:
        """``file`` is created by the first :meth:`remember`."""
        self._kept = Remembered(file, Catalogue)

    def remember(self, catalogue: Catalogue) -> None:
        """Keep one, in the place of what was kept of the same file and collection."""
        self._kept.put(catalogue.id, catalogue)

    def all(self) -> list[Catalogue]:
        """What was indexed, the last one first."""
        return sorted(self._kept.all().values(), key=lambda each: (-each.time, each.file, each.collection))

    def exchange(self, extractors: Mapping[str, str]) -> None:
        """Two collections changed names: how each was indexed goes with it; what is in its place already stays.

        ``extractors`` are those that the vectors of the two are made with now, by their names.
        """
        one, other = extractors
        known = self._kept.all().values()
        for name, was in ((one, other), (other, one)):
            for each in known:
                if each.collection == was and each.extractor == extractors[name] != extractors[was]:
                    self.remember(msgspec.structs.replace(each, collection=name))

    def get(self, id: str) -> Catalogue:
        """One by its id.

        Raises:
            NotFound: nothing of this id was indexed from this machine, or the file is gone.
        """
        known = self._kept.all()
        if id not in known:
            raise NotFound(
                f"there is no catalogue {id[:40]!r}; GET /v1/catalogues lists those that were indexed from this "
                "machine: index another one with `visual-search index` first",
                "catalogue",
            )
        if not known[id].path.is_file():
            raise NotFound(f"the catalogue {known[id].file} is not there any more; put it back", "catalogue")
        return known[id]
