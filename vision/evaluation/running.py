"""Run an evaluation: index what each setup needs, rank, judge, take times, and leave nothing in Solr."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision import reduction
from vision.catalog.cache import FeatureCache
from vision.console import Progress
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadSetting
from vision.evaluation.gallery import Gallery, Source
from vision.evaluation.indexes import Flat, Index, Ranker, Scope, throwaway
from vision.evaluation.judgments import Judgments, Rows
from vision.evaluation.metrics import average_precision, precision_at_k, recall_at_k, reciprocal_rank
from vision.evaluation.setups import NUMPY, Setup, Sizes
from vision.evaluation.timing import Times, interleaved
from vision.reduction import DIMS, CoarseCodec, Pca
from vision.search.model import Query
from vision.search.planner import Limits

K = 10
"""Of precision and recall."""
SHOWN = 8
"""Hits that are kept of each query, to look at."""
_ROUNDS, _WARM = 100, 5
_WHOLE, _DEPTH = 10_000, 1_000


@dataclass(frozen=True)
class Options:
    """What an evaluation may choose.

    Attributes:
        queries: most pictures that are asked as queries, or None for all.
        seed: of their sample.
        depth: results that are ranked for each query; None for all, of a large catalogue the first 1,000.
    """

    queries: int | None = 500
    seed: int = 0
    depth: int | None = None

    def ranked(self, pictures: int) -> int:
        """How many results are ranked of so many pictures."""
        if self.depth is not None:
            return min(self.depth, pictures)
        return pictures if pictures <= _WHOLE else _DEPTH


@dataclass(frozen=True)
class Server:
    """The Solr that throw-away collections are made in, and how it is asked."""

    url: str
    limits: Limits
    timeout: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """One setup's figures: means over its queries, and the times of one caller's pages of 24.

    Attributes:
        setup: what was measured.
        label: the extractor's short name.
        queries: how many were asked.
        map: mean average precision over the ranked depth, divided by all relevant pictures that the filter leaves.
        precision: P@10.
        recall: R@10.
        mrr: mean reciprocal rank.
        times: of searches, in turns with the other setups.
        extract_ms: median time from a photo's bytes to its features, which a search by photo costs besides.
        variance: part of the features' variance that the dimensions keep; 1 without PCA.
        index_bytes: on Solr's disk for each picture; None without a collection.
        tops: the first rows found, by the row asked.
    """

    setup: Setup
    label: str
    queries: int
    map: float
    precision: float
    recall: float
    mrr: float
    times: Times
    extract_ms: float
    variance: float
    index_bytes: float | None
    tops: Mapping[int, Rows]

    def plain(self) -> dict[str, Any]:
        """One member of the answer of ``evaluate --json``."""
        return {
            "extractor": self.setup.extractor,
            "dims": self.setup.dims,
            "mode": self.setup.mode,
            "filter": self.setup.filter,
            "queries": self.queries,
            "map": round(self.map, 4),
            f"p@{K}": round(self.precision, 4),
            f"r@{K}": round(self.recall, 4),
            "mrr": round(self.mrr, 4),
            "qps": round(self.times.per_second, 1),
            "p50_ms": round(self.times.p50, 2),
            "p95_ms": round(self.times.p95, 2),
        }


def scopes(
    gallery: Gallery, judgments: Judgments, filters: Sequence[tuple[str | None, Query]], options: Options
) -> list[Scope]:
    """What each filter leaves, and the queries that are asked within it: a seeded sample of those with an answer.

    A filter restricts what is found, not what is asked: a photo of a red dress may be looked for among blue ones.

    Raises:
        BadSetting: within a filter no picture has a right answer.
        BadQuery: a filter on a field that no product has.
    """
    found = []
    for name, query in filters:
        pool = gallery.matching(query)
        asked = judgments.queries(pool)
        if not len(asked):
            within = "" if name is None else f" among the {pool.sum():,} pictures of {name}"
            raise BadSetting(
                f"no picture has another one that is right{within}; look at --label, or give other filters"
            )
        if options.queries is not None and len(asked) > options.queries:
            asked = np.sort(np.random.default_rng(options.seed).choice(asked, options.queries, replace=False))
        found.append(Scope(name, query, pool, asked))
    return found


@dataclass(frozen=True, eq=False)
class _Job:
    """A setup that is ready to be asked."""

    setup: Setup
    source: Source
    scope: Scope
    ranker: Ranker
    variance: float
    index_bytes: float | None


@dataclass(frozen=True, eq=False)
class _Quality:
    """mAP, P@10, R@10 and MRR, and the first rows found by the row asked."""

    means: tuple[float, ...]
    tops: Mapping[int, Rows]


def evaluate(
    gallery: Gallery,
    judgments: Judgments,
    asked: Sequence[Scope],
    sources: Mapping[Source, Sizes],
    cache: FeatureCache,
    server: Server | None,
    options: Options,
    progress: Progress,
) -> list[Outcome]:
    """Measure every setup: extractors in their order, their dimensions and modes, then the filters.

    Args:
        gallery: the pictures.
        judgments: the right answers.
        asked: from :func:`scopes`.
        sources: the dimensions and modes of each extractor.
        cache: holds their features.
        server: where collections are made; may be None if no setup needs one.
        options: depth and seed.
        progress: told of the stages ``pca``, ``index``, ``rank`` and ``time``.

    Raises:
        SolrError: Solr did not answer or refused; its collections are dropped.
    """
    depth = options.ranked(len(gallery))
    with ExitStack() as stack:
        store = EmbeddingStore(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="visual-search-"))))
        indexes = sum(len(sizes.indexed) for sizes in sources.values())
        progress_of = (partial(_index_progress, progress, number, indexes) for number in range(indexes))
        maker = _Maker(stack, store, gallery, asked, server, options.seed, progress, progress_of)
        jobs = [job for source, sizes in sources.items() for job in maker.jobs(source, sizes, cache)]
        total, done = sum(len(job.scope.asked) for job in jobs), 0
        quality = []
        for job in jobs:
            quality.append(_judged(job, judgments, depth, partial(_rank_progress, progress, done, total)))
            done += len(job.scope.asked)
        progress("time", 0, None)
        times = interleaved(
            {number: partial(_page, job) for number, job in enumerate(jobs)},
            range(min(_ROUNDS, *(len(job.scope.asked) for job in jobs))),
            warm=_WARM,
        )
    return [_outcome(job, each, times[number]) for number, (job, each) in enumerate(zip(jobs, quality, strict=True))]


def _rank_progress(progress: Progress, before: int, total: int, number: int) -> None:
    progress("rank", before + number, total)


def _index_progress(progress: Progress, before: int, indexes: int, stage: str, done: int, total: int | None) -> None:
    """Of one of several collections, which all have the same pictures."""
    assert total is not None
    progress(stage, before * total + done, indexes * total)


def _page(job: _Job, number: int) -> object:
    return job.ranker.search(int(job.scope.asked[number]), job.scope, job.setup.mode)


def _judged(job: _Job, judgments: Judgments, depth: int, advance: Callable[[int], None]) -> _Quality:
    """Rank every query of a job; only figures and the first hits are kept."""
    scores = []
    tops = {}
    for number, row in enumerate(job.scope.asked.tolist(), start=1):
        found = job.ranker.ranked(row, job.scope, job.setup.mode, depth)
        right = judgments.relevant(row) & job.scope.pool
        relevance, known = right[found], int(right.sum())
        scores.append(
            (
                average_precision(relevance, known)[0],
                precision_at_k(relevance, K)[0],
                recall_at_k(relevance, K, known)[0],
                reciprocal_rank(relevance)[0],
            )
        )
        tops[row] = found[:SHOWN].copy()
        advance(number)
    return _Quality(tuple(float(mean) for mean in np.mean(np.array(scores), axis=0)), tops)


def _outcome(job: _Job, quality: _Quality, times: Times) -> Outcome:
    mean_ap, precision, recall, mrr = quality.means
    return Outcome(
        setup=job.setup,
        label=job.source.label,
        queries=len(quality.tops),
        map=mean_ap,
        precision=precision,
        recall=recall,
        mrr=mrr,
        times=times,
        extract_ms=job.source.extract_ms,
        variance=job.variance,
        index_bytes=job.index_bytes,
        tops=quality.tops,
    )


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes what ranks: collections, each dropped when the stack ends, and flat scans."""

    stack: ExitStack
    store: EmbeddingStore
    gallery: Gallery
    asked: Sequence[Scope]
    server: Server | None
    seed: int
    progress: Progress
    progress_of: Iterator[Progress]
    """Of each collection in turn."""

    def jobs(self, source: Source, sizes: Sizes, cache: FeatureCache) -> Iterator[_Job]:
        """All setups of an extractor; its PCA is fitted once, at the most dimensions asked, and cut for the others."""
        features = cache.matrix(source.fingerprint, self.gallery.pictures)
        reduced = [dims for dims, _ in sizes.pairs if dims <= DIMS]
        pca, vectors = None, features
        if reduced:
            self.progress("pca", 0, None)
            pca = reduction.fit(
                features, extractor_fingerprint=source.fingerprint, n_components=max(reduced), seed=self.seed
            )
            vectors = pca.transform(features)
        made: dict[tuple[int, bool], Ranker] = {}
        for dims, mode in sizes.pairs:
            key = (dims, mode == NUMPY)
            if key not in made:
                if mode == NUMPY:
                    made[key] = Flat(features if pca is None or dims > DIMS else vectors[:, :dims], self.gallery.ids)
                else:
                    assert pca is not None
                    made[key] = self._index(source, pca.truncated(dims), vectors)
            ranker = made[key]
            variance = 1.0 if pca is None or dims > DIMS else float(pca.explained_variance_ratio[:dims].sum())
            index_bytes = ranker.picture_bytes() if isinstance(ranker, Index) else None
            for scope in self.asked:
                setup = Setup(source.name, dims, mode, scope.name)
                yield _Job(setup, source, scope, ranker, variance, index_bytes)

    def _index(self, source: Source, pca: Pca, whole: NDArray[np.float32]) -> Index:
        assert self.server is not None
        vectors = whole.copy()
        vectors[:, pca.dims_out :] = 0
        codec, sigma2 = CoarseCodec.fit(vectors), reduction.sigma2(vectors, seed=self.seed)
        embedding = Embedding(source.name, source.fingerprint, pca, codec, sigma2)
        asked = np.unique(np.concatenate([scope.asked for scope in self.asked]))
        index = throwaway(
            self.server.url,
            self.store,
            self.gallery,
            embedding,
            vectors,
            asked,
            limits=self.server.limits,
            timeout=self.server.timeout,
            progress=next(self.progress_of),
        )
        return self.stack.enter_context(index)
