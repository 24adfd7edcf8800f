"""Rows of a catalogue file: CSV, JSONL or Parquet, one at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import orjson

from vision.catalog.columns import REQUIRED, columns
from vision.errors import BadCatalogue

Row = Mapping[str, Any]
Read = tuple[int, Row | None, str]

_PARQUET_BATCH = 1000
_SURROGATE = re.compile("[\udc80-\udcff]")
_MAX_LINE = 16 * 1024 * 1024
_FOREIGN = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8 (Excel: 'CSV UTF-8')",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8 (Excel: 'CSV UTF-8')",
    b"PK": "a ZIP archive or an Excel workbook; export it as CSV",
    b"\x1f\x8b": "compressed; unpack it first",
}


def rows(path: Path) -> Iterator[Read]:
    """Yield (line, row, problem) for every row; ``row`` is None where the line itself cannot be read.

    A row's keys are column names as :func:`~vision.catalog.columns.columns` gives them. Lines count from 1 as an editor
    shows them, and a row of several lines has the number of its first (Parquet: rows from 1).

    Raises:
        BadCatalogue: no such file, an unknown kind, or columns that are missing or there twice.
    """
    read = check_file(path)
    try:
        yield from read(path)
    except OSError as error:
        raise BadCatalogue(f"{path} cannot be read: {error.strerror or error}") from error


def check_file(path: Path) -> Callable[[Path], Iterator[Read]]:
    """The reader for a file's kind.

    Raises:
        BadCatalogue: no such file, or an unknown kind.
    """
    if not path.is_file():
        raise BadCatalogue(f"there is no file {path}; give a CSV, JSONL or Parquet catalogue")
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
    kind = path.suffix.lower()
    if kind not in readers:
        raise BadCatalogue(f"{path.name} ends in {kind or 'nothing'!r}; accepted: .csv, .tsv, .jsonl, .parquet")
    return readers[kind]


def probe(path: Path) -> None:
    """Read up to the first row, so that a file that is none is refused before anything slow begins.

    Raises:
        BadCatalogue: as :func:`rows`.
    """
    next(rows(path), None)


def count(path: Path) -> int:
    """How many rows there are, good and bad; reads the file once.

    Raises:
        BadCatalogue: as :func:`rows`.
    """
    return sum(1 for _ in rows(path))


def _csv(path: Path) -> Iterator[Read]:
    _check_beginning(path)
    # Bytes that are not UTF-8 become lone surrogates, which nothing else decodes to: only their rows are rejected.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=_delimiter(file), strict=True)
        try:
            headings = next(reader, [])
        except csv.Error as error:
            raise BadCatalogue(f"{path.name} has no well-formed header: {error}") from error
        foreign = _not_utf8(headings)
        if foreign:
            raise BadCatalogue(f"{path.name}: the header is {foreign}")
        names = _columns(path, headings)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines = f"lines {line} to {reader.line_num}" if reader.line_num > line else "the line"
                yield line, None, f"{lines} cannot be read as CSV, look for a quote too many or missing: {error}"
                continue
            if any(cell.strip() for cell in cells):
                row, problem = _row(names, cells)
                yield line, row, problem


def _row(names: Sequence[str], cells: Sequence[str]) -> tuple[Row | None, str]:
    if len(cells) != len(names):
        return None, f"{len(cells)} cells where the header has {len(names)}"
    foreign = _not_utf8(cells)
    if foreign:
        return None, f"the row is {foreign}"
    return _named(names, cells)


def _named(names: Sequence[str], cells: Iterable[Any]) -> tuple[Row | None, str]:
    """A row by its column names; a column without one, as a comma at the end of each line makes it, must be empty."""
    if "" not in names:
        return dict(zip(names, cells, strict=True)), ""
    pairs = list(zip(names, cells, strict=True))
    if any(cell not in (None, "") for name, cell in pairs if not name):
        return None, "a value stands below an empty heading; name its column"
    return {name: cell for name, cell in pairs if name}, ""


def _not_utf8(cells: Sequence[str]) -> str:
    """What is wrong with the first byte that is not UTF-8, and what to do; empty where all are."""
    found = next((found for cell in cells if (found := _SURROGATE.search(cell))), None)
    if found is None:
        return ""
    byte = ord(found.group()) - 0xDC00
    shown = bytes([byte]).decode("cp1252", "replace")
    return (
        f"not UTF-8 (byte 0x{byte:02X}, which Windows-1252 has for {shown!r}); save the file as UTF-8, "
        "or convert it: iconv -f WINDOWS-1252 -t UTF-8"
    )


def _check_beginning(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(2)
    if start in _FOREIGN:
        raise BadCatalogue(f"{path.name} is {_FOREIGN[start]}")


def _delimiter(file: TextIO) -> str:
    """Comma, semicolon or tab: whichever the header has most of."""
    header = file.readline(_MAX_LINE)
    file.seek(0)
    return max(",;\t", key=header.count)


def _jsonl(path: Path) -> Iterator[Read]:
    _check_beginning(path)
    with path.open("rb") as file:
        line = 0
        while data := file.readline(_MAX_LINE):
            line += 1
            if line == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
            if len(data) == _MAX_LINE and not data.endswith(b"\n"):
                while data and not data.endswith(b"\n"):
                    data = file.readline(_MAX_LINE)
                yield line, None, f"longer than {_MAX_LINE // 2**20} MiB; one object a line is accepted"
            elif data.strip():
                row, problem = json_row(data)
                yield line, row, problem


def json_row(data: bytes) -> tuple[Row | None, str]:
    """A row from a JSON object whose members are its cells; None and what is wrong with it where it is none."""
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return None, f"not JSON: {error}"
    if not isinstance(row, dict):
        return None, f"a JSON {type(row).__name__}; one object a line is accepted"
    try:
        names = columns(tuple(row))
    except ValueError as error:
        return None, str(error)
    return _named(names, row.values())


def _parquet(path: Path) -> Iterator[Read]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BadCatalogue("reading Parquet needs pyarrow: pip install 'solr-visual-search[parquet]'") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = _columns(path, file.schema_arrow.names)
            line = 0
            for batch in file.iter_batches(batch_size=_PARQUET_BATCH):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    line += 1
                    row, problem = _named(names, cells)
                    yield line, row, problem
    except (pyarrow.ArrowException, ValueError) as error:  # ValueError: values that Python has no type for
        raise BadCatalogue(f"{path.name} cannot be read as Parquet: {error}") from error


def _columns(path: Path, headings: Sequence[str]) -> tuple[str, ...]:
    if not headings:
        raise BadCatalogue(f"{path.name} is empty; the first line must name columns, id, title and image among them")
    try:
        names = columns(tuple(headings))
    except ValueError as error:
        raise BadCatalogue(f"{path.name} {error}") from None
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise BadCatalogue(f"{path.name} lacks the column(s) {', '.join(missing)}; it has: {', '.join(headings)}")
    return names
