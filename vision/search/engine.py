"""The search engine: pictures to vectors, a plan, one ranking request, hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vision.detect import Finder
from vision.embedding import EmbeddingStore
from vision.errors import BadQuery, Conflict, NotFound, Superseded, VisualSearchError
from vision.search import answers, paging, routing
from vision.search.collection import Collection
from vision.search.composer import Params, QueryVectors
from vision.search.explaining import texts
from vision.search.lookups import Others, compose_neighbours
from vision.search.model import (
    DEFAULT_LANGUAGE,
    Correction,
    Hit,
    Likeness,
    Mode,
    Query,
    Result,
    Taste,
    Took,
    Weights,
)
from vision.search.pictures import Asked, QueryPictures, Target, caught
from vision.search.planner import Limits
from vision.search.querylog import QueryLog, Trail
from vision.search.ranker import Ranker, shown
from vision.search.request import SearchRequest, categories, to_query
from vision.search.routing import Meant
from vision.search.steering.calibration import Calibration
from vision.search.steering.categories import NEIGHBOURS, Prediction, predict, vote
from vision.search.steering.profiles import Profiles
from vision.search.tuned import Given, InForce, TunedFiles
from vision.search.words.spelling import FEW, Spelling
from vision.search.words.suggestions import Suggestions
from vision.search.words.understanding import counted, understand
from vision.solr import deadline
from vision.solr.client import SolrClient
from vision.telemetry import Pool, Search, searched

MISSES = 5
"""Hits that are shown where a threshold leaves none."""


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
        limits: Limits | Given | None = None,
        tuned: TunedFiles | None = None,
        models: Path | None = None,
        uploaded: Callable[[str], bytes] | None = None,
        url_limit: int | None = None,
        finder: Finder | None = None,
        language: str = DEFAULT_LANGUAGE,
        threads: int = 4,
        profiles: Profiles | None = None,
        log: QueryLog | None = None,
        others: Callable[[], Sequence[SearchEngine]] = tuple,
        shadow: Callable[[SearchRequest, bytes | None, Result], None] | None = None,
    ) -> None:
        """Wire the stages together, without connecting or loading anything.

        Args:
            client: the collection.
            store: where its embedding's files are.
            limits: what the planner goes by, as far as that is given.
            tuned: where choices for collections are, for the rest; None takes the defaults.
            models: where extractors look for weights first.
            uploaded: gives the bytes of an ``upload_id``; None refuses it.
            url_limit: most bytes that ``image_url`` may give; None refuses it.
            finder: finds the thing in a photo for ``detect``; None refuses it.
            language: of a search's words, where it does not say.
            threads: searches of batches that run at the same time, over all batches.
            profiles: where ``profile`` is looked up; None refuses it.
            log: keeps the searches answered; None keeps none.
            others: engines of the collections beside this one, for searches that name their extractors.
            shadow: told of each search that was answered, to ask another collection the same; must not wait.
        """
        self.client = client
        self.collection = Collection(client, store)
        self.suggestions = Suggestions(self.collection)
        self._spelling = Spelling(self.collection)
        self._limits = limits or Given()
        self._tuned = tuned
        self.ranker = Ranker(self.collection, lambda: self.limits().limits)
        self.language = language
        self._profiles = profiles
        self._log = log or QueryLog()
        self._pictures = QueryPictures(
            self.collection, models=models, uploaded=uploaded, url_limit=url_limit, finder=finder
        )
        self._pool = Pool(threads, thread_name_prefix="batch")
        self._others = others
        self._shadow = shadow

    def limits(self) -> InForce:
        """What the planner goes by now, and where it comes from."""
        return self.collection.limits(self._limits, self._tuned)

    def search(self, request: SearchRequest, image: bytes | None = None, *, logged: bool = True) -> Result:
        """Answer a request, with its picture's bytes if it has one.

        Args:
            request: what is asked.
            image: the bytes of a picture that came beside it.
            logged: whether it is kept for the search engineer; what a page asks by itself is not a search.

        Raises:
            BadInput: the request or the picture cannot be accepted.
            NotFound: no such product, or a collection without vectors.
            FingerprintMismatch: another extractor than the collection's was asked for, and none beside it has it.
            SolrUnavailable: Solr did not answer.
            DeadlineExceeded: nothing was found in time.
        """

        def answered(trail: Trail) -> Result:
            with deadline.within(request.seconds):
                return routing.steadily(lambda: self._timed((request, image), trail))

        return self._logged((request, image), answered) if logged else answered(Trail())

    def _meant(self, request: SearchRequest) -> tuple[SearchEngine, Meant]:
        """Of the collection that a request means."""
        engines = (self, *(self._others() if routing.wanted(request) is not None else ()))
        found = routing.meant([each.collection for each in engines], request)
        return engines[found.number], found

    def _timed(self, asked: Asked, trail: Trail) -> Result:
        began = time.perf_counter()
        engine, meant = self._meant(asked[0])
        target = engine._pictures.target(asked)
        meant.check(target.embedding)
        extracted = time.perf_counter()
        result = engine._answer(asked[0], target, trail)
        extract = _ms(extracted - began) if target.vector is not None else 0.0
        return replace(result, took=Took(extract, result.took.solr, _ms(time.perf_counter() - began)))

    def _logged(self, asked: Asked, answered: Callable[[Trail], Result]) -> Result:
        """What ``answered`` gives; that, or why it fails, is kept."""
        request, image = asked
        trail, began = Trail(), time.perf_counter()
        try:
            result = answered(trail)
        except Exception as error:
            took = Took(0.0, 0.0, _ms(time.perf_counter() - began))
            self._log.add(request, trail, error, took, image=image is not None)
            searched(Search(request.mode, words=request.q))
            raise
        self._log.add(request, trail, result, result.took, image=image is not None)
        searched(Search(request.mode, result.plan.way, result.plan.candidates, result.partial, request.q))
        if self._shadow is not None:
            self._shadow(request, image, result)
        return result

    def search_batch(self, asked: Sequence[Asked]) -> Batch:
        """Answer several requests: all photos are extracted together, Solr is asked in parallel, nothing fails another.

        Args:
            asked: requests, each with its picture's bytes where they came beside it.
        """
        began = time.perf_counter()
        meant = [caught(self._meant)(request) for request, _ in asked]
        # Those of other collections are few: each is extracted as it is answered.
        here = [isinstance(each, tuple) and each[1] == Meant() for each in meant]
        targets = iter(self._pictures.targets([each for each, own in zip(asked, here, strict=True) if own], self._pool))
        known = [next(targets) if own else None for own in here]
        extracted = time.perf_counter()

        def answered(one: tuple[Asked, Target | VisualSearchError | None]) -> Result:
            each, target = one

            def once(trail: Trail) -> Result:
                nonlocal target
                found, target = target, None
                if found is None or isinstance(found, Superseded):
                    return self._timed(each, trail)
                if isinstance(found, VisualSearchError):
                    raise found
                return self._answer(each[0], found, trail)

            def answer(trail: Trail) -> Result:
                with deadline.within(each[0].seconds):
                    return routing.steadily(lambda: once(trail))

            return self._logged(each, answer)

        results = tuple(self._pool.map(caught(answered), zip(asked, known, strict=True)))
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
        return query, self.ranker.vectors(query)

    def _query(self, request: SearchRequest, target: Target) -> Query:
        query = to_query(request, target.vector, target.embedding, language=self.language, others=target.others)
        if target.attributes:
            query = replace(query, depicted={"picture": target.attributes})
        query = self._personal(request, query)
        if request.min_match is not None:
            query = replace(query, max_distance=self._calibration().limit(request.min_match))
        return query

    def _check(self, query: Query) -> None:
        self.collection.check_fields(query)
        self.collection.check_language(query.language)

    def _answer(self, request: SearchRequest, target: Target, trail: Trail) -> Result:
        query = self._query(request, target)
        way = self._in_category if request.category_first else self._paged
        result = way(request, query, trail)
        if result.total == 0 and query.max_distance is not None and query.vector is not None:
            # Exactly: the coarse vector cannot tell what is far off from what is farther.
            asked = replace(query, max_distance=None, mode=Mode.EXACT, rows=MISSES, start=0, facets=(), diversity=None)
            near = self.run(asked, trail.sent)
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

    def _paged(self, request: SearchRequest, query: Query, trail: Trail) -> Result:
        trail.query = query if request.page is None else paging.resume(query, request.page)
        return self.run(trail.query, trail.sent)

    def _in_category(self, request: SearchRequest, query: Query, trail: Trail) -> Result:
        """Within what the photo shows: what the request says it is, else what is sure and matches anything.

        A filter on the same field decides before both.
        """
        field = self._calibration().votes.field
        prediction = self._prediction(query, trail)
        chosen = categories(request)
        if prediction is not None:
            shown = chosen or prediction.kept_to or (prediction.value,)
            query = replace(query, depicted={**query.depicted, "category": {field: shown}})

        def kept(to: tuple[str, ...], decided: str) -> Prediction | None:
            return prediction and replace(prediction, kept_to=to, decided=decided)

        def within(to: tuple[str, ...]) -> Result:
            return self._paged(request, replace(query, filters={**query.filters, field: to}), trail)

        if field in query.filters:
            return replace(self._paged(request, query, trail), category=kept((), "filter"))
        if chosen:
            return replace(within(chosen), category=kept(chosen, "request"))
        if prediction is not None and prediction.kept_to:
            result = within(prediction.kept_to)
            if result.total:
                return replace(result, category=kept(prediction.kept_to, "vote"))
        return replace(self._paged(request, query, trail), category=kept((), "nothing"))

    def _prediction(self, query: Query, trail: Trail) -> Prediction | None:
        """What the query's picture shows."""
        calibration = self._calibration()
        vectors = self.ranker.vectors(query)
        assert vectors is not None
        names = self.client.names
        field = names.field(calibration.votes.field)
        params = compose_neighbours(vectors.full, vectors.coarse, Others(regions=False), NEIGHBOURS, field, names)
        trail.sent.append(params)
        found = [document.get(field) for document in self.client.select(params)["response"]["docs"]]
        held = [texts(value) for value in found if value is not None]
        return predict(calibration.votes, vote(held))

    def _personal(self, request: SearchRequest, query: Query) -> Query:
        """The query with the shopper's profile in it, where one was named and likes anything that is indexed."""
        asked = request.profile
        if asked is None:
            return query
        if self._profiles is None:
            raise BadQuery("profiles are off here", "profile")
        profile = self._profiles.read(asked.id)
        try:
            fingerprint = self.collection.fingerprint()  # before any vector is read, which are to be made with this
        except NotFound:
            return query
        vectors = self.collection.indexed.vectors([event.product for event in profile.events], missing_ok=True)
        point = self._profiles.point(profile, vectors)
        if point is None:
            return query
        query = replace(query, embedding=query.embedding or fingerprint)
        embedding = self.collection.embedding()
        if asked.use == "filter":
            limit = embedding.sigma2 / 2 if asked.max_distance is None else asked.max_distance
            return replace(query, taste=Taste(point, limit))
        if query.vector is not None:
            more = (Likeness(point, asked.weight, "profile"),) if asked.weight > 0 else ()
            return replace(query, similarities=(*query.similarities, *more))
        # Without a picture the profile takes its place, so that candidates are found near it.
        weights = Weights(query.weights.text, asked.weight)
        return replace(query, vector=point, weights=weights)

    def run(self, query: Query, sent: list[Params] | None = None) -> Result:
        """Answer a query whose vector is known already.

        Args:
            query: what is asked.
            sent: takes the parameters of what is sent to Solr, also where that fails.
        """
        began = time.perf_counter()
        self._check(query)
        if not query.grouped:
            query = replace(query, regions=self.collection.has_regions())
        requests = [] if sent is None else sent
        first = len(requests)
        ran, result = self._run(query, query, requests)
        if query.spelling and query.text is not None and result.total < FEW and not result.partial:
            result = self._spelled(query, ran, result, requests)
        took = _ms(time.perf_counter() - began)
        plan = replace(result.plan, requests=tuple(shown(each) for each in requests[first:]))
        return replace(result, took=Took(0.0, took, took), plan=plan)

    def _spelled(self, query: Query, ran: Query, result: Result, requests: list[Params]) -> Result:
        """The result with words that find more; where it is empty, theirs."""

        def ask(params: Params) -> dict[str, Any]:
            requests.append(params)
            return self.client.select(params)

        assert query.text is not None
        correction = self._spelling.correct(query.text, ran, result.total, ask)
        if correction is None or result.total > 0:
            return replace(result, spelling=correction)
        _, other = self._run(replace(query, text=correction.text), query, requests)
        return replace(other, spelling=Correction(correction.text, other.total), corrected=query.text)

    def _run(self, query: Query, asked: Query, requests: list[Params]) -> tuple[Query, Result]:
        """One search: the query as it was understood, and its result.

        Args:
            query: what is searched for.
            asked: what its pages are pages of.
            requests: takes what is sent to Solr.
        """
        query, understood = understand(query, self.collection)
        self.collection.check_currency(query)
        vectors = self.ranker.vectors(query)
        query = self.ranker.with_edges(query, vectors, requests)
        page = self.ranker.page(query, vectors, requests)
        return query, Result(
            hits=self._matched(query, page.hits),
            total=page.total,
            facets=answers.facets(page.answer, query),
            histograms=answers.histograms(page.answer, query),
            took=Took(0.0, 0.0, 0.0),
            plan=page.plan,
            partial=page.partial,
            # What is not known to be whole cannot be gone on with: something would be left out, and nobody told.
            page=None if page.partial else paging.next_page(asked, page.plan, page.total - page.folded),
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


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
