"""What is said of a collection's drift: the same to a terminal, over HTTP and on the engine's page."""

from __future__ import annotations

from typing import Final

import msgspec

from vision.catalog.drift_record import Baseline, DriftFiles, Origin, Record, Run, State
from vision.reduction.drift import LEAST

_SHOWN: Final = 10
_DO: Final = "index into a new collection and change over when it is good: docs/drift.md"


class MeasureForm(msgspec.Struct, frozen=True):
    """Mean part of a picture that ``components`` leave out: what is usual, tolerated, and of the newest pictures.

    ``beyond`` is the part of those with a larger error than 95 % of the pictures that the usual one is of.
    """

    components: int
    usual: float
    tolerated: float
    now: float
    ratio: float | None
    beyond: float


class DriftForm(msgspec.Struct, frozen=True):
    """How well the newest pictures of a collection are described, against what is usual for its embedding.

    ``state`` is ``usual``, ``drifted``, ``too_few`` or ``no_baseline``; ``since`` says when an alarm began. ``whole``
    is of all components, ``coarse`` of the leading ones; ``pictures`` are compared with ``baseline_pictures``, of
    which ``origin`` says what they were. ``runs`` are the last that brought pictures. ``notice`` says what to do.
    """

    collection: str
    embedding: str
    state: State
    since: str | None
    origin: Origin | None
    baseline_pictures: int
    pictures: int
    whole: MeasureForm | None
    coarse: MeasureForm | None
    runs: list[Run]
    notice: str | None


def drift_form(files: DriftFiles, collection: str, embedding: str) -> DriftForm:
    """As `pca drift --json` prints it, and `GET /v1/status` answers.

    Raises:
        BadSetting: a file is damaged.
    """
    baseline, record = files.baseline(embedding), files.record(collection)
    if record is None or record.embedding != embedding:
        record = Record(embedding)
    found = None if baseline is None else record.against(baseline)
    whole = coarse = None
    said: str | None = None
    if baseline is None:
        state, said = State.NO_BASELINE, "no baseline: it is made of the next new pictures, 200 or more"
    elif found is None:
        state = State.TOO_FEW
        said = f"{len(record.window)} new pictures since the PCA was fitted; {LEAST} are needed to say anything"
    else:
        state = State.USUAL if record.since is None else State.DRIFTED
        if record.since is not None:
            said = notice(record, baseline)
        whole, coarse = (
            MeasureForm(
                components, each.usual, each.tolerated, each.now, each.ratio if each.usual else None, each.beyond
            )
            for components, each in zip(_components(baseline), found, strict=True)
        )
    return DriftForm(
        collection=collection,
        embedding=embedding,
        state=state,
        since=record.since if state is State.DRIFTED else None,
        origin=None if baseline is None else baseline.origin,
        baseline_pictures=0 if baseline is None else baseline.whole.count,
        pictures=len(record.window),
        whole=whole,
        coarse=coarse,
        runs=record.runs[-_SHOWN:],
        notice=said,
    )


def notice(record: Record, baseline: Baseline) -> str:
    """What changed, in a sentence, and what to do."""
    found = record.against(baseline)
    if found is None or record.since is None:
        return "PCA drift: the newest pictures are described as well as is usual again"
    worse, components = next(
        (pair for pair in zip(found, _components(baseline), strict=True) if pair[0].surely),
        (found[1], _components(baseline)[1]),
    )
    return (
        f"PCA drift: {components:,} components leave out {worse.now:.1%} of the last {len(record.window)} new "
        f"pictures, where {worse.usual:.1%} is usual; `visual-search pca drift` shows it, and {_DO}"
    )


def _components(baseline: Baseline) -> tuple[int, int]:
    """All of them, and the leading ones."""
    return baseline.dims, min(baseline.dims, baseline.coarse_dims)
