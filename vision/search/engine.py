"""The search engine: pictures to vectors, a plan, one ranking request, hits."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vision.detect import Finder
from vision.embedding import EmbeddingStore
from vision.errors import BadQuery, Conflict, FingerprintMismatch, VisualSearchError
from vision.search import answers, categories, diversity, paging, planner
from vision.search.calibration import Calibration
from vision.search.categories import Prediction
from vision.search.collection import Collection
from vision.search.composer import Params, QueryVectors, compose, compose_count
from vision.search.lookups import Others, compose_neighbours
from vision.search.model import DEFAULT_LANGUAGE, Correction, Hit, Mode, Plan, Query, Result, Taste, Took, Way, Weights
from vision.search.pictures import Asked, QueryPictures, Target, caught
from vision.search.planner import Limits
from vision.search.profiles import Profiles
from vision.search.request import SearchRequest, to_query
from vision.search.spelling import FEW, Spelling
from vision.search.suggestions import Suggestions
from vision.search.understanding import counted, understand
from vision.solr.client import SolrClient

MISSES = 5
"""Hits that are shown where a threshold leaves none."""
_VECTOR = re.compile(r"\[-?\d[^\]]{60,}\]")


@dataclass(frozen=True)
class Batch:
    """Each search's result or why it has none, in their order; ``took`` is of all of them together."""

    results: tuple[Result | VisualSearchError, ...]
    took: Took


