"""The moment of a restore: what was prepared aside takes the place of what is there, and goes back if that fails.

Each step is written down before the first is taken. A restore that fails goes back at once; one that was killed goes
back, or is tidied up if everything had been switched, when the next one begins. Every step back may be taken again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from vision.backup import databases, indexes, manifest
from vision.backup.files import place, writing
from vision.backup.manifest import Index
from vision.errors import BadSetting, VisualSearchError
from vision.solr import configset
from vision.solr.client import SolrClient

FOLDER: Final = ".restoring"
"""Below the home folder, while a restore is at work."""
NEW: Final = "new"
_OLD: Final = "old"
_STATE: Final = "state.json"


class Stage(StrEnum):
    """How far a restore is: nothing is touched while it prepares, everything is in its place once it is switched.

    A SolrCloud's collection cannot be swapped: while it is ``replacing`` one, neither may be there.
    """

    PREPARING = "preparing"
    SWITCHING = "switching"
    REPLACING = "replacing"
    SWITCHED = "switched"


class Step(msgspec.Struct, frozen=True):
    """A file that is put in its place: ``name`` is what it is called among the new and the old ones.

    ``was_there`` says that a file is replaced, ``is_journal`` that others may have it open, ``goes`` that it is only
    taken away: the backup has none.
    """

    name: str
    target: str
    was_there: bool
    is_journal: bool = False
    goes: bool = False


class State(msgspec.Struct, frozen=True):
    """What is written down.

    Attributes:
        stage: how far it is.
        collection: what is restored.
        steps: of the home folder.
        was_there: whether a collection is replaced.
        aside: the core that the index is restored into; None of a SolrCloud.
        instance: the folder of that core, as Solr names it.
        index: of the backup.
        kept: the folder of the snapshot of a SolrCloud's collection that is replaced.
        before: what that snapshot is.
        transfer: where Solr reads the backup's index from.
    """

    stage: Stage
    collection: str
    steps: list[Step] = []
    was_there: bool = False
    aside: str | None = None
    instance: str | None = None
    index: Index | None = None
    kept: str | None = None
    before: Index | None = None
    transfer: str | None = None


@dataclass(frozen=True)
class Switch:
    """The folder of a restore that is at work, and its clients.

    Attributes:
        home: the home folder.
        client: makes a client of a collection.
    """

    home: Path
    client: Callable[[str], SolrClient]

    @property
    def folder(self) -> Path:
        """Where everything lies that is not in its place yet, or any more."""
        return self.home / FOLDER

    def note(self, state: State) -> None:
        """Write down how far it is."""
        path = self.folder / _STATE
        with writing(path):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = path.with_suffix(".partial")
            with partial.open("wb") as file:
                file.write(msgspec.json.encode(state))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            manifest.sync(self.folder)

    def state(self) -> State | None:
        """What was written down; None where no restore is unfinished.

        Raises:
            BadSetting: it cannot be read.
        """
        path = self.folder / _STATE
        try:
            return msgspec.json.decode(path.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise BadSetting(f"{path} cannot be read ({error}): a restore was interrupted, and stays half done") from (
                error
            )

    def over(self) -> None:
        """Forget what lies aside."""
        (self.folder / _STATE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def recover(self) -> str | None:
        """Take back, or tidy up after, a restore that was killed; says what was done."""
        state = self.state()
        if state is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return None
        if state.stage is Stage.SWITCHED:
            self.tidy(state)
            return f"a restore of {state.collection!r} that was interrupted had been done; it was tidied up"
        self.back(state)
        return f"a restore of {state.collection!r} that was interrupted was taken back"

    def forth(self, state: State, told: Callable[[int], None] = lambda done: None) -> None:
        """Put everything in its place; on failure everything goes back.

        Raises:
            VisualSearchError: what failed, and whether it could not be taken back either.
        """
        try:
            self._keep(state)
            state = self._at(state, Stage.SWITCHING)
            for done, step in enumerate(state.steps):
                self._put(step)
                told(done + 1)
            if state.aside is None and state.was_there:
                state = self._at(state, Stage.REPLACING)
            self._switch_index(state)
            self._at(state, Stage.SWITCHED)
        except BaseException as error:
            try:
                self.back(state)
            except VisualSearchError as worse:
                raise VisualSearchError(
                    f"{error}; what had been done could not be taken back yet ({worse}): run the same command again, "
                    "which does so first"
                ) from error
            raise

    def _at(self, state: State, stage: Stage) -> State:
        reached = msgspec.structs.replace(state, stage=stage)
        self.note(reached)
        return reached

    def back(self, state: State) -> None:
        """Put everything back as it was before, however far it came."""
        if state.stage is not Stage.PREPARING:
            self._index_back(state)
            for step in reversed(state.steps):
                self._take(step)
        self._drop_aside(state)
        self.over()

    def tidy(self, state: State) -> None:
        """Delete what was replaced."""
        self._drop_aside(state)
        self.over()

    def _keep(self, state: State) -> None:
        """A copy of each file that will be replaced."""
        for step in state.steps:
            target, old = Path(step.target), self.folder / _OLD / step.name
            if step.was_there and step.is_journal:
                with writing(old):
                    old.parent.mkdir(parents=True, exist_ok=True)
                databases.copy(target, old)
            elif step.was_there:
                place(target, old)

    def _put(self, step: Step) -> None:
        new, target = self.folder / NEW / step.name, Path(step.target)
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if step.goes:
                target.unlink(missing_ok=True)
            elif not step.is_journal:
                os.replace(new, target)
                manifest.sync(target.parent)
        if step.is_journal:
            databases.overwrite(new, target)

    def _take(self, step: Step) -> None:
        old, target = self.folder / _OLD / step.name, Path(step.target)
        with writing(target):
            if not step.was_there and step.is_journal:
                databases.remove(target)
            elif not step.was_there:
                target.unlink(missing_ok=True)
            elif step.is_journal:
                databases.overwrite(old, target)
            elif old.exists():
                os.replace(old, target)

    def _switch_index(self, state: State) -> None:
        with self.client(state.collection) as client:
            if state.aside is not None:
                action = "SWAP" if state.was_there else "RENAME"
                client.admin("admin/cores", action=action, core=state.aside, other=state.collection)
                client.forget_keeping()
                return
            assert state.index is not None and state.transfer is not None
            if state.was_there:
                configset.drop(client)
            indexes.restore_collection(client, state.index, Path(state.transfer))
            indexes.check(client, state.index)

    def _index_back(self, state: State) -> None:
        with self.client(state.collection) as client:
            if state.aside is not None:
                if state.was_there and indexes.instance(client) == state.instance:
                    client.admin("admin/cores", action="SWAP", core=state.aside, other=state.collection)
                return
            if state.was_there and state.stage is not Stage.REPLACING:
                return
            if configset.exists(client):
                configset.drop(client)
            if state.before is not None and state.kept is not None:
                indexes.restore_collection(client, state.before, Path(state.kept))

    def _drop_aside(self, state: State) -> None:
        """Delete the core that is not used, the restored one or the replaced one, and what Solr was to read."""
        for folder in (state.kept, state.transfer):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        if state.aside is None:
            return
        with self.client(state.aside) as client:
            if configset.exists(client):
                configset.drop(client)
        if state.stage is not Stage.SWITCHED and not state.was_there:
            with self.client(state.collection) as client:
                if indexes.instance(client) == state.instance:
                    configset.drop(client)
