"""Which limits the planner goes by: those of the environment, those that `visual-search tune` chose, or the defaults.

What was chosen is bound to the fingerprint of the vectors that it was measured on: with others it is ignored, and said
so. K and the cross-over each come from the first of the three that has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from vision import atomic
from vision.errors import BadSetting
from vision.search.planner import Limits


class Origin(StrEnum):
    """Where a limit comes from."""

    ENVIRONMENT = "environment"
    TUNING = "tuning"
    DEFAULT = "default"


@dataclass(frozen=True)
class Given:
    """What the settings say of each of the :class:`Limits`; None where they say nothing."""

    candidates: int | None = None
    exact_below: int | None = None


class Tuned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was chosen for a collection.

    Attributes:
        collection: its name.
        embedding: the fingerprint of its vectors.
        pictures: how many it held.
        candidates: K.
        exact_below: where exact becomes slower.
        made: when, ISO 8601 in UTC.
        evidence: the figures, as ``tune --json`` prints them.
    """

    collection: str
    embedding: str
    pictures: int
    candidates: int
    exact_below: int
    made: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class InForce:
    """The limits that hold now, where each comes from, and what an engineer should know about that."""

    limits: Limits
    candidates: Origin
    exact_below: Origin
    tuned: Tuned | None = None
    notice: str | None = None


@dataclass(frozen=True)
class TunedFiles:
    """Where choices are kept: one file for a collection."""

    folder: Path

    def path(self, collection: str) -> Path:
        """The file of a collection, whether it is there or not."""
        return self.folder / f"{collection}.json"

    def save(self, tuned: Tuned) -> Path:
        """Write one, whole or not at all."""
        target = self.path(tuned.collection)
        atomic.write(target, msgspec.json.format(msgspec.json.encode(tuned)))
        return target

    def load(self, collection: str) -> Tuned | None:
        """What was chosen for a collection, or None.

        Raises:
            BadSetting: the file is damaged.
        """
        path = self.path(collection)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Tuned)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadSetting(f"{path} is damaged ({error}); run `visual-search tune`, or `tune reset`") from error

    def remove(self, collection: str) -> bool:
        """Delete a collection's file; tells whether there was one."""
        path = self.path(collection)
        found = path.exists()
        path.unlink(missing_ok=True)
        return found


def in_force(
    given: Given | Limits, tuned: Tuned | None = None, fingerprint: str | None = None, notice: str | None = None
) -> InForce:
    """Decide between the three.

    Args:
        given: what the settings say.
        tuned: what was chosen for the collection.
        fingerprint: of the collection's vectors; None where it has none.
        notice: why there is nothing that was chosen, where that is no matter of course.
    """
    if tuned is not None and tuned.embedding != fingerprint:
        has = "none" if fingerprint is None else repr(fingerprint)
        notice = (
            f"what was tuned for collection {tuned.collection!r} is ignored: it was measured on vectors of "
            f"{tuned.embedding!r}, the collection has {has}; run `visual-search tune` again, or `tune reset`"
        )
        tuned = None
    default = Limits()

    def chosen(name: str) -> tuple[int, Origin]:
        for source, origin in ((given, Origin.ENVIRONMENT), (tuned, Origin.TUNING)):
            value: int | None = getattr(source, name, None)
            if value is not None:
                return value, origin
        return int(getattr(default, name)), Origin.DEFAULT

    (candidates, candidates_from), (exact_below, exact_from) = chosen("candidates"), chosen("exact_below")
    return InForce(Limits(candidates, exact_below), candidates_from, exact_from, tuned, notice)
