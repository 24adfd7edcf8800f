"""A catalogue without Solr: what the routes need of a client, an engine and a workspace, written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vision.embedding import EmbeddingStore
from vision.search.engine import Batch, SearchEngine
from vision.search.model import FacetValue, Hit, Plan, Result, Took, Way
from vision.search.pictures import Asked, caught
from vision.search.request import SearchRequest
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.solr.fields import FieldMap
from vision.workspace import Workspace

DOCUMENT = {
    "id": "a/b ü",
    "product_id": "p1",
    "title": "Red dress",
    "image": "images/red.jpg",
    "root": "r00t",
    "image_hash": "00ff",
    "price": 20.5,
    "attr_color": ["red"],
}


class FakeClient(SolrClient):
    """Answers from a list of documents; raises ``error`` instead, if there is one."""

    def __init__(self, documents: Sequence[Mapping[str, Any]] = (DOCUMENT,)) -> None:
        super().__init__("http://127.0.0.1:9/solr", "fake")
        self._names = FieldMap()
        self.documents = documents
        self.error: Exception | None = None

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        found = list(self.documents)
        if "wanted" in params:
            field = str(params["q"]).partition("f=")[2].partition(" ")[0]
            found = [each for each in found if each.get(field) == params["wanted"]]
        facets: dict[str, Any] = {"count": len(found)}
        if "min_price" in str(params.get("json.facet")):
            facets |= {"min_price": 1.0, "max_price": 99.0}
        return {
            "responseHeader": {},
            "response": {"numFound": len(found), "docs": found[: int(params.get("rows", 10))]},
            "facets": facets,
        }

    def fields(self) -> frozenset[str]:
        return frozenset({"id", "attr_color", "price"})


def hit(id: str = "a/b ü", **changes: Any) -> Hit:
    values: dict[str, Any] = {
        "id": id,
        "product_id": "p1",
        "title": "Red dress",
        "image": "images/red.jpg",
        "attributes": {"color": "red", "price": 20.5},
        "score": 0.75,
        "distance": 12.5,
    }
    return Hit(**(values | changes))


def result(*hits: Hit, **changes: Any) -> Result:
    values: dict[str, Any] = {
        "hits": hits,
        "total": len(hits),
        "facets": {"color": (FacetValue("red", 2), FacetValue("blue", 1))},
        "took": Took(1.0, 2.0, 3.5),
        "plan": Plan(Way.EXACT, "3 pictures match: all are verified", matching=3, requests=("q=*:*",)),
        "partial": False,
        "page": "next",
    }
    return Result(**(values | changes))


class FakeEngine(SearchEngine):
    """Answers every search with ``answer``, or raises it; remembers what was asked."""

    def __init__(self, client: SolrClient, store: EmbeddingStore) -> None:
        super().__init__(client, store)
        self.answer: Result | Exception = result(hit())
        self.asked: list[tuple[SearchRequest, bytes | None]] = []

    def search(self, request: SearchRequest, image: bytes | None = None, *, logged: bool = True) -> Result:
        self.asked.append((request, image))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def search_batch(self, asked: Sequence[Asked]) -> Batch:
        def answered(one: Asked) -> Result:
            return self.search(*one)

        return Batch(tuple(caught(answered)(each) for each in asked), Took(1.0, 2.0, 3.5))


class FakeWorkspace(Workspace):
    """Gives out one fake engine; raises ``error`` instead, as where Solr cannot be had at all."""

    def __init__(self, home: Path) -> None:
        super().__init__(Settings(home=home, solr_url="http://127.0.0.1:9/solr"))
        self.fake_client = FakeClient()
        self.fake = FakeEngine(self.fake_client, self.store())
        self.error: Exception | None = None

    def engine(self, client: SolrClient | None = None, *, serving: bool = False) -> SearchEngine:
        if self.error is not None:
            raise self.error
        return self.fake
