"""Back up a collection while it is searched, indexed and changed.

What is copied belongs together: while the change journal is held, nobody can begin to write a change, so what is in
Solr's snapshot is what the journal knows of. A change set that was at work then is resumed or undone after a restore,
as after a kill. Vectors that are kept outside are copied after the snapshot: they are only ever added to.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

from vision.backup import databases, indexes, manifest, models
from vision.backup.files import COLLECTION, HOME, SOLR, Home, copied, moved, writing
from vision.backup.indexes import Snapshot, Transfer
from vision.backup.manifest import Entry, Manifest, ModelEntry
from vision.backup.switching import Switch
from vision.console import Progress
from vision.errors import BadSetting, Conflict, VisualSearchError
from vision.locks import file_lock
from vision.merchandising.journal import Journal
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping
from vision.workspace import Workspace

STAGES: Final = {"jars": "fetching Solr", "snapshot": "Solr's snapshot", "copy": "copying files", "hash": "hashing"}
BEGUN: Final = ".unfinished"
"""Marks a folder as that of a backup which did not come to its end."""
SLOW_S: Final = 3600.0
"""Seconds for Solr to copy an index."""


@dataclass(frozen=True)
class Saved:
    """A backup that was made; ``bytes`` of all its files, ``documents`` None where others wrote at that moment."""

    folder: Path
    collection: str
    documents: int | None
    files: int
    models: int
    bytes: int
    seconds: float

    def plain(self) -> dict[str, Any]:
        """The answer of ``backup --json``."""
        names = ("collection", "documents", "files", "models", "bytes", "seconds")
        return {"folder": str(self.folder)} | {name: getattr(self, name) for name in names}


def back_up(
    workspace: Workspace,
    folder: Path,
    *,
    without_models: bool = False,
    shared: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Saved:
    """Write the backup of the collection that the settings name, or that is searched.

    Args:
        workspace: whose home and Solr.
        folder: new, empty, or that of a backup which was interrupted.
        without_models: leave model files out.
        shared: a folder that Solr may write to and this process read; None for one in Solr's home.
        progress: told of all stages.

    Raises:
        Conflict: the folder has something else in it, or the collection was replaced meanwhile.
        BadSetting: something cannot be read or written.
        ModelUnavailable: a model file is not on this machine.
        SolrError: Solr did not answer or refused.
    """
    began = time.monotonic()
    with lock(workspace), workspace.reading_client() as named:
        Switch(workspace.settings.home, lambda name: patient(workspace, name)).recover()
        with patient(workspace, named.collection) as client:
            _begin(folder)
            made = _Backup(workspace, named, client, folder, progress)
            found = made.write(without_models, shared)
    (folder / BEGUN).unlink(missing_ok=True)
    return Saved(
        folder=folder,
        collection=found.collection,
        documents=found.index.documents,
        files=len(found.files),
        models=len(found.models),
        bytes=found.size,
        seconds=round(time.monotonic() - began, 2),
    )


@contextmanager
def lock(workspace: Workspace) -> Iterator[None]:
    """Let one process at a time back up or restore in a home folder.

    Raises:
        BadSetting: the home folder cannot be written.
        Locked: another one is at it.
    """
    home = workspace.settings.home
    with writing(home / "backup.lock"):
        home.mkdir(parents=True, exist_ok=True)
        (home / "backup.lock").touch()
    with file_lock(home / "backup.lock", timeout=1, doing="backing up or restoring"):
        yield


def patient(workspace: Workspace, collection: str) -> SolrClient:
    """A client that waits for Solr to copy an index."""
    vectors = workspace.settings.home / "vectors.sqlite"
    return SolrClient(workspace.solr_url(), collection, timeout=SLOW_S, vectors=vectors)


def _begin(folder: Path) -> None:
    """Empty a folder of ours that was not finished; mark a new one.

    Raises:
        Conflict: there is something else in it.
        BadSetting: it cannot be written.
    """
    there = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    if there and (BEGUN not in there or manifest.FILE in there):
        raise Conflict(
            f"{folder} is not empty ({', '.join(there[:3])}); give a folder that is new, empty, or that of a backup "
            "which was interrupted"
        )
    with writing(folder):
        for name in there:
            if name != BEGUN:
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # shoppers' profiles are in it
        (folder / BEGUN).touch()


@dataclass(frozen=True)
class _Backup:
    workspace: Workspace
    quick: SolrClient
    """Whose time limit is the usual one: others wait for the journal meanwhile."""
    client: SolrClient
    folder: Path
    progress: Progress

    @property
    def _home(self) -> Home:
        return Home(self.workspace.settings.home, self.client.collection)

    def write(self, without_models: bool, shared: Path | None) -> Manifest:
        """Everything, the manifest last."""
        transfer = Transfer(self.client, shared)
        self.progress("snapshot", 0, None)
        snapshot = self._snapshot()
        try:
            with transfer.folder() as aside:
                moved(indexes.export(self.client, snapshot, transfer, aside), self.folder / SOLR)
        finally:
            with suppress(VisualSearchError):
                indexes.release(self.client, snapshot)
        index = snapshot.index
        self._copy_home(index.embeddings, outside=index.keeping is Keeping.OUTSIDE)
        entries = [] if without_models else list(self._copy_models(index.embeddings))
        if indexes.embeddings(self.client) != index.embeddings and index.documents is not None:
            raise Conflict(
                f"collection {self.client.collection!r} got vectors of another embedding while it was backed up; run "
                "the same command again"
            )
        made = Manifest(
            format=manifest.FORMAT,
            release=_release(),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            collection=self.client.collection,
            index=index,
            models=entries,
            without_models=without_models,
            files=list(self._entries()),
        )
        with writing(self.folder):
            manifest.write(made, self.folder)
        return made

    def _snapshot(self) -> Snapshot:
        """Solr's snapshot, and the journal as it was when that was taken."""
        journal, target = Journal(self._home.journal), self.folder / HOME / f"changes/{COLLECTION}.sqlite"
        if not journal.exists():
            snapshot = indexes.take(self.quick)
            if not journal.exists():
                return snapshot
            indexes.release(self.client, snapshot)  # the first change of all was begun meanwhile
        with journal.writing():
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            databases.copy(journal.file, target)
            return indexes.take(self.quick)

    def _copy_home(self, embeddings: list[str], *, outside: bool) -> None:
        home, target = self._home, self.folder / HOME
        store = self.workspace.store()
        for fingerprint in embeddings:
            store.load(fingerprint)  # without it nothing could be searched for
        names = list(home.small(embeddings))
        for done, name in enumerate(names):
            copied(home.path(name), target / name)
            self.progress("copy", done + 1, len(names))
        for name in home.shared(outside):
            with writing(target / name):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
            databases.copy(home.path(name), target / name)
        for name, content in home.mappings():
            with writing(target / name):
                target.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(msgspec.json.format(msgspec.json.encode(content)))

    def _copy_models(self, embeddings: list[str]) -> Iterator[ModelEntry]:
        for entry, path in models.find(self.workspace.store(), embeddings, self.workspace.settings):
            copied(path, self.folder / entry.path)
            yield entry

    def _entries(self) -> Iterator[Entry]:
        """Every file of the backup, on disk."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != BEGUN)
        total, done = sum(path.stat().st_size for path in paths), 0
        for path in paths:
            with reading(path):
                yield manifest.entry(self.folder, path)
            done += path.stat().st_size
            self.progress("hash", done, total)
        for each in [path for path in self.folder.rglob("*") if path.is_dir()]:
            manifest.sync(each)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say which file cannot be read.

    Raises:
        BadSetting: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}; make it readable, and run the command again") from (
            error
        )


def _release() -> str:
    try:
        return version("solr-visual-search")
    except PackageNotFoundError:
        return "unknown"
