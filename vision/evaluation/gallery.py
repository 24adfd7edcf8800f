"""The pictures that an evaluation searches in, and by: a catalogue's good rows, their features in the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision import extractors
from vision.catalog import reader
from vision.catalog.cache import FeatureCache
from vision.catalog.features import BATCH, Checked, check, extract
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product
from vision.console import Progress
from vision.embedding import open_picture
from vision.errors import BadCatalogue, BadQuery
from vision.evaluation.timing import Times, interleaved
from vision.extractors import Extractor
from vision.search.model import Query

_RANDOM = "random:"
_TIMED = 25


@dataclass(frozen=True)
class Source:
    """An extractor whose features of every picture are in the cache."""

    name: str
    """As the user gave it."""
    fingerprint: str
    features: int
    """Length of a vector as it is extracted."""
    extract_ms: float
    """Median time from a picture's bytes to its features, one picture after another, in turns with the others."""

    @property
    def label(self) -> str:
        """The name without a model file's folders and ending, for a chart."""
        return re.sub(r"^\w+:(?:.*/)?([^/?]+)\.(?:tflite|onnx|h5)", r"\1", self.name)


@dataclass(frozen=True, eq=False)
class Gallery:
    """Rows that every extractor can read, in the catalogue's order."""

    products: tuple[Product, ...]
    pictures: tuple[bytes, ...]
    """SHA-256 of each row's picture."""
    files: Pictures
    rejected: tuple[str, ...] = ()
    """Why rows are not among them, one reason for each."""

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.products)

    @property
    def ids(self) -> list[str]:
        """Each row's id."""
        return [product.id for product in self.products]

    def matching(self, query: Query) -> NDArray[np.bool_]:
        """(rows,) True where a row is within a query's filters and ranges, as Solr decides it.

        Raises:
            BadQuery: no row has a field of that name.
        """
        keep = np.ones(len(self), dtype=bool)
        for name, accepted in query.filters.items():
            held = [values_of(product, name) for product in self.products]
            if not any(held):
                known = sorted({name for product in self.products for name in product.attributes})
                raise BadQuery(f"--filter: no product has a field {name!r}; accepted: {', '.join(known)}", name)
            keep &= np.array([bool(set(values) & set(accepted)) for values in held])
        for bounds in (query.ranges[name] for name in query.ranges):
            low, high = bounds.min, bounds.max
            prices = np.array([np.nan if each.price is None else each.price for each in self.products])
            keep &= (prices >= (-np.inf if low is None else low)) & (prices <= (np.inf if high is None else high))
        return keep


def load(name: str, models: Path | None) -> Extractor:
    """Load an extractor; beside what an index accepts, ``inception_v3:random:SEED``, the untrained baseline."""
    base, _, rest = name.partition(":")
    if rest.startswith(_RANDOM):
        weights, mark, options = rest.partition("?")
        return extractors.load(base + mark + options, models=models, weights=weights)
    return extractors.load(name, models=models)


def gather(
    catalogue: Path,
    names: Sequence[str],
    cache: FeatureCache,
    *,
    wanted: Callable[[Product], bool] = lambda product: True,
    models: Path | None = None,
    allow_urls: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> tuple[Gallery, tuple[Source, ...]]:
    """Read a catalogue and extract what the cache does not have, with one extractor after another.

    Args:
        catalogue: CSV, JSONL or Parquet.
        names: extractors as the user named them.
        cache: keeps the features.
        wanted: False for a row that takes no part, not even as a wrong answer.
        models: folder of model files.
        allow_urls: whether pictures may be fetched.
        progress: told of the stage ``extract``.

    Raises:
        BadCatalogue: the file cannot be read, or fewer than two of its rows are good.
        ModelUnavailable: an extractor cannot be loaded.
    """
    total = reader.count(catalogue)
    files = Pictures(catalogue.parent, allow_urls)
    good: dict[str, tuple[Product, bytes]] | None = None
    reasons: dict[int, str] = {}
    loaded = {name: load(name, models) for name in names}
    through, whole = 0, total * len(loaded)
    for extractor in loaded.values():
        found: dict[str, tuple[Product, bytes]] = {}
        with closing(extract(_rows(catalogue, wanted), files, extractor, cache)) as rows:
            for done, row in enumerate(rows):
                if done % BATCH == 0:
                    progress("extract", through + done, whole)
                if row.product is None or row.picture is None:
                    reasons[row.line] = row.reason
                else:
                    found[row.id] = (row.product, row.picture)
        through += total
        progress("extract", through, whole)
        good = found if good is None else {id: pair for id, pair in good.items() if id in found}
    kept = list((good or {}).values())
    rejected = tuple(f"line {line}: {reason}" for line, reason in sorted(reasons.items()))
    if len(kept) < 2:
        first = f"; {len(rejected):,} rows are no good, the first: {rejected[0]}" if rejected else ""
        raise BadCatalogue(
            f"{catalogue.name} has {len(kept)} good pictures that take part; 2 or more are needed{first}"
        )
    products, pictures = zip(*kept, strict=True)
    spent = _extraction(loaded, files, products)
    sources = tuple(
        Source(name, extractor.fingerprint, extractor.info.dims, spent[name].p50) for name, extractor in loaded.items()
    )
    return Gallery(products, pictures, files, rejected), sources


def _extraction(loaded: Mapping[str, Extractor], files: Pictures, products: Sequence[Product]) -> dict[str, Times]:
    """What a few pictures take each extractor, one after another, in turns."""
    chosen = products[:: max(1, len(products) // _TIMED)][:_TIMED]
    pictures = [files.read(product.image) for product in chosen]

    def extracted(extractor: Extractor, number: int) -> object:
        return extractor.extract([open_picture(pictures[number], extractor)])

    ways = {name: partial(extracted, extractor) for name, extractor in loaded.items()}
    return interleaved(ways, range(len(pictures)))


def _rows(catalogue: Path, wanted: Callable[[Product], bool]) -> Iterator[Checked]:
    return (row for row in check(catalogue) if row.product is None or wanted(row.product))


def values_of(product: Product, name: str) -> tuple[str, ...]:
    """What a product has in a field that can be filtered by, as Solr's strings."""
    if name in ("product_id", "currency", "in_stock"):
        value = getattr(product, name)
        return () if value is None else (str(value).lower() if isinstance(value, bool) else str(value),)
    return product.attributes.get(name, ())
