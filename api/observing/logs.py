"""How what is logged is written: one line each, as JSON or text, with the id of the request it belongs to.

What a line says besides its message is in the record's ``fields``.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from vision import telemetry
from vision.settings import Settings

# What others write at this level is whole addresses, with what was searched for.
_TALKATIVE: Final = ("urllib3", "opentelemetry")


class JsonFormatter(logging.Formatter):
    """``{time, level, logger, message, request_id, …fields, exception}``; what there is none of is left out."""

    def format(self, record: logging.LogRecord) -> str:
        """One line: line breaks within are escaped."""
        found: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (id := request_id(record)) is not None:
            found["request_id"] = id
        found |= getattr(record, "fields", {})
        if record.exc_info:
            found["exception"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """``time LEVEL logger [request id] message name=value …``, and a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, but for a traceback: a message of several lines cannot look like several messages."""
        id = request_id(record)
        parts = [
            _time(record),
            record.levelname,
            record.name,
            *([f"[{id}]"] if id else []),
            _plain(record.getMessage()),
        ]
        parts += [f"{name}={_plain(str(value))}" for name, value in getattr(record, "fields", {}).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


@contextmanager
def written(settings: Settings, *, debug: bool = False, stream: TextIO | None = None) -> Iterator[None]:
    """In the block, what is logged is written to stderr: as the settings say, else warnings alone, as text."""
    root = logging.getLogger()
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log == "json" else TextFormatter())
    before = {name: logging.getLogger(name).level for name in ("", *_TALKATIVE)}
    level = logging.DEBUG if debug else logging.WARNING if settings.log is None else logging.INFO
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.INFO))
    try:
        yield
    finally:
        root.removeHandler(handler)
        for name, was in before.items():
            logging.getLogger(name or None).setLevel(was)


def request_id(record: logging.LogRecord) -> str | None:
    """The request that a record belongs to: what it says itself, else the one that is being answered here."""
    said: str | None = getattr(record, "request_id", None)
    current = telemetry.current()
    return said or (None if current is None else current.id)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _plain(text: str) -> str:
    """Control characters escaped: who reads a log in a terminal is not steered by it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
