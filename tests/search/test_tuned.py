"""Which limits are in force: the environment's, those that were tuned, or the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision.errors import BadSetting
from vision.search.planner import Limits
from vision.search.tuned import Given, Origin, Tuned, TunedFiles, in_force

TUNED = Tuned("shop", "compact-1", 1000, 400, 12_000, "2026-01-01T00:00:00+00:00", {"points": []})


def test_each_limit_comes_from_the_first_that_has_it() -> None:
    default = in_force(Given())
    assert default.limits == Limits() and {default.candidates, default.exact_below} == {Origin.DEFAULT}
    tuned = in_force(Given(), TUNED, "compact-1")
    assert tuned.limits == Limits(400, 12_000) and {tuned.candidates, tuned.exact_below} == {Origin.TUNING}
    mixed = in_force(Given(exact_below=0), TUNED, "compact-1")
    assert mixed.limits == Limits(400, 0)
    assert (mixed.candidates, mixed.exact_below) == (Origin.TUNING, Origin.ENVIRONMENT)


@pytest.mark.parametrize("fingerprint", ["compact-2", None])
def test_with_other_vectors_it_is_ignored_and_said_so(fingerprint: str | None) -> None:
    found = in_force(Given(), TUNED, fingerprint)
    assert found.limits == Limits() and found.tuned is None
    assert found.notice is not None
    assert "was measured on vectors of 'compact-1'" in found.notice and "tune reset" in found.notice


def test_files(tmp_path: Path) -> None:
    files = TunedFiles(tmp_path / "tuning")
    assert files.load("shop") is None and not files.remove("shop")
    assert files.save(TUNED) == tmp_path / "tuning" / "shop.json"
    assert files.load("shop") == TUNED and files.load("other") is None
    (tmp_path / "tuning" / "shop.json").write_text("{}")
    with pytest.raises(BadSetting, match=r"shop\.json is damaged .* `tune reset`"):
        files.load("shop")
    assert files.remove("shop") and files.load("shop") is None
