from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vision.catalog.reader import count, probe, rows
from vision.errors import BadCatalogue

HEADER = "id,title,image\n"


def written(folder: Path, content: str | bytes, name: str = "c.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def good(path: Path) -> list[dict[str, Any]]:
    return [dict(row) for _, row, _ in rows(path) if row is not None]


def problems(path: Path) -> list[tuple[int, str]]:
    return [(line, problem) for line, row, problem in rows(path) if row is None]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_in_its_usual_dialects(tmp_path: Path, separator: str, mark: str, end: str) -> None:
    lines = [("id", "title", "image"), ("1", "Kleid, rot; schön", "a b.jpg"), ("2", "", "c.jpg")]
    text = end.join(separator.join(f'"{cell}"' if cell else "" for cell in line) for line in lines)
    path = written(tmp_path, mark + text + end)
    assert good(path) == [
        {"id": "1", "title": "Kleid, rot; schön", "image": "a b.jpg"},
        {"id": "2", "title": "", "image": "c.jpg"},
    ]
    assert count(path) == 2


def test_tsv_is_csv(tmp_path: Path) -> None:
    assert good(written(tmp_path, "id\ttitle\timage\n1\ta,b\tx\n", "c.tsv")) == [
        {"id": "1", "title": "a,b", "image": "x"}
    ]


def test_a_quoted_line_break_belongs_to_its_row_and_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + '1,"two\nlines",a\n\n2,"a ""quote""",b\n')
    assert [(line, row and row["title"]) for line, row, _ in rows(path)] == [(2, "two\nlines"), (5, 'a "quote"')]


def test_ragged_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "1,a\n2,b,c,d\n3,c,d\n,,\n   \n")
    assert problems(path) == [(2, "2 cells where the header has 3"), (3, "4 cells where the header has 3")]
    assert [row["id"] for row in good(path)] == ["3"]


def test_a_bad_quote_costs_its_own_line(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + '1,"a"b,c\n2,b,c\n3,"never closed,x\n4,d,e\n')
    assert [row["id"] for row in good(path)] == ["2"]
    (first, why), (second, reason) = problems(path)
    assert (first, second) == (2, 4)
    assert why.startswith("the line cannot be read as CSV, look for a quote too many or missing: ")
    assert reason.startswith("lines 4 to 5 cannot be read as CSV")


def test_an_unclosed_quote_does_not_swallow_a_long_file(tmp_path: Path) -> None:
    more = "".join(f"{n},{'long title ' * 20},x.jpg\n" for n in range(2000))
    path = written(tmp_path, HEADER + '0,"open,x\n' + more)
    read = good(path)
    assert 1000 < len(read) < 2000
    assert read[-1]["id"] == "1999"
    assert [line for line, _ in problems(path)] == [2]


def test_a_line_in_windows_1252_is_rejected_and_says_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER.encode() + b"1,dress,a\n2,Kleid sch\xf6n,b\n3,coat,c\n")
    assert [row["id"] for row in good(path)] == ["1", "3"]
    assert problems(path) == [
        (
            3,
            "the row is not UTF-8 (byte 0xF6, which Windows-1252 has for 'ö'); save the file as UTF-8, or convert it: "
            "iconv -f WINDOWS-1252 -t UTF-8",
        )
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"c\.csv is empty; the first line must name columns"),
        (b"\n\n", r"c\.csv is empty"),
        (b"id,title\n1,a\n", r"lacks the column\(s\) image; it has: id, title"),
        (b"id,title,image,title\n", r"has the column 'title' 2 times \('title', 'title'\); name each once"),
        (b"id,title,image,Neck line,neck_line\n", r"has the column 'neck_line' 2 times \('Neck line', 'neck_line'\)"),
        (b"id,title,image,2nd\n", r"column '2nd' gives no field name: begin it with a letter"),
        (b"id,title,image,Gr\xf6\xdfe\n", r"the header is not UTF-8 \(byte 0xF6.*Windows-1252 has for 'ö'"),
        ("id,title,image\n".encode("utf-16"), r"is UTF-16 text; save it as UTF-8"),
        (b"PK\x03\x04rest", r"is a ZIP archive or an Excel workbook; export it as CSV"),
        (b'"id,title,image\n1,2,3\n', r"has no well-formed header: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = written(tmp_path, content)
    for read in (probe, count):
        with pytest.raises(BadCatalogue, match=words):
            read(path)


def test_a_comma_at_the_end_of_each_line_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, "id,title,image,\n1,a,b,\n2,c,d,lost?\n")
    assert good(path) == [{"id": "1", "title": "a", "image": "b"}]
    assert problems(path) == [(3, "a value stands below an empty heading; name its column")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "there is no file"),
        ("", "there is no file"),
        ("c.xlsx", r"ends in '\.xlsx'; accepted: \.csv, \.tsv, \.jsonl, \.parquet"),
        ("c", "ends in 'nothing'"),
    ],
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, name: str, words: str) -> None:
    if name.startswith("c"):
        written(tmp_path, b"x", name)
    with pytest.raises(BadCatalogue, match=words):
        probe(tmp_path / name)


