"""What was measured is kept: each run's whole result and its charts, one JSON file each, the newest 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from vision import atomic
from vision.errors import BadSetting, NotFound
from vision.evaluation.charts import Chart

KEPT: Final = 200
_ID: Final = re.compile(r"[a-z]+-[0-9]{8}T[0-9]{12}Z")


class Summary(msgspec.Struct, frozen=True):
    """What a list shows of a measurement.

    Attributes:
        id: names it.
        kind: ``evaluate`` or ``tune``.
        collection: what was measured; None where it was a catalogue in collections made for it.
        made: when, ISO 8601 in UTC.
        about: what was measured, in words.
        found: what came out, in words.
        charts: the names of its charts.
    """

    id: str
    kind: str
    collection: str | None
    made: str
    about: str
    found: str
    charts: list[str]


class Measurement(msgspec.Struct, frozen=True):
    """A whole one: its summary, the result as the command prints it with ``--json``, and its charts by name."""

    summary: Summary
    result: Any
    drawn: dict[str, Chart]


class _Head(msgspec.Struct, frozen=True):
    summary: Summary


@dataclass(frozen=True)
class Measurements:
    """The folder of them, which is made with the first."""

    folder: Path
    most: int = KEPT

    def keep(
        self, kind: str, *, collection: str | None, about: str, found: str, result: Any, charts: Mapping[str, Chart]
    ) -> Measurement:
        """Write one, whole or not at all; the oldest go where there are too many."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        summary = Summary(
            f"{kind}-{now:%Y%m%dT%H%M%S%f}Z",
            kind,
            collection,
            now.isoformat(timespec="seconds"),
            about,
            found,
            list(charts),
        )
        made = Measurement(summary, result, dict(charts))
        atomic.write(self._path(summary.id), msgspec.json.encode(made))
        for path in self._paths()[self.most :]:
            path.unlink(missing_ok=True)
        return made

    def summaries(self, kind: str | None = None, collection: str | None = None) -> list[Summary]:
        """Newest first, of one kind and collection where they are given; damaged files are left out."""
        found = []
        for path in self._paths():
            try:
                summary = msgspec.json.decode(path.read_bytes(), type=_Head).summary
            except (OSError, msgspec.DecodeError, UnicodeDecodeError):
                continue
            if kind in (None, summary.kind) and collection in (None, summary.collection):
                found.append(summary)
        return found

    def read(self, id: str) -> Measurement:
        """One by its id.

        Raises:
            NotFound: there is none, or it was pruned.
            BadSetting: its file is damaged.
        """
        if not _ID.fullmatch(id):
            raise NotFound(f"there is no measurement {id[:80]!r}; GET /v1/measurements lists those there are")
        try:
            return msgspec.json.decode(self._path(id).read_bytes(), type=Measurement)
        except FileNotFoundError:
            raise NotFound(
                f"there is no measurement {id!r}; GET /v1/measurements lists the newest {self.most}, which are kept"
            ) from None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadSetting(f"{self._path(id)} is damaged ({error}); delete it") from error

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def _paths(self) -> list[Path]:
        """Newest first: the time stands at the end of every name."""
        found = [path for path in self.folder.glob("*.json") if _ID.fullmatch(path.stem)]
        return sorted(found, key=lambda path: path.stem.rpartition("-")[2], reverse=True)
