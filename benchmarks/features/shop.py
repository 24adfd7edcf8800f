"""A collection of pictures whose truth is known, searched as a shopper's page searches it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.features.sources import Picture
from benchmarks.report import progress
from vision import extractors
from vision.catalog import IndexOptions, Ingest
from vision.catalog.cache import FeatureCache
from vision.catalog.pictures import Roots
from vision.detect import Finder
from vision.embedding import EmbeddingStore, open_picture
from vision.evaluation import average_precision, precision_at_k
from vision.extractors import Extractor
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.request import parse
from vision.search.steering import calibration
from vision.search.steering.calibration import Calibrations
from vision.solr import configset
from vision.solr.client import SolrClient

TOP, PAGE = 10, 100
"""Results that precision is of, and the most that are returned with everything that a page shows."""


class Ranking(SolrClient):
    """A client that has whole rankings returned as ids alone: stored fields of thousands would take most of the time.

    What Solr matches, scores and sorts is the engine's own request.
    """

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """As it is, or without the fields of what no page shows."""
        whole = int(params.get("rows", 0)) > PAGE and "$similarity" in str(params.get("fl"))
        return super().select({**params, "fl": "id,product_id,score"} if whole else params, partial=partial)


@dataclass
class Shop:
    """Indexed pictures, and the engine that searches them."""

    engine: SearchEngine
    pictures: Sequence[Picture]
    store: EmbeddingStore
    _kinds: dict[str, set[str]] = field(default_factory=dict)
    _alike: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note which products are right for what."""
        for picture in self.pictures:
            self._kinds.setdefault(picture.kind, set()).add(picture.product)
            self._alike.setdefault(picture.alike, set()).add(picture.product)

    def right(self, picture: Picture, *, closely: bool = False) -> set[str]:
        """Products that are right answers to a picture."""
        return self._alike.get(picture.alike, set()) if closely else self._kinds.get(picture.kind, set())

    def products(self) -> int:
        """How many are indexed."""
        return sum(len(each) for each in self._kinds.values())

    def vector(self, picture: Picture) -> list[float]:
        """A picture's vector in the collection's embedding; its features are extracted once for all shops."""
        embedding = self.engine.collection.embedding()
        key = (embedding.extractor_fingerprint, picture.file)
        if key not in _features:
            extractor = _loaded(embedding.extractor)
            _features[key] = extractor.extract([open_picture(picture.file.read_bytes(), extractor)])
        reduced = embedding.pca.transform(_features[key], extractor_fingerprint=embedding.extractor_fingerprint)
        return [float(value) for value in reduced[0]]

    def search(self, members: Mapping[str, Any], image: bytes | None = None, *, rows: int | None = None) -> Result:
        """One search as it comes over HTTP; ``rows`` may be more than what that accepts."""
        request = parse({"spelling": "off", **members})
        if rows is not None:
            request = msgspec.structs.replace(request, rows=rows)
        return self.engine.search(request, image)

    def ranked(self, members: Mapping[str, Any], image: bytes | None = None) -> tuple[Result, list[str]]:
        """A search on one page that is long enough for everything, and the products on it, best first."""
        found = self.search(members, image, rows=len(self.pictures))
        products = [hit.product_id for hit in found.hits]
        if len(set(products)) != len(products) or len(products) != found.total:
            raise AssertionError(
                f"{len(products)} products on the page, {len(set(products))} different, {found.total} said"
            )
        return found, products

    def with_finder(self, detector: str) -> Shop:
        """The same shop with a detector."""
        engine = SearchEngine(self.engine.client, self.store, finder=Finder(detector))
        engine.collection.embedding().use(_loaded(engine.collection.embedding().extractor))
        return Shop(engine, self.pictures, self.store)

    def indexed_vectors(self) -> dict[str, NDArray[np.float32]]:
        """Every indexed picture's vector."""
        found = {}
        for start in range(0, len(self.pictures), 200):
            params = {"q": "*:*", "fl": "id,vector", "sort": "id asc", "rows": 200, "start": start}
            for document in self.engine.client.select(params)["response"]["docs"]:
                found[str(document["id"])] = np.asarray(document["vector"], dtype=np.float32)
        return found


@dataclass
class Scores:
    """Average precision and precision at ten of one way to search, query by query."""

    ap: list[float] = field(default_factory=list)
    p10: list[float] = field(default_factory=list)

    def add(self, ranked: Sequence[str], right: set[str]) -> None:
        """Judge one ranking; what is right and not in it counts as not found."""
        relevance = [product in right for product in ranked]
        self.ap.append(float(average_precision(relevance, len(right))[0]) if relevance else 0.0)
        self.p10.append(float(precision_at_k(relevance, TOP)[0]) if relevance else 0.0)

    def cells(self, plain: Scores | None = None) -> tuple[str, ...]:
        """Columns mAP, P@10, and what P@10 gains over ``plain`` on the same queries, with two standard errors."""
        if not self.ap:
            return "-", "-", "-"
        gained = "-"
        if plain is not None and plain is not self:
            differences = np.array(self.p10) - np.array(plain.p10)
            error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else 0.0
            gained = f"{differences.mean():+.3f} ± {2 * error:.3f}"
        return f"{np.mean(self.ap):.3f}", f"{np.mean(self.p10):.3f}", gained


COLUMNS = ("mAP", "P@10", "P@10 gained")
"""Of :meth:`Scores.cells`."""

_extractors: dict[str, Extractor] = {}
_features: dict[tuple[str, Path], NDArray[np.float32]] = {}


def _loaded(specification: str) -> Extractor:
    if specification not in _extractors:
        _extractors[specification] = extractors.load(specification)
    return _extractors[specification]


@dataclass
class Yard:
    """Where shops are set up: a Solr, a folder, and features that are extracted once."""

    url: str
    home: Path
    cache: FeatureCache
    opened: int = 0

    @contextmanager
    def shop(self, pictures: Sequence[Picture], extractor: str, *, seed: int = 0) -> Iterator[Shop]:
        """Index pictures into a collection and calibrate it; it is dropped at the end of the block."""
        self.opened += 1
        name = f"shop{self.opened}"
        folder = self.home / name
        folder.mkdir()
        progress(f"{name}: indexing {len(pictures):,} pictures")
        catalogue = _write(pictures, folder / "catalogue.csv")
        store = EmbeddingStore(folder / "embeddings")
        with Ranking(self.url, name, timeout=120) as client:
            ingest = Ingest(client, store, self.cache, Roots(folder / "roots.json"))
            report = ingest.run(catalogue, extractor, _loaded(extractor), IndexOptions())
            if report.rejected:
                raise AssertionError(f"{report.rejected} pictures of {name} were rejected: {report.rejects}")
            engine = SearchEngine(client, store)
            embedding = engine.collection.embedding()
            embedding.use(_loaded(extractor))
            found = calibration.calibrate(client, embedding, seed=seed)
            Calibrations(store.folder).save(client.collection, found)
            engine.collection.forget()
            yield Shop(engine, pictures, store)
            configset.drop(client)


def _write(pictures: Sequence[Picture], path: Path) -> Path:
    names = sorted({name for picture in pictures for name in picture.listed})
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "product_id", "title", "image", *names))
        for picture in pictures:
            values = (picture.listed.get(name, "") for name in names)
            rows.writerow((picture.id, picture.product, picture.id, picture.file, *values))
    return path
