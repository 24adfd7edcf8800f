"""Restore a backup: read all of it, prepare everything aside, then switch. Until then nothing that is there is touched.

Searches go on with what is there until the moment of the switch; a core is swapped for the restored one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from vision.backup import databases, files, indexes, manifest, models
from vision.backup.files import COLLECTION, HOME, SOLR, Home, Kind, copied, place, writing
from vision.backup.indexes import Transfer
from vision.backup.manifest import Manifest, hashed
from vision.backup.models import Placed
from vision.backup.saving import lock, patient
from vision.backup.switching import NEW, Stage, State, Step, Switch
from vision.catalog.catalogues import Catalogue
from vision.console import Progress
from vision.errors import Conflict
from vision.merchandising.journal import Journal
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

STAGES: Final = {
    "jars": "fetching Solr",
    "verify": "reading the backup",
    "prepare": "preparing",
    "index": "Solr's index",
    "switch": "switching",
}
_NAMED: Final = 5


@dataclass(frozen=True)
class Restored:
    """What was restored; ``remarks`` say what the user should know."""

    collection: str
    made: str
    documents: int | None
    files: int
    replaced: bool
    remarks: tuple[str, ...]
    seconds: float

    def plain(self) -> dict[str, Any]:
        """The answer of ``restore --json``."""
        names = ("collection", "made", "documents", "files", "replaced", "seconds")
        return {name: getattr(self, name) for name in names} | {"remarks": list(self.remarks)}


def restore(
    workspace: Workspace,
    folder: Path,
    *,
    replace: bool = False,
    shared: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Restored:
    """Put back what a backup holds, into the collection that the settings name, or that it was made of.

    Args:
        workspace: whose home and Solr.
        folder: of the backup.
        replace: whether what is there and differs may be replaced.
        shared: a folder that Solr may read and this process write; None for one in Solr's home.
        progress: told of all stages.

    Raises:
        NotFound, BadInput: no backup, or a damaged one.
        Conflict: there is something that would be replaced, or another release made the backup.
        BadSetting: something cannot be read or written.
        SolrError: Solr did not answer or refused; then everything is as it was.
    """
    began = time.monotonic()
    with lock(workspace):
        switch = Switch(workspace.settings.home, lambda name: patient(workspace, name))
        said = switch.recover()
        found = manifest.read(folder)
        manifest.verify(folder, found, lambda done: progress("verify", done, found.size))
        collection = workspace.settings.collection or found.collection
        with patient(workspace, collection) as client:
            made = _Restore(workspace, client, folder, found, switch, progress)
            count, steps, replaced, remarks = made.run(replace, Transfer(client, shared))
    return Restored(
        collection=collection,
        made=found.made,
        documents=count,
        files=steps,
        replaced=replaced,
        remarks=(*([said] if said else []), *remarks),
        seconds=round(time.monotonic() - began, 2),
    )


@dataclass(frozen=True)
class _Restore:
    workspace: Workspace
    client: SolrClient
    folder: Path
    manifest: Manifest
    switch: Switch
    progress: Progress

    @property
    def _home(self) -> Home:
        return Home(self.workspace.settings.home, self.client.collection)

    @property
    def _new(self) -> Path:
        return self.switch.folder / NEW

    def run(self, replace: bool, transfer: Transfer) -> tuple[int | None, int, bool, tuple[str, ...]]:
        """Documents, files, whether a collection was replaced, and remarks."""
        about = indexes.server(self.client)
        self._check_versions(about)
        was_there = configset.exists(self.client)
        placed = self._plan_models()
        state = State(stage=Stage.PREPARING, collection=self.client.collection, was_there=was_there)
        self.switch.note(state)
        try:
            steps = list(self._prepare(placed))
            self._check_conflicts(steps, was_there and not replace, replace)
            state = msgspec.structs.replace(state, steps=steps, index=self.manifest.index)
            with transfer.folder() as aside:
                state = self._prepare_index(state, about.is_cloud, aside)
                for name in self._names(Kind.MERGED):
                    databases.merge(self.folder / HOME / name, self._home.path(name))
                self.switch.forth(state, lambda done: self.progress("switch", done, len(steps)))
        except BaseException:
            if self.switch.state() is not None:
                self.switch.back(self.switch.state() or state)
            raise
        self.switch.tidy(msgspec.structs.replace(state, stage=Stage.SWITCHED))
        self.client.forget_keeping()
        remarks = [*placed.remarks]
        if self.manifest.without_models:
            remarks.append("the backup was made without model files: searching by a photo needs those of its extractor")
        return self.client.count(), len(steps), was_there, tuple(remarks)

    def _check_versions(self, about: indexes.Server) -> None:
        ours, theirs = _release(about.version), _release(self.manifest.index.version)
        if not ours[0] - 1 <= theirs[0] or theirs > ours:
            raise Conflict(
                f"the backup's index was written by Solr {self.manifest.index.version}, this is {about.version}: a "
                "Solr reads indexes of its own major version and of the one before, and none of a later release"
            )
        mode = "cloud" if about.is_cloud else "standalone"
        if mode != self.manifest.index.mode:
            raise Conflict(
                f"the backup is of a {self.manifest.index.mode} Solr, this one is {mode}: restore it into one like the "
                "first, or index again"
            )

    def _names(self, *kinds: Kind) -> Iterator[str]:
        for each in self.manifest.files:
            name = each.path.removeprefix(f"{HOME}/")
            if name != each.path and files.kind(name) in kinds:
                yield name

    def _plan_models(self) -> Placed:
        hashes = {each.path: each.sha256 for each in self.manifest.files}
        specifications = {
            name: self._description(name)["extractor"] for name in {each.embedding for each in self.manifest.models}
        }
        return models.plan(self.manifest.models, hashes, specifications, self.workspace.settings)

    def _description(self, fingerprint: str) -> dict[str, Any]:
        return files.read_mapping(self.folder / HOME / "embeddings" / fingerprint / "embedding.json")

    def _prepare(self, placed: Placed) -> Iterator[Step]:
        """Copy what will be put in its place, on the file system where it will be; what is there already stays."""
        for name in self._names(Kind.FILE, Kind.JOURNAL):
            target, new = self._home.path(name), self._new / name
            copied(self.folder / HOME / name, new)
            self._adapt(new, name, placed.renamed)
            if not (target.exists() and hashed(target) == hashed(new)):
                yield Step(name, str(target), target.exists(), files.kind(name) is Kind.JOURNAL)
        for name in self._names(Kind.MAPPING):
            target, here = self._home.path(name), files.read_mapping(self._home.path(name))
            whole = files.merged(here, self._mapping(name, placed.renamed))
            if whole != here:
                _write(self._new / name, whole)
                yield Step(name, str(target), target.exists())
        yield from self._superfluous()
        for number, (entry, target) in enumerate(placed.targets.items()):
            new = self._new / files.MODELS / str(number)
            copied(self.folder / entry.path, new)
            yield Step(f"{files.MODELS}/{number}", str(target), target.exists())

    def _superfluous(self) -> Iterator[Step]:
        """What the collection has here and had not when the backup was made: it is about another state of it."""
        known = set(self._names(*Kind))
        for name in self._home.small(self.manifest.index.embeddings):
            if name not in known and COLLECTION in name:
                yield Step(name, str(self._home.path(name)), was_there=True, goes=True)
        journal = self._home.journal
        name = f"changes/{COLLECTION}.sqlite"
        if journal.exists() and name not in known:
            with Journal(self._new / name).writing():
                pass  # an empty one
            yield Step(name, str(journal), was_there=True, is_journal=True)

    def _adapt(self, path: Path, name: str, renamed: Mapping[str, str]) -> None:
        """What a file says of the collection's name, and of where model files lie, as it is here."""
        if name == f"tuning/{COLLECTION}.json" and self.client.collection != self.manifest.collection:
            _write(path, files.read_mapping(path) | {"collection": self.client.collection})
        elif name.endswith("/embedding.json") and (found := files.read_mapping(path))["extractor"] in renamed:
            _write(path, found | {"extractor": renamed[found["extractor"]]})

    def _mapping(self, name: str, renamed: Mapping[str, str]) -> dict[str, Any]:
        """Members of a mapping, as they are here."""
        came = files.read_mapping(self.folder / HOME / name)
        if name != "catalogues.json":
            return came
        adapted = {}
        for each in came.values():
            extractor = renamed.get(each["extractor"], each["extractor"])
            whole = each | {"collection": self.client.collection, "extractor": extractor}
            adapted[msgspec.convert(whole, Catalogue).id] = whole
        return adapted

    def _check_conflicts(self, steps: list[Step], collection: bool, replace: bool) -> None:
        """Refuse to replace what is there, unless that was asked for.

        Raises:
            Conflict: naming what is there.
        """
        there = [f"collection {self.client.collection!r}"] if collection else []
        if not replace:
            mappings = set(self._names(Kind.MAPPING))
            there += [step.target for step in steps if step.was_there and step.name not in mappings]
        if there:
            more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
            raise Conflict(
                f"{', '.join(there[:_NAMED])}{more} would be replaced, and nothing was restored: say --replace to do "
                "so, or --collection for another collection"
            )

    def _prepare_index(self, state: State, is_cloud: bool, aside: Path) -> State:
        """Restore the index into a core of its own; of a SolrCloud, keep what will be replaced."""
        self.progress("index", 0, None)
        index, base = self.manifest.index, self.folder / SOLR
        made = aside / (index.name if is_cloud else f"snapshot.{index.name}")
        for path in sorted(base.rglob("*")):
            if path.is_file():
                place(path, made / path.relative_to(base))
        if is_cloud:
            return self._keep_collection(msgspec.structs.replace(state, transfer=str(aside)))
        own = f"{self.client.collection}.{aside.name.rpartition('-')[2]}"
        folder = own if state.was_there else self.client.collection
        state = msgspec.structs.replace(state, aside=own, instance=folder, transfer=str(aside))
        self.switch.note(state)
        with self.switch.client(own) as core:
            indexes.restore_core(core, index, aside, folder)
            indexes.check(core, index)
        return state

    def _keep_collection(self, state: State) -> State:
        if not state.was_there:
            self.switch.note(state)
            return state
        assert state.transfer is not None
        kept = Path(state.transfer) / "kept"
        with writing(kept):
            kept.mkdir()
        snapshot = indexes.take(self.client)
        state = msgspec.structs.replace(state, kept=str(kept), before=snapshot.index)
        self.switch.note(state)
        try:
            indexes.export(self.client, snapshot, Transfer(self.client, kept.parent.parent), kept)
        finally:
            indexes.release(self.client, snapshot)
        return state


def _release(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(content)))
        manifest.sync(path)
