"""What Solr's `timeAllowed` stops, form by form: how long it takes under a limit, and what is left of the answer.

Each form is asked without a limit, then under limits of 1 to 20 ms in turns. *Stopped*: a part of the
hits came, or all and the time was over afterwards; *nothing*: no hit had been found. Then what a limit that
is never reached costs: the same requests with and without one, in turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from benchmarks import server
from benchmarks.asking import Forms
from benchmarks.report import Table, emit, progress
from tests.search.synthetic import build
from vision.search import answers
from vision.search.composer import vector
from vision.solr.client import SolrClient

LIMITS = (1, 2, 3, 5, 7, 10, 15, 20)
NEVER = 60_000
"""Milliseconds that no form takes."""
_FACETS: Mapping[str, Any] = {
    name: {"type": "terms", "field": f"attr_{name}", "limit": 100, "facet": {"products": "unique(product_id)"}}
    for name in ("color", "hundredth")
}


def forms(asked: Forms) -> Mapping[str, Mapping[str, Any]]:
    """Each way in which a search spends time."""
    every = "{!cache=false}*:*"
    function = {"q": "{!bool filter=$all must=$exact cache=false}", "all": "*:*", "exact": "{!func}$sim"}
    return {
        "words": {"q": "{!edismax cache=false qf=title mm=1 v='dress red blue number'}"},
        "function": function,
        "threshold": {"q": "{!frange cache=false l=0.01 v=$sim}"},
        "graph": {"q": "{!knn f=coarse topK=5000 cache=false v=$code}"},
        "exact by knn": {"q": "{!knn f=vector topK=20000 preFilter=$half cache=false v=$full}", "half": "attr_half:a"},
        "collapse": function | {"fq": [every, "{!collapse field=product_id}"]},
        "facets": {"q": "{!bool must=$all cache=false}", "all": "*:*", "facet": _FACETS},
        "order": {"q": "{!bool must=$all cache=false}", "all": "*:*", "sort": "sum($sim,0) desc,id asc"},
    }


def run(asked: Forms, rounds: int) -> Sequence[Table]:
    """Ask each form under each limit, then each with and without one."""
    base = {"full": vector(asked.full), "rows": 10}
    found = Table(
        "Under limits of 1 to 20 ms", ("form", "whole ms", "most ms", "whole", "stopped", "nothing", "no facets")
    )
    cost = Table("A limit that is never reached", ("form", "ms", "with ms", "times", "quartiles"))
    for name, form in forms(asked).items():
        progress(name)
        params = {**base, **form}
        whole_ms = statistics.median(_timed(asked, params)[0] for _ in range(5))
        whole = _timed(asked, params)[1]
        times, seen = [], {"whole": 0, "stopped": 0, "nothing": 0, "no facets": 0}
        for _ in range(rounds):
            for limit in LIMITS:
                ms, answer = _timed(asked, {**params, "timeAllowed": limit})
                times.append(ms)
                seen[_kind(answer, whole)] += 1
        found.add(name, whole_ms, max(times), *seen.values())
        pairs = [
            (_timed(asked, params)[0], _timed(asked, {**params, "timeAllowed": NEVER})[0]) for _ in range(4 * rounds)
        ]
        ratios = [with_one / without for without, with_one in pairs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        without, with_one = (statistics.median(each) for each in zip(*pairs, strict=True))
        cost.add(name, without, with_one, middle, f"{low:.2f} to {high:.2f}")
    return [found, cost]


def _timed(asked: Forms, params: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    answer = asked.ask(**params)
    return (time.perf_counter() - began) * 1000, answer


def _kind(answer: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    if not answers.is_partial(answer):
        return "whole"
    if not answer["response"]["docs"]:
        return "nothing"
    return "no facets" if "facets" in whole and "facets" not in answer else "stopped"


class _Partial(SolrClient):
    """Takes part of an answer for one, as only rankings do."""

    def select(self, params: Mapping[str, Any], *, partial: bool = True) -> dict[str, Any]:
        return super().select(params, partial=True)


@click.command(help=__doc__)
@click.option("--pictures", default=40_000, show_default=True, help="How many are indexed, 5,000 to a segment.")
@click.option("--rounds", default=10, show_default=True, help="Of each form under each limit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, rounds: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        progress(f"indexing {pictures:,} pictures")
        synthetic = build(running.url, "deadlines", running.home, pictures=pictures, segment=5000)
        synthetic.engine.client.close()
        synthetic.engine.client = _Partial(running.url, "deadlines")
        tables = run(Forms(synthetic), rounds)
        synthetic.engine.client.close()
    emit("deadlines", tables, as_json=as_json)


if __name__ == "__main__":
    main()
