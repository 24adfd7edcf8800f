"""The published CLIP: fetched by the hub's own client from a server on loopback, checked, refused, missing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.extractors.publishing import hub
from tests.extractors.tiny import FOLDER, pictures
from tests.web import serving
from vision.errors import ModelUnavailable
from vision.extractors import clip_files, describe, fetch, load
from vision.extractors.base import file_hash

TINY = tuple(
    replace(each, sha256=file_hash(FOLDER / each.kept), bytes=(FOLDER / each.kept).stat().st_size)
    for each in clip_files.PUBLISHED
)


def use_hub(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does, after the client was imported."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="fetching CLIP needs the extra `clip`")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tiny CLIP, under the names of the published one, on a hub of our own."""
    names = {f"{each.repository}/resolve/main/{each.name}": FOLDER / each.kept for each in TINY}
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(clip_files, "PUBLISHED", TINY)
    with serving(hub(names)) as url:
        use_hub(url, monkeypatch)
        yield url


@pytest.mark.model
def test_all_files_are_fetched_once(published: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="CLIP needs the extra `clip`")
    told: list[tuple[int, int | None]] = []
    found = fetch("clip", models=tmp_path, told=lambda *now: told.append(now))
    assert [each.path for each in found] == [tmp_path / "clip" / each.kept for each in TINY]
    assert {each.origin for each in found} == {"a download from the Hugging Face Hub"}
    total = sum(each.bytes for each in TINY)
    assert told[-1] == (total, total) and [done for done, _ in told] == sorted(done for done, _ in told)
    assert sorted(path.name for path in (tmp_path / "clip").iterdir()) == sorted(each.kept for each in TINY)
    assert {each.origin for each in fetch("clip", models=tmp_path)} == {str(tmp_path / "clip")}
    loaded = load("clip", models=tmp_path)
    assert loaded.extract(pictures()).shape == (4, 12) and loaded.info.licence == "MIT"
    assert all(file.found for file in describe("clip", models=tmp_path).files)
    assert capfd.readouterr() == ("", "")


def test_another_file_is_refused_and_not_kept(published: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = (replace(TINY[0], sha256="0" * 64), *TINY[1:])
    monkeypatch.setattr(clip_files, "PUBLISHED", wrong)
    with pytest.raises(
        ModelUnavailable, match="is not model.onnx of Qdrant/.*: its SHA-256 is .* published one's 0000"
    ):
        fetch("clip")
    assert not list((tmp_path / "keras" / "models" / "clip").iterdir())
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "vision_model.onnx").write_bytes(b"something else")
    with pytest.raises(ModelUnavailable, match="vision_model.onnx is not model.onnx of"):
        fetch("clip", models=tmp_path)


def test_without_a_network_it_says_so_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    use_hub("http://127.0.0.1:9", monkeypatch)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="refused.*put it into .*clip as vision_model.onnx"):
        fetch("clip", models=tmp_path)
    assert time.monotonic() - began < 5
    assert capfd.readouterr() == ("", "")


def test_what_the_list_says_before_and_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    about = describe("clip", models=tmp_path)
    assert (about.dims, about.licence) == (512, "MIT")
    assert [(file.bytes, file.found) for file in about.files] == [(each.bytes, None) for each in clip_files.PUBLISHED]
    own = describe(f"clip:{FOLDER}", models=tmp_path)
    assert (own.dims, own.licence, own.source) == (None, "the model's own", "tiny_clip")
    assert [file.found.path for file in own.files if file.found] == [FOLDER / each.kept for each in TINY]
