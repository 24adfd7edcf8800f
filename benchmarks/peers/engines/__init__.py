"""The engines by name. Each imports its library when it is made, so that one that is not installed is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, cast

from benchmarks.peers.model import Engine

_WHERE: Final[Mapping[str, tuple[str, str]]] = {
    "ours": ("ours", "Ours"),
    "stock": ("stock", "StockSolr"),
    "pgvector": ("postgres", "Pgvector"),
    "lancedb": ("lance", "LanceDb"),
    "milvus": ("milvus", "MilvusLite"),
    "qdrant": ("qdrant", "QdrantLocal"),
    "faiss": ("graphs", "FaissHnsw"),
    "hnswlib": ("graphs", "Hnswlib"),
    "numpy": ("scans", "NumpyScan"),
    "kd_tree": ("scans", "KdTree"),
    "ball_tree": ("scans", "BallTree"),
}
NAMES: Final = tuple(_WHERE)
_LEAN: Final = ("ours", "Lean")
SERVERS: Final = ("ours", "stock")
"""Engines that answer over HTTP by themselves; the others are hosted, see ``hosting``."""


def engine(name: str) -> Engine:
    """An engine that is neither built nor open.

    Raises:
        ImportError: its library is not installed.
    """
    module, kind = _LEAN if name == "lean" else _WHERE[name]
    made = cast(Callable[[], Any], getattr(import_module(f"{__name__}.{module}"), kind))
    return cast(Engine, made())
