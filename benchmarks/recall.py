"""Recall at 10 of the approximate search: by filter, by K, with and without the coarse field, and by text weight.

NumPy says, in double precision over the same vectors, what the ten nearest are. Synthetic vectors always; with
VISUAL_SEARCH_SHARED set also MobileNetV2's of real clothing photos, of which 200 are kept aside as queries.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import server, variants
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, Vectors, store_in
from vision import extractors, images, reduction
from vision.embedding import Embedding
from vision.search.composer import QueryVectors, compose, vector
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Plan, Query, Way, Weights
from vision.solr import configset
from vision.solr.client import SolrClient

FILTERS: Mapping[str, tuple[str, str] | None] = {
    "100 %": None,
    "50 %": ("half", "a"),
    "10 %": ("tenth", "t3"),
    "1 %": ("hundredth", "h42"),
}
CANDIDATES = (50, 100, 200, 400)
_MODEL = "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"
_PHOTOS = "data/clothing"


@dataclass(frozen=True)
class Fixed(Stream):
    """A stream of vectors that are there already."""

    vectors: Vectors = field(default_factory=lambda: np.zeros((0, reduction.DIMS), dtype=np.float32), repr=False)

    def chunks(self) -> Iterator[tuple[int, Vectors]]:
        """Slices of them."""
        for first in range(0, self.count, self.chunk):
            yield first, self.vectors[first : first + self.chunk]


@dataclass
class Collection:
    """Indexed vectors, queries, and NumPy's answer to them."""

    name: str
    engine: SearchEngine
    stream: Stream
    embedding: Embedding
    queries: Vectors
    distances: NDArray[np.float64]

    def nearest(self, number: int, keep: NDArray[np.bool_]) -> set[str]:
        """The ids of the ten nearest of the kept rows to a query."""
        rows = np.flatnonzero(keep)
        order = np.argsort(self.distances[number][rows], kind="stable")[:10]
        return {self.stream.id(int(row)) for row in rows[order]}

    def keep(self, share: str) -> NDArray[np.bool_]:
        """The rows that a filter leaves."""
        chosen = FILTERS[share]
        return np.ones(self.stream.count, dtype=np.bool_) if chosen is None else self.stream.rows(*chosen)

    def forced(self, query: Query, plan: Plan) -> list[str]:
        """Ids found by a way that the planner might not choose."""
        assert query.vector is not None
        coarse = self.embedding.codec.encode(query.vector[None])[0]
        params = compose(query, plan, QueryVectors(query.vector, coarse, self.embedding.sigma2))
        return [each["id"] for each in self.engine.client.select(params)["response"]["docs"]]


def run(pictures: int = 20_000, queries: int = 200, shared: Path | None = None) -> Sequence[Table]:
    """Index, ask, compare."""
    tables: list[Table] = []
    with server.temporary("1g") as running:
        whole = Stream(pictures, described=True)
        synthetic = _index(running, "synthetic", whole, whole.queries(queries))
        tables += _tables(running, synthetic)
        # Photos of other clusters than any that is indexed: all pictures are about as far, so words decide.
        tables.append(_blend(synthetic, Stream(pictures, seed=7).queries(queries), "photos unlike all that is indexed"))
        if shared is not None:
            tables += _tables(running, _clothing(running, shared, queries))
    return tables


def _tables(running: server.Server, collection: Collection) -> Sequence[Table]:
    return [_filters(collection), _plain(running, collection), _blend(collection, collection.queries, "photos like it")]


def _index(running: server.Server, name: str, stream: Stream, queries: Vectors) -> Collection:
    progress(f"indexing {stream.count:,} {name} vectors")
    store = store_in(running.home)
    embedding = stream.embedding(store)
    client = SolrClient(running.url, name, timeout=120)
    configset.create(client)
    _fill(client, stream, embedding)
    asked = queries.astype(np.float64)
    distances = []
    for _, vectors in stream.chunks():
        double = vectors.astype(np.float64)
        squares = np.einsum("ij,ij->i", double, double)
        distances.append(np.einsum("ij,ij->i", asked, asked)[:, None] + squares - 2.0 * asked @ double.T)
    return Collection(name, SearchEngine(client, store), stream, embedding, queries, np.concatenate(distances, axis=1))


def _fill(client: SolrClient, stream: Stream, embedding: Embedding) -> None:
    for documents in stream.documents(embedding):
        client.add(documents)
    client.commit()
    client.merge()


def _filters(collection: Collection) -> Table:
    title = f"recall@10, coarse candidates verified: {collection.stream.count:,} {collection.name}"
    columns = ("filter", "matching", *(f"K={k}" for k in CANDIDATES), "auto", "auto takes")
    table = Table(f"{title}, {len(collection.queries)} queries", columns)
    for share, chosen in FILTERS.items():
        keep = collection.keep(share)
        filters = {} if chosen is None else {chosen[0]: (chosen[1],)}
        found = dict.fromkeys((*CANDIDATES, 0), 0)
        ways: set[Way] = set()
        for number, asked in enumerate(collection.queries):
            expected = collection.nearest(number, keep)
            for k in CANDIDATES:
                query = Query(vector=asked, filters=filters, mode=Mode.APPROXIMATE, rows=10, candidates=k)
                found[k] += len(expected & {hit.id for hit in collection.engine.run(query).hits})
            result = collection.engine.run(Query(vector=asked, filters=filters, rows=10))
            ways.add(result.plan.way)
            found[0] += len(expected & {hit.id for hit in result.hits})
        recalls = [f"{found[k] / (10 * len(collection.queries)):.4f}" for k in (*CANDIDATES, 0)]
        table.add(share, int(keep.sum()), *recalls, ", ".join(sorted(ways)))
    return table


