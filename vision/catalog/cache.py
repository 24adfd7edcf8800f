"""Features extracted and regions found, kept by content hash: an interrupted run goes on where it stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision import databases
from vision.detect import Region
from vision.errors import BadSetting, Conflict

Features = NDArray[np.float32]
_CHUNK = 500
_PATIENCE_S = 60
_REGIONS = msgspec.json.Decoder(tuple[Region, ...])


class FeatureCache:
    """(dims,) float32 by (extractor fingerprint, SHA-256 of the picture's bytes), in one SQLite file.

    Beside them regions by (detector fingerprint, the same SHA-256).
    """

    def __init__(self, path: Path) -> None:
        """Open the file, creating it where there is none.

        Raises:
            BadSetting: the file or its folder cannot be used.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(
                f"the folder {path.parent} cannot be made ({error.strerror}); set VISUAL_SEARCH_HOME to one that can"
            ) from error
        with self._errors():
            self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        databases.write_ahead(self._db, patience=_PATIENCE_S)
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS features (extractor TEXT NOT NULL, picture BLOB NOT NULL, "
            "vector BLOB NOT NULL, PRIMARY KEY (extractor, picture))"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS regions (detector TEXT NOT NULL, picture BLOB NOT NULL, "
            "found BLOB NOT NULL, PRIMARY KEY (detector, picture))"
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        """Use as a context manager that closes the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def known(self, extractor: str, pictures: Sequence[bytes]) -> frozenset[bytes]:
        """Which of these pictures' features are here."""
        sql = "SELECT picture, NULL FROM features WHERE extractor = ? AND picture"
        return frozenset(picture for picture, _ in self._rows(sql, extractor, pictures))

    def get(self, extractor: str, pictures: Sequence[bytes]) -> dict[bytes, Features]:
        """The features that are here, by picture."""
        sql = "SELECT picture, vector FROM features WHERE extractor = ? AND picture"
        found = self._rows(sql, extractor, pictures)
        return {picture: np.frombuffer(vector, dtype="<f4") for picture, vector in found}

    def matrix(self, extractor: str, pictures: Sequence[bytes]) -> Features:
        """(n, dims) features of pictures, in this order; a picture may come twice.

        Raises:
            Conflict: some are not here; another process deleted or replaced the file.
        """
        found = self.get(extractor, pictures)
        missing = sum(picture not in found for picture in pictures)
        if missing:
            raise Conflict(f"{self._path} lost the features of {missing:,} pictures; run the same command again")
        return np.stack([found[picture] for picture in pictures])

    def put(self, extractor: str, features: Mapping[bytes, Features]) -> None:
        """Keep features, all or none; on disk when this returns.

        Raises:
            BadSetting: the file cannot be written.
        """
        rows = [(extractor, picture, np.asarray(vector, dtype="<f4").tobytes()) for picture, vector in features.items()]
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)

    def get_regions(self, detector: str, pictures: Sequence[bytes]) -> dict[bytes, tuple[Region, ...]]:
        """What a detector, by its fingerprint, found in the pictures that it looked at, by picture."""
        sql = "SELECT picture, found FROM regions WHERE detector = ? AND picture"
        return {picture: _REGIONS.decode(found) for picture, found in self._rows(sql, detector, pictures)}

    def put_regions(self, detector: str, found: Mapping[bytes, Sequence[Region]]) -> None:
        """Keep what a detector found in pictures, nothing too; on disk when this returns.

        Raises:
            BadSetting: the file cannot be written.
        """
        rows = [(detector, picture, msgspec.json.encode(regions)) for picture, regions in found.items()]
        with self._errors(), databases.transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO regions VALUES (?, ?, ?)", rows)

    def _rows(self, select: str, by: str, pictures: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
        for start in range(0, len(pictures), _CHUNK):
            chunk = pictures[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            with self._errors():
                found = self._db.execute(f"{select} IN ({marks})", (by, *chunk)).fetchall()
            yield from found

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BadSetting(
                f"the feature cache {self._path} cannot be used: {error}; make it writable, or delete it (features are "
                "then extracted again), or set VISUAL_SEARCH_HOME to another folder"
            ) from error
