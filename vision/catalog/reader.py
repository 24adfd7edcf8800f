"""Rows of a catalogue file: CSV, JSONL or Parquet, one at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from vision.errors import BadCatalogue

Row = Mapping[str, Any]

REQUIRED = ("id", "title", "image")
KNOWN = ("id", "title", "image", "description", "category", "price", "currency", "url", "in_stock", "product_id")
_PARQUET_BATCH = 1000


def rows(path: Path) -> Iterator[tuple[int, Row | None, str]]:
    """Yield (line, row, problem) for every row; ``row`` is None where the line itself cannot be read.

    Lines count from 1 as an editor shows them (Parquet: rows from 1).

    Raises:
        BadCatalogue: no such file, an unknown kind, not UTF-8, or required columns missing.
    """
    yield from check_file(path)(path)


def check_file(path: Path) -> Callable[[Path], Iterator[tuple[int, Row | None, str]]]:
    """The reader for a file's kind.

    Raises:
        BadCatalogue: no such file, or an unknown kind.
    """
    if not path.is_file():
        raise BadCatalogue(f"there is no file {path}; give a CSV, JSONL or Parquet catalogue")
    readers = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
    kind = path.suffix.lower()
    if kind not in readers:
        raise BadCatalogue(f"{path.name} ends in {kind or 'nothing'!r}; accepted: .csv, .jsonl, .parquet")
    return readers[kind]


def count(path: Path) -> int:
    """How many rows there are, good and bad; reads the file once.

    Raises:
        BadCatalogue: as :func:`rows`.
    """
    return sum(1 for _ in rows(path))


def _csv(path: Path) -> Iterator[tuple[int, Row | None, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.reader(file, delimiter=_delimiter(file), strict=True)
            header = next(reader, [])
            _check_columns(path, header)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    yield reader.line_num, None, f"{len(cells)} cells where the header has {len(header)}"
                else:
                    yield reader.line_num, dict(zip(header, cells, strict=True)), ""
        except UnicodeDecodeError as error:
            problem = f"{error.reason} at byte {error.start}"
            raise BadCatalogue(f"{path.name} is not UTF-8 ({problem}); save it as UTF-8") from error
        except csv.Error as error:
            raise BadCatalogue(f"{path.name} is no well-formed CSV: {error} near line {reader.line_num}") from error


def _delimiter(file: io.TextIOWrapper) -> str:
    """Comma, semicolon or tab: whichever the header has most of."""
    header = file.readline()
    file.seek(0)
    return max(",;\t", key=header.count)


def _jsonl(path: Path) -> Iterator[tuple[int, Row | None, str]]:
    with path.open("rb") as file:
        for line, data in enumerate(file, start=1):
            if not data.strip():
                continue
            try:
                row = orjson.loads(data)
            except orjson.JSONDecodeError as error:
                yield line, None, f"not JSON: {error}"
                continue
            if isinstance(row, dict):
                yield line, row, ""
            else:
                yield line, None, f"a JSON {type(row).__name__}; one object a line is accepted"


def _parquet(path: Path) -> Iterator[tuple[int, Row | None, str]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BadCatalogue("reading Parquet needs pyarrow: pip install 'solr-visual-search[parquet]'") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow.names)
            line = 0
            for batch in file.iter_batches(batch_size=_PARQUET_BATCH):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row, ""
    except pyarrow.ArrowInvalid as error:
        raise BadCatalogue(f"{path.name} is no Parquet file: {error}") from error


def _check_columns(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        found = ", ".join(header) or "none"
        raise BadCatalogue(f"{path.name} lacks the column(s) {', '.join(missing)}; it has: {found}")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadCatalogue(f"{path.name} has the column(s) {', '.join(twice)} twice; name each once")
