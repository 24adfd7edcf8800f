"""HNSW libraries, which know vectors alone: FAISS filters while it searches, hnswlib here after it has."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.engines.masks import Masks
from benchmarks.peers.model import TOP, Answer, Ask
from benchmarks.peers.shop import Shop
from vision.reduction import DIMS

_M: Final = 16
_CONSTRUCTION: Final = 100


class FaissHnsw:
    """``IndexHNSWFlat`` with a bitmap of what a filter leaves."""

    efforts: Sequence[int] = (16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048)
    reads_words = False
    filters = "before"

    def __init__(self) -> None:
        """Nothing is open yet."""
        import faiss

        self._faiss: Any = faiss
        self.title = f"FAISS {version('faiss-cpu')} HNSW, pre-filter"

    def build(self, shop: Shop, folder: Path) -> None:
        """Add chunk by chunk, with all cores."""
        index = self._faiss.IndexHNSWFlat(DIMS, _M)
        index.hnsw.efConstruction = _CONSTRUCTION
        for _, vectors in shop.chunks():
            index.add(vectors)
        self._faiss.write_index(index, str(folder / "index.faiss"))
        Masks.write(shop, folder)

    def open(self, folder: Path) -> None:
        """Read it into memory; one core searches, as one query is asked."""
        self._faiss.omp_set_num_threads(1)
        self._index = self._faiss.read_index(str(folder / "index.faiss"))
        masks = Masks(folder)
        self._selectors = {
            level: self._faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
            for level, mask in masks.levels.items()
        }

    def search(self, ask: Ask) -> Answer:
        """The selector keeps others out of the result, not out of the graph."""
        parameters = self._faiss.SearchParametersHNSW(efSearch=max(ask.effort, TOP))
        if ask.level != "100":
            parameters.sel = self._selectors[ask.level]
        _, found = self._index.search(ask.vector[None], TOP, params=parameters)
        return Answer([int(row) for row in found[0] if row >= 0])

    def close(self) -> None:
        """Nothing runs."""


class Hnswlib:
    """More are asked for than wanted, and those that a filter does not leave are dropped."""

    efforts: Sequence[int] = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    reads_words = False
    filters = "after"

    def __init__(self) -> None:
        """Nothing is open yet."""
        import hnswlib

        self._hnswlib: Any = hnswlib
        self.title = f"hnswlib {version('hnswlib')}, post-filter"

    def build(self, shop: Shop, folder: Path) -> None:
        """Add chunk by chunk, with all cores."""
        index = self._hnswlib.Index(space="l2", dim=DIMS)
        index.init_index(max_elements=shop.count, M=_M, ef_construction=_CONSTRUCTION)
        for first, vectors in shop.chunks():
            index.add_items(vectors, np.arange(first, first + len(vectors)))
        index.save_index(str(folder / "index.hnswlib"))
        Masks.write(shop, folder)

    def open(self, folder: Path) -> None:
        """Read it into memory."""
        self._index = self._hnswlib.Index(space="l2", dim=DIMS)
        self._index.load_index(str(folder / "index.hnswlib"))
        self._index.set_num_threads(1)
        self._masks = Masks(folder).levels

    def search(self, ask: Ask) -> Answer:
        """Where a filter is set all that the effort finds is looked through, without one the first ten."""
        # It refuses to find more than its graph can reach, which may be less than all of a small shop.
        effort = max(min(ask.effort, self._index.get_current_count() // 2), TOP)
        self._index.set_ef(effort)
        found, _ = self._index.knn_query(ask.vector[None], k=TOP if ask.level == "100" else effort)
        rows = found[0].astype(np.int64)
        return Answer([int(row) for row in rows[self._masks[ask.level][rows]][:TOP]])

    def close(self) -> None:
        """Nothing runs."""