@dataclass(frozen=True)
class _Page:
    """Hits, how many there are in all, how they were found, Solr's answer, and how many near-duplicates were folded."""

    hits: Sequence[Hit]
    total: int
    plan: Plan
    answer: Mapping[str, Any]
    folded: int = 0


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
        finder: Finder | None = None,
        language: str = DEFAULT_LANGUAGE,
        threads: int = 4,
        profiles: Profiles | None = None,
    ) -> None:
        """Wire the stages together, without connecting or loading anything.

        Args:
            client: the collection.
            store: where its embedding's files are.
            limits: what the planner goes by.
            models: where extractors look for weights first.
            uploaded: gives the bytes of an ``upload_id``; None refuses it.
            url_limit: most bytes that ``image_url`` may give; None refuses it.
            finder: finds the thing in a photo for ``detect``; None refuses it.
            language: of a search's words, where it does not say.
            threads: searches of batches that run at the same time, over all batches.
            profiles: where ``profile`` is looked up; None refuses it.
        """
        self.client = client
        self.collection = Collection(client, store)
        self.suggestions = Suggestions(self.collection)
        self._spelling = Spelling(self.collection)
        self.limits = limits or Limits()
        self.language = language
        self._profiles = profiles
        self._pictures = QueryPictures(
            self.collection, models=models, uploaded=uploaded, url_limit=url_limit, finder=finder
        )
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

    def resolve(self, request: SearchRequest, image: bytes | None = None) -> tuple[Query, QueryVectors | None]:
        """What a request asks for as it would be sent: its words understood, its picture as vectors.

        Raises:
            BadInput, NotFound, FingerprintMismatch, SolrUnavailable: as :meth:`search`.
        """
        query = self._query(request, self._pictures.target((request, image)))
        self._check(query)
        query, _ = understand(query, self.collection)
        self.collection.check_currency(query)
        return query, self._query_vectors(query)

    def _query(self, request: SearchRequest, target: Target) -> Query:
        query = self._personal(request, to_query(request, target.vector, target.embedding, language=self.language))
        if request.min_match is not None:
            query = replace(query, max_distance=self._calibration().limit(request.min_match))
        return query

    def _check(self, query: Query) -> None:
        self.collection.check_fields(query)
        self.collection.check_language(query.language)

    def _answer(self, request: SearchRequest, target: Target) -> Result:
        query = self._query(request, target)
        result = self._in_category(request, query) if request.category_first else self._paged(request, query)
        if result.total == 0 and query.max_distance is not None and query.vector is not None:
            # Exactly: the coarse vector cannot tell what is far off from what is farther.
            asked = replace(query, max_distance=None, mode=Mode.EXACT, rows=MISSES, start=0, facets=(), diversity=None)
            near = self.run(asked)
            result = replace(result, misses=near.hits)
        return replace(result, region=target.region)

    def _calibration(self) -> Calibration:
        found = self.collection.calibration()
        if found is None:
            raise Conflict(
                f"collection {self.client.collection!r} was not calibrated for these vectors; run `visual-search "
                "calibrate`, or give max_distance"
            )
        return found

    def _paged(self, request: SearchRequest, query: Query) -> Result:
        return self.run(query if request.page is None else paging.resume(query, request.page))

    def _in_category(self, request: SearchRequest, query: Query) -> Result:
        """Within what the photo shows, where that is sure, nothing else was chosen, and anything matches there."""
        prediction = self._prediction(query)
        if prediction is None or prediction.field in query.filters:
            prediction = prediction and replace(prediction, kept_to=())
            return replace(self._paged(request, query), category=prediction)
        if prediction.kept_to:
            within = replace(query, filters={**query.filters, prediction.field: prediction.kept_to})
            result = self._paged(request, within)
            if result.total:
                return replace(result, category=prediction)
        return replace(self._paged(request, query), category=replace(prediction, kept_to=()))

    def _prediction(self, query: Query) -> Prediction | None:
        """What the query's picture shows."""
        calibration = self._calibration()
        vectors = self._query_vectors(query)
        assert vectors is not None
        names = self.client.names
        field = names.field(calibration.votes.field)
        params = compose_neighbours(vectors.full, vectors.coarse, Others(), categories.NEIGHBOURS, field, names)
        found = [document.get(field) for document in self.client.select(params)["response"]["docs"]]
        held = [tuple(str(each) for each in answers.several(value)) for value in found if value is not None]
        return categories.predict(calibration.votes, categories.vote(held))

    def _personal(self, request: SearchRequest, query: Query) -> Query:
        """The query with the shopper's profile in it, where one was named and likes anything that is indexed."""
        asked = request.profile
        if asked is None:
            return query
        if self._profiles is None:
            raise BadQuery("profiles are off here", "profile")
        profile = self._profiles.read(asked.id)
        vectors = self.collection.vectors([event.product for event in profile.events], missing_ok=True)
        point = self._profiles.point(profile, vectors)
        if point is None:
            return query
        embedding = self.collection.embedding()
        if asked.use == "filter":
            limit = embedding.sigma2 / 2 if asked.max_distance is None else asked.max_distance
            return replace(query, taste=Taste(point, embedding.sigma2, max_distance=limit))
        if query.vector is not None:
            return replace(query, taste=Taste(point, embedding.sigma2, asked.weight))
        # Without a picture the profile takes its place, so that candidates are found near it.
        weights = Weights(query.weights.text, asked.weight)
        return replace(query, vector=point, embedding=embedding.fingerprint, weights=weights)

    def run(self, query: Query) -> Result:
        """Answer a query whose vector is known already."""
        began = time.perf_counter()
        self._check(query)
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
        ranked = self._page if query.diversity is None else self._arranged
        page = ranked(query, vectors, requests)
        return query, Result(
            hits=self._matched(query, page.hits),
            total=page.total,
            facets=answers.facets(page.answer, query),
            took=Took(0.0, 0.0, 0.0),
            plan=page.plan,
            partial=answers.is_partial(page.answer),
            page=paging.next_page(asked, page.plan, page.total - page.folded),
            understood=counted(understood, answers.agreeing(page.answer, query)),
        )

    def _matched(self, query: Query, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Hits with what their distances mean, where the collection was calibrated."""
        calibration = None if query.vector is None else self.collection.calibration()
        if calibration is None:
            return hits
        return tuple(
            hit if hit.distance is None else replace(hit, match=calibration.match(hit.distance)) for hit in hits
        )

    def _page(self, query: Query, vectors: QueryVectors | None, requests: list[str]) -> _Page:
        """One page in the order of the scores; what is sent to Solr is added to ``requests``."""
        plan = self._plan(query, requests)
        answer = self._select(query, plan, vectors, requests)
        found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        total = answers.total(answer)
        if plan.way is Way.APPROXIMATE and any(hit.score == 0.0 for hit in found):
            plan = planner.continued(query, plan)
            answer = self._select(query, plan, vectors, requests)
            found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        return _Page(found, total, plan, answer)

    def _arranged(self, query: Query, vectors: QueryVectors | None, requests: list[str]) -> _Page:
        """One page of the order that begins with the arranged pool and goes on by score."""
        assert query.diversity is not None
        embedding = self.collection.embedding()
        size = diversity.size(query.rows)
        whole = replace(query, rows=size, start=0)
        whole = replace(whole, candidates=planner.candidates_for(whole, self.limits))
        best = self._page(whole, vectors, requests)
        coarse = answers.coarse(best.answer) * embedding.codec.step
        order = diversity.arranged(diversity.Pool(best.hits, coarse, embedding.sigma2), query.diversity)
        shown = order[query.start : query.start + query.rows]
        folded = len(best.hits) - len(order)
        missing = query.rows - len(shown)
        if missing and best.total > size:
            rest = replace(whole, start=size + max(0, query.start - len(order)), rows=missing)
            page = self._page(rest, vectors, requests)
            shown = [*shown, *page.hits]
            best = replace(best, plan=page.plan)
        return replace(best, hits=tuple(shown), folded=folded)

    def _select(self, query: Query, plan: Plan, vectors: QueryVectors | None, requests: list[str]) -> Mapping[str, Any]:
        """Ask Solr; the request is noted as a search engineer reads it."""
        params = compose(query, plan, vectors, self.client.names)
        requests.append(_shown(params))
        return self.client.select(params)

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
        taste = query.taste.vector if query.taste is not None and query.taste.weight > 0 else None
        return QueryVectors(
            query.vector,
            embedding.codec.encode(query.vector[None])[0],
            embedding.sigma2,
            limit,
            None if taste is None else embedding.codec.encode(taste[None])[0],
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _shown(params: Params) -> str:
    """A request as a search engineer reads it: its parameters, with long vectors left out."""
    parts = []
    for key, value in params.items():
        for each in value if isinstance(value, list) else [value]:
            parts.append(f"{key}={_VECTOR.sub('[…]', str(each))}")
    return " ".join(parts)
