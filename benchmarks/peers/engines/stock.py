"""Solr as its own guide has it: `{!knn}` on the full vector, facets and words as filter queries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson

from benchmarks import stock
from benchmarks.peers.engines.solr import Running, documents, row_of
from benchmarks.peers.model import TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop
from vision.solr.client import SolrClient

_NAME: Final = "stock"


class StockSolr:
    """One request; topK is how hard it searches."""

    title = "stock Solr {!knn}"
    efforts: Sequence[int] = (10, 20, 40, 60, 80, 120, 160, 240, 320, 640, 1280)
    reads_words = True
    filters = "before"

    def build(self, shop: Shop, folder: Path) -> None:
        """With pysolr, 1,000 documents at a time."""
        running = Running(folder)
        try:
            with SolrClient(running.server.url, _NAME) as client:
                stock.create(running.server, client)
                stock.load(client, (each for batch in documents(shop, stock.BATCH) for each in batch))
        finally:
            running.close()

    def open(self, folder: Path) -> None:
        """Start Solr."""
        self.running = Running(folder)
        self._url = f"{self.running.server.url}/{_NAME}/select"

    def search(self, ask: Ask) -> Answer:
        """A form is posted, as every client does with so long a query."""
        numbers = orjson.dumps(ask.vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        fields: list[tuple[str, str]] = [
            ("q", f"{{!knn f=vector topK={max(ask.effort, TOP)}}}{numbers}"),
            ("fl", "id"),
            ("rows", str(TOP)),
            ("omitHeader", "false"),
        ]
        if ask.level != "100":
            fields.append(("fq", f"{{!term f=attr_{facet(ask.level)}}}yes"))
        if ask.words:
            fields += [("fq", "{!edismax qf=title mm=100% v=$words}"), ("words", ask.words)]
        sent = self.running.http.request("POST", self._url, fields=fields, encode_multipart=False)
        found = orjson.loads(sent.data)
        if sent.status != 200:
            raise RuntimeError(f"{sent.status}: {found}")
        rows = [row_of(each["id"]) for each in found["response"]["docs"]]
        return Answer(rows, float(found["responseHeader"]["QTime"]))

    def close(self) -> None:
        """Stop it."""
        self.running.close()
