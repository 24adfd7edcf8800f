"""Real photos through the whole path: catalogue, tflite features, PCA, int8, Solr; judged against plain NumPy."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from vision import extractors, reduction
from vision.catalog import IndexOptions, Ingest
from vision.catalog.features import catalogue_features
from vision.catalog.pictures import Pictures
from vision.evaluation import label_quality, mean_average_precision, precision_at_k
from vision.evaluation.running import Options
from vision.evaluation.session import Truth, measure
from vision.search.model import Mode, Query
from vision.search.request import parse
from vision.settings import Settings
from vision.workspace import Workspace

pytestmark = [pytest.mark.solr, pytest.mark.model, pytest.mark.slow]

QUERIES = 200


@dataclass
class Clothing:
    workspace: Workspace
    features: NDArray[np.float32]
    ids: list[str]
    labels: list[str]
    photos: Path

    def sample(self) -> NDArray[np.intp]:
        labelled = np.flatnonzero([label not in NO_CLASS for label in self.labels])
        return np.sort(np.random.default_rng(0).choice(labelled, QUERIES, replace=False))


@pytest.fixture(scope="module")
def clothing(shared: Path, solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clothing]:
    folder = tmp_path_factory.mktemp("clothing")
    catalogue = write_catalogue(shared, folder)
    with catalogue.open(newline="") as file:
        rows = list(csv.DictReader(file))
    name = mobilenet(shared)
    extractor = extractors.load(name)
    workspace = Workspace(Settings(home=folder / "home", solr_url=solr_url, collection="clothing"))
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        report = ingest.run(catalogue, name, extractor, IndexOptions())
        assert (report.indexed, report.rejected) == (len(rows), 0)
        batches = catalogue_features(catalogue, Pictures(folder), extractor, cache)
        features = np.concatenate(list(batches))
    assert len(features) == len(rows)
    ids, labels = [row["id"] for row in rows], [row["category"] for row in rows]
    yield Clothing(workspace, features, ids, labels, shared / "data/clothing/images")


def test_solr_ranks_as_well_as_numpy_ranks_the_same_features(clothing: Clothing) -> None:
    label = dict(zip(clothing.ids, clothing.labels, strict=True))
    ranked: dict[str, list[NDArray[np.bool_]]] = {"solr": [], "numpy": []}
    with clothing.workspace.client() as client:
        engine = clothing.workspace.engine(client)
        for row in clothing.sample():
            wanted = clothing.labels[row]
            asked = engine.collection.indexed.picture(clothing.ids[row])
            query = Query(vector=asked.vector, embedding=asked.embedding, mode=Mode.EXACT, rows=len(clothing.ids))
            found = [label[hit.id] for hit in engine.run(query).hits if hit.id != clothing.ids[row]]
            ranked["solr"].append(relevance(found, wanted))
            distances = np.square(clothing.features - clothing.features[row]).sum(axis=1)
            order = [clothing.labels[each] for each in np.argsort(distances, kind="stable") if each != row]
            ranked["numpy"].append(relevance(order, wanted))
    mean = {name: mean_average_precision(np.stack(rows)) for name, rows in ranked.items()}
    tops = {name: float(np.mean(precision_at_k(np.stack(rows), 10))) for name, rows in ranked.items()}
    print(f"MobileNetV2, {QUERIES} photos: " + ", ".join(f"{k} mAP {mean[k]:.4f} P@10 {tops[k]:.4f}" for k in mean))
    assert abs(mean["solr"] - mean["numpy"]) <= 0.002


def relevance(ranked: list[str], wanted: str) -> NDArray[np.bool_]:
    return np.array([label == wanted for label in ranked if label not in NO_CLASS])


def test_the_approximate_top_ten_is_the_exact_one(clothing: Clothing) -> None:
    with clothing.workspace.client() as client:
        engine = clothing.workspace.engine(client)
        same = 0
        for row in clothing.sample()[:100]:
            ranked = {}
            for mode in ("exact", "approximate"):
                request = parse({"image_id": clothing.ids[row], "mode": mode, "rows": 10})
                ranked[mode] = {hit.id for hit in engine.search(request).hits}
            same += len(ranked["exact"] & ranked["approximate"])
    assert same / 1000 >= 0.99


def test_a_photo_of_an_indexed_product_finds_it_with_distance_zero(clothing: Clothing) -> None:
    with clothing.workspace.client() as client:
        engine = clothing.workspace.engine(client)
        for row in clothing.sample()[:5]:
            data = (clothing.photos / f"{clothing.ids[row]}.jpg").read_bytes()
            first = engine.search(parse({"rows": 1}), data).hits[0]
            assert first.id == clothing.ids[row]
            assert first.distance == pytest.approx(0.0, abs=1e-4)


def test_the_whole_path_in_numpy_alone_gives_the_notes_quality(clothing: Clothing) -> None:
    labelled = np.array([label not in NO_CLASS for label in clothing.labels])
    quality = label_quality(
        clothing.features[labelled],
        [label for label in clothing.labels if label not in NO_CLASS],
        [id for id, keep in zip(clothing.ids, labelled, strict=True) if keep],
    )
    assert quality.map == pytest.approx(0.347, abs=0.01)


def test_pca_to_1024_costs_at_most_half_a_percent_of_map(clothing: Clothing) -> None:
    """Relative: (mAP as extracted - mAP after PCA) / mAP as extracted, every labelled photo a query, in NumPy."""
    labelled = np.array([label not in NO_CLASS for label in clothing.labels])
    labels = [label for label in clothing.labels if label not in NO_CLASS]
    features = clothing.features[labelled]
    pca = reduction.fit(features, extractor_fingerprint="clothing")
    raw, reduced = label_quality(features, labels), label_quality(pca.transform(features), labels)
    lost = (raw.map - reduced.map) / raw.map
    print(f"1,280 values mAP {raw.map:.4f}, PCA to {pca.dims_out} {reduced.map:.4f}: {lost:.2%} lost")
    assert pca.dims_out == 1024 and lost <= 0.005


def test_the_quicker_extractor_and_the_better_one(clothing: Clothing, shared: Path, tmp_path: Path) -> None:
    """What a shop chooses between is reported: pictures a second against mAP, searches a second beside them."""
    measured = measure(
        clothing.workspace.settings,
        write_catalogue(shared, tmp_path),
        Truth("category", without=NO_CLASS),
        extractors=("histogram", mobilenet(shared)),
        dims=("1024",),
        modes=("exact",),
        filters=(),
        options=Options(queries=QUERIES),
        allow_urls=False,
        progress=lambda stage, done, total: None,
    )
    histogram, network = measured.outcomes
    for each in (histogram, network):
        print(
            f"{each.label}: mAP {each.map:.3f}, {1000 / each.extract_ms:.0f} pictures/s extracted, "
            f"{each.times.per_second:.0f} searches/s"
        )
        assert {"qps", "map"} <= set(each.plain()) and each.times.per_second > 0
    assert histogram.extract_ms < network.extract_ms
    assert network.map > 1.4 * histogram.map