def _plain(running: server.Server, collection: Collection) -> Table:
    """What Solr's own ``{!knn}`` on the 1024-d field finds, with our thin graph and with the one Solr builds."""
    with SolrClient(running.url, f"{collection.name}_full", timeout=120) as full:
        variants.create(running, full, "full_graph", variants.FULL_GRAPH)
        _fill(full, collection.stream, collection.embedding)
        title = "recall@10 of a plain {!knn} on the 1024-d field, nothing verified"
        table = Table(f"{title}: {collection.stream.count:,} {collection.name}", ("filter", "topK", "M=2", "M=16"))
        for share, chosen in FILTERS.items():
            keep = collection.keep(share)
            pre = {} if chosen is None else {"pre": f"{{!term f=attr_{chosen[0]}}}{chosen[1]}"}
            for top in (10, 100):
                recalls = []
                for client in (collection.engine.client, full):
                    found = 0
                    for number, asked in enumerate(collection.queries):
                        q = f"{{!knn f=vector topK={top}{' preFilter=$pre' if pre else ''} v=$asked}}"
                        params = {"q": q, "asked": vector(asked), "fl": "id", "rows": 10, **pre}
                        ids = {each["id"] for each in client.select(params)["response"]["docs"]}
                        found += len(ids & collection.nearest(number, keep))
                    recalls.append(f"{found / (10 * len(collection.queries)):.4f}")
                table.add(share, top, *recalls)
    return table


def _blend(collection: Collection, vectors: Vectors, photos: str) -> Table:
    """How much of the blend's own top ten the candidates hold, by the weight of the words."""
    title = f"recall@10 of the word 'dress' and {photos}: {collection.stream.count:,} {collection.name}"
    table = Table(title, ("text weight", *(f"K={k}" for k in CANDIDATES), "must=$words"))
    queries = vectors[:100]
    for tenths in range(1, 10):
        weights = Weights(tenths / 10, 1 - tenths / 10)
        found = dict.fromkeys(CANDIDATES, 0)
        first = 0
        for asked in queries:
            query = Query(text="dress", vector=asked, weights=weights, mode=Mode.EXACT, rows=10, grouped=False)
            exact = set(collection.forced(query, Plan(Way.EXACT, "")))
            for k in CANDIDATES:
                found[k] += len(exact & set(collection.forced(query, Plan(Way.APPROXIMATE, "", candidates=k))))
            first += len(exact & set(_words_first(collection, query)))
        size = 10 * len(queries)
        table.add(f"{tenths / 10:.1f}", *(f"{found[k] / size:.4f}" for k in CANDIDATES), f"{first / size:.4f}")
    table.notes.append("must=$words: BM25 plus {!knn} as the first phase, its 200 best re-ranked by the blend")
    return table


def _words_first(collection: Collection, query: Query) -> list[str]:
    """The form that looks natural: words and candidates add up in a first phase, whose best are re-ranked."""
    assert query.vector is not None
    coarse = collection.embedding.codec.encode(query.vector[None])[0]
    plan = Plan(Way.APPROXIMATE, "", candidates=200)
    params = compose(query, plan, QueryVectors(query.vector, coarse, collection.embedding.sigma2))
    params |= {
        "q": "{!bool must=$base should=$near}",
        "rq": "{!rerank reRankQuery=$blend reRankDocs=200 reRankOperator=replace reRankWeight=1}",
        "sort": "score desc",
    }
    return [each["id"] for each in collection.engine.client.select(params)["response"]["docs"]]


def _clothing(running: server.Server, shared: Path, queries: int) -> Collection:
    extractor = extractors.load(f"tflite:{shared / _MODEL}")
    with (shared / _PHOTOS / "images.csv").open(newline="", encoding="utf-8") as stream:
        names = [row["image"] for row in csv.DictReader(stream)]
    paths = [path for name in names if (path := shared / _PHOTOS / "images" / f"{name}.jpg").exists()]
    progress(f"extracting {len(paths):,} photos")
    size = 2 * max(extractor.info.input_size)
    features = np.concatenate([extractor.extract([images.decode(path.read_bytes(), min_side=size)]) for path in paths])
    order = np.random.default_rng(0).permutation(len(features))
    aside, indexed = features[order[:queries]], features[order[queries:]]
    pca = reduction.fit(indexed, extractor_fingerprint=extractor.fingerprint, n_components=1024, seed=0)
    vectors = pca.transform(indexed)
    return _index(running, "clothing", Fixed(len(vectors), described=True, vectors=vectors), pca.transform(aside))


def shared_folder() -> Path | None:
    """The folder of real photos and models, where the environment names one."""
    folder = os.environ.get("VISUAL_SEARCH_SHARED")
    return Path(folder) if folder and Path(folder).is_dir() else None


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="Synthetic vectors.")
@click.option("--queries", default=200, show_default=True, help="Queries of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    emit("recall", run(pictures, queries, shared_folder()), as_json=as_json)


if __name__ == "__main__":
    main()
