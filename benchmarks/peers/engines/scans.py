"""NumPy over everything, and scikit-learn's trees, which compare exactly as well."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.engines.masks import Masks
from benchmarks.peers.model import TOP, Answer, Ask
from benchmarks.peers.shop import Shop


class NumpyScan:
    """Distances to all that a filter leaves."""

    title = "NumPy, brute force"
    efforts: Sequence[int] = ()
    reads_words = False
    filters = "before"

    def build(self, shop: Shop, folder: Path) -> None:
        """Copy the vectors."""
        np.save(folder / "vectors.npy", shop.vectors)
        Masks.write(shop, folder)

    def open(self, folder: Path) -> None:
        """Read them into memory, with their squares."""
        self._vectors = np.load(folder / "vectors.npy")
        self._squares = np.einsum("ij,ij->i", self._vectors, self._vectors)
        self._rows = {level: np.flatnonzero(mask) for level, mask in Masks(folder).levels.items()}

    def search(self, ask: Ask) -> Answer:
        """Rows that a filter leaves are gathered, all are not."""
        rows = self._rows[ask.level]
        whole = len(rows) == len(self._vectors)
        vectors, squares = (self._vectors, self._squares) if whole else (self._vectors[rows], self._squares[rows])
        distances = squares - 2 * (vectors @ ask.vector)
        top = min(TOP, len(rows))
        near = np.argpartition(distances, top - 1)[:top] if top else np.empty(0, dtype=np.int64)
        return Answer([int(row) for row in rows[near[np.argsort(distances[near])]]])

    def close(self) -> None:
        """Nothing runs."""


class _Tree:
    kind: str
    efforts: Sequence[int] = ()
    reads_words = False
    filters = "none"

    def __init__(self) -> None:
        self.title = f"scikit-learn {version('scikit-learn')} {self.kind}"

    def build(self, shop: Shop, folder: Path) -> None:
        """Leaves of 40, as it comes."""
        import sklearn.neighbors

        tree = getattr(sklearn.neighbors, self.kind)(np.asarray(shop.vectors))
        with (folder / "tree.pickle").open("wb") as file:
            pickle.dump(tree, file, protocol=5)

    def open(self, folder: Path) -> None:
        """Read it into memory."""
        with (folder / "tree.pickle").open("rb") as file:
            self._tree: Any = pickle.load(file)

    def search(self, ask: Ask) -> Answer:
        """Knows no filter.

        Raises:
            ValueError: one is asked for.
        """
        if ask.level != "100":
            raise ValueError(f"{self.title} cannot filter")
        return Answer([int(row) for row in self._tree.query(ask.vector[None], k=TOP, return_distance=False)[0]])

    def close(self) -> None:
        """Nothing runs."""


class KdTree(_Tree):
    """Boxes."""

    kind = "KDTree"


class BallTree(_Tree):
    """Balls."""

    kind = "BallTree"
