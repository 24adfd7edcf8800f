"""Exact against approximate by how many pictures match: where `VISUAL_SEARCH_EXACT_BELOW` should lie.

Both ways in turns on one collection; a facet of a hundred values leaves the number of pictures wanted. The collection
is made by tests.search.synthetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.warmup import warm_up
from tests.search.synthetic import Synthetic, build
from vision.evaluation.timing import Times, interleaved
from vision.search.model import Mode, Query, Way
from vision.tuning.crossover import crossover

_SIZES = (1000, 2000, 4000, 6000, 8000, 12_000, 16_000, 20_000, 30_000, 40_000)


def run(synthetic: Synthetic, queries: int = 40, candidates: int = 200) -> Sequence[Table]:
    """One table grouped by product, with a facet, as the search page asks; one of single pictures without."""
    page = Query(rows=24, candidates=candidates, embedding=synthetic.embedding.fingerprint)
    return [
        _table(synthetic, "grouped by product, one facet", replace(page, facets=("color",)), queries),
        _table(synthetic, "single pictures, no facet", replace(page, grouped=False), queries),
    ]


def _table(synthetic: Synthetic, kind: str, page: Query, queries: int) -> Table:
    pictures = len(synthetic.ids)
    columns = ("matching", "exact p50", "exact p95", "approximate p50", "approximate p95", "exact / approximate")
    table = Table(f"{kind}: {pictures:,} pictures, K={page.candidates}, {queries} queries in turns, ms", columns)
    vectors = synthetic.queries(queries, seed=20)
    measured: list[tuple[int, float]] = []
    for size in [size for size in _SIZES if size < pictures] + [pictures]:
        filters = _filters(pictures, size)
        matching = int(synthetic.where(**filters).sum())

        def ask(number: int, mode: Mode, filters: Mapping[str, tuple[str, ...]] = filters) -> None:
            result = synthetic.engine.run(replace(page, vector=vectors[number], filters=filters, mode=mode))
            assert result.plan.way is (Way.EXACT if mode is Mode.EXACT else Way.APPROXIMATE)

        times: dict[str, Times] = interleaved(
            {
                "exact": lambda number, ask=ask: ask(number, Mode.EXACT),  # type: ignore[misc]
                "approximate": lambda number, ask=ask: ask(number, Mode.APPROXIMATE),  # type: ignore[misc]
            },
            range(queries),
            warm=5,
        )
        exact, near = times["exact"], times["approximate"]
        measured.append((matching, exact.p50 / near.p50))
        table.add(matching, exact.p50, exact.p95, near.p50, near.p95, exact.p50 / near.p50)
    crossing = crossover(measured)
    found = "nowhere here" if crossing is None else f"at about {crossing:,} matching pictures"
    table.notes.append(f"exact becomes slower than approximate {found}")
    return table


def _filters(pictures: int, size: int) -> dict[str, tuple[str, ...]]:
    if size >= pictures:
        return {}
    return {"hundredth": tuple(f"h{number}" for number in range(round(100 * size / pictures) or 1))}


@click.command(help=__doc__)
@click.option("--pictures", default=40_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=40, show_default=True, help="Queries at each size.")
@click.option("--candidates", default=200, show_default=True, help="K of the approximate way.")
@click.option(
    "--java", type=click.Path(path_type=Path, exists=True), help="Folder of another Java than the best found."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, candidates: int, java: Path | None, as_json: bool) -> None:
    with server.temporary("1g", java) as running:
        status = running.solr.status()
        progress(f"Java {status.java}, vector instructions {'on' if status.simd else 'off'}")
        progress(f"indexing {pictures:,} pictures")
        synthetic = build(running.url, "planner", running.home, pictures=pictures)
        warm_up(synthetic)
        emit("planner", run(synthetic, queries, candidates), as_json=as_json)


if __name__ == "__main__":
    main()
