"""The product: documents through its own client, searches over HTTP through `visual-search serve`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from benchmarks.peers.engines.solr import Running, documents, row_of
from benchmarks.peers.model import TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop
from benchmarks.processes import environment, serving
from benchmarks.stream import embedding_of, store_in
from vision.catalog import sending
from vision.embedding import Embedding
from vision.search.engine import SearchEngine
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.vectors import Code, Keeping, Vector, VectorFile, key

_NAME: Final = "ours"
_JSON: Final = {"Content-Type": "application/json"}
_SAMPLE: Final = 10_000
_WEIGHTS: Final = {"text": 0, "image": 1}
"""Words narrow and do not rank, as the other engines have it."""

_PATIENT: Final = {"VISUAL_SEARCH_SEARCH_SECONDS": "120", "VISUAL_SEARCH_SOLR_TIMEOUT": "120"}
"""A first search of everything reads gigabytes from the disk; it is to be waited for, not refused."""


class _Timed(SolrClient):
    """Notes what Solr says each request took."""

    def __init__(self, url: str, times: list[int]) -> None:
        super().__init__(url, _NAME)
        self._times = times

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """As it is, and noted."""
        answer = super().select(params, partial=partial)
        self._times.append(int(answer["responseHeader"]["QTime"]))
        return answer


class Ours:
    """Two phases in one request: coarse candidates inside words and facets, verified on the full vector."""

    title = "ours"
    efforts: Sequence[int] = ()
    """None: it runs as it comes, with the planner's defaults."""
    reads_words = True
    filters = "before"
    mode = "auto"
    keeping = Keeping.STORED

    def build(self, shop: Shop, folder: Path) -> None:
        """Index as `visual-search index` does, from vectors that are there."""
        embedding = embedding_of(np.asarray(shop.vectors[:_SAMPLE]), store_in(folder))
        running = Running(folder)
        try:
            with SolrClient(running.server.url, _NAME, timeout=600) as client:
                client.outside = _Keys(folder / "vectors.sqlite")
                configset.create(client, keeping=self.keeping)
                sending.add(client, (_whole(batch, embedding) for batch in documents(shop, 200)))
                client.commit()
                self._merge(client)
        finally:
            running.close()

    def _merge(self, client: SolrClient) -> None:
        client.merge()

    def open(self, folder: Path) -> None:
        """Start Solr and the API."""
        self.running = Running(folder)
        env = environment(folder, SOLR_URL=self.running.server.url, VISUAL_SEARCH_COLLECTION=_NAME, **_PATIENT)
        url, self.api = self.running.also(serving(env))
        self.url = f"{url}/v1/search"
        self._times: list[int] = []
        client = self.running.also(_Timed(self.running.server.url, self._times))
        self._engine = SearchEngine(client, store_in(folder))

    def _wanted(self, ask: Ask) -> dict[str, Any]:
        wanted: dict[str, Any] = {"vector": ask.vector, "rows": TOP, "weights": _WEIGHTS, "mode": self.mode}
        if ask.level != "100":
            wanted["filters"] = {facet(ask.level): ["yes"]}
        if ask.words:
            wanted |= {"q": ask.words}
        return wanted

    def search(self, ask: Ask) -> Answer:
        """Over HTTP."""
        body = orjson.dumps(self._wanted(ask), option=orjson.OPT_SERIALIZE_NUMPY)
        sent = self.running.http.request("POST", self.url, body=body, headers=_JSON)
        found = orjson.loads(sent.data)
        if sent.status != 200:
            raise RuntimeError(f"{sent.status}: {found}")
        more = {"way": found["plan"]["way"], "total": found["total"]}
        return Answer([row_of(hit["id"]) for hit in found["hits"]], more=more)

    def solr_time(self, ask: Ask) -> float:
        """Milliseconds that Solr says it took, over all requests of a search that the API would send."""
        request = parse(orjson.dumps(self._wanted(ask), option=orjson.OPT_SERIALIZE_NUMPY))
        self._times.clear()
        self._engine.search(request, logged=False)
        return float(sum(self._times))

    def close(self) -> None:
        """Stop both."""
        self.running.close()


class Lean(Ours):
    """Without what no search by photo reads: vectors are stored nowhere, and segments are as Solr merges them."""

    title = "ours, lean"

    keeping = Keeping.OUTSIDE

    def _merge(self, client: SolrClient) -> None:
        """One segment needs twice the disk while it is written."""


class _Keys(VectorFile):
    """The keys of vectors that are kept nowhere."""

    def put(self, vectors: Sequence[tuple[Vector, Code]]) -> list[bytes]:
        """Nothing is written."""
        return [key(*each) for each in vectors]


def _whole(batch: Sequence[Mapping[str, Any]], embedding: Embedding) -> list[dict[str, Any]]:
    codes = embedding.codec.encode(np.stack([each["vector"] for each in batch]))
    ours = {"embedding": embedding.fingerprint}
    return [{**each, **ours, "product_id": each["id"], "coarse": code} for each, code in zip(batch, codes, strict=True)]
