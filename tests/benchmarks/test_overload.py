"""What is answered at four times as much as can be."""

from __future__ import annotations

import pytest

from benchmarks import overload
from benchmarks.overhead import Options

pytestmark = [pytest.mark.solr, pytest.mark.many, pytest.mark.alone]


def test_four_times_the_peak_leaves_most_of_it() -> None:
    (table,) = overload.run(Options(pictures=1000), seconds=6.0, patience=2.0, repeats=3)
    rows = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    most = rows[f"{overload.FACTORS[-1]} x the peak"]
    print(most)
    assert most["none"] == 0, "a request without an answer"
    assert most["refused, p99 ms"] != "-", "nothing was refused"
    assert float(most["of the peak"] or 0) >= overload.GOAL
