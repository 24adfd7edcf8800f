"""`visual-search evaluate` and `pca report` on small drawn catalogues and a real Solr, held against NumPy."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.catalog.shop import Shop
from tests.catalog.support import COLUMNS, catalogue, row, write
from vision import reduction
from vision.catalog.cache import FeatureCache
from vision.cli import main
from vision.errors import SolrRefused
from vision.evaluation import label_quality, rank
from vision.evaluation.gallery import Gallery, gather
from vision.evaluation.indexes import Flat, Index, Scope
from vision.evaluation.measurements import Measurements
from vision.search.commands import filter_members
from vision.search.model import Query
from vision.search.request import parse, to_query
from vision.solr.client import SolrClient

NOWHERE = "http://127.0.0.1:9/solr"
MEMBERS = ["extractor", "dims", "mode", "filter", "queries", "map", "p@10", "r@10", "mrr", "qps", "p50_ms", "p95_ms"]
PICTURES = 60
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue of 60 products in three colors."""
    catalogue(tmp_path, PICTURES)
    return tmp_path


@pytest.fixture
def shop(solr_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A home and a collection of their own."""
    made = Shop(tmp_path / "shop", solr_url, "evaluation_shop")
    yield made
    made.drop()


def runner(folder: Path, url: str) -> Run:
    environ: Mapping[str, str] = {"VISUAL_SEARCH_HOME": str(folder / "home"), "SOLR_URL": url}

    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], env=environ)

    return run


def evaluated(run: Run, folder: Path, *words: str | Path) -> list[dict[str, Any]]:
    result = run("evaluate", "--catalog", folder / "catalogue.csv", "--extractor", "histogram", "--json", *words)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def left_behind(url: str) -> list[str]:
    with SolrClient(url, "any") as client:
        return [name for name in client.admin("admin/cores", action="STATUS")["status"] if name.startswith("evaluate")]


def features(folder: Path) -> tuple[Gallery, np.ndarray[Any, np.dtype[np.float32]]]:
    with FeatureCache(folder / "home/features.sqlite") as cache:
        gallery, (source,) = gather(folder / "catalogue.csv", ("histogram",), cache)
        return gallery, cache.matrix(source.fingerprint, gallery.pictures)


def test_numpy_needs_no_solr_and_agrees_with_the_oracle(folder: Path) -> None:
    (found,) = evaluated(runner(folder, NOWHERE), folder, "--label", "Color", "--mode", "numpy", "--dims", "full")
    assert list(found) == MEMBERS
    gallery, vectors = features(folder)
    expected = label_quality(vectors, [each.attributes["color"][0] for each in gallery.products], gallery.ids)
    assert (found["extractor"], found["dims"], found["mode"], found["filter"]) == ("histogram", 59, "numpy", None)
    assert found["queries"] == expected.queries == PICTURES
    for name, value in (("map", expected.map), ("p@10", expected.precision), ("r@10", expected.recall)):
        assert found[name] == pytest.approx(value, abs=1e-4)
    assert found["mrr"] == pytest.approx(expected.mrr, abs=1e-4)
    assert 0 < found["p50_ms"] <= found["p95_ms"] and found["qps"] > 0


def test_results_are_kept_unless_told_otherwise(folder: Path) -> None:
    words = ("--label", "color", "--mode", "numpy", "--dims", "full,8")
    found = evaluated(runner(folder, NOWHERE), folder, *words)
    evaluated(runner(folder, NOWHERE), folder, *words, "--no-keep")
    kept = Measurements(folder / "home/measurements")
    (summary,) = kept.summaries("evaluate")
    assert (summary.collection, summary.charts) == (None, ["speed", "dims"])
    assert summary.about.startswith("catalogue.csv: 60 pictures") and summary.found.startswith("best mAP 0.")
    assert kept.read(summary.id).result == found


def test_depth_cuts_the_ranking_and_not_the_right_answers(folder: Path) -> None:
    run = runner(folder, NOWHERE)
    words = ("--label", "color", "--mode", "numpy", "--dims", "8")
    whole, first = evaluated(run, folder, *words)[0], evaluated(run, folder, *words, "--depth", "10")[0]
    assert first["map"] < whole["map"] and first["p@10"] == whole["p@10"] and first["r@10"] == whole["r@10"]


def test_a_seed_chooses_the_queries(folder: Path) -> None:
    def found(seed: int) -> list[float]:
        words = ("--label", "color", "--mode", "numpy", "--queries", "12", "--seed", str(seed))
        (one,) = evaluated(runner(folder, NOWHERE), folder, *words)
        assert one["queries"] == 12
        return [one["map"], one["p@10"], one["mrr"]]

    assert found(1) == found(1) != found(2)


def test_labels_that_are_left_out_take_no_part(folder: Path) -> None:
    words = ("--label", "color", "--without", "red", "--mode", "numpy")
    (found,) = evaluated(runner(folder, NOWHERE), folder, *words)
    assert found["queries"] == PICTURES * 2 / 3
    assert found["map"] > 0.45  # two classes are left


def test_the_flat_scan_ranks_as_the_oracle_does() -> None:
    random = np.random.default_rng(0)
    vectors = np.round(random.normal(size=(200, 3)), 1).astype(np.float32)  # with ties
    ids = [f"{value:03}" for value in random.permutation(200)]
    pool = random.random(200) < 0.5
    for kept in (np.ones(200, dtype=bool), pool):
        scope = Scope(None, Query(), kept, np.arange(5))
        rows = np.flatnonzero(kept)
        for asked in range(5):
            oracle = rows[rank(vectors[asked], vectors[rows], [ids[each] for each in rows])[0]]
            oracle = oracle[oracle != asked]
            whole = Flat(vectors, ids).ranked(asked, scope, "numpy", 200)
            distances = np.square(vectors[whole] - vectors[asked]).sum(axis=1)
            expected = np.square(vectors[oracle] - vectors[asked]).sum(axis=1)
            np.testing.assert_allclose(distances, expected, atol=1e-4)
            assert set(whole.tolist()) == set(oracle.tolist())
            assert len(Flat(vectors, ids).ranked(asked, scope, "numpy", 7)) == 7


@pytest.mark.solr
def test_through_the_index_as_in_numpy(folder: Path, solr_url: str) -> None:
    words = ("--label", "color", "--dims", "full,16", "--mode", "exact,approximate,auto,numpy", "--filter", "all")
    found = evaluated(runner(folder, solr_url), folder, *words, "--filter", "price=10..49.5", "--filter", "color=red")
    assert [(each["dims"], each["mode"], each["filter"]) for each in found] == [
        (dims, mode, filter)
        for dims in (59, 16)
        for mode in ("exact", "approximate", "auto", "numpy")
        for filter in (None, "price=10..49.5", "color=red")
    ]
    assert {each["filter"]: each["queries"] for each in found} == {None: 60, "price=10..49.5": 60, "color=red": 20}
    by_mode: dict[tuple[int, str | None], list[float]] = {}
    for each in found:
        by_mode.setdefault((each["dims"], each["filter"]), []).append(each["map"])
    for maps in by_mode.values():
        assert max(maps) - min(maps) < 2e-3, by_mode
    assert by_mode[59, "color=red"] == [1, 1, 1, 1]
    assert left_behind(solr_url) == []


@pytest.mark.solr
def test_filters_leave_in_python_what_they_leave_in_solr(shop: Shop, folder: Path) -> None:
    rows = [row(n, color="red|green" if n % 4 == 0 else "blue", stock="") for n in range(20)]
    rows = [each | {"in_stock": "yes" if n % 2 else "no", "currency": "EUR"} for n, each in enumerate(rows)]
    rows[3]["price"] = ""
    path = write(folder / "more.csv", rows, (*COLUMNS, "stock", "in_stock", "currency"))
    shop.index(path)
    with FeatureCache(folder / "features.sqlite") as cache:
        gallery, _ = gather(path, ("histogram",), cache)
    with SolrClient(shop.url, shop.name) as client:
        for text in ("color=green", "color=blue", "price=3..7", "price=..7.5", "in_stock=true", "currency=EUR"):
            query = to_query(parse({"q": "*"} | filter_members((text,))), None, None)
            name, _, value = text.partition("=")
            field = name if name in ("price", "in_stock", "currency") else f"attr_{name}"
            low, dots, high = value.partition("..")
            there = client.count(f"{field}:[{low or '*'} TO {high or '*'}]" if dots else f"{field}:{value}")
            assert gallery.matching(query).sum() == there > 0, text


@pytest.mark.solr
def test_same_product_and_judgments(folder: Path, solr_url: str) -> None:
    """Every second picture shows the product before it, a little darker."""
    rows = []
    for number in range(0, 40, 2):
        with Image.open(folder / f"images/{number}.png") as image:
            image.point(lambda value: value * 0.9).save(folder / f"images/{number + 1}.png")
        rows += [row(number), row(number + 1, product_id=f"p{number:05d}")]
    write(folder / "catalogue.csv", [{"product_id": each["id"]} | each for each in rows], (*COLUMNS, "product_id"))
    run = runner(folder, solr_url)
    for each in evaluated(run, folder, "--same-product"):
        assert (each["queries"], each["mrr"]) == (40, 1) and each["p@10"] == pytest.approx(0.1)
    (folder / "qrels.txt").write_text("p00000 0 p00001 1\np00002 0 p00003 1\np00004 0 p00005 0\n")
    for each in evaluated(run, folder, "--judgments", folder / "qrels.txt"):
        assert (each["queries"], each["map"]) == (2, 1)


@pytest.mark.solr
def test_page_and_table(folder: Path, solr_url: str) -> None:
    page = folder / "page.html"
    words = ("--catalog", folder / "catalogue.csv", "--extractor", "histogram", "--label", "color", "--html", page)
    result = runner(folder, solr_url)("evaluate", *words, "--mode", "exact,numpy", "--dims", "16")
    assert result.exit_code == 0, result.output
    assert re.search(r"histogram +16 +exact +0\.\d{3}", result.stdout)
    content = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:)|url\(|<script|@import", content)
    assert content.count("<svg") == 2
    assert content.count("data:image/jpeg;base64,") >= 6 * 9
    assert "class=right" in content and "class=wrong" in content
    assert "prefers-color-scheme:dark" in content and 'name="viewport"' in content


@pytest.mark.solr
def test_pca_report(folder: Path, solr_url: str) -> None:
    words = ("--extractor", "histogram", "--label", "color", "--dims", "full,16,4")
    outs = ("--html", folder / "pca.html", "--png", folder / "pca.png")
    result = runner(folder, solr_url)("pca", "report", folder / "catalogue.csv", *words, *outs, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [set(each) for each in found] == [{"dims", "variance", "map", "p@10", "vector_bytes", "index_bytes"}] * 3
    assert [each["dims"] for each in found] == [59, 16, 4]
    assert [each["vector_bytes"] for each in found] == [236, 64, 16]
    assert found[0]["variance"] == pytest.approx(1, abs=1e-3)
    assert found[0]["variance"] > found[1]["variance"] > found[2]["variance"]
    assert found[0]["index_bytes"] > found[1]["index_bytes"] > found[2]["index_bytes"] > 4096
    assert (folder / "pca.html").read_text(encoding="utf-8").count("<svg") == 2
    with Image.open(folder / "pca.png") as image:
        assert image.format == "PNG"
    assert left_behind(solr_url) == []


@pytest.mark.solr
def test_an_error_leaves_no_collection(folder: Path, solr_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        assert len(left_behind(solr_url)) == 2
        raise SolrRefused("no", status=500)

    monkeypatch.setattr(Index, "ranked", refuse)
    words = ("--catalog", folder / "catalogue.csv", "--extractor", "histogram", "--label", "color", "--dims", "8,4")
    result = runner(folder, solr_url)("evaluate", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert left_behind(solr_url) == []


@pytest.mark.solr
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_collection(shop: Shop, folder: Path, number: signal.Signals) -> None:
    words = ("--catalog", folder / "catalogue.csv", "--extractor", "histogram", "--label", "color")
    dims = ",".join(map(str, range(1, 50)))
    process = shop.command("evaluate", *words, "--dims", dims)
    try:
        deadline = time.monotonic() + 120
        while not left_behind(shop.url):
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (130, 143) and "Traceback" not in said
    assert left_behind(shop.url) == []


def test_what_the_pca_is_fitted_on_is_what_is_searched(folder: Path) -> None:
    """Truncating the largest PCA is the smaller PCA, so quality by dims is that of `index --dims`."""
    _, vectors = features(folder)
    large = reduction.fit(vectors, extractor_fingerprint="x", n_components=32)
    small = reduction.fit(vectors, extractor_fingerprint="x", n_components=8)
    np.testing.assert_allclose(large.transform(vectors)[:, :8], small.transform(vectors)[:, :8], atol=1e-4)
