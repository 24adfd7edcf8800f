"""What is known of a collection's drift: the baseline beside its embedding, and the errors of its newest pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import numpy as np

from vision import atomic
from vision.errors import BadSetting
from vision.locks import file_lock
from vision.reduction.drift import Comparison, Spread, compare

WINDOW: Final = 500
"""The newest pictures that are compared."""
RUNS: Final = 100
"""Indexing runs that are kept."""
_LOCK_S: Final = 30.0

T = TypeVar("T")


class Origin(StrEnum):
    """Which pictures a baseline was measured on."""

    HELD_OUT = "held_out"
    """Those that the PCA was fitted on, each by a PCA that was fitted without it."""
    LEFT_OUT = "left_out"
    """Those of the first catalogue that the sample, which the PCA was fitted on, left out."""
    FIRST_CATALOGUE = "first_catalogue"
    """Those of the first catalogue; the PCA came in a file."""
    FIRST_NEW = "first_new"
    """The first that were new, as the embedding is older than baselines are."""


class State(StrEnum):
    """What can be said of the newest pictures."""

    NO_BASELINE = "no_baseline"
    TOO_FEW = "too_few"
    USUAL = "usual"
    DRIFTED = "drifted"


class Baseline(msgspec.Struct, frozen=True):
    """The errors that are usual for an embedding, with all ``dims`` and with the leading ``coarse_dims``."""

    made: str
    origin: Origin
    dims: int
    coarse_dims: int
    whole: Spread
    coarse: Spread


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One new picture: the beginning of its SHA-256, and its errors."""

    picture: str
    whole: float
    coarse: float


class Run(msgspec.Struct, frozen=True):
    """One indexing run that brought new pictures: how many, and the mean errors of those that were measured."""

    at: str
    new: int
    whole: float
    coarse: float


class Record(msgspec.Struct, frozen=True):
    """The newest pictures of a collection.

    ``since`` says when they began to be described worse, None while not; ``told`` whether a run has said so.
    """

    embedding: str
    window: list[Seen] = []
    runs: list[Run] = []
    since: str | None = None
    told: bool = False

    def plus(self, new: Sequence[Seen], run: Run) -> Record:
        """With more pictures and their run; what was seen before, in a run that was interrupted, counts once."""
        window = {each.picture: each for each in self.window}
        for each in new:
            window.pop(each.picture, None)
            window[each.picture] = each
        newest, runs = list(window.values())[-WINDOW:], [*self.runs, run][-RUNS:]
        return msgspec.structs.replace(self, window=newest, runs=runs)

    def spread(self) -> tuple[Spread, Spread]:
        """How the errors of at least one picture are spread."""
        return Spread.of(self._errors("whole")), Spread.of(self._errors("coarse"))

    def against(self, baseline: Baseline) -> tuple[Comparison, Comparison] | None:
        """With all components, and with the leading ones; None where there are too few pictures to say."""
        whole = compare(baseline.whole, self._errors("whole"))
        coarse = compare(baseline.coarse, self._errors("coarse"))
        return None if whole is None or coarse is None else (whole, coarse)

    def judged(self, baseline: Baseline | None, at: str) -> Record:
        """With the alarm as it is now. It begins when it is sure, and ends when the mean is tolerated again."""
        found = None if baseline is None else self.against(baseline)
        if found is None:
            return self
        ends = all(each.now <= each.tolerated for each in found)
        since = self.since or at if any(each.surely for each in found) or (self.since and not ends) else None
        return msgspec.structs.replace(self, since=since)

    def _errors(self, name: str) -> np.typing.NDArray[np.float64]:
        return np.array([getattr(each, name) for each in self.window], dtype=np.float64)


@dataclass(frozen=True)
class DriftFiles:
    """Where both are kept: baselines in the embeddings' folders, records by collection.

    Attributes:
        embeddings: folder of the embeddings.
        records: folder of the records, one file for a collection.
    """

    embeddings: Path
    records: Path

    def baseline(self, embedding: str) -> Baseline | None:
        """That of an embedding, or None.

        Raises:
            BadSetting: the file is damaged.
        """
        return _read(self._baseline(embedding), Baseline)

    def keep_baseline(self, embedding: str, baseline: Baseline) -> None:
        """Write that of an embedding, which is there."""
        atomic.write(self._baseline(embedding), msgspec.json.encode(baseline))

    def record(self, collection: str) -> Record | None:
        """That of a collection, or None.

        Raises:
            BadSetting: the file is damaged.
        """
        return _read(self._record(collection), Record)

    def change(self, collection: str, change: Callable[[Record | None], Record]) -> Record:
        """Put another record in its place, and lose nothing of what another process does at the same time.

        Raises:
            BadSetting: the file is damaged.
            Locked: another process does not come to an end.
        """
        path = self._record(collection)
        with file_lock(path.with_suffix(".lock"), timeout=_LOCK_S, doing=f"writing {path.name}"):
            changed = change(_read(path, Record))
            atomic.write(path, msgspec.json.encode(changed))
        return changed

    def forget(self, collection: str) -> None:
        """Delete a collection's record: its pictures are no new ones any more."""
        self._record(collection).unlink(missing_ok=True)

    def _baseline(self, embedding: str) -> Path:
        return self.embeddings / embedding / "drift.json"

    def _record(self, collection: str) -> Path:
        return self.records / f"{collection}.json"


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is damaged ({error}); delete it, and drift is measured from then on") from error
