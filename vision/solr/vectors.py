"""Where a collection keeps the vectors that are written back: stored in Solr, packed in Solr, or outside it.

Solr cannot give back what it has only indexed, and an atomic update silently drops it. So a vector is either stored
beside the index, as Solr does it (5.6 KB of 1,024 float32) or packed (3.5 KB), or it is kept in a file of this product
and the document stores its key. In the last two ways the schema requires the vector: an update that does not put it
back is refused by Solr, whoever sends it.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting, NotFound
from vision.locks import file_lock

Vector = NDArray[np.float32]
Code = NDArray[np.int8]

VECTOR: Final = "vector"
COARSE: Final = "coarse"
PACKED: Final = "vector_packed"
"""Holds the packed vector, in a collection that keeps vectors so."""
KEY: Final = "vector_key"
"""Holds the vector's key in the file, in a collection that keeps vectors outside."""
_DIMS: Final = 1024
_KEY_BYTES: Final = 16
_CHUNK: Final = 500
_PATIENCE_S: Final = 60
_NAMING_S: Final = 600.0


class Keeping(StrEnum):
    """How; chosen when a collection is created, and readable from its schema."""

    STORED = "stored"
    PACKED = "packed"
    OUTSIDE = "outside"

    @property
    def properties(self) -> Mapping[str, str]:
        """The properties that a collection is created with."""
        if self is Keeping.STORED:
            return {}
        required = {"visual.vectorStored": "false", "visual.vectorRequired": "true"}
        if self is Keeping.PACKED:
            return required | {"visual.vectorPacked": "true"}
        return required | {"visual.coarseStored": "false", "visual.vectorOutside": "true"}

    @classmethod
    def of(cls, fields: Iterable[Mapping[str, Any]]) -> Keeping:
        """What the fields of a schema, as Solr describes them, say."""
        required = {each["name"] for each in fields if each.get("required")}
        return cls.PACKED if PACKED in required else cls.OUTSIDE if KEY in required else cls.STORED


def pack(vector: Vector) -> bytes:
    """A vector's bytes without loss: exponents are alike and compress, mantissas do not and are left as they are."""
    planes = np.ascontiguousarray(vector, dtype="<f4").view(np.uint8).reshape(-1, 4).T
    return planes[:3].tobytes() + zlib.compress(planes[3].tobytes(), 9)


def unpack(packed: bytes) -> Vector:
    """What :func:`pack` was given: (1024,) float32."""
    exact = 3 * _DIMS
    planes = np.empty((4, _DIMS), dtype=np.uint8)
    planes[:3] = np.frombuffer(packed, dtype=np.uint8, count=exact).reshape(3, _DIMS)
    planes[3] = np.frombuffer(zlib.decompress(packed[exact:]), dtype=np.uint8)
    return np.ascontiguousarray(planes.T).view("<f4").ravel().astype(np.float32, copy=False)


