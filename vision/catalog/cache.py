"""Features already extracted, kept by content hash: an interrupted run goes on where it stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
_CHUNK = 500


class FeatureCache:
    """(dims,) float32 by (extractor fingerprint, SHA-256 of the picture's bytes), in one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it where there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS features (extractor TEXT NOT NULL, picture BLOB NOT NULL, "
            "vector BLOB NOT NULL, PRIMARY KEY (extractor, picture))"
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
        return frozenset(picture for picture, _ in self._rows("picture, NULL", extractor, pictures))

    def get(self, extractor: str, pictures: Sequence[bytes]) -> dict[bytes, Features]:
        """The features that are here, by picture."""
        found = self._rows("picture, vector", extractor, pictures)
        return {picture: np.frombuffer(vector, dtype="<f4") for picture, vector in found}

    def matrix(self, extractor: str, pictures: Sequence[bytes]) -> Features:
        """(n, dims) features of pictures that are all here, in this order; a picture may come twice."""
        found = self.get(extractor, pictures)
        return np.stack([found[picture] for picture in pictures])

    def put(self, extractor: str, features: Mapping[bytes, Features]) -> None:
        """Keep features; on disk when this returns."""
        rows = [(extractor, picture, np.asarray(vector, dtype="<f4").tobytes()) for picture, vector in features.items()]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def _rows(self, columns: str, extractor: str, pictures: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
        for start in range(0, len(pictures), _CHUNK):
            chunk = pictures[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT {columns} FROM features WHERE extractor = ? AND picture IN ({marks})"
            yield from self._db.execute(sql, (extractor, *chunk))
