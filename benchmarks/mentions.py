"""What each mention of a function in the score costs: Solr evaluates every one of them anew for every document.

The same searches with the score written with one mention of the vector similarity and of BM25, as the composer writes
it, and with the form without a division by s, which needs three and two. The collection is made by
tests.search.synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click
import numpy as np

from benchmarks import server
from benchmarks.report import Table, emit, progress
from benchmarks.stream import query_vectors
from tests.search.synthetic import Synthetic, build
from vision.evaluation.timing import interleaved
from vision.search.composer import compose, number
from vision.search.model import Plan, Query, Way

_WORDS = "dress"


def run(synthetic: Synthetic, queries: int = 30) -> Sequence[Table]:
    """Exact searches by picture and words, in turns."""
    columns = ("search", "one mention p50", "several p50", "one / several", "largest difference of a score")
    table = Table(f"mentions: exact, {len(synthetic.ids):,} pictures, {queries} queries in turns, ms", columns)
    embedding = synthetic.embedding
    vectors = synthetic.queries(queries, seed=70)
    for name, text, by_picture in (
        ("picture", None, True),
        ("words and picture", _WORDS, True),
        ("words", _WORDS, False),
    ):
        scores: dict[tuple[str, int], np.ndarray[Any, Any]] = {}

        def ask(turn: int, form: str, text: str | None, by_picture: bool, scores: dict[Any, Any]) -> None:
            full = vectors[turn]
            query = Query(text=text, vector=full if by_picture else None, rows=24)
            known = query_vectors(full, embedding) if by_picture else None
            params = compose(query, Plan(Way.EXACT if by_picture else Way.TEXT, ""), known)
            if text is None:  # ranked by the similarity itself, unless told otherwise
                params |= {"blend": "{!func v=$score}", "score": _one(embedding.sigma2)}
            if form == "several":
                params["score"] = _several(text is not None, embedding.sigma2 if by_picture else None)
            params["rid"] = f"{form}-{turn}"  # another request each time
            found = synthetic.engine.client.select(params)["response"]["docs"]
            scores[form, turn] = np.array([document["score"] for document in found])

        call = partial(ask, text=text, by_picture=by_picture, scores=scores)
        ways = {form: partial(call, form=form) for form in ("one", "several")}
        times = interleaved(ways, range(queries), warm=3)
        apart = max(float(np.abs(scores["one", turn] - scores["several", turn]).max()) for turn in range(queries))
        one, several = times["one"].p50, times["several"].p50
        table.add(name, one, several, one / several, f"{apart:.1e}")
    return [table]


def _one(sigma2: float) -> str:
    return f"div(1,sum(1,product({number(1.0 / sigma2)},sub(div(1,$similarity),1))))"


def _several(has_text: bool, sigma2: float | None) -> str:
    """The score as quotients of sums, which mention what they are made of two and three times."""
    text = "div(query($base),sum(query($base),2))"
    if sigma2 is None:
        return text
    scaled = f"product({number(sigma2)},$similarity)"
    image = f"div({scaled},sum({scaled},sub(1,$similarity)))"
    return f"sum(product(0.5,{text}),product(0.5,{image}))" if has_text else image


@click.command(help=__doc__)
@click.option("--pictures", default=20_000, show_default=True, help="How many are indexed.")
@click.option("--queries", default=30, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, queries: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        progress(f"indexing {pictures:,} pictures")
        tables = run(build(running.url, "mentions", running.home, pictures=pictures), queries)
    emit("mentions", tables, as_json=as_json)


if __name__ == "__main__":
    main()
