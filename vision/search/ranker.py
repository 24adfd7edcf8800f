"""One page of a query: a plan, one ranking request, hits, in the order of the scores or arranged anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.embedding import Embedding
from vision.errors import SolrRefused
from vision.search import answers, counted, histograms, planner
from vision.search.collection import Collection, Matching
from vision.search.composer import Params, QueryVectors, compared, compose, compose_count, few, matched_by
from vision.search.model import Hit, Likeness, Plan, Query, Way
from vision.search.planner import Limits
from vision.search.steering import diversity
from vision.solr import curl, replies
from vision.solr.fields import NUMBERS

_VECTOR = re.compile(r"\[-?\d[^\]]{60,}\]")


@dataclass(frozen=True)
class Page:
    """Hits, how many there are in all, how they were found, Solr's answer, and how many near-duplicates were folded.

    ``partial``: Solr ran out of time, so that there may be better hits and more of them, and counts are lower bounds.
    """

    hits: Sequence[Hit]
    total: int
    plan: Plan
    answer: Mapping[str, Any]
    folded: int = 0
    partial: bool = False


class Ranker:
    """Ranks what a query matches, on one collection; what is sent to Solr is added to the ``requests`` given."""

    def __init__(self, collection: Collection, limits: Callable[[], Limits]) -> None:
        """Rank by what the planner is told to go by, which is asked for at each search."""
        self._collection = collection
        self._limits = limits

    @property
    def limits(self) -> Limits:
        """What the planner goes by now."""
        return self._limits()

    def page(self, query: Query, vectors: QueryVectors | None, requests: list[Params]) -> Page:
        """One page, of a query whose words are understood and whose numbers have edges."""
        return (self._scored if query.diversity is None else self._arranged)(query, vectors, requests)

    def _scored(self, query: Query, vectors: QueryVectors | None, requests: list[Params]) -> Page:
        """One page in the order of the scores; what is sent to Solr is added to ``requests``.

        Raises:
            DeadlineExceeded: Solr ran out of time before it found anything.
        """
        plan = self._plan(query, requests)
        answer = self._first(query, plan, vectors, requests)
        found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
        total = answers.total(answer)
        candidates = sum(hit.score > 0.0 for hit in found)
        partial = answers.is_partial(answer)
        if plan.way is Way.APPROXIMATE and candidates < min(query.rows, total - query.start) and not partial:
            plan = planner.continued(query, plan)
            answer = self._select(query, plan, vectors, requests)
            found = answers.hits(answer, query, vectors.sigma2 if vectors else None)
            partial = answers.is_partial(answer)
        if partial:
            total = max(total, query.start + len(found)) if found else total
            if not (found if query.rows else total):
                raise replies.out_of_time(self._collection.client.url)
        return Page(found, total, plan, answer, partial=partial)

    def _arranged(self, query: Query, vectors: QueryVectors | None, requests: list[Params]) -> Page:
        """One page of the order that begins with the arranged pool and goes on by score."""
        assert query.diversity is not None
        embedding = self._embedding(query)
        size = diversity.size(query.rows)
        whole = replace(query, rows=size, start=0)
        whole = replace(whole, candidates=planner.candidates_for(whole, self.limits))
        best = self._scored(whole, vectors, requests)
        coarse = answers.coarse(best.answer) * embedding.codec.step
        wholes = self._wholes(best.hits, coarse, embedding.codec.step) if query.diversity.fold else coarse
        order = diversity.arranged(diversity.Pool(best.hits, coarse, embedding.sigma2, wholes), query.diversity)
        shown = order[query.start : query.start + query.rows]
        folded = len(best.hits) - len(order)
        missing = query.rows - len(shown)
        if missing and best.total > size and not best.partial:
            rest = replace(whole, start=size + max(0, query.start - len(order)), rows=missing)
            page = self._scored(rest, vectors, requests)
            shown = [*shown, *page.hits]
            best = replace(best, plan=page.plan, partial=best.partial or page.partial)
        return replace(best, hits=tuple(shown), folded=folded)

    def _wholes(self, hits: Sequence[Hit], coarse: NDArray[np.float32], step: float) -> NDArray[np.float32]:
        """The hits' coarse vectors, those of whole pictures in place of regions'."""
        found = self._collection.indexed.coarse([hit.id for hit in hits if hit.box is not None])
        wholes = coarse.copy()
        for row, hit in enumerate(hits):
            if hit.box is not None:
                wholes[row] = found[hit.id] * step if hit.id in found else np.nan
        return wholes

    def _first(
        self, query: Query, plan: Plan, vectors: QueryVectors | None, requests: list[Params]
    ) -> Mapping[str, Any]:
        """Ask Solr for the page.

        For an order by score and id, Solr searches a second time to know the scores, the graph too; by score alone it
        need not. So candidates, and few pictures, are asked for that way, and again where equal scores meet at an end
        of the page.
        """
        exact = few(query, plan)
        if (exact or plan.way is Way.APPROXIMATE) and query.rows and query.sort in (None, "score"):
            answer = self._select(query, plan, vectors, requests, by_id=False)
            if answers.is_partial(answer):
                return answers.trimmed(answer, query)
            page = answers.settled(answer, query)
            if page is not None and not (exact and not answers.compared(answer, query, compared(plan))):
                return page
        return self._select(query, plan, vectors, requests)

    def _select(
        self,
        query: Query,
        plan: Plan,
        vectors: QueryVectors | None,
        requests: list[Params],
        *,
        by_id: bool = True,
    ) -> Mapping[str, Any]:
        """Ask Solr; the request is noted.

        Raises:
            Superseded: what answered holds vectors of another embedding than the query's.
        """
        names = self._collection.client.names
        params = compose(query, plan, vectors, names, by_id=by_id)
        meant = None if vectors is None and query.taste is None else query.embedding or self._collection.fingerprint()

        def ask(params: Params) -> Mapping[str, Any]:
            requests.append(params)
            try:
                answer = self._collection.client.select(params, partial=True)
            except SolrRefused:
                if meant is not None:
                    self._collection.check_current(meant)  # one with other dimensions refuses the query's
                raise
            if meant is not None:
                self._check(answer, meant, narrows=plan.way is Way.THRESHOLD or query.taste is not None)
            return answer

        many = plan.matching is not None and plan.matching > counted.MANY
        if many and matched_by(query, plan, names) is not None:
            return self._collection.counted.answered(params, ask)
        return ask(params)

    def _check(self, answer: Mapping[str, Any], meant: str, *, narrows: bool) -> None:
        """See that what answered is what was meant: its documents tell; where none does, and it matters, it is asked.

        ``narrows``: distances decide what matches, and not its order alone.
        """
        made_with = answers.embeddings(answer)
        for each in made_with:
            self._collection.check_embedding(each, meant)
        if not made_with and (narrows or answer["response"]["docs"]):
            self._collection.check_current(meant)

    def with_edges(self, query: Query, vectors: QueryVectors | None, requests: list[Params]) -> Query:
        """The query with buckets for the numbers it counts, by what matches: what the planner counts says that too."""
        if not set(query.facets) & set(NUMBERS):
            return query
        return replace(query, edges=histograms.chosen(self._counted(query, vectors, requests).spreads))

    def _plan(self, query: Query, requests: list[Params]) -> Plan:
        counted = planner.needs_count(query)
        plan = planner.plan(query, self.limits, self._counted(query, None, requests).pictures if counted else None)
        if query.vector is not None:
            plan = replace(plan, embedding=query.embedding or self._collection.fingerprint())
        return (
            plan
            if plan.candidates is None
            else planner.of_shards(plan, len(self._collection.client.shards.parts().names) or 1)
        )

    def _counted(self, query: Query, vectors: QueryVectors | None, requests: list[Params]) -> Matching:
        count = compose_count(query, self._collection.client.names, vectors if query.max_distance is not None else None)
        matching, asked = self._collection.matching(count)
        requests += [count] if asked else []
        return matching

    def _embedding(self, query: Query) -> Embedding:
        """The query's, whatever the collection's is by now."""
        named = query.embedding
        return self._collection.embedding() if named is None else self._collection.store.load(named)

    def vectors(self, query: Query) -> QueryVectors | None:
        """What a query's picture is to the collection, or None without one.

        Raises:
            Superseded: its vector was made with another extractor.
        """
        if query.embedding is not None:
            self._collection.check_embedding(self._collection.fingerprint(), query.embedding)
        if query.vector is None:
            return None
        embedding = self._embedding(query)
        limit = None
        if query.max_distance is not None:
            limit = embedding.codec.lower_bound_sq(query.max_distance, query.vector)
        others = [each.vector for each in query.similarities if isinstance(each, Likeness)]
        return QueryVectors(
            query.vector,
            embedding.codec.encode(query.vector[None])[0],
            embedding.sigma2,
            limit,
            tuple(embedding.codec.encode(np.stack(others))) if others else (),
        )


def shown(params: Params) -> str:
    """A request as a search engineer reads it: its parameters, with long vectors left out."""
    return " ".join(f"{name}={shortened(value)}" for name, value in curl.pairs(params))


def shortened(text: str) -> str:
    """A parameter's value with long vectors left out."""
    return _VECTOR.sub("[…]", text)
