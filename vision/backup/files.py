"""The files below the home folder that belong to a collection, by what is done with each when it is restored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from vision.backup import manifest
from vision.errors import BadSetting

HOME: Final = "home"
"""The backup's folder of what lies below the home folder, under the same paths."""
SOLR: Final = "solr"
"""The backup's folder of Solr's snapshot."""
MODELS: Final = "models"
"""The backup's folder of model files, one folder for each."""
COLLECTION: Final = "COLLECTION"
"""Stands in the backup's paths for the collection's name, which may be another one when it is restored."""
_EMBEDDING: Final = ("embedding.json", "pca.npz", f"match-{COLLECTION}.json", "drift.json")
"""What is kept beside an embedding, with it."""
_MAPPINGS: Final = ("catalogues.json", "roots.json")
_VECTORS: Final = "vectors.sqlite"
_PROFILES: Final = "profiles.sqlite"


class Kind(StrEnum):
    """How a file of the home folder is put back."""

    FILE = "file"
    """In its place; one that is there and has another content is replaced, if that was asked for."""
    JOURNAL = "journal"
    """Like a file, through SQLite: others may have it open."""
    MERGED = "merged"
    """Its rows are added to those that are there: they belong to several collections."""
    MAPPING = "mapping"
    """The same of a JSON object's members."""


def kind(path: str) -> Kind:
    """How the file at a path below the backup's ``home`` is put back."""
    if path in _MAPPINGS:
        return Kind.MAPPING
    if path in (_VECTORS, _PROFILES):
        return Kind.MERGED
    return Kind.JOURNAL if PurePosixPath(path).parent.name == "changes" else Kind.FILE


@dataclass(frozen=True)
class Home:
    """What a home folder holds of one collection."""

    folder: Path
    collection: str

    def path(self, name: str) -> Path:
        """Where a path below the backup's ``home`` lies here."""
        return self.folder / name.replace(COLLECTION, self.collection)

    @property
    def journal(self) -> Path:
        """Of changes."""
        return self.path(f"changes/{COLLECTION}.sqlite")

    def small(self, embeddings: Sequence[str]) -> Iterator[str]:
        """The paths of files that are there and are only ever replaced whole, so that copying them is enough."""
        names = [f"tuning/{COLLECTION}.json", f"drift/{COLLECTION}.json"]
        for each in embeddings:
            names += [f"embeddings/{each}/{name}" for name in _EMBEDDING]
        yield from (name for name in names if self.path(name).is_file())

    def shared(self, outside: bool) -> Iterator[str]:
        """The paths of databases that are there and belong to several collections; vectors if those are ``outside``."""
        yield from (name for name in [_PROFILES, *([_VECTORS] if outside else [])] if self.path(name).is_file())

    def mappings(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the JSON files say, of catalogues only those that were indexed into the collection."""
        for name in _MAPPINGS:
            found = read_mapping(self.path(name))
            own = {key: each for key, each in found.items() if _belongs(each, self.collection)}
            if own:
                yield name, own


def read_mapping(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is no file.

    Raises:
        BadSetting: it is damaged.
    """
    try:
        return dict(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is damaged ({error}); mend or delete it") from error


def merged(here: Mapping[str, Any], came: Mapping[str, Any]) -> dict[str, Any]:
    """Members of both; those that are here stay."""
    return {**came, **here}


def _belongs(entry: Any, collection: str) -> bool:
    return not isinstance(entry, dict) or entry.get("collection") == collection


def place(source: Path, target: Path) -> None:
    """Copy a file, without a second copy of its bytes where both lie on one file system and never change.

    Raises:
        BadSetting: it cannot be.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def copied(source: Path, target: Path) -> None:
    """Copy a file, and see that the copy is on disk.

    Raises:
        BadSetting: it cannot be.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        manifest.sync(target)


def moved(source: Path, target: Path) -> None:
    """Move a folder, also to another file system.

    Raises:
        BadSetting: it cannot be.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Say what to do where something cannot be written.

    Raises:
        BadSetting: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise BadSetting(
            f"{target} cannot be written: {error.strerror or error}; make room or give a folder that can be "
            "written, and run the same command again"
        ) from error
