"""Products with vectors, facets and titles, queries, and what is true of them by exact distances; kept in files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.model import LEVELS, TOP, Mask, Vectors, facet
from benchmarks.peers.spectrum import MEASURED, Spectrum
from vision.reduction import DIMS

_CHUNK: Final = 10_000
_CLOSEST: Final = 64
"""Rows kept by float32 distances before double precision decides."""
_TIE: Final = 1e-6

COLOURS: Final = ("red", "blue", "green", "black", "white", "grey", "beige", "pink", "brown", "yellow")
MATERIALS: Final = ("linen", "cotton", "wool", "silk", "denim")
NOUNS: Final = (
    *("dress", "skirt", "coat", "shirt", "jacket", "trousers", "jumper", "blouse", "boots", "sandals"),
    *("sofa", "chair", "table", "lamp", "bed", "shelf", "rug", "curtain", "mirror", "cushion"),
)


@dataclass(frozen=True)
class Matching:
    """Part of the shop: the facet of a level, and words of the title."""

    level: str = "100"
    words: str = ""


@dataclass(frozen=True, eq=False)
class Truth:
    """What queries must find.

    Attributes:
        rows: (queries, 10), nearest first; -1 where fewer match.
        tenth: (queries,) the squared distance up to which a product is right.
    """

    rows: NDArray[np.int64]
    tenth: NDArray[np.float64]


class Shop:
    """``count`` products in a folder, made there if they are not yet."""

    def __init__(
        self,
        folder: Path,
        count: int,
        queries: int = 400,
        spectrum: Spectrum = MEASURED,
        real: Path | None = None,
    ) -> None:
        """Make or find it.

        Args:
            folder: of this shop alone.
            count: products.
            queries: photos of products that are not in the shop; one half is for tuning, the other for measuring.
            spectrum: what the vectors are like.
            real: a .npy of (n, 1024) vectors, whose last are the queries; all others are the products, however many.
        """
        taken = None if real is None else np.load(real, mmap_mode="r")
        count = count if taken is None else len(taken) - queries
        self.folder, self.count, self.asked = folder, count, queries
        like = {"spectrum": asdict(spectrum)} if real is None else {"real": str(real)}
        wanted = {"count": count, "queries": queries, **like}
        about = folder / "shop.json"
        if not about.is_file() or json.loads(about.read_text()) != wanted:
            folder.mkdir(parents=True, exist_ok=True)
            about.unlink(missing_ok=True)
            _write(folder, spectrum if taken is None else taken, count, queries)
            about.write_text(json.dumps(wanted))

    @cached_property
    def vectors(self) -> Vectors:
        """(count, 1024), mapped."""
        mapped: Vectors = np.load(self.folder / "vectors.npy", mmap_mode="r")
        return mapped

    @cached_property
    def queries(self) -> Vectors:
        """(queries, 1024)."""
        read: Vectors = np.load(self.folder / "queries.npy")
        return read

    @property
    def tuning(self) -> range:
        """Numbers of the queries that settings may be chosen by."""
        return range(self.asked // 2)

    @property
    def held_out(self) -> range:
        """Numbers of the queries that figures are of."""
        return range(self.asked // 2, self.asked)

    @cached_property
    def _drawn(self) -> Mapping[str, NDArray[np.int64]]:
        random = np.random.default_rng(2)
        ends = {"share": 1000, "colour": len(COLOURS), "material": len(MATERIALS), "noun": len(NOUNS)}
        return {name: random.integers(end, size=self.count) for name, end in ends.items()}

    def chunks(self) -> Iterator[tuple[int, Vectors]]:
        """First row and vectors, in parts."""
        for first in range(0, self.count, _CHUNK):
            yield first, np.asarray(self.vectors[first : first + _CHUNK])

    def title(self, row: int) -> str:
        """Three words."""
        drawn = self._drawn
        return " ".join((COLOURS[drawn["colour"][row]], MATERIALS[drawn["material"][row]], NOUNS[drawn["noun"][row]]))

    def facets(self, row: int) -> dict[str, str]:
        """``yes`` or ``no`` for each level's facet, and what the title says as values."""
        share = self._drawn["share"][row]
        flags = {facet(level): "yes" if share < below else "no" for level, below in LEVELS.items() if level != "100"}
        colour, material, noun = self.title(row).split()
        return flags | {"colour": colour, "material": material, "kind": noun}

    def mask(self, matching: Matching) -> Mask:
        """(count,) what words and facet leave."""
        kept = self._drawn["share"] < LEVELS[matching.level]
        for word in matching.words.split():
            kept &= self._having(word)
        return np.asarray(kept)

    def _having(self, word: str) -> Mask:
        for name, values in (("colour", COLOURS), ("material", MATERIALS), ("noun", NOUNS)):
            if word in values:
                return np.asarray(self._drawn[name] == values.index(word))
        raise ValueError(f"no title has the word {word!r}")

    @cache  # noqa: B019 - a shop lives as long as its process
    def truth(self, matchings: tuple[Matching, ...]) -> Mapping[Matching, Truth]:
        """The nearest of each part for all queries: by float32 first, the closest again in double precision."""
        masks = {each: self.mask(each) for each in matchings}
        best = {each: np.empty((self.asked, 0), dtype=np.int64) for each in matchings}
        near = {each: np.empty((self.asked, 0), dtype=np.float32) for each in matchings}
        for first, vectors in self.chunks():
            distances = np.einsum("ij,ij->i", vectors, vectors) - 2.0 * self.queries @ vectors.T
            for each, mask in masks.items():
                kept = np.flatnonzero(mask[first : first + len(vectors)])
                rows = np.concatenate([best[each], np.broadcast_to(first + kept, (self.asked, len(kept)))], axis=1)
                values = np.concatenate([near[each], distances[:, kept]], axis=1)
                if values.shape[1] > _CLOSEST:
                    chosen = np.argpartition(values, _CLOSEST, axis=1)[:, :_CLOSEST]
                    rows, values = (np.take_along_axis(part, chosen, axis=1) for part in (rows, values))
                best[each], near[each] = rows, values
        return {each: self._ranked(best[each]) for each in matchings}

    def distances(self, query: int, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Squared distances in double precision."""
        away = self.vectors[np.asarray(rows, dtype=np.int64)].astype(np.float64) - self.queries[query]
        return np.asarray(np.einsum("ij,ij->i", away, away))

    def _ranked(self, candidates: NDArray[np.int64]) -> Truth:
        rows = np.full((self.asked, TOP), -1, dtype=np.int64)
        tenth = np.full(self.asked, np.inf)
        for query in range(self.asked):
            distances = self.distances(query, candidates[query])
            order = np.argsort(distances, kind="stable")[:TOP]
            rows[query, : len(order)] = candidates[query][order]
            if len(order) == TOP:
                tenth[query] = distances[order[-1]] * (1 + _TIE)
        return Truth(rows, tenth)

    def recall(self, query: int, matching: Matching, truth: Truth, found: Sequence[int]) -> float:
        """Part of the true ten that was found; what does not match, or comes twice, counts as not found."""
        known = int((truth.rows[query] >= 0).sum())
        if not known:
            return 1.0
        mask = self._masks(matching)
        fit = [row for row in dict.fromkeys(found[:TOP]) if mask[row]]
        right = int((self.distances(query, fit) <= truth.tenth[query]).sum()) if fit else 0
        return min(right, known) / known

    @cache  # noqa: B019
    def _masks(self, matching: Matching) -> Mask:
        return self.mask(matching)


def _write(folder: Path, source: Spectrum | Vectors, count: int, queries: int) -> None:
    part = folder / "vectors.part"
    out: Any = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=(count, DIMS))
    for first in range(0, count, _CHUNK):
        rows = min(_CHUNK, count - first)
        out[first : first + rows] = _part(source, rows, first)
    out.flush()
    asked = source.draw(queries, -1) if isinstance(source, Spectrum) else source[count:]
    np.save(folder / "queries.npy", asked)
    part.replace(folder / "vectors.npy")


def _part(source: Spectrum | Vectors, rows: int, first: int) -> Vectors:
    return source.draw(rows, first) if isinstance(source, Spectrum) else source[first : first + rows]
