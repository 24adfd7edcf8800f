from __future__ import annotations

from pathlib import Path

import pytest

from vision.errors import BadSetting, Conflict, NotFound
from vision.swapping.shadow import Shadowed, ShadowFile
from vision.swapping.state import Beside, BesideFiles, Going


def test_what_is_beside_is_kept_whole(tmp_path: Path) -> None:
    files = BesideFiles(tmp_path / "beside")
    assert files.load("products") is None
    with pytest.raises(NotFound, match="--beside products-next"):
        files.known("products")
    files.begin("products", "products-next", 1.0)
    files.begin("products", "products-next", 2.0)
    assert files.known("products") == Beside("products", "products-next", 1.0)
    changed = Beside("products", "products-next", 1.0, 0.5, True, Going("a", "b", 7))
    files.save(changed)
    assert files.known("products") == changed
    with pytest.raises(Conflict, match="'products-next' is beside 'products' already"):
        files.begin("products", "another", 3.0)
    files.remove("products")
    files.remove("products")
    assert files.load("products") is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    files = BesideFiles(tmp_path)
    files.path("products").write_text("{")
    with pytest.raises(BadSetting, match=r"products\.json is damaged"):
        files.load("products")


def test_searches_in_the_shadow_are_summed_up_by_pair(tmp_path: Path) -> None:
    file = ShadowFile(tmp_path / "shadow.sqlite")
    assert file.summary("a", "b").searches == 0
    file.add(Shadowed(1.0, "a", "b", 0.5, True, 10.0, 30.0))
    file.add(Shadowed(2.0, "a", "b", 1.0, False, 20.0, 50.0))
    file.add(Shadowed(3.0, "a", "", 0.0, False, 20.0, 0.0, "SolrUnavailable"))
    file.add(Shadowed(4.0, "b", "a", 0.1, False, 99.0, 99.0))
    found = file.summary("a", "b")
    assert (found.searches, found.overlap, found.first) == (3, 0.75, 0.5)
    assert (found.live_p50_ms, found.other_p50_ms, found.errors) == (15.0, 40.0, {"SolrUnavailable": 1})
    assert file.summary("b", "a").searches == 1


def test_only_the_latest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.swapping.shadow._KEPT", 3)
    file = ShadowFile(tmp_path / "shadow.sqlite")
    for number in range(10):
        file.add(Shadowed(float(number), "a", "b", number / 10, True, 1.0, 1.0))
    assert file.summary("a", "b").searches == 3 and file.summary("a", "b").overlap == 0.8
