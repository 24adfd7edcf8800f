"""Euclidean, dot product and cosine, each by flat scan and by HNSW: quality and speed, on fields of a Solr's own.

Three 1,024-value fields of one collection hold the same pictures, with Solr's usual graph (M=16, beam 100). Real
clothing photos (MobileNetV2, PCA) with VISUAL_SEARCH_SHARED set, clustered synthetic vectors without. Lucene's dot
product wants vectors of length 1, so its field holds them scaled: then it ranks as cosine does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import server, variants
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress
from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from vision import reduction
from vision.evaluation.gallery import gather
from vision.evaluation.judgments import Judgments, by_label
from vision.evaluation.metrics import mean_average_precision, precision_at_k
from vision.evaluation.session import Truth
from vision.evaluation.timing import interleaved
from vision.search.composer import Params, vector
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.workspace import Workspace

SIMILARITIES = ("euclidean", "dot_product", "cosine")
WAYS = ("flat", "HNSW")
PAGE, CANDIDATES = 24, 200
_ANCHOR = '<field name="embedding"'
_TYPE = (
    '<fieldType name="{0}" class="solr.DenseVectorField" vectorDimension="1024" vectorEncoding="FLOAT32" '
    'similarityFunction="{0}" knnAlgorithm="hnsw" hnswMaxConnections="16" hnswBeamWidth="100"/>'
    '<field name="by_{0}" type="{0}" indexed="true" stored="false"/>'
)
_SCHEMA = {"schema.xml": (_ANCHOR, "".join(map(_TYPE.format, SIMILARITIES)) + _ANCHOR)}


@dataclass(frozen=True)
class Pictures:
    """Vectors (n, 1024) and who is like whom."""

    name: str
    vectors: NDArray[np.float32]
    judgments: Judgments

    def field(self, similarity: str) -> NDArray[np.float32]:
        """The vectors as a field of this similarity holds them."""
        if similarity != "dot_product":
            return self.vectors
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return np.asarray(self.vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def clothing(shared: Path) -> Pictures:
    """MobileNetV2's features of the labelled photos after PCA."""
    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory() as folder, Workspace(settings).cache() as cache:
        truth = Truth("category", without=NO_CLASS)
        catalogue = write_catalogue(shared, Path(folder))
        gallery, (source,) = gather(catalogue, (mobilenet(shared),), cache, wanted=truth.wanted())
        features = cache.matrix(source.fingerprint, gallery.pictures)
        pca = reduction.fit(features, extractor_fingerprint=source.fingerprint)
        return Pictures("clothing photos", pca.transform(features), truth.read(gallery))


def synthetic(count: int) -> Pictures:
    """Points around 60 centres, with a variance that falls from component to component, as after PCA."""
    random = np.random.default_rng(0)
    spread = 4.0 * np.arange(1, reduction.DIMS + 1) ** -0.6
    classes = random.integers(60, size=count)
    centres = random.normal(size=(60, reduction.DIMS))
    vectors = (centres[classes] + 1.5 * random.normal(size=(count, reduction.DIMS))) * spread
    labels = [(str(each),) for each in classes]
    return Pictures("synthetic vectors", np.asarray(vectors, dtype=np.float32), by_label(labels))


