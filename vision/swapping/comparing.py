"""Two collections asked the same, in turns: how alike their answers are, how good by an attribute, how quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from vision.errors import BadQuery, BadSetting, VisualSearchError
from vision.evaluation.metrics import mean_average_precision
from vision.search.engine import SearchEngine
from vision.search.explaining import texts
from vision.search.model import Result
from vision.search.request import SearchRequest, parse
from vision.solr.client import SolrClient
from vision.solr.fields import REGIONS
from vision.solr.updates import documents
from vision.swapping.alike import K, overlap, percentile

DEPTH: Final = 50
"""Results that the mean average precision looks at."""
LEAST: Final = 10


@dataclass(frozen=True)
class Asked:
    """A request, and, where a product of the collection asks, its id and its values of the label."""

    request: SearchRequest
    own: str | None = None
    labels: frozenset[str] = frozenset()


class SideForm(msgspec.Struct, frozen=True):
    """One of the two: what it is, and its mean average precision and milliseconds; ``map`` null without a label.

    ``extract_p50_ms`` is null where no photo was asked.
    """

    collection: str
    embedding: str
    extractor: str
    dims: int
    pictures: int
    map: float | None
    p50_ms: float
    p95_ms: float
    solr_p50_ms: float
    solr_p95_ms: float


class ComparisonForm(msgspec.Struct, frozen=True):
    """Both, and how alike they are: ``overlap`` is the mean part of the first ``k`` products that both find.

    ``first`` is the part of the queries with the same first product, ``judged`` how many of them the map is a mean of.
    """

    queries: int
    k: int
    overlap: float
    first: float
    label: str | None
    judged: int
    live: SideForm
    other: SideForm


def sampled(engine: SearchEngine, count: int, seed: int, label: str | None) -> list[Asked]:
    """Products of the collection that is served, by a seed, each as its picture.

    Raises:
        BadSetting: there are too few.
    """
    names = engine.client.names
    key, product = names.key, names.product
    field = None if label is None else names.field(label)
    if label is not None and label not in engine.collection.attributes():
        raise BadQuery(
            f"no product has a field {label!r}; accepted: {', '.join(engine.collection.attributes())}", "label"
        )
    fields = ",".join(dict.fromkeys(each for each in (key, product, field) if each))
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for page in documents(engine.client, key, fields, f"{wholes(engine.client)} +embedding:*"):
        for each in page:
            values = texts(each.get(field)) if field else ()
            found.setdefault(str(each[product]), (str(each[key]), frozenset(values)))
    if len(found) < LEAST:
        raise BadSetting(
            f"collection {engine.client.collection!r} has {len(found)} products with a picture; "
            f"{LEAST} or more are needed to compare by"
        )
    order = sorted(found)
    chosen = np.random.default_rng(seed).choice(len(order), min(count, len(order)), replace=False)
    return [
        Asked(SearchRequest(image_id=found[order[row]][0], rows=DEPTH + 1, facets=[]), order[row], found[order[row]][1])
        for row in chosen
    ]


def read(path: Path, count: int) -> list[Asked]:
    """The searches of a file, a request of ``POST /v1/search`` a line.

    Raises:
        BadSetting: the file cannot be read, or holds too few.
        BadQuery: a line that is no search, or searches by a vector, which only one of two collections understands.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadSetting(f"--queries {path} cannot be read: {error.strerror}") from error
    asked = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            request = parse(line)
        except VisualSearchError as error:
            raise BadQuery(f"--queries {path.name}, line {number}: {error}") from error
        if request.vector is not None or request.page is not None or request.extractor is not None:
            raise BadQuery(
                f"--queries {path.name}, line {number}: a vector, page or extractor is of one collection alone"
            )
        asked.append(Asked(msgspec.structs.replace(request, rows=max(K, request.rows))))
    if len(asked) < LEAST:
        raise BadSetting(f"--queries {path.name} has {len(asked)} searches; {LEAST} or more are needed to compare by")
    return asked[:count]


def wholes(client: SolrClient) -> str:
    """A query of all whole pictures; regions are in our own schema alone."""
    return f"*:* -{REGIONS}" if client.names.fields is None else "*:*"


def compare(
    live: SearchEngine,
    other: SearchEngine,
    asked: Sequence[Asked],
    label: str | None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> ComparisonForm:
    """Ask both everything, each in turns the first.

    Raises:
        VisualSearchError: as :meth:`SearchEngine.search`; a query that only one of them can answer, too.
    """
    answers: tuple[list[Result], list[Result]] = ([], [])
    sides = (live, other)
    for side in sides:  # models are loaded, connections made and caches filled before anything counts
        side.search(asked[0].request, logged=False)
    for number, each in enumerate(asked):
        for place in ((0, 1), (1, 0))[number % 2]:
            answers[place].append(sides[place].search(each.request, logged=False))
        told(number + 1, len(asked))
    products = [[_products(result, each.own) for result, each in zip(found, asked, strict=True)] for found in answers]
    shared = [overlap(one, two) for one, two in zip(*products, strict=True)]
    first = [one[:1] == two[:1] for one, two in zip(*products, strict=True)]
    judged = [row for row, each in enumerate(asked) if each.labels]
    return ComparisonForm(
        queries=len(asked),
        k=K,
        overlap=round(float(np.mean(shared)), 4),
        first=round(float(np.mean(first)), 4),
        label=label if judged else None,
        judged=len(judged),
        live=_side(live, answers[0], asked, judged, label),
        other=_side(other, answers[1], asked, judged, label),
    )


def _products(result: Result, own: str | None) -> list[str]:
    return [hit.product_id for hit in result.hits if hit.product_id != own]


def _side(
    engine: SearchEngine, results: Sequence[Result], asked: Sequence[Asked], judged: Sequence[int], label: str | None
) -> SideForm:
    embedding = engine.collection.embedding()
    total, solr = ([getattr(each.took, name) for each in results] for name in ("total", "solr"))
    return SideForm(
        collection=engine.client.collection,
        embedding=embedding.fingerprint,
        extractor=embedding.extractor,
        dims=embedding.pca.dims_out,
        pictures=engine.client.count("embedding:*"),
        map=None if label is None or not judged else _map([(results[row], asked[row]) for row in judged], label),
        p50_ms=percentile(total, 50),
        p95_ms=percentile(total, 95),
        solr_p50_ms=percentile(solr, 50),
        solr_p95_ms=percentile(solr, 95),
    )


def _map(ranked: Sequence[tuple[Result, Asked]], label: str) -> float:
    """Mean average precision of the first :data:`DEPTH` products by a shared label; of the right ones among them."""
    rows = []
    for result, each in ranked:
        hits = [hit for hit in result.hits if hit.product_id != each.own][:DEPTH]
        right = [bool(each.labels & frozenset(texts(hit.attributes.get(label)))) for hit in hits]
        rows.append(right + [False] * (DEPTH - len(right)))
    return round(mean_average_precision(np.array(rows)), 4)
