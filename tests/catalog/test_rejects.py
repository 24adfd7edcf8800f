from __future__ import annotations

import json
from pathlib import Path

import pytest

from vision.catalog.features import Checked
from vision.catalog.rejects import Rejects
from vision.errors import BadSetting

BAD = Checked(3, "p1", reason="title is empty")


def test_reasons_are_json_lines_beside_the_catalogue(tmp_path: Path) -> None:
    with Rejects(tmp_path / "shop.csv") as rejects:
        rejects.add(BAD)
        rejects.add(Checked(4, "ü", reason='a "quoted" reason'))
    assert (rejects.count, rejects.first) == (2, "line 3: title is empty")
    assert rejects.path == tmp_path / "shop.rejects.jsonl"
    assert [json.loads(line) for line in rejects.path.read_text(encoding="utf-8").splitlines()] == [
        {"line": 3, "id": "p1", "reason": "title is empty"},
        {"line": 4, "id": "ü", "reason": 'a "quoted" reason'},
    ]


def test_no_file_stays_where_nothing_was_rejected(tmp_path: Path) -> None:
    (tmp_path / "shop.rejects.jsonl").write_text("of an earlier run")
    with Rejects(tmp_path / "shop.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_has_a_spare(tmp_path: Path) -> None:
    (tmp_path / "shop.rejects.jsonl").mkdir()
    with Rejects(tmp_path / "shop.csv", spare=tmp_path / "home" / "rejects") as rejects:
        rejects.add(BAD)
    assert rejects.path == tmp_path / "home" / "rejects" / "shop.rejects.jsonl"
    assert rejects.path.is_file()


def test_no_place_at_all(tmp_path: Path) -> None:
    (tmp_path / "shop.rejects.jsonl").mkdir()
    words = r"cannot be written: .*shop\.rejects\.jsonl \(Is a directory\); give a place for it with --rejects"
    with pytest.raises(BadSetting, match=words), Rejects(tmp_path / "shop.csv"):
        pass
    with pytest.raises(BadSetting, match="No such file or directory"):
        Rejects(tmp_path / "shop.csv", tmp_path / "no" / "r.jsonl", spare=tmp_path).__enter__()


def test_the_catalogue_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    path.write_text("{}")
    with pytest.raises(BadSetting, match="is the catalogue itself; give another file"):
        Rejects(path, tmp_path / "." / "shop.jsonl")
    assert path.read_text() == "{}"