class VectorFile:
    """Both vectors of documents by a hash of their bytes, in one SQLite file; what is there is never changed."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before something is put or asked for."""
        self.path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def put(self, vectors: Sequence[tuple[Vector, Code]]) -> list[bytes]:
        """Keep vectors, all or none, on disk when this returns; returns their keys.

        Raises:
            BadSetting: the file cannot be written.
        """
        rows = [(key(*each), pack(each[0]), each[1].astype(np.int8).tobytes()) for each in vectors]
        with self._opened() as database, database:
            database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
        return [row[0] for row in rows]

    def naming(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """Held from :meth:`put` until Solr has the keys; ``alone``, nobody is in between.

        Raises:
            SolrNotStarted: others held it for too long.
        """
        lock = self.path.with_name(f"{self.path.name}.lock")
        return file_lock(lock, timeout=_NAMING_S, doing="writing or dropping vectors", shared=not alone)

    def drop_others(self, named: Iterable[bytes]) -> int:
        """Delete every vector whose key is not named, and give its room back; returns how many.

        Raises:
            BadSetting: the file cannot be written.
        """
        with self._opened() as database:
            with database:
                database.execute("CREATE TEMP TABLE IF NOT EXISTS named (key BLOB PRIMARY KEY) WITHOUT ROWID")
                database.execute("DELETE FROM named")
                database.executemany("INSERT OR IGNORE INTO named VALUES (?)", ((each,) for each in named))
                dropped = database.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM named)").rowcount
            if dropped:
                database.execute("VACUUM")
        return dropped

    def keys(self) -> frozenset[bytes]:
        """The keys of all vectors that are here.

        Raises:
            BadSetting: the file cannot be read.
        """
        if not self.path.exists():
            return frozenset()
        with self._opened() as database:
            return frozenset(row[0] for row in database.execute("SELECT key FROM vectors"))

    def get(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Vector, Code]]:
        """The vectors that are here, by key.

        Raises:
            BadSetting: the file cannot be read.
        """
        if not self.path.exists():
            return {}
        found: dict[bytes, tuple[Vector, Code]] = {}
        with self._opened() as database:
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(chunk))
                rows = database.execute(f"SELECT key, vector, coarse FROM vectors WHERE key IN ({marks})", chunk)
                found |= {each: (unpack(packed), np.frombuffer(code, np.int8)) for each, packed, code in rows}
        return found

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._db is None:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self._db = sqlite3.connect(self.path, timeout=_PATIENCE_S, check_same_thread=False)
                    # Solr is told of a vector only when it is here: a power cut must not take it away again.
                    self._db.execute("PRAGMA synchronous=FULL")
                    self._db.execute(
                        "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, "
                        "coarse BLOB NOT NULL)"
                    )
                yield self._db
            except (sqlite3.Error, OSError) as error:
                raise BadSetting(
                    f"the vectors in {self.path} cannot be used: {error}; make it readable and writable, or set "
                    "VISUAL_SEARCH_HOME to the folder that it was written to"
                ) from error


def key(vector: Vector, coarse: Code) -> bytes:
    """16 bytes that no other pair of vectors has."""
    content = np.asarray(vector, dtype="<f4").tobytes() + np.asarray(coarse, dtype=np.int8).tobytes()
    return hashlib.blake2b(content, digest_size=_KEY_BYTES).digest()


def kept(documents: Sequence[Mapping[str, Any]], keeping: Keeping, file: VectorFile | None) -> list[dict[str, Any]]:
    """Whole documents as a collection that keeps vectors so takes them; those without vectors as they are.

    Raises:
        BadSetting: the file cannot be written, or none is known.
    """
    given = [dict(each) for each in documents]
    shown = [each for each in given if VECTOR in each]
    if keeping is Keeping.PACKED:
        for each in shown:
            each[PACKED] = _text(pack(np.asarray(each[VECTOR], dtype=np.float32)))
    elif keeping is Keeping.OUTSIDE and shown:
        pairs = [(np.asarray(each[VECTOR], np.float32), np.asarray(each[COARSE], np.int8)) for each in shown]
        for each, made in zip(shown, _known(file).put(pairs), strict=True):
            each[KEY] = _text(made)
    return given


def returning(names: str) -> str:
    """``fl`` for these names, separated by commas, that also returns what vectors among them are read from."""
    wanted = names.split(",")
    if VECTOR in wanted:
        return f"{names},{PACKED},{KEY}"
    return f"{names},{KEY}" if COARSE in wanted else names


def fill(documents: Sequence[dict[str, Any]], names: str, file: VectorFile | None) -> None:
    """Put the vectors among ``names`` into documents that :func:`returning` was asked for, however they are kept.

    Raises:
        NotFound: the file does not hold one of them.
        BadSetting: the file cannot be read, or none is known.
    """
    wanted = {VECTOR, COARSE}.intersection(names.split(","))
    keys: dict[int, bytes] = {}
    for number, each in enumerate(documents):
        packed, known = each.pop(PACKED, None), each.pop(KEY, None)
        if packed is not None and VECTOR in wanted:
            each[VECTOR] = unpack(_bytes(packed))
        elif known is not None:
            keys[number] = _bytes(known)
    found = _known(file).get(list(dict.fromkeys(keys.values()))) if keys else {}
    for number, known in keys.items():
        if known not in found:
            raise NotFound(
                f"the collection keeps its vectors outside Solr, and {_known(file).path} does not hold that with key "
                f"{known.hex()}; copy the file from the machine that indexed, or index again"
            )
        both = dict(zip((VECTOR, COARSE), found[known], strict=True))
        documents[number].update({name: both[name] for name in wanted})


def _known(file: VectorFile | None) -> VectorFile:
    if file is None:
        raise BadSetting("the collection keeps its vectors outside Solr, and no file of vectors is known here")
    return file


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
