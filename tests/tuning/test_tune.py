"""`visual-search tune` on a real Solr, held against NumPy over the vectors that were indexed."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from tests.search.synthetic import Synthetic, build
from vision.cli import main
from vision.embedding import Embedding, EmbeddingStore
from vision.reduction import CoarseCodec, Pca, sigma2
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query, Way
from vision.search.planner import Limits
from vision.search.tuned import Origin
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.tuning import levels, queries, truth
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

CLUSTERS, EACH = 6, 300


def run(home: Path, url: str, collection: str, *words: str | Path, **more: str) -> Result:
    environ = {"VISUAL_SEARCH_HOME": str(home), "SOLR_URL": url, "VISUAL_SEARCH_COLLECTION": collection, **more}
    result = CliRunner().invoke(main, [str(word) for word in words], env=environ)
    assert result.exit_code == 0, result.output
    return result


def left_behind(url: str) -> list[str]:
    with SolrClient(url, "any") as client:
        return [name for name in client.admin("admin/cores", action="STATUS")["status"] if name.startswith("tune_")]


def written(home: Path) -> list[Path]:
    """All files of home but the records of jobs, which a dry run keeps as any other does."""
    return sorted(path for path in home.rglob("*") if not path.relative_to(home).parts[0].startswith("jobs"))


@pytest.fixture(scope="module")
def blurred(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, NDArray[np.float32]]]:
    """Clusters of 300 that the coarse prefix tells apart, nothing within them: 100 candidates are a third of one."""
    home = tmp_path_factory.mktemp("blurred")
    random = np.random.default_rng(4)
    cluster = np.repeat(np.arange(CLUSTERS), EACH)
    vectors = np.zeros((len(cluster), 1024), dtype=np.float32)
    vectors[:, :256] = random.normal(size=(CLUSTERS, 256))[cluster] * 5 + random.normal(size=(len(cluster), 256)) * 0.2
    vectors[:, 256:] = random.normal(size=(len(cluster), 768))
    ones = np.ones(2, dtype=np.float32)
    pca = Pca(np.zeros(2, dtype=np.float32), np.eye(2, dtype=np.float32), ones, ones, {"extractor": "blurred-0"})
    embedding = Embedding("blurred", "blurred-0", pca, CoarseCodec.fit(vectors), sigma2(vectors))
    EmbeddingStore(home / "embeddings").save(embedding)
    ids = [f"p{row:05d}" for row in random.permutation(len(cluster))]
    with SolrClient(solr_url, "blurred") as client:
        configset.create(client)
        client.add(
            [
                {
                    "id": id,
                    "product_id": id,
                    "title": f"thing {id}",
                    "attr_half": ["ab"[row % 2]],
                    "vector": vectors[row],
                    "coarse": coarse,
                    "embedding": embedding.fingerprint,
                }
                for row, (id, coarse) in enumerate(zip(ids, embedding.codec.encode(vectors), strict=True))
            ]
        )
        client.commit()
        client.merge()
    return home, dict(zip(ids, vectors, strict=True))


def recall(vectors: Mapping[str, NDArray[np.float32]], asked: str, found: list[str]) -> float:
    """By NumPy in double precision, the product that asks left out."""
    ids = sorted(set(vectors) - {asked})
    matrix = np.stack([vectors[id] for id in ids]).astype(np.float64)
    near = np.argsort(np.square(matrix - vectors[asked].astype(np.float64)).sum(axis=1), kind="stable")[:10]
    first = [id for id in found if id != asked][:10]
    return len({ids[row] for row in near} & set(first)) / 10


def test_what_needs_many_candidates_gets_them_and_a_rerun_finds_as_much(
    blurred: tuple[Path, dict[str, NDArray[np.float32]]], solr_url: str, tmp_path: Path
) -> None:
    home, vectors = blurred
    words = ("--quick", "--filter", "all", "--sample", "60", "--repeats", "1", "--html", tmp_path / "page.html")
    found = json.loads(run(home, solr_url, "blurred", "tune", *words, "--json").stdout)
    by_k = {each["candidates"]: each for each in found["points"]}
    assert by_k[None]["way"] == "exact" and by_k[None]["recall"] == 1
    assert by_k[100]["recall"] < 0.6 and by_k[200]["recall"] < 0.9
    assert found["chosen"]["candidates"] == 400 and found["chosen"]["reached"]
    assert 0 < by_k[400]["wall_p50"] <= by_k[400]["wall_p95"] and by_k[400]["solr_p50"] <= by_k[400]["wall_p95"]

    kept = json.loads((home / "tuning" / "blurred.json").read_text())
    assert (kept["candidates"], kept["pictures"]) == (400, CLUSTERS * EACH) and found["file"].endswith("blurred.json")
    settings = Settings(home=home, solr_url=solr_url, collection="blurred")
    engine = Workspace(settings).engine()
    limits = engine.limits()
    assert (limits.limits.candidates, limits.candidates) == (400, Origin.TUNING)
    asked = queries.sampled(engine, truth.documents(engine.client), 60, 0, 24)
    choosing, checking = queries.halves(asked, 0)
    assert sorted(choosing + checking) == list(range(60)) and len(checking) == 30

    def again(numbers: list[int], limits: Limits) -> float:
        forced = SearchEngine(engine.client, engine.collection.store, limits=limits)
        recalls = []
        for number in numbers:
            own = asked[number].own
            assert own is not None
            result = forced.run(Query(vector=vectors[own], mode=Mode.APPROXIMATE, rows=24))
            assert result.plan.way is Way.APPROXIMATE
            recalls.append(recall(vectors, own, [hit.product_id for hit in result.hits]))
        return float(np.mean(recalls))

    held = {(each["way"], each["candidates"]): each for each in kept["evidence"]["held_out"]}
    assert again(checking, limits.limits) == pytest.approx(held["approximate", 400]["recall"], abs=1e-3)
    assert again(choosing, Limits(candidates=100)) == pytest.approx(by_k[100]["recall"], abs=1e-3)
    content = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert content.count("<svg") == 3 and "K=400 is the cheapest" in content
    (measured,) = Workspace(settings).measurements().summaries("tune", "blurred")
    assert measured.charts == ["frontier", "filters", "crossing"] and "K=400" in measured.found


@pytest.mark.slow
def test_where_no_k_reaches_the_goal_it_says_so(
    blurred: tuple[Path, dict[str, NDArray[np.float32]]], solr_url: str
) -> None:
    home, _ = blurred
    words = ("--quick", "--filter", "all", "--sample", "40", "--repeats", "1", "--candidates", "100,200", "--dry-run")
    before = written(home)
    said = run(home, solr_url, "blurred", "tune", *words).stdout
    assert "no K reaches 0.99 and 0.95 at every filter level: K=200 comes nearest" in " ".join(said.split())
    assert "nothing was written" in said
    assert written(home) == before


@pytest.mark.slow
def test_the_side_collection_that_tells_within_clusters_is_recommended(
    blurred: tuple[Path, dict[str, NDArray[np.float32]]], solr_url: str
) -> None:
    """With all 1,024 components the coarse code is as good as the vector: 100 candidates are enough."""
    home, _ = blurred
    words = ("--filter", "half=a", "--sample", "40", "--repeats", "1", "--coarse-dims", "1024", "--candidates", "100")
    found = json.loads(run(home, solr_url, "blurred", "tune", *words, "--dry-run", "--json").stdout)
    recalls = {(each["dims"], each["way"]): each["recall"] for each in found["points"]}
    assert recalls[256, "approximate"] < 0.9 and recalls[1024, "approximate"] > 0.99
    assert {each["matching"] for each in found["points"]} == {CLUSTERS * EACH // 2}
    assert found["better_dims"]["dims"] == 1024
    assert "index CATALOGUE --extractor blurred --collection blurred --coarse-dims 1024 --recreate" in found["advice"]
    assert left_behind(solr_url) == []


@pytest.fixture(scope="module")
def synthetic(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    built = build(solr_url, "tuning", tmp_path_factory.mktemp("tuning"), pictures=3000)
    yield built
    built.engine.client.close()


def test_levels_leave_what_they_say(synthetic: Synthetic) -> None:
    found = levels.built(synthetic.engine.collection)
    assert [each.matching for each in found] == sorted(each.matching for each in found)
    # One in 1,000 of 3,000 may be none at all: then there is no such level.
    for level, share in zip(found[-5:], levels.SHARES[-5:], strict=True):
        assert level.matching == pytest.approx(share * 3000, rel=0.35)
        if level.query.filters:
            assert level.matching == synthetic.where(**level.query.filters).sum()
    assert sum(bool(each.query.filters) for each in found) >= 4 and found[-1].query == Query()


def test_a_hash_keeps_products_whole_and_the_same(synthetic: Synthetic) -> None:
    client = synthetic.engine.client
    documents = truth.documents(client)
    held = truth.Truth(documents, np.zeros((1, 1024), dtype=np.float32))
    tenth, hundredth = (held.mask(client, Query(one_in=part)) for part in (10, 100))
    assert 200 < tenth.sum() < 400 and 0 < hundredth.sum() < 60
    for rows in documents.of.values():
        assert len({bool(tenth[row]) for row in rows}) == 1
    found = synthetic.engine.run(Query(vector=synthetic.vectors[0], one_in=10, mode=Mode.APPROXIMATE, rows=50))
    assert found.total == len({documents.products[row] for row in np.flatnonzero(tenth).tolist()})
    assert all(tenth[documents.rows[hit.id]] for hit in found.hits)


def test_the_truth_is_the_oracles(synthetic: Synthetic) -> None:
    client = synthetic.engine.client
    documents = truth.documents(client)
    asked = synthetic.queries(5, seed=3)
    held = truth.Truth(documents, asked)
    for batch in truth.select(client, Query(), "id,product_id", 700, stored=("vector",)):
        held.read(batch)
    keep = held.mask(client, Query(filters={"color": ("red",)}))
    for number in range(5):
        where = synthetic.where(color="red")
        expected = synthetic.ranked(-synthetic.distances(asked[number]), where, 10)
        products = [synthetic.products[synthetic.ids.index(id)] for id in expected]
        nearest = held.nearest(number, keep)
        assert nearest.recall(products) == 1 and nearest.count == 10
        assert nearest.recall([*products[:7], "x", "y", "z"]) == 0.7
        assert held.nearest(number, keep, own=products[0]).recall(products) == 0.9


@pytest.mark.slow
def test_searches_from_a_file(synthetic: Synthetic, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"image_id": id} for id in synthetic.ids[:30]]
    lines += [{"image_id": id, "q": "dress", "filters": {"half": ["a"]}} for id in synthetic.ids[30:45]]
    lines += [{"q": "dress"}, {"image_id": synthetic.ids[0], "max_distance": 5}]
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    home = synthetic.engine.collection.store.folder.parent
    words = ("--quick", "--filter", "all", "--filter", "color=red", "--queries", path, "--candidates", "200")
    found = json.loads(
        run(
            home, synthetic.engine.client.base, "tuning", "tune", *words, "--repeats", "1", "--dry-run", "--json"
        ).stdout
    )
    assert {each["queries"] for each in found["points"]} == {23}
    assert min(each["recall"] for each in found["points"]) > 0.98
    assert found["notes"][0] == "2 of the file's searches never have candidates and are left out"


@pytest.fixture
def shop(solr_url: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "home", solr_url, "tuned_shop")
    yield made
    made.drop()


def test_the_choice_is_used_until_the_vectors_change_and_the_environment_wins(shop: Shop, tmp_path: Path) -> None:
    from api.app import create_app

    path = catalogue(tmp_path, 60)
    shop.index(path)

    def planned(**more: str) -> str:
        words = ("search", "--id", "p00001", "--mode", "approximate", "--json")
        return str(json.loads(run(shop.home, shop.url, shop.name, *words, **more).stdout)["plan"]["reason"])

    def shown(**more: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run(shop.home, shop.url, shop.name, "tune", "show", "--json", **more).stdout)
        return found

    assert "the 200 nearest" in planned()
    run(shop.home, shop.url, shop.name, "tune", "--quick", "--sample", "40", "--repeats", "1", "--candidates", "150")
    assert "the 150 nearest" in planned()
    assert shown()["candidates"] == {"value": 150, "from": "tuning"} and shown()["notice"] is None
    assert "the 120 nearest" in planned(VISUAL_SEARCH_CANDIDATES="120")
    assert shown(VISUAL_SEARCH_CANDIDATES="120")["candidates"] == {"value": 120, "from": "environment"}
    client = create_app(shop.settings).test_client()
    assert client.get("/v1/tuning").get_json() == shown() and "notice" not in client.get("/readyz").get_json()
    (kept,) = client.get(f"/v1/measurements?kind=tune&collection={shop.name}").get_json()["measurements"]
    whole = client.get(f"/v1/measurements/{kept['id']}").get_json()
    assert whole["result"]["chosen"]["candidates"] == 150 and set(whole["drawn"]) == set(kept["charts"])

    shop.index(path, dims=8, recreate=True)
    assert "the 200 nearest" in planned()
    said = run(shop.home, shop.url, shop.name, "search", "--id", "p00001")
    assert "what was tuned for collection 'tuned_shop' is ignored" in said.stderr
    found = create_app(shop.settings).test_client()
    ready = found.get("/readyz").get_json()
    assert ready["ready"] and "is ignored: it was measured on vectors of 'histogram-" in ready["notice"]
    assert found.get("/v1/tuning").get_json()["notice"] in ready["notice"]
    assert run(shop.home, shop.url, shop.name, "tune", "reset").stdout == f"{shop.name}: forgotten\n"
    assert shown()["notice"] is None and shown()["candidates"]["from"] == "default"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_collection(shop: Shop, tmp_path: Path, number: signal.Signals) -> None:
    shop.index(catalogue(tmp_path, 60))
    process = shop.command("tune", "--sample", "60", "--coarse-dims", "8,16,24", "--repeats", "50")
    try:
        deadline = time.monotonic() + 120
        while len(left_behind(shop.url)) < 3:
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (130, 143) and "Traceback" not in said
    assert left_behind(shop.url) == []
    assert not (shop.home / "tuning").exists()
