"""The search engine: pictures to vectors, a plan, one ranking request, hits."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vision.embedding import EmbeddingStore
from vision.errors import FingerprintMismatch, VisualSearchError
from vision.search import answers, paging, planner
from vision.search.collection import Collection
from vision.search.composer import Params, QueryVectors, compose, compose_count
from vision.search.model import DEFAULT_LANGUAGE, Correction, Plan, Query, Result, Took, Way
from vision.search.pictures import Asked, QueryPictures, Target, caught
from vision.search.planner import Limits
from vision.search.request import SearchRequest, to_query
from vision.search.spelling import FEW, Spelling
from vision.search.suggestions import Suggestions
from vision.search.understanding import counted, understand
from vision.solr.client import SolrClient

_VECTOR = re.compile(r"\[-?\d[^\]]{60,}\]")


@dataclass(frozen=True)
class Batch:
    """Each search's result or why it has none, in their order; ``took`` is of all of them together."""

    results: tuple[Result | VisualSearchError, ...]
    took: Took


class SearchEngine:
    """Answers searches on one collection; safe to share between threads."""

    def __init__(
        self,
        client: SolrClient,
        store: EmbeddingStore,
        *,
        limits: Limits | None = None,
        models: Path | None = None,
        uploaded: Callable[[str], bytes] | None = None,
        url_limit: int | None = None,
        language: str = DEFAULT_LANGUAGE,
        threads: int = 4,
    ) -> None:
        """Wire the stages together, without connecting or loading anything.

        Args:
            client: the collection.
            store: where its embedding's files are.
            limits: what the planner goes by.
            models: where extractors look for weights first.
            uploaded: gives the bytes of an ``upload_id``; None refuses it.
            url_limit: most bytes that ``image_url`` may give; None refuses it.
            language: of a search's words, where it does not say.
            threads: searches of batches that run at the same time, over all batches.
        """
        self.client = client
        self.collection = Collection(client, store)
        self.suggestions = Suggestions(self.collection)
        self._spelling = Spelling(self.collection)
        self.limits = limits or Limits()
        self.language = language
        self._pictures = QueryPictures(self.collection, models=models, uploaded=uploaded, url_limit=url_limit)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="batch")

    def search(self, request: SearchRequest, image: bytes | None = None) -> Result:
        """Answer a request, with its picture's bytes if it has one.

        Raises:
            BadInput: the request or the picture cannot be accepted.
            NotFound: no such product, or a collection without vectors.
            FingerprintMismatch: another extractor than the collection's was asked for.
            SolrUnavailable: Solr did not answer.
        """
        began = time.perf_counter()
        target = self._pictures.target((request, image))
        extracted = time.perf_counter()
        result = self._answer(request, target)
        ended = time.perf_counter()
        extract = _ms(extracted - began) if target.vector is not None else 0.0
        return replace(result, took=Took(extract, result.took.solr, _ms(ended - began)))

    def search_batch(self, asked: Sequence[Asked]) -> Batch:
        """Answer several requests: all photos are extracted together, Solr is asked in parallel, nothing fails another.

        Args:
            asked: requests, each with its picture's bytes where they came beside it.
        """
        began = time.perf_counter()
        targets = self._pictures.targets(asked, self._pool)
        extracted = time.perf_counter()

        def answered(one: tuple[SearchRequest, Target | VisualSearchError]) -> Result:
            request, target = one
            if isinstance(target, VisualSearchError):
                raise target
            return self._answer(request, target)

        requests = (request for request, _ in asked)
        results = tuple(self._pool.map(caught(answered), zip(requests, targets, strict=True)))
        ended = time.perf_counter()
        return Batch(results, Took(_ms(extracted - began), _ms(ended - extracted), _ms(ended - began)))

    def _answer(self, request: SearchRequest, target: Target) -> Result:
        query = to_query(request, target.vector, target.embedding, language=self.language)
        return self.run(query if request.page is None else paging.resume(query, request.page))

    def run(self, query: Query) -> Result:
        """Answer a query whose vector is known already."""
        began = time.perf_counter()
        self.collection.check_fields(query)
        self.collection.check_language(query.language)
        requests: list[str] = []
        ran, result = self._run(query, query, requests)
        if query.spelling and query.text is not None and result.total < FEW:
            result = self._spelled(query, ran, result, requests)
        took = _ms(time.perf_counter() - began)
        plan = replace(result.plan, requests=tuple(requests))
        return replace(result, took=Took(0.0, took, took), plan=plan)

    def _spelled(self, query: Query, ran: Query, result: Result, requests: list[str]) -> Result:
        """The result with words that find more; where it is empty, theirs."""

        def ask(params: Params) -> dict[str, Any]:
            requests.append(_shown(params))
            return self.client.select(params)

        assert query.text is not None
        correction = self._spelling.correct(query.text, ran, result.total, ask)
        if correction is None or result.total > 0:
            return replace(result, spelling=correction)
        _, other = self._run(replace(query, text=correction.text), query, requests)
        return replace(other, spelling=Correction(correction.text, other.total), corrected=query.text)

    def _run(self, query: Query, asked: Query, requests: list[str]) -> tuple[Query, Result]:
        """One search: the query as it was understood, and its result.

        Args:
            query: what is searched for.
            asked: what its pages are pages of.
            requests: takes what is sent to Solr.
        """
        query, understood = understand(query, self.collection)
        self.collection.check_currency(query)
        vectors = self._query_vectors(query)
        plan = self._plan(query, requests)
        params = compose(query, plan, vectors, self.client.names)
        answer = self.client.select(params)
        requests.append(_shown(params))
        found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        total = answers.total(answer)
        if plan.way is Way.APPROXIMATE and any(hit.score == 0.0 for hit in found):
            plan = planner.continued(query, plan)
            params = compose(query, plan, vectors, self.client.names)
            answer = self.client.select(params)
            requests.append(_shown(params))
            found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        return query, Result(
            hits=found,
            total=total,
            facets=answers.facets(answer, query),
            took=Took(0.0, 0.0, 0.0),
            plan=plan,
            partial=answers.is_partial(answer),
            page=paging.next_page(asked, plan, total),
            understood=counted(understood, answers.agreeing(answer, query)),
        )

    def _plan(self, query: Query, requests: list[str]) -> Plan:
        if not planner.needs_count(query):
            return planner.plan(query, self.limits)
        count = compose_count(query, self.client.names)
        matching, asked = self.collection.matching(count)
        requests += [_shown(count)] if asked else []
        return planner.plan(query, self.limits, matching)

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
