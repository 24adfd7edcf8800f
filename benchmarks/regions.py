"""Photos of two drawn products each, indexed whole and with their regions: is each product found by a photo of its own?

Through the real indexing and search, in a Solr of the benchmark's own; `python -m benchmarks.detect --regions N`.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import server
from benchmarks.report import Table, progress
from vision import extractors
from vision.catalog import IndexOptions, IndexReport, Ingest
from vision.demo.picture import draw_pair, draw_picture
from vision.demo.product import Product, sample_product
from vision.detect import Finder
from vision.extractors import Extractor
from vision.images import encode_jpeg
from vision.search.engine import SearchEngine
from vision.search.model import Mode
from vision.search.request import SearchRequest
from vision.settings import Settings
from vision.workspace import Workspace

_SEED = 11
_SIZE = 640
_OWN = 320
_TOP = 10
_EXTRACTOR = "compact"


@dataclass(frozen=True)
class Asked:
    """A photo of one product, and the catalogue photo that shows it."""

    data: bytes
    right: str


@dataclass(frozen=True)
class Index:
    """A collection, and what it cost."""

    engine: SearchEngine
    report: IndexReport
    size: int


def run(photos: int, loaded: Mapping[str, Finder]) -> Sequence[Table]:
    """Quality and cost, whole pictures first, then with the regions of each detector."""
    with server.temporary() as running:
        folder = running.home / "catalogue"
        folder.mkdir()
        progress(f"drawing {photos} photos of two products each, and two more of every product")
        pairs = [(sample_product(_SEED, 2 * n + 1), sample_product(_SEED, 2 * n + 2)) for n in range(photos)]
        catalogue = _draw(folder, pairs)
        queries = {view: list(_queries(pairs, view)) for view in (0, 1)}
        title = f"{photos} drawn photos of two products each, {_EXTRACTOR}: the photo that shows the product is right"
        columns = ("indexed", "query", "whole: R@10", "whole: mAP", "detect: R@10", "detect: mAP")
        quality = Table(title, columns)
        columns = ("indexed", "documents a photo", "ms a photo", "ms again", "KB a photo", "search ms")
        cost = Table("What it costs", columns)
        extractor = extractors.load(_EXTRACTOR)
        _index(running, catalogue, "warming up", extractor, None)
        for name, finder in {"whole pictures": None, **loaded}.items():
            index, seconds, again = _index(running, catalogue, name, extractor, finder)
            progress(f"searching {name}")
            times = list[float]()
            for view, told in enumerate(("as it is drawn there", "another view")):
                whole, detect = (_quality(index.engine, queries[view], photos, each, times) for each in (False, True))
                quality.add(name, told, *(f"{cell:.3f}" for cell in (*whole, *detect)))
            documents = (index.report.indexed + index.report.regions) / photos
            costs = (1000 * seconds / photos, 1000 * again / photos, index.size / 1024 / photos)
            cost.add(name, documents, *costs, float(np.median(times)))
        cost.notes.append(
            "ms again: a second run, everything from the cache; search: Solr's part, of a photo already read"
        )
        return quality, cost


def _draw(folder: Path, pairs: Sequence[tuple[Product, Product]]) -> Path:
    path = folder / "catalogue.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "image"))
        for number, (left, right) in enumerate(pairs):
            image = draw_pair(left, right, _SEED, _SIZE)
            (folder / f"{number}.jpg").write_bytes(encode_jpeg(image, quality=90))
            writer.writerow((str(number), f"photo {number}", f"{number}.jpg"))
    return path


def _queries(pairs: Sequence[tuple[Product, Product]], view: int) -> Iterator[Asked]:
    for number, pair in enumerate(pairs):
        for product in pair:
            yield Asked(encode_jpeg(draw_picture(product, view, _SEED, _OWN), quality=90), str(number))


def _index(
    running: server.Server, catalogue: Path, name: str, extractor: Extractor, finder: Finder | None
) -> tuple[Index, float, float]:
    """Index twice, the first time with an empty cache; seconds of both runs."""
    progress(f"indexing {name}")
    collection = "".join(letter if letter.isalnum() else "_" for letter in name)
    settings = Settings(home=running.home / collection, solr_url=running.url, collection=collection)
    workspace = Workspace(settings)
    if finder is not None:
        finder.detector()  # loading is not what is timed
    seconds = []
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        for _ in range(2):
            began = time.perf_counter()
            report = ingest.run(catalogue, _EXTRACTOR, extractor, IndexOptions(finder=finder))
            seconds.append(time.perf_counter() - began)
        client.merge()
    size = sum(server.bytes_by_extension(running.index_folder(collection)).values())
    # A query's photo is cropped by the detector of the index, and by saliency where that has none.
    engine = SearchEngine(workspace.client(), workspace.store(), finder=finder or Finder("saliency"))
    return Index(engine, report, size), seconds[0], seconds[1]


def _quality(
    engine: SearchEngine, asked: Sequence[Asked], photos: int, detect: bool, times: list[float]
) -> tuple[float, float]:
    """Recall@10 and mAP over all queries; one photo is right, so that its average precision is 1 / rank."""
    ranks = []
    for each in asked:
        result = engine.search(SearchRequest(rows=min(photos, 1000), detect=detect, mode=Mode.EXACT), each.data)
        times.append(result.took.solr)
        ranks.append([hit.id for hit in result.hits].index(each.right) + 1)
    found = np.array(ranks)
    return float((found <= _TOP).mean()), float((1 / found).mean())
