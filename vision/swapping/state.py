"""What is known of a collection that another one is to take the place of, or has taken: a file of the home folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from vision import atomic
from vision.errors import BadSetting, Conflict, NotFound
from vision.locks import file_lock

_LOCK_S: Final = 10.0


class Going(msgspec.Struct, frozen=True):
    """A switch that has begun: what each name stood for before (a core's folder, or a SolrCloud's own name of it).

    ``writes`` is the number of the journal's last write that the collection which comes had been given.
    """

    live: str
    other: str
    writes: int


class Beside(msgspec.Struct, frozen=True):
    """A collection beside the one that is served.

    Attributes:
        collection: the name that is served.
        other: the name of what is beside it.
        since: when that came, seconds since 1970.
        shadow: part of the searches that it is asked as well.
        switched: whether the two have changed places.
        going: a switch that has begun, and did not come to its end.
    """

    collection: str
    other: str
    since: float
    shadow: float = 0.0
    switched: bool = False
    going: Going | None = None


@dataclass(frozen=True)
class BesideFiles:
    """Where they are kept: one file for a collection, ``<folder>/<collection>.json``."""

    folder: Path

    def path(self, collection: str) -> Path:
        """The file of a collection, whether it is there or not."""
        return self.folder / f"{collection}.json"

    def load(self, collection: str) -> Beside | None:
        """What is beside a collection; None where nothing is.

        Raises:
            BadSetting: the file is damaged.
        """
        path = self.path(collection)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Beside)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise BadSetting(f"{path} is damaged ({error}); delete it, and index what was beside once more") from error

    def known(self, collection: str) -> Beside:
        """What is beside a collection.

        Raises:
            NotFound: nothing is.
            BadSetting: the file is damaged.
        """
        found = self.load(collection)
        if found is None:
            raise NotFound(
                f"nothing is beside collection {collection!r}; index what is to take its place first: visual-search "
                f"index CATALOG --collection {collection} --beside {collection}-next"
            )
        return found

    def save(self, beside: Beside) -> None:
        """Write one, whole or not at all."""
        atomic.write(self.path(beside.collection), msgspec.json.format(msgspec.json.encode(beside)))

    def begin(self, collection: str, other: str, now: float) -> None:
        """From now on ``other`` is beside a collection; nothing changes where it is already.

        Raises:
            Conflict: another one is.
        """
        with self.alone(collection):
            found = self.load(collection)
            if found is None:
                self.save(Beside(collection, other, now))
            elif found.other != other:
                raise Conflict(
                    f"collection {found.other!r} is beside {collection!r} already; `visual-search swap end` forgets "
                    "it, with --drop deletes it"
                )

    def remove(self, collection: str) -> None:
        """Forget what is beside a collection."""
        self.path(collection).unlink(missing_ok=True)

    @contextmanager
    def alone(self, collection: str) -> Iterator[None]:
        """Keep other processes from changing anything of a collection's.

        Raises:
            Locked: one does.
        """
        with file_lock(self.path(collection).with_suffix(".lock"), timeout=_LOCK_S, doing=f"swapping {collection}"):
            yield
