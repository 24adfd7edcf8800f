"""Ways to complete what is typed, on the demo catalogue's words: what an answer takes, and what a commit takes.

Ours, with and without counting what candidates find; Solr's terms component; Solr's suggester, built at each commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from benchmarks import server, variants
from benchmarks.report import Table, emit, progress
from benchmarks.words import documents
from vision.demo import draw_catalogue
from vision.embedding import EmbeddingStore
from vision.evaluation.timing import interleaved
from vision.search.engine import SearchEngine
from vision.search.lookups import compose_phrases
from vision.search.words.suggestions import Typed
from vision.solr import configset
from vision.solr.client import SolrClient

TYPED = (
    "dress",
    "red dress",
    "knee-length",
    "leather bag",
    "striped shirt",
    "sofa",
    "halcyon row",
    "sneakers",
    "shrit",
)
_HANDLER = '  <requestHandler name="/admin/ping"'
_SUGGESTER = """  <searchComponent name="suggest" class="solr.SuggestComponent">
    <lst name="suggester">
      <str name="name">titles</str>
      <str name="lookupImpl">AnalyzingInfixLookupFactory</str>
      <str name="dictionaryImpl">DocumentDictionaryFactory</str>
      <str name="field">title</str>
      <str name="suggestAnalyzerFieldType">text_words</str>
      <str name="buildOnCommit">true</str>
      <str name="buildOnStartup">false</str>
    </lst>
  </searchComponent>
  <requestHandler name="/suggest" class="solr.SearchHandler">
    <lst name="defaults">
      <str name="suggest">true</str><str name="suggest.dictionary">titles</str><str name="suggest.count">8</str>
    </lst>
    <arr name="components"><str>suggest</str></arr>
  </requestHandler>
"""


def run(products: int, rounds: int) -> Sequence[Table]:
    """Time every way in turns, then commits."""
    with server.temporary() as running:
        drawn = draw_catalogue(running.home / "demo", products=products, size=32)
        rows = list(documents(drawn.catalogue))
        with SolrClient(running.url, "ours") as ours, SolrClient(running.url, "theirs") as theirs:
            configset.create(ours)
            variants.create(running, theirs, "suggester", {"solrconfig.xml": (_HANDLER, _SUGGESTER + _HANDLER)})
            for client in (ours, theirs):
                progress(f"indexing {client.collection}")
                client.add(rows)
                client.commit()
            engine = SearchEngine(ours, EmbeddingStore(running.home / "none"))
            return [_answers(engine, theirs, rounds, len(rows)), _commits(ours, theirs, rows, rounds)]


def _answers(engine: SearchEngine, theirs: SolrClient, rounds: int, pictures: int) -> Table:
    typed = [text[:length] for text in TYPED for length in range(1, len(text) + 1)]
    client = engine.client

    def ours(number: int) -> object:
        return engine.suggestions.complete(typed[number % len(typed)], "en", 8)

    def facets(number: int) -> object:
        read = Typed.read(typed[number % len(typed)])
        return client.select(compose_phrases([prefix for _, prefix in read.prefixes()], read.pattern()))

    def terms(number: int) -> object:
        read = Typed.read(typed[number % len(typed)])
        one: dict[str, Any] = {"terms.fl": "phrases", "terms.limit": 40}
        return [client.get_json("terms", **one, **{"terms.prefix": prefix}) for _, prefix in read.prefixes()]

    def suggester(number: int) -> object:
        return theirs.get_json("suggest", **{"suggest.q": typed[number % len(typed)]})

    ways: dict[str, Callable[[int], object]] = {
        "ours: phrases, words one error away, and what each finds": ours,
        "of which phrases and words": facets,
        "phrases by the terms component, one request for each prefix": terms,
        "whole titles by Solr's suggester": suggester,
    }
    table = Table(f"{len(typed)} beginnings of searches, {pictures:,} pictures", ("way", "p50 ms", "p95 ms"))
    for name, times in interleaved(ways, range(rounds * len(typed)), warm=len(typed)).items():
        table.add(name, times.p50, times.p95)
    return table


def _commits(ours: SolrClient, theirs: SolrClient, rows: Sequence[dict[str, Any]], rounds: int) -> Table:
    table = Table("a commit of one document, until it is visible", ("collection", "best s"))
    for name, client in (("as it is", ours), ("with the suggester", theirs)):
        taken = []
        for _ in range(max(3, rounds)):
            client.add([rows[0]])
            taken.append(_seconds(client.commit))
        table.add(name, min(taken))
    return table


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@click.command(help=__doc__)
@click.option("--products", default=1200, show_default=True, help="How many are drawn.")
@click.option("--rounds", default=2, show_default=True, help="How often each beginning is asked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, rounds: int, as_json: bool) -> None:
    emit("suggesting", run(products, rounds), as_json=as_json)


if __name__ == "__main__":
    main()
