"""The demo from nothing to a search, where InceptionV3's weights cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision.demo.preparation import prepare
from vision.errors import ModelUnavailable
from vision.extractors import weights
from vision.settings import Settings
from vision.workspace import Workspace

pytestmark = [pytest.mark.solr, pytest.mark.model]


def quiet(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


def test_the_demo_uses_compact_and_says_so_but_never_instead_of_what_was_asked(
    solr_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(url: str) -> None:
        raise OSError("no network")

    monkeypatch.setattr(weights, "reach", unreachable)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    workspace = Workspace(Settings(home=tmp_path, solr_url=solr_url, collection="demo_of_a_test"))
    ready = prepare(workspace, products=100, extractor=None, progress=quiet)
    assert (ready.extractor, ready.dims, ready.indexed) == ("compact", 256, True)
    assert ready.notice is not None
    assert ready.notice.startswith("searching by 'compact' instead of inception_v3: no InceptionV3 weights")
    assert ready.example.hits and ready.example.hits[0].distance == pytest.approx(0, abs=1e-4)
    assert not prepare(workspace, products=100, extractor=None, progress=quiet).indexed
    with pytest.raises(ModelUnavailable, match="--extractor compact"):
        prepare(workspace, products=100, extractor="inception_v3", progress=quiet)
