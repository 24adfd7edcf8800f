"""What a similarity threshold costs by |keyword ∩ facets|, with and without the coarse lower bound, and what it caches.

The collection is made by tests.search.synthetic. `found` of the two forms must agree: a bound that loses a match would
be worthless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click
import numpy as np

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.warmup import warm_up
from tests.search.synthetic import Synthetic, build
from vision.evaluation.timing import Times, interleaved, timed
from vision.search.composer import Params, QueryVectors, compose, compose_count
from vision.search.model import Plan, Query, Way

_SHARES = (0.0005, 0.01)
_PLAN = Plan(Way.THRESHOLD, "")
_SETS: Mapping[str, dict[str, Any]] = {
    "everything": {},
    "a tenth": {"filters": {"tenth": ("t1",)}},
    "a word": {"text": "dress"},
    "a word and a tenth": {"text": "dress", "filters": {"tenth": ("t1",)}},
    "a hundredth": {"filters": {"hundredth": ("h7",)}},
    "a word and a hundredth": {"text": "dress", "filters": {"hundredth": ("h7",)}},
}


def run(synthetic: Synthetic, queries: int = 25) -> Sequence[Table]:
    """Cost by size, then what the caches hold afterwards."""
    return [*(_cost(synthetic, queries, share) for share in _SHARES), _caches(synthetic, queries)]


def _params(synthetic: Synthetic, query: Query) -> Params:
    assert query.vector is not None and query.max_distance is not None
    codec = synthetic.embedding.codec
    limit = codec.lower_bound_sq(query.max_distance, query.vector)
    coarse = codec.encode(query.vector[None])[0]
    return compose(query, _PLAN, QueryVectors(query.vector, coarse, synthetic.embedding.sigma2, limit))


def _without_bound(params: Params) -> Params:
    return params | {"q": params["q"].replace("filter=$maybe ", "")}


def _cached(params: Params) -> Params:
    """The form that looks right: the thresholds as filter clauses with caching left on."""
    return params | {name: params[name].replace("cache=false ", "") for name in ("maybe", "close")}


def _cost(synthetic: Synthetic, queries: int, share: float) -> Table:
    columns = (
        "keyword ∩ facets",
        "matching",
        "past bound",
        "found",
        "with bound",
        "p95",
        "without",
        "its p95",
        "saves",
    )
    title = f"threshold at the nearest {share:.2%}: {len(synthetic.ids):,} pictures, p50 ms in turns"
    table = Table(title, columns)
    vectors = synthetic.queries(queries, seed=30)
    limits = [float(np.quantile(synthetic.distances(vector), share)) for vector in vectors]
    client = synthetic.engine.client
    for name, members in _SETS.items():
        found: dict[str, dict[int, int]] = {"bounded": {}, "alone": {}}

        def params(number: int, members: Mapping[str, Any] = members) -> Params:
            query = Query(vector=vectors[number], max_distance=limits[number], grouped=False, **members)
            return _params(synthetic, query)

        def ask(
            number: int,
            kind: str,
            params: Callable[[int], Params] = params,
            found: dict[str, dict[int, int]] = found,
        ) -> None:
            sent = params(number)
            answer = client.select(sent if kind == "bounded" else _without_bound(sent))
            found[kind][number] = int(answer["response"]["numFound"])

        times = interleaved({kind: partial(ask, kind=kind) for kind in found}, range(queries), warm=5)
        if found["bounded"] != found["alone"]:
            raise click.ClickException(f"{name}: exactly {found['alone']} found, with the bound {found['bounded']}")
        only = {"q": "{!bool filter=$base filter=$maybe cache=false}", "rows": 0}
        past = [client.select(params(number) | only)["response"]["numFound"] for number in range(queries)]
        matching = client.select(compose_count(Query(grouped=False, **members)))["response"]["numFound"]
        mean = sum(found["alone"].values()) / queries
        bounded, alone = times["bounded"], times["alone"]
        row = (bounded.p50, bounded.p95, alone.p50, alone.p95, alone.p50 / bounded.p50)
        table.add(name, matching, sum(past) / queries, mean, *row)
    table.notes.append("the same pictures were found with and without the bound in every query")
    return table


def _caches(synthetic: Synthetic, queries: int) -> Table:
    """Inserts into the caches and time, of our form and of the ones that cache."""
    client = synthetic.engine.client
    vectors = synthetic.queries(queries, seed=31)
    changes: Mapping[str, Callable[[Params], Params]] = {
        "ours": lambda params: params,
        "without {!cache=false}*:* as fq": lambda params: params | {"fq": params["fq"][1:]},
        "frange without cache=false": _cached,
    }
    columns = ("form", "queries", "new in filterCache", "new in queryResultCache", "p50 ms")
    table = Table("a word and a threshold: what stays in Solr's caches", columns)
    for name, change in changes.items():
        before = server.cache_inserts(client)
        taken = []
        for vector in vectors:
            query = Query(text="knee-length dress", vector=vector, max_distance=1e4, grouped=False, rows=10)
            params = change(_params(synthetic, query))
            taken.append(timed(partial(client.select, params)))
        after = server.cache_inserts(client)
        new = [after[cache] - before[cache] for cache in ("filterCache", "queryResultCache")]
        table.add(name, queries, *new, Times(tuple(taken)).p50)
    return table


@click.command(help=__doc__)
@click.option("--pictures", default=40_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=25, show_default=True, help="Queries of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        progress(f"indexing {pictures:,} pictures")
        synthetic = build(running.url, "threshold", running.home, pictures=pictures)
        warm_up(synthetic)
        emit("threshold", run(synthetic, queries), as_json=as_json)


if __name__ == "__main__":
    main()
