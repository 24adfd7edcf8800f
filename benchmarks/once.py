"""What it costs to have the graph searched again: for each facet that excludes tags, for scores in an order by id.

The same approximate searches as they are composed, with facets that leave out their own filter and the grouping by
``excludeTags``, ordered by ``score desc,id asc``, and with both; sent to Solr in turns. Fails if a page, a total or a
count differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import click
import numpy as np
import orjson

from benchmarks import server
from benchmarks.capacity import load
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.embedding import Embedding
from vision.evaluation.timing import interleaved
from vision.search import answers
from vision.search.composer import Params, QueryVectors, compose
from vision.search.counting import SHARED
from vision.search.model import Plan, Query, Way
from vision.solr import configset
from vision.solr.client import SolrClient

PLAN = Plan(Way.APPROXIMATE, "", candidates=200)
FORMS = {
    "as composed": (False, False),
    "excludeTags": (True, False),
    "by score and id": (False, True),
    "both": (True, True),
}


def run(client: SolrClient, stream: Stream, embedding: Embedding, queries: int) -> Sequence[Table]:
    """Each kind of search in each form, in turns."""
    columns = ("search", "form", "p50 ms", "p95 ms", "times as composed", "quartiles")
    table = Table(f"once: {stream.count:,} pictures, {queries} queries in turns", columns)
    facets, half = ("color", "half"), {"half": ("a",)}
    for name, query in {
        "vector, facets": Query(facets=facets),
        "vector, filter, facets": Query(facets=facets, filters=half),
        "hybrid": Query(text="dress", facets=facets, filters=half),
    }.items():
        requests = [_requests(query, vector, embedding) for vector in stream.queries(queries)]
        found: dict[tuple[int, str], Any] = {}

        def ask(turn: int, form: str, requests: Any, found: dict[tuple[int, str], Any], query: Query) -> None:
            found[turn, form] = _shown(client.select(requests[turn][form]), query, ordered=FORMS[form][1])

        ways = {form: partial(ask, form=form, requests=requests, found=found, query=query) for form in FORMS}
        times = interleaved(ways, range(queries), warm=min(20, queries))
        for (turn, form), seen in found.items():
            if seen is not None and found[turn, "both"] != seen:
                raise click.ClickException(f"{name}, query {turn}: {form} finds something else")
        composed = np.array(times["as composed"].values)
        for form, taken in times.items():
            low, middle, high = np.percentile(np.array(taken.values) / composed, (25, 50, 75))
            table.add(name, form, taken.p50, taken.p95, float(middle), f"{low:.2f} to {high:.2f}")
    return [table]


def _requests(query: Query, vector: np.ndarray[Any, Any], embedding: Embedding) -> Mapping[str, Params]:
    vectors = QueryVectors(vector, embedding.codec.encode(vector[None])[0], embedding.sigma2)
    found = {}
    for form, (tags, by_id) in FORMS.items():
        found[form] = compose(query, PLAN, vectors, by_id=by_id)
        if tags:
            found[form] = found[form] | {"json.facet": _by_tags(found[form]["json.facet"])}
    return found


def _by_tags(facets: str) -> str:
    """The same facets, each with a domain of its own that leaves tags out."""
    found = orjson.loads(facets)
    found |= found.pop(SHARED, {"facet": {}})["facet"]
    for name, facet in found.items():
        facet["domain"] = {"excludeTags": [f"by_{name}", "group"]}
    return orjson.dumps(found).decode()


def _shown(answer: Mapping[str, Any], query: Query, *, ordered: bool) -> Any:
    """The page, the total and the counts; None where the page would be asked for again."""
    page = answer if ordered else answers.settled(answer, query)
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
