"""Bring a fresh JVM to speed: until its compiler is through with a way, the way looks slower than it is."""

from __future__ import annotations

import time

from tests.search.synthetic import Synthetic
from vision.search.model import Mode, Query


def warm_up(synthetic: Synthetic, seconds: float = 10.0) -> None:
    """Ask every kind of search, in turns, for this long."""
    vectors = synthetic.queries(50, seed=999)
    kinds = [
        Query(mode=Mode.APPROXIMATE, facets=("color",)),
        Query(mode=Mode.APPROXIMATE, grouped=False, filters={"tenth": ("t5",)}),
        Query(mode=Mode.EXACT, facets=("color",)),
        Query(mode=Mode.EXACT, grouped=False, filters={"half": ("a",)}),
        Query(text="dress", max_distance=500.0),
    ]
    ends = time.monotonic() + seconds
    number = 0
    while time.monotonic() < ends:
        kind, vector = kinds[number % len(kinds)], vectors[number % len(vectors)]
        query = Query(
            text=kind.text,
            vector=vector,
            filters=kind.filters,
            facets=kind.facets,
            max_distance=kind.max_distance,
            mode=kind.mode,
            grouped=kind.grouped,
        )
        synthetic.engine.run(query)
        number += 1