def run(pictures: Pictures, queries: int) -> Sequence[Table]:
    """Load, rank, take times."""
    count = len(pictures.vectors)
    whole = pictures.judgments.queries(np.ones(count, dtype=bool))
    size = min(queries, len(whole))
    asked = np.sort(np.random.default_rng(0).choice(whole, size, replace=False)).tolist()
    fields = {name: pictures.field(name) for name in SIMILARITIES}
    with server.temporary("1g") as running, SolrClient(running.url, "similarity", timeout=120) as client:
        variants.create(running, client, "similarities", _SCHEMA)
        progress(f"indexing {count:,} {pictures.name}")
        _load(client, fields)
        found: dict[tuple[str, str], tuple[float, float, list[list[int]]]] = {}
        for name in SIMILARITIES:
            for way in WAYS:
                progress(f"{name}, {way}")
                quality = [_ranked(client, name, way, fields[name][row], row, count, count) for row in asked]
                first = [_ranked(client, name, way, fields[name][row], row, CANDIDATES, 11)[:10] for row in asked]
                found[name, way] = (*_judged(pictures.judgments, asked, quality, first), first)
        ways: Mapping[tuple[str, str], Callable[[int], object]] = {
            (name, way): partial(_page, client, name, way, fields[name]) for name in SIMILARITIES for way in WAYS
        }
        times = interleaved(ways, asked[:100], warm=10)
    columns = ("similarity", "way", "mAP", "P@10", "recall@10 of flat", "p50 ms", "p95 ms")
    table = Table(f"{count:,} {pictures.name}, {len(asked)} queries, pages of {PAGE}", columns)
    for (name, way), (quality_map, precision, first) in found.items():
        flat = found[name, "flat"][2]
        recall = sum(len(set(one) & set(other)) for one, other in zip(first, flat, strict=True)) / (10 * len(asked))
        own = times[name, way]
        table.add(name, way, f"{quality_map:.4f}", f"{precision:.4f}", f"{recall:.4f}", own.p50, own.p95)
    table.notes.append(f"mAP over all pictures (HNSW: topK of all of them), all else with topK={CANDIDATES}")
    return [table]


def _load(client: SolrClient, fields: Mapping[str, NDArray[np.float32]]) -> None:
    count = len(next(iter(fields.values())))
    for start in range(0, count, 200):
        client.add(
            [
                {"id": f"p{row:06d}", "product_id": f"p{row:06d}"}
                | {f"by_{name}": vectors[row] for name, vectors in fields.items()}
                for row in range(start, min(start + 200, count))
            ]
        )
    client.commit()
    client.merge()


def _params(name: str, way: str, asked: NDArray[np.float32], candidates: int, rows: int) -> Params:
    shared: Params = {"asked": vector(asked), "fq": "{!cache=false}*:*", "fl": "id", "rows": rows}
    if way == "flat":
        similarity = f"vectorSimilarity(by_{name},{shared.pop('asked')})"
        return shared | {"q": "{!func v=$similarity}", "similarity": similarity, "sort": "score desc,id asc"}
    return shared | {"q": f"{{!knn f=by_{name} topK={candidates} v=$asked}}"}


def _ranked(
    client: SolrClient, name: str, way: str, asked: NDArray[np.float32], row: int, candidates: int, rows: int
) -> list[int]:
    """Rows by rank, the query's own left out."""
    answer = client.select(_params(name, way, asked, candidates, rows))
    return [found for each in answer["response"]["docs"] if (found := int(each["id"][1:])) != row]


def _page(client: SolrClient, name: str, way: str, vectors: NDArray[np.float32], row: int) -> object:
    return client.select(_params(name, way, vectors[row], CANDIDATES, PAGE))


def _judged(
    judgments: Judgments, asked: Sequence[int], quality: Sequence[list[int]], first: Sequence[list[int]]
) -> tuple[float, float]:
    """MAP over whole rankings and P@10 over the first ten."""
    maps, precisions = [], []
    for row, ranking, ten in zip(asked, quality, first, strict=True):
        right = judgments.relevant(row)
        maps.append(mean_average_precision(right[ranking], [int(right.sum())]))
        precisions.append(precision_at_k(right[ten], 10)[0])
    return float(np.mean(maps)), float(np.mean(precisions))


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="Synthetic vectors, where there are no photos.")
@click.option("--queries", default=300, show_default=True, help="How many are asked.")
@click.option("--synthetic", "made", is_flag=True, help="Take synthetic vectors though there are photos.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, made: bool, as_json: bool) -> None:
    shared = None if made else shared_folder()
    chosen = synthetic(pictures) if shared is None else clothing(shared)
    emit("similarity", run(chosen, queries), as_json=as_json)


if __name__ == "__main__":
    main()