def test_jsonl_with_bad_lines(tmp_path: Path) -> None:
    lines = [
        '\ufeff{"id": 7, "title": "a", "image": "x", "Color": ["red", "blue"], "price": 9.5, "in_stock": true}',
        "not json",
        "",
        "[1, 2]",
        '{"id": "8", "title": null, "image": "y", "price": NaN}',
        '{"id": "9", "Color": "red", "color": "blue"}',
        '{"id": "\\ud800"}',
        '{"id": "10", "": ""}',
    ]
    path = written(tmp_path, "\n".join(lines), "c.jsonl")
    assert good(path) == [
        {"id": 7, "title": "a", "image": "x", "color": ["red", "blue"], "price": 9.5, "in_stock": True},
        {"id": "10"},
    ]
    found = dict(problems(path))
    assert list(found) == [2, 4, 5, 6, 7]
    assert found[2].startswith("not JSON: ")
    assert found[4] == "a JSON list; one object a line is accepted"
    assert found[5].startswith("not JSON: ")
    assert found[6] == "has the column 'color' 2 times ('Color', 'color'); name each once"
    assert found[7].startswith("not JSON: ")


def test_jsonl_in_another_encoding_is_rejected_line_by_line(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"id": "1"}\n{"id": "sch\xf6n"}\n', "c.ndjson")
    assert len(good(path)) == 1
    assert [line for line, _ in problems(path)] == [2]


def test_an_endless_line_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.catalog.reader._MAX_LINE", 1024 * 1024)
    path = written(tmp_path, b'{"id": "1"}\n["' + b"x" * 2_500_000 + b'"]\n{"id": "3"}\n', "c.jsonl")
    assert [line for line, row, _ in rows(path) if row is not None] == [1, 3]
    assert problems(path) == [(2, "longer than 1 MiB; one object a line is accepted")]


def test_parquet_with_types_nulls_and_lists(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table(
        {
            "ID": arrow.array([1, 2], arrow.int64()),
            "title": arrow.array(["a", None], arrow.string()).dictionary_encode(),
            "image": arrow.array([b"x.jpg", b"y.jpg"], arrow.binary()),
            "price": arrow.array([Decimal("9.90"), None], arrow.decimal128(10, 2)),
            "in_stock": arrow.array([True, None]),
            "Fabrics": arrow.array([["wool", "silk"], None], arrow.list_(arrow.string())),
            "since": arrow.array([date(2026, 1, 2), None]),
        }
    )
    parquet.write_table(table, tmp_path / "c.parquet")
    first, second = (row for _, row, _ in rows(tmp_path / "c.parquet"))
    assert first == {
        "id": 1,
        "title": "a",
        "image": b"x.jpg",
        "price": Decimal("9.90"),
        "in_stock": True,
        "fabrics": ["wool", "silk"],
        "since": date(2026, 1, 2),
    }
    assert second is not None and {name for name, value in second.items() if value is None} == {
        "title",
        "price",
        "in_stock",
        "fabrics",
        "since",
    }
    assert [line for line, _, _ in rows(tmp_path / "c.parquet")] == [1, 2]


def test_parquet_that_is_none(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    with pytest.raises(BadCatalogue, match=r"c\.parquet cannot be read as Parquet"):
        probe(written(tmp_path, b"id,title,image\n1,2,3\n", "c.parquet"))
    parquet.write_table(arrow.table({"id": [1], "title": ["a"]}), tmp_path / "d.parquet")
    with pytest.raises(BadCatalogue, match=r"lacks the column\(s\) image; it has: id, title"):
        probe(tmp_path / "d.parquet")
    parquet.write_table(
        arrow.table({"id": ["1"] * 5000, "title": ["a"] * 5000, "image": ["x"] * 5000}), tmp_path / "e.parquet"
    )
    whole = (tmp_path / "e.parquet").read_bytes()
    (tmp_path / "e.parquet").write_bytes(whole[:20] + b"\xff" * 20 + whole[40:])
    with pytest.raises(BadCatalogue, match=r"e\.parquet cannot be read"):
        count(tmp_path / "e.parquet")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from vision.catalog.reader import probe\n"
        f"probe(Path({str(written(tmp_path, b'PAR1', 'c.parquet'))!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "BadCatalogue: reading Parquet needs pyarrow: pip install 'solr-visual-search[parquet]'" in done.stderr


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, HEADER)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadCatalogue, match=r"c\.csv cannot be read: Permission denied"):
        probe(path)
