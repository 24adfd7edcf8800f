"""Where model files go on another machine, and what their specifications are there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from vision.backup import models
from vision.backup.manifest import ModelEntry
from vision.settings import Settings

CONTENT = b"weights"
SHA = hashlib.sha256(CONTENT).hexdigest()


def plan(entry: ModelEntry, specification: str, settings: Settings) -> models.Placed:
    return models.plan([entry], {entry.path: SHA}, {entry.embedding: specification}, settings)


def entry(place: str, name: str, was: str) -> ModelEntry:
    return ModelEntry("models/0/m.onnx", "onnx-1", place, name, was)


def test_one_of_the_home_folder_follows_it(tmp_path: Path) -> None:
    there = entry("home", "models/m.onnx", "/old/home/models/m.onnx")
    found = plan(there, "onnx:/old/home/models/m.onnx?l2", Settings(home=tmp_path))
    target = tmp_path / "models" / "m.onnx"
    assert found.targets == {there: target}
    assert found.renamed == {"onnx:/old/home/models/m.onnx?l2": f"onnx:{target}?l2"}
    same = entry("home", "models/m.onnx", str(target))
    assert plan(same, f"onnx:{target}", Settings(home=tmp_path)).renamed == {}


def test_one_of_the_models_folder_is_found_there_by_its_name(tmp_path: Path) -> None:
    there = entry("models", "m.onnx", "/old/models/m.onnx")
    found = plan(there, "onnx:m.onnx", Settings(home=tmp_path / "home", models=tmp_path / "models"))
    assert (found.targets, found.renamed) == ({there: tmp_path / "models" / "m.onnx"}, {})
    unset = plan(there, "onnx:m.onnx", Settings(home=tmp_path / "home"))
    assert unset.targets == {there: tmp_path / "home" / "models" / "m.onnx"}
    assert any("set VISUAL_SEARCH_MODELS" in remark for remark in unset.remarks)


def test_one_from_anywhere_is_never_written_there(tmp_path: Path) -> None:
    there = entry("path", "m.onnx", str(tmp_path / "elsewhere" / "m.onnx"))
    settings = Settings(home=tmp_path / "home")
    found = plan(there, f"onnx:{there.was}", settings)
    target = tmp_path / "home" / "models" / "m.onnx"
    assert (found.targets, found.renamed) == ({there: target}, {f"onnx:{there.was}": f"onnx:{target}"})
    # Another file of the name is left alone; the same one where it was is used as it is.
    target.parent.mkdir(parents=True)
    target.write_bytes(b"another")
    assert plan(there, f"onnx:{there.was}", settings).targets == {there: target.parent / SHA[:8] / "m.onnx"}
    Path(there.was).parent.mkdir()
    Path(there.was).write_bytes(CONTENT)
    found = plan(there, f"onnx:{there.was}", settings)
    assert (found.targets, found.renamed) == ({}, {})


def test_a_folder_of_files(tmp_path: Path) -> None:
    there = ModelEntry("models/0/vision_model.onnx", "clip-1", "path", "mine/onnx/v.onnx", "/old/mine/onnx/v.onnx")
    found = models.plan([there], {there.path: SHA}, {"clip-1": "clip:/old/mine"}, Settings(home=tmp_path))
    assert found.targets == {there: tmp_path / "models" / "mine" / "onnx" / "v.onnx"}
    assert found.renamed == {"clip:/old/mine": f"clip:{tmp_path / 'models' / 'mine'}"}


@pytest.mark.parametrize("name", ["../evil", "/evil"])
def test_no_name_leads_out(name: str, tmp_path: Path) -> None:
    from vision.errors import BadInput

    with pytest.raises(BadInput, match="leads out of"):
        plan(entry("home", name, "/old/x"), "onnx:/old/x", Settings(home=tmp_path / "home"))
