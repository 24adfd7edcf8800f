"""Drift is watched by indexing, on a real Solr: from a fit to an alarm, and to a collection that is made anew."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image

from api.app import create_app
from tests.catalog.shop import Shop
from tests.catalog.support import row, write
from vision import reduction
from vision.catalog import IndexOptions, IndexReport, session
from vision.catalog.drift_record import Origin, State
from vision.cli import main
from vision.extractors import ExtractorInfo
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

DIMS = 16


class Squares:
    """The colors of 16 squares, three values each."""

    info = ExtractorInfo("squares", (4, 4), 48, "CC0-1.0", "here", "colors of squares")
    fingerprint = info.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        small = [each.resize((4, 4), Image.Resampling.BOX) for each in images]
        return np.array([np.asarray(each, dtype=np.float32).ravel() for each in small])


def products(folder: Path, numbers: range, *, colored: bool = False) -> Path:
    """A catalogue of gray pictures, which 16 components tell whole, or of colored ones, which they do not."""
    (folder / "images").mkdir(exist_ok=True)
    for number in numbers:
        values = np.random.default_rng(number).integers(0, 256, size=(4, 4, 3 if colored else 1), dtype=np.uint8)
        picture = Image.fromarray(np.broadcast_to(values, (4, 4, 3)).copy())
        buffer = io.BytesIO()
        picture.resize((16, 16), Image.Resampling.NEAREST).save(buffer, "PNG")
        (folder / "images" / f"{number}.png").write_bytes(buffer.getvalue())
    return write(folder / f"from{numbers.start}.csv", (row(number) for number in numbers))


def index(shop: Shop, catalogue: Path, **options: object) -> IndexReport:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        return session.index(
            workspace,
            client,
            catalogue,
            "squares",
            IndexOptions(dims=DIMS, **options),  # type: ignore[arg-type]
            detect=False,
            progress=lambda stage, done, total: None,
            loaded=Squares(),
        )


def command(shop: Shop, *words: str) -> tuple[int, str]:
    environ = {"SOLR_URL": shop.url, "VISUAL_SEARCH_HOME": str(shop.home), "VISUAL_SEARCH_COLLECTION": shop.name}
    found = CliRunner().invoke(main, ["pca", "drift", *words], env=environ)
    return found.exit_code, found.output


def test_from_a_fit_to_an_alarm_and_a_new_collection(shop: Shop, tmp_path: Path) -> None:
    first = index(shop, products(tmp_path, range(120)))
    files = Workspace(shop.settings).drift()
    baseline = files.baseline(first.embedding)
    assert baseline is not None and (baseline.origin, baseline.whole.count) == (Origin.HELD_OUT, 120)
    assert baseline.whole.mean < 0.001 and not first.drifted
    assert command(shop)[0] == 0 and "too_few" in command(shop)[1]

    gray = index(shop, products(tmp_path, range(100, 180)))  # 20 of them are known
    record = files.record(shop.name)
    assert record is not None and [each.new for each in record.runs] == [60]
    assert not gray.drifted and gray.remarks == ()
    assert json.loads(command(shop, "--json")[1])["state"] == State.USUAL

    colored = products(tmp_path, range(1000, 1060), colored=True)
    found = index(shop, colored)
    assert found.drifted and found.plain()["drifted"] is True
    assert found.remarks[0].startswith(f"PCA drift: {DIMS} components leave out 3")
    code, said = command(shop)
    assert code == 1 and "drifted" in said and "docs/drift.md" in said

    again = index(shop, colored)  # nothing is new
    assert again.remarks == () and again.drifted
    more = index(shop, products(tmp_path, range(1060, 1070), colored=True))
    assert more.drifted and more.remarks == ()  # it was said

    client = create_app(shop.settings).test_client()
    assert "pca_drifted" not in client.get("/metrics").text  # the engine was not asked for yet
    status = client.get("/v1/status").get_json()["embedding"]["drift"]
    assert (status["state"], status["pictures"]) == ("drifted", 130)
    assert "visual_search_pca_drifted 1.0" in client.get("/metrics").text
    assert 'visual_search_pca_error{components="coarse",of="new"} 0.' in client.get("/metrics").text
    page = client.get("/engine").text
    assert "worse than is tolerated" in page and "PCA drift: 16 components leave out" in page

    whole = products(tmp_path, range(2000, 2200), colored=True)
    anew = index(shop, whole, recreate=True)
    assert anew.embedding != first.embedding and files.record(shop.name) is None
    assert json.loads(command(shop, "--json")[1])["state"] == State.TOO_FEW


def test_an_alarm_that_a_run_could_not_tell_is_told_by_the_next(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(shop, products(tmp_path, range(60)))
    colored = products(tmp_path, range(1000, 1060), colored=True)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):

        def ended(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr("vision.catalog.sending.verify", ended)  # everything is sent, nothing is said
        index(shop, colored)
    files = Workspace(shop.settings).drift()
    record = files.record(shop.name)
    assert record is not None and record.since is not None and not record.told
    found = index(shop, colored)  # nothing is new by now
    assert found.drifted and found.remarks[0].startswith("PCA drift: ")
    record = files.record(shop.name)
    assert record is not None and record.told and len(record.window) == 60


def test_an_embedding_without_a_baseline_gets_one_of_its_first_new_pictures(shop: Shop, tmp_path: Path) -> None:
    first = index(shop, products(tmp_path, range(60)))
    files = Workspace(shop.settings).drift()
    (files.embeddings / first.embedding / "drift.json").unlink()
    assert json.loads(command(shop, "--json")[1])["state"] == State.NO_BASELINE
    assert index(shop, products(tmp_path, range(60, 200))).remarks == ()
    found = index(shop, products(tmp_path, range(200, 270)))
    assert found.remarks == (
        "PCA drift is watched from now on: this embedding had no baseline, its first 210 new pictures are it, and are "
        "taken to be like those before",
    )
    baseline = files.baseline(first.embedding)
    assert baseline is not None and (baseline.origin, baseline.whole.count) == (Origin.FIRST_NEW, 210)
    assert index(shop, products(tmp_path, range(1000, 1060), colored=True)).drifted


def test_the_pca_of_a_file(shop: Shop, tmp_path: Path) -> None:
    catalogue = products(tmp_path, range(100))
    pictures = [Image.open(tmp_path / "images" / f"{number}.png") for number in range(100)]
    fitted = reduction.fit(Squares().extract(pictures), extractor_fingerprint=Squares.fingerprint, n_components=DIMS)
    fitted.save(tmp_path / "pca.npz")
    files = Workspace(shop.settings).drift()
    found = index(shop, catalogue, pca=tmp_path / "pca.npz")
    baseline = files.baseline(found.embedding)
    assert baseline is not None and baseline.origin is Origin.HELD_OUT  # it was fitted on as many: on these
    (files.embeddings / found.embedding / "drift.json").unlink()
    found = index(shop, products(tmp_path, range(200, 260)), pca=tmp_path / "pca.npz", recreate=True)
    baseline = files.baseline(found.embedding)
    assert baseline is not None and (baseline.origin, baseline.whole.count) == (Origin.FIRST_CATALOGUE, 60)


def test_a_record_that_is_damaged_does_not_keep_from_indexing(shop: Shop, tmp_path: Path) -> None:
    index(shop, products(tmp_path, range(60)))
    (shop.home / "drift").mkdir(exist_ok=True)
    (shop.home / "drift" / f"{shop.name}.json").write_text("{")
    found = index(shop, products(tmp_path, range(60, 70)))
    assert found.indexed == 10 and "drift was not measured" in found.remarks[0] and "delete it" in found.remarks[0]
