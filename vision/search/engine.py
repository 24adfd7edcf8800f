"""The search engine: pictures to vectors, a plan, one ranking request, hits."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

from vision import download
from vision.embedding import Embedding, EmbeddingStore, check_vector
from vision.errors import BadQuery, FingerprintMismatch
from vision.search import answers, paging, planner
from vision.search.collection import Collection
from vision.search.composer import Params, QueryVectors, compose, compose_count
from vision.search.model import Plan, Query, Result, Took, Vector, Way
from vision.search.planner import Limits
from vision.search.request import SearchRequest, to_query
from vision.solr.client import SolrClient

_VECTOR = re.compile(r"\[-?\d[^\]]{60,}\]")


class SearchEngine:
    """Answers searches on one collection; safe to share between threads."""

    def __init__(
        self,
        client: SolrClient,
        store: EmbeddingStore,
        *,
        limits: Limits | None = None,
        models: Path | None = None,
        url_limit: int | None = None,
    ) -> None:
        """Wire the stages together, without connecting or loading anything.

        Args:
            client: the collection.
            store: where its embedding's files are.
            limits: what the planner goes by.
            models: where extractors look for weights first.
            url_limit: most bytes that ``image_url`` may give; None refuses it.
        """
        self.client = client
        self.collection = Collection(client, store)
        self.limits = limits or Limits()
        self.models = models
        self.url_limit = url_limit

    def search(self, request: SearchRequest, image: bytes | None = None) -> Result:
        """Answer a request, with its picture's bytes if it has one.

        Raises:
            BadInput: the request or the picture cannot be accepted.
            NotFound: no such product, or a collection without vectors.
            FingerprintMismatch: another extractor than the collection's was asked for.
            SolrUnavailable: Solr did not answer.
        """
        began = time.perf_counter()
        vector, fingerprint = self._vector(request, image)
        extracted = time.perf_counter()
        query = to_query(request, vector, fingerprint)
        if request.page is not None:
            query = paging.resume(query, request.page)
        result = self.run(query)
        ended = time.perf_counter()
        took = Took(_ms(extracted - began) if vector is not None else 0.0, result.took.solr, _ms(ended - began))
        return replace(result, took=took)

    def run(self, query: Query) -> Result:
        """Answer a query whose vector is known already."""
        began = time.perf_counter()
        self.collection.check_fields(query)
        vectors = self._query_vectors(query)
        plan, requests = self._plan(query)
        params = compose(query, plan, vectors)
        answer = self.client.select(params)
        requests.append(_shown(params))
        found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        total = answers.total(answer)
        if plan.way is Way.APPROXIMATE and any(hit.score == 0.0 for hit in found):
            plan = planner.continued(query, plan)
            params = compose(query, plan, vectors)
            answer = self.client.select(params)
            requests.append(_shown(params))
            found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        return Result(
            hits=found,
            total=total,
            facets=answers.facets(answer, query),
            took=Took(0.0, _ms(time.perf_counter() - began), _ms(time.perf_counter() - began)),
            plan=replace(plan, requests=tuple(requests)),
            partial=answers.is_partial(answer),
            page=paging.next_page(query, plan, total),
        )

    def _plan(self, query: Query) -> tuple[Plan, list[str]]:
        if not planner.needs_count(query):
            return planner.plan(query, self.limits), []
        count = compose_count(query)
        matching, asked = self.collection.matching(count)
        return planner.plan(query, self.limits, matching), [_shown(count)] if asked else []

    def _vector(self, request: SearchRequest, image: bytes | None) -> tuple[Vector | None, str | None]:
        picture = request.image if image is None else image
        ways = {
            "image": picture,
            "image_id": request.image_id,
            "image_url": request.image_url,
            "vector": request.vector,
        }
        given = [name for name, value in ways.items() if value is not None]
        if image is not None and request.image is not None:
            given.insert(0, "an image file")
        if len(given) > 1:
            raise BadQuery(f"the search has {' and '.join(given)}; give one picture to search by", given[1])
        if request.crop is not None and given not in (["image"], ["image_url"]):
            raise BadQuery("crop is a part of a photo; give it with image or image_url", "crop")
        if not given:
            return None, None
        if request.image_id is not None:
            if request.extractor is not None:
                self._embedding(request.extractor)
            return self.collection.vector(request.image_id)
        embedding = self._embedding(request.extractor)
        if request.vector is not None:
            return check_vector(request.vector), embedding.fingerprint
        if picture is None:
            picture = self._fetch(request.image_url or "")
        return embedding.vector(picture, crop=request.crop, models=self.models), embedding.fingerprint

    def _fetch(self, url: str) -> bytes:
        if self.url_limit is None:
            raise BadQuery("image_url is off here; send the picture itself as image", "image_url")
        return download.public_picture(url, self.url_limit)

    def _embedding(self, extractor: str | None) -> Embedding:
        embedding = self.collection.embedding()
        if extractor is not None and extractor not in (embedding.extractor, embedding.fingerprint):
            raise FingerprintMismatch(extractor, embedding.fingerprint)
        return embedding

    def _query_vectors(self, query: Query) -> QueryVectors | None:
        if query.vector is None:
            return None
        embedding = self.collection.embedding()
        if query.embedding is not None and query.embedding != embedding.fingerprint:
            raise FingerprintMismatch(query.embedding, embedding.fingerprint)
        limit = None
        if query.max_distance is not None:
            limit = embedding.codec.lower_bound_sq(query.max_distance, query.vector)
        coarse = embedding.codec.encode(query.vector[None])[0]
        return QueryVectors(query.vector, coarse, embedding.sigma2, limit)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _shown(params: Params) -> str:
    """A request as a search engineer reads it: its parameters, with long vectors left out."""
    parts = []
    for key, value in params.items():
        for each in value if isinstance(value, list) else [value]:
            parts.append(f"{key}={_VECTOR.sub('[…]', str(each))}")
    return " ".join(parts)
