"""The rejects file: rows that were not indexed, each with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import orjson

from vision.catalog.features import Checked
from vision.errors import BadSetting


class Rejects:
    """Rejected rows as JSON lines ``{line, id, reason}``; no file stays behind where there are none."""

    def __init__(self, catalogue: Path, path: Path | None = None, spare: Path | None = None) -> None:
        """Open nothing yet.

        Args:
            catalogue: the file whose rows are rejected; ``CATALOGUE.rejects.jsonl`` beside it is the default.
            path: where the user wants the file.
            spare: a folder for it where it cannot be written beside the catalogue.

        Raises:
            BadSetting: ``path`` is the catalogue itself.
        """
        if path is not None and path.resolve() == catalogue.resolve():
            raise BadSetting(f"--rejects {path} is the catalogue itself; give another file")
        beside = catalogue.with_name(catalogue.stem + ".rejects.jsonl")
        self._places = [path] if path is not None else [beside, *([] if spare is None else [spare / beside.name])]
        self.count = 0
        self.first = ""
        self.path = self._places[0]

    def __enter__(self) -> Rejects:
        """Open the file.

        Raises:
            BadSetting: it cannot be written in any place.
        """
        self._file = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; remove it if nothing was rejected."""
        self._file.close()
        if not self.count:
            self.path.unlink(missing_ok=True)

    def add(self, row: Checked) -> None:
        """Write one row."""
        if not self.count:
            self.first = f"line {row.line}: {row.reason}"
        self.count += 1
        self._file.write(orjson.dumps({"line": row.line, "id": row.id, "reason": row.reason}) + b"\n")

    def _open(self) -> IO[bytes]:
        problems = []
        for place in self._places:
            self.path = place
            try:
                if place is not self._places[0]:
                    place.parent.mkdir(parents=True, exist_ok=True)
                return place.open("wb")
            except OSError as error:
                problems.append(f"{place} ({error.strerror})")
        raise BadSetting(
            f"the rejects file cannot be written: {', '.join(problems)}; give a place for it with --rejects"
        )
