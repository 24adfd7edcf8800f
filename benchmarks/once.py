"""What the form of an approximate search is worth: the same searches in other forms, sent to Solr in turns.

As it is composed; with candidates verified by a function instead of Lucene's vector query; with everything else
matching beside the candidates; and that with the graph searched again: for each facet by ``excludeTags``, for the
scores of an order by id, and for both. Fails if a page, a total or a count differs. And without counting, as where the
counts of many pictures are those of the answer before (vision.search.counted).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click
import numpy as np
import orjson

from benchmarks import server
from benchmarks.capacity import load
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, query_vectors, store_in
from vision.embedding import Embedding
from vision.evaluation.timing import interleaved
from vision.search import answers
from vision.search.composer import Params, compose
from vision.search.counting import SHARED, TOTAL
from vision.search.model import Plan, Query, Way
from vision.solr import configset
from vision.solr.client import SolrClient

PLAN = Plan(Way.APPROXIMATE, "", candidates=200)
COMPOSED, BY_ID = "as composed", "score desc,id asc"
UNCOUNTED = "counted before"
FORMS = (COMPOSED, "by a function", "all match", "all match, excludeTags", "all match, by score and id", "all three")
TIMED = (*FORMS, UNCOUNTED)


def run(client: SolrClient, stream: Stream, embedding: Embedding, queries: int) -> Sequence[Table]:
    """Each kind of search in each form, in turns."""
    columns = ("search", "form", "p50 ms", "p95 ms", "times as composed", "quartiles")
    table = Table(f"once: {stream.count:,} pictures, {queries} queries in turns", columns)
    facets, half = ("color", "half"), {"half": ("a",)}
    for name, query in {
        "vector": Query(),
        "vector, facets": Query(facets=facets),
        "vector, filter, facets": Query(facets=facets, filters=half),
        "hybrid": Query(text="dress", facets=facets, filters=half),
    }.items():
        requests = [_requests(query, vector, embedding) for vector in stream.queries(queries)]
        found: dict[tuple[int, str], Any] = {}

        def ask(turn: int, form: str, requests: Any, found: dict[tuple[int, str], Any], query: Query) -> None:
            answer = client.select(requests[turn][form])
            if form != UNCOUNTED:
                found[turn, form] = _shown(answer, query)

        ways = {form: partial(ask, form=form, requests=requests, found=found, query=query) for form in TIMED}
        times = interleaved(ways, range(queries), warm=min(20, queries))
        for (turn, form), seen in found.items():
            if seen is not None and found[turn, "all three"] != seen:
                raise click.ClickException(f"{name}, query {turn}: {form} finds something else")
        for form, taken in times.items():
            low, middle, high = taken.over(times[COMPOSED])
            table.add(name, form, taken.p50, taken.p95, middle, f"{low:.2f} to {high:.2f}")
    return [table]


def _requests(query: Query, vector: np.ndarray[Any, Any], embedding: Embedding) -> Mapping[str, Params]:
    vectors = query_vectors(vector, embedding)
    query = replace(query, vector=vector)
    composed = compose(query, PLAN, vectors, by_id=False)
    function = compose(query, Plan(Way.EXACT, ""), vectors) | composed
    function |= {"q": "{!bool filter=$near must=$blend cache=false}"}
    every = function | {"verified": function["q"], "q": "{!bool filter=$base should=$verified cache=false}"}
    tags, ordered = {"json.facet": _by_tags(every["json.facet"])}, {"sort": BY_ID}
    uncounted = {name: value for name, value in composed.items() if name != "json.facet"}
    forms = (composed, function, every, every | tags, every | ordered, every | tags | ordered, uncounted)
    return dict(zip(TIMED, forms, strict=True))


def _by_tags(facets: str) -> str:
    """The same facets, each with a domain of its own that leaves tags out."""
    found = orjson.loads(facets)
    found |= found.pop(SHARED)["facet"]
    del found[TOTAL]
    for name, facet in found.items():
        facet["domain"] = {"excludeTags": [f"by_{name}", "group"]}
    return orjson.dumps(found).decode()


def _shown(answer: Mapping[str, Any], query: Query) -> Any:
    """The page, the total and the counts; None where the page would be asked for again."""
    page = answers.settled(answer, query)
    if page is None:
        return None
    counts = {
        name: [(each.value, each.count) for each in values] for name, values in answers.facets(page, query).items()
    }
    return [each["id"] for each in page["response"]["docs"]], answers.total(page), counts


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    stream = Stream(pictures, described=True)
    with server.temporary() as running, SolrClient(running.url, "once", timeout=120) as client:
        embedding = stream.embedding(store_in(running.home))
        progress(f"indexing {pictures:,} pictures")
        configset.create(client)
        load(client, stream, embedding)
        tables = run(client, stream, embedding, queries)
    emit("once", tables, as_json=as_json)


if __name__ == "__main__":
    main()
