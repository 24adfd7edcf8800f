"""What a backup holds: every file with its size and SHA-256, and what made it. A folder without it is no backup.

It is written last, in one step, once everything that it names is on disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from vision.errors import BadInput, Conflict, NotFound
from vision.solr.vectors import Keeping

FORMAT: Final = 1
"""Of the folder; a backup with a higher one was made by a newer release."""
FILE: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_NAMED: Final = 5


class Entry(msgspec.Struct, frozen=True):
    """A file of the backup, by its path in the folder; ``size`` in bytes, ``sha256`` in hexadecimal."""

    path: str
    size: int
    sha256: str


class ModelEntry(msgspec.Struct, frozen=True):
    """A model file, where it was, and whose it is.

    Attributes:
        path: in the backup.
        embedding: the fingerprint of the vectors that it made.
        place: what ``name`` is relative to: ``home``, ``models``, ``cache`` (of Keras), or ``path``, anywhere else.
        name: its path there; of ``path``, below the folder that the specification's file or folder lies in.
        was: its whole path on the machine of the backup.
    """

    path: str
    embedding: str
    place: str
    name: str
    was: str


class Index(msgspec.Struct, frozen=True):
    """Solr's part.

    Attributes:
        version: of Solr.
        mode: ``standalone`` or ``cloud``.
        name: of Solr's own snapshot.
        keeping: where the collection keeps vectors.
        coarse_dims: values of its coarse field.
        documents: how many there were; None where others wrote at that moment.
        embeddings: fingerprints of their vectors.
    """

    version: str
    mode: str
    name: str
    keeping: Keeping
    coarse_dims: int
    documents: int | None
    embeddings: list[str]


class Manifest(msgspec.Struct, frozen=True):
    """The whole; ``release`` is this product's version, ``made`` ISO 8601 in UTC, ``digest`` a hash of all the rest."""

    format: int
    release: str
    made: str
    collection: str
    index: Index
    models: list[ModelEntry]
    without_models: bool
    files: list[Entry]
    digest: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(each.size for each in self.files)


class _Head(msgspec.Struct, frozen=True):
    format: int
    release: str = "unknown"


def write(manifest: Manifest, folder: Path) -> None:
    """Finish a backup: what the manifest names is there, and then the manifest is, whole."""
    whole = msgspec.structs.replace(manifest, digest=_digest(manifest))
    partial = folder / f".{FILE}.{os.getpid()}.partial"
    with partial.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(whole)))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)
    sync(folder)


def read(folder: Path) -> Manifest:
    """A backup's manifest, which is as it was written.

    Raises:
        NotFound: the folder holds no finished backup.
        BadInput: the manifest is damaged.
        Conflict: a newer release wrote it.
    """
    try:
        data = (folder / FILE).read_bytes()
    except FileNotFoundError:
        raise NotFound(
            f"{folder} holds no finished backup: {FILE}, which is written last, is not there; take another folder, or "
            "make the backup again"
        ) from None
    except OSError as error:
        raise BadInput(f"{folder / FILE} cannot be read: {error.strerror}") from error
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format > FORMAT:
            raise Conflict(
                f"{folder} was made by release {head.release} in format {head.format}; this release reads up to "
                f"{FORMAT}: restore it with that release, or a later one"
            )
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{folder / FILE} is damaged ({error}); restore another backup") from error
    if found.digest != _digest(found) or not all(is_inside(each.path) for each in found.files):
        raise BadInput(f"{folder / FILE} is damaged: it is not what was written; restore another backup")
    return found


def verify(folder: Path, manifest: Manifest, told: Callable[[int], None] = lambda done: None) -> None:
    """Read every file of a backup; ``told`` is told how many bytes are through.

    Raises:
        BadInput: some are missing, or not what was written; names them.
    """
    wrong, done = [], 0
    for each in manifest.files:
        path = folder / each.path
        try:
            good = path.stat().st_size == each.size and hashed(path) == each.sha256
            wrong += [] if good else [f"{each.path} is not what was written"]
        except OSError as error:
            wrong.append(f"{each.path}: {error.strerror}")
        done += each.size
        told(done)
    if wrong:
        more = f", and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise BadInput(
            f"the backup in {folder} is damaged: {'; '.join(wrong[:_NAMED])}{more}; nothing was restored: restore "
            "another one"
        )


def entry(folder: Path, path: Path) -> Entry:
    """What the manifest says of a file that was written to the folder; its bytes are on disk then."""
    digest = hashed(path)
    sync(path)
    return Entry(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


def hashed(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """See that a file, or what a folder lists, outlives a power cut; a system without it does what it can."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(opened)
    except OSError:
        pass
    finally:
        os.close(opened)


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(manifest, digest=""))).hexdigest()


def is_inside(path: str) -> bool:
    """Whether a path of a backup stays below the folder that it is relative to, on any system."""
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\\" not in path and ":" not in path
