"""What the API adds to Solr's own time, in small: every kind of search is answered, and all that is judged is there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import overhead
from benchmarks.stream import Stream


def test_a_slope_comes_with_how_sure_it_is() -> None:
    x = np.arange(20.0)
    slope, error = overhead._slope(x, 3.0 + 2.0 * x)
    assert slope == pytest.approx(2.0) and error == pytest.approx(0.0, abs=1e-9)
    noise = np.random.default_rng(1).normal(size=20)
    slope, error = overhead._slope(x, 2.0 * x + noise)
    assert abs(slope - 2.0) < 4 * error < 1.0


@pytest.mark.solr
@pytest.mark.slow
def test_the_benchmark_in_small() -> None:
    added, several, memory = overhead.run(overhead.Options(pictures=300, rounds=3, repeats=2, searches=80))
    rows = [dict(zip(added.columns, row, strict=True)) for row in added.rows]
    assert [row["search"] for row in rows] == list(overhead.searches(Stream(300)))
    # A search cannot be answered before Solr is: what it waits is more than QTime, whatever else runs.
    assert all(float(row["p50 ms"] or 0) > float(row["QTime p50"] or 0) for row in rows)
    assert all(row["of 3 ms"] in ("pass", "miss") for row in rows)
    assert [(row[0], row[7]) for row in several.rows] == [(1, 0), (4, 0), (16, 0)] * 2
    assert [row[0] for row in memory.rows] == ["serve", "Solr"]
