"""Watches, run by run, how well a collection's PCA describes the pictures that are new to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from vision.catalog.cache import FeatureCache
from vision.catalog.drift_form import notice
from vision.catalog.drift_record import WINDOW, Baseline, DriftFiles, Origin, Record, Run, Seen
from vision.embedding import Embedding
from vision.errors import BadSetting
from vision.reduction import drift, sample
from vision.reduction.drift import Spread
from vision.solr.client import SolrClient
from vision.solr.fields import SEPARATOR

_FIRST: Final = 200
"""New pictures that make a baseline where there is none."""
_LOOKED_UP: Final = 1000
# Of a few thousand documents: counting by every hash of the index would take longer.
_THERE: Final = orjson.dumps(
    {"there": {"type": "terms", "field": "image_hash", "limit": -1, "method": "dvhash"}}
).decode()
_NAMED: Final = 16
"""Hexadecimal digits that tell a picture from the others of a window."""


@dataclass(frozen=True)
class Watched:
    """What a run found.

    Attributes:
        drifted: whether there is an alarm.
        remarks: what the user should know.
        turned: whether they say that it begins or ends.
    """

    drifted: bool = False
    remarks: tuple[str, ...] = ()
    turned: bool = False


class Watch:
    """Keeps the record of one collection; measures at most 500 pictures of a run, whatever its size."""

    def __init__(self, files: DriftFiles, client: SolrClient, cache: FeatureCache, *, seed: int = 0) -> None:
        """``seed`` is that of samples."""
        self._files = files
        self._client = client
        self._cache = cache
        self._seed = seed

    def begin(self, embedding: Embedding, pictures: Sequence[bytes], *, fitted: bool) -> Watched:
        """Begin anew with a collection's first pictures; ``fitted`` says whether the PCA was fitted on them."""
        self._files.forget(self._client.collection)
        try:
            known = self._files.baseline(embedding.fingerprint) is not None
        except BadSetting:  # it is made anew
            known = False
        if not known and (baseline := self._baseline(embedding, pictures, fitted)) is not None:
            self._files.keep_baseline(embedding.fingerprint, baseline)
        return Watched()

    def look(self, embedding: Embedding, pictures: Sequence[bytes]) -> Watched:
        """Measure those of a run's pictures that the collection does not hold yet; to be asked before they are sent."""
        try:
            return self._looked(embedding, self._new(pictures))
        except BadSetting as error:  # it is no reason not to index
            return Watched(remarks=(f"drift was not measured: {error}",))

    def told(self, drifted: bool) -> None:
        """Note that the user was told how it is, when the run has come to its end: it is not said again."""

        def change(known: Record | None) -> Record:
            assert known is not None
            return msgspec.structs.replace(known, told=drifted)

        self._files.change(self._client.collection, change)

    def _looked(self, embedding: Embedding, new: Sequence[bytes]) -> Watched:
        baseline = self._files.baseline(embedding.fingerprint)
        record = self._noted(embedding, new, baseline) if new else self._files.record(self._client.collection)
        if record is None or record.embedding != embedding.fingerprint:
            return Watched()
        drifted = record.since is not None
        if baseline is None and len(record.window) >= _FIRST:
            self._files.keep_baseline(embedding.fingerprint, _made(embedding, Origin.FIRST_NEW, *record.spread()))
            self._files.forget(self._client.collection)
            said = (
                f"PCA drift is watched from now on: this embedding had no baseline, its first {len(record.window)} new "
                "pictures are it, and are taken to be like those before"
            )
            return Watched(remarks=(said,))
        if drifted != record.told and baseline is not None:
            return Watched(drifted, (notice(record, baseline),), turned=True)
        return Watched(drifted)

    def _noted(self, embedding: Embedding, new: Sequence[bytes], baseline: Baseline | None) -> Record:
        """The collection's record with a run's new pictures."""
        chosen = _some(new, WINDOW, self._seed)
        found = self._errors(embedding, chosen)
        seen = [Seen(each.hex()[:_NAMED], *row) for each, row in zip(chosen, found.round(6).tolist(), strict=True)]
        at = _now()
        run = Run(at, len(new), *(float(each) for each in found.mean(axis=0).round(6)))

        def change(known: Record | None) -> Record:
            if known is None or known.embedding != embedding.fingerprint:
                known = Record(embedding.fingerprint)
            return known.plus(seen, run).judged(baseline, at)

        return self._files.change(self._client.collection, change)

    def _new(self, pictures: Sequence[bytes]) -> list[bytes]:
        new: list[bytes] = []
        for start in range(0, len(pictures), _LOOKED_UP):
            part = pictures[start : start + _LOOKED_UP]
            answer = self._client.select(
                {
                    "q": f"{{!terms f=image_hash cache=false separator='{SEPARATOR}' v=$wanted}}",
                    "wanted": SEPARATOR.join(each.hex() for each in part),
                    "rows": 0,
                    "json.facet": _THERE,
                }
            )
            there = {str(each["val"]) for each in answer["facets"].get("there", {}).get("buckets", [])}
            new += [each for each in part if each.hex() not in there]
        return new

    def _baseline(self, embedding: Embedding, pictures: Sequence[bytes], fitted: bool) -> Baseline | None:
        about = embedding.pca.provenance
        held, total, seed = (int(about.get(name, 0)) for name in ("samples", "total", "seed"))
        # A file that was fitted on as many pictures was fitted on these.
        if not fitted and total != len(pictures):
            origin, found = Origin.FIRST_CATALOGUE, self._errors(embedding, _some(pictures, WINDOW, self._seed))
        elif total - held >= drift.LEAST:
            left = sample.left_out(total, held, seed)
            origin = Origin.LEFT_OUT
            found = self._errors(embedding, _some([pictures[each] for each in left], WINDOW, self._seed))
        else:
            origin = Origin.HELD_OUT
            rows = self._features(embedding, pictures)
            measured = drift.held_out(rows, embedding.pca.dims_out, embedding.codec.dims, self._seed)
            found = np.zeros((0, 2)) if measured is None else measured
        if len(found) < drift.LEAST:
            return None
        return _made(embedding, origin, Spread.of(found[:, 0]), Spread.of(found[:, 1]))

    def _errors(self, embedding: Embedding, pictures: Sequence[bytes]) -> NDArray[np.float64]:
        return drift.errors(embedding.pca, self._features(embedding, pictures), embedding.codec.dims)

    def _features(self, embedding: Embedding, pictures: Sequence[bytes]) -> NDArray[np.float32]:
        fingerprint = embedding.extractor_fingerprint
        rows = np.empty((len(pictures), embedding.pca.dims_in), dtype=np.float32)
        for start in range(0, len(pictures), _LOOKED_UP):
            part = [pictures[each] for each in range(start, min(start + _LOOKED_UP, len(pictures)))]
            rows[start : start + len(part)] = self._cache.matrix(fingerprint, part)
        return rows


def _some(pictures: Sequence[bytes], count: int, seed: int) -> list[bytes]:
    """At most ``count`` of them by chance, in their order."""
    if len(pictures) <= count:
        return list(pictures)
    chosen = np.sort(np.random.default_rng(seed).choice(len(pictures), count, replace=False))
    return [pictures[int(each)] for each in chosen]


def _made(embedding: Embedding, origin: Origin, whole: Spread, coarse: Spread) -> Baseline:
    return Baseline(_now(), origin, embedding.pca.dims_out, embedding.codec.dims, whole, coarse)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
