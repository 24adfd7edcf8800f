"""What it costs that results and facets are counted in products: the same searches in products and in pictures.

The collection is made by tests.search.synthetic; one picture in ten is a second view of a product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.warmup import warm_up
from tests.search.synthetic import Synthetic, build
from vision.evaluation.timing import Times, interleaved
from vision.search.composer import QueryVectors, compose
from vision.search.model import Mode, Plan, Query, Way

_FACETS = ("color", "length", "category", "hundredth")
_PLANS = {"approximate": Plan(Way.APPROXIMATE, "", candidates=200), "exact": Plan(Way.EXACT, "")}


def run(synthetic: Synthetic, queries: int = 30) -> Sequence[Table]:
    """Every way, without and with facets, in products and in pictures, in turns."""
    pictures = len(synthetic.ids)
    columns = ("search", "facets", "products p50", "p95", "pictures p50", "its p95", "products / pictures")
    table = Table(f"counting in products: {pictures:,} pictures, {queries} queries in turns, ms", columns)
    vectors = synthetic.queries(queries, seed=40)
    kinds: Mapping[str, Query] = {
        "browse": Query(),
        "words": Query(text="dress"),
        "approximate": Query(mode=Mode.APPROXIMATE),
        "exact": Query(mode=Mode.EXACT),
        "exact, a tenth": Query(mode=Mode.EXACT, filters={"tenth": ("t4",)}),
    }
    for name, kind in kinds.items():
        has_picture = name not in ("browse", "words")
        for facets in ((), _FACETS[:1], _FACETS):

            def ask(number: int, grouped: bool, query: Query, has_picture: bool) -> None:
                vector = vectors[number] if has_picture else None
                # Solr remembers a browse page that it has answered; another number of rows is another page.
                rows = 24 if has_picture else 24 + number
                synthetic.engine.run(replace(query, vector=vector, grouped=grouped, rows=rows))

            call = partial(ask, query=replace(kind, facets=facets), has_picture=has_picture)
            ways = {"products": partial(call, grouped=True), "pictures": partial(call, grouped=False)}
            times = interleaved(ways, range(queries), warm=3)
            products, single = times["products"], times["pictures"]
            ratio = products.p50 / single.p50
            table.add(name, len(facets), products.p50, products.p95, single.p50, single.p95, ratio)
    return [table, _heads(synthetic, queries)]


def _heads(synthetic: Synthetic, queries: int) -> Table:
    """Ways to choose the picture that stands for a product."""
    embedding = synthetic.embedding
    vectors = synthetic.queries(queries, seed=41)
    codes = embedding.codec.encode(vectors)
    forms: Mapping[str, list[str]] = {
        "not collapsed": [],
        "default: highest score": ["{!collapse field=product_id}"],
        "sort='score desc'": ["{!collapse field=product_id sort='score desc'}"],
        "sort='score desc,id asc'": ["{!collapse field=product_id sort='score desc,id asc'}"],
    }
    table = Table(f"choosing a product's picture: {queries} queries in turns, p50 ms", ("collapse", *_PLANS))
    times: dict[str, dict[str, Times]] = {}
    for way, plan in _PLANS.items():

        def ask(number: int, collapse: list[str], plan: Plan) -> None:
            asked = QueryVectors(vectors[number], codes[number], embedding.sigma2)
            params = compose(Query(vector=vectors[number], grouped=False), plan, asked)
            synthetic.engine.client.select(params | {"fq": params["fq"] + collapse})

        ways = {name: partial(ask, collapse=collapse, plan=plan) for name, collapse in forms.items()}
        times[way] = interleaved(ways, range(queries), warm=5)
    for name in forms:
        table.add(name, *(times[way][name].p50 for way in _PLANS))
    return table


@click.command(help=__doc__)
@click.option("--pictures", default=30_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=30, show_default=True, help="Queries of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        progress(f"indexing {pictures:,} pictures")
        synthetic = build(running.url, "collapse", running.home, pictures=pictures)
        warm_up(synthetic)
        emit("collapse", run(synthetic, queries), as_json=as_json)


if __name__ == "__main__":
    main()
