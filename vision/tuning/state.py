"""Which limits are in force for a collection, where each comes from, and whether what was tuned still fits it."""

from __future__ import annotations

from typing import Final

import msgspec

from vision.search.engine import SearchEngine
from vision.search.model import Query
from vision.search.tuned import InForce, Origin
from vision.tuning.levels import count

_GROWN: Final = 2.0
"""How many times larger or smaller a collection may be than it was measured."""


class LimitForm(msgspec.Struct, frozen=True):
    """A limit, and where it comes from: the environment, what was tuned, or the default."""

    value: int
    origin: Origin = msgspec.field(name="from")


class ChosenForm(msgspec.Struct, frozen=True):
    """What ``visual-search tune`` chose, when, and on how many pictures of which vectors."""

    made: str
    embedding: str
    pictures: int
    candidates: int
    exact_below: int


class TuningForm(msgspec.Struct, frozen=True):
    """The limits that searches of the collection go by now; ``notice`` says what is to be done about them."""

    collection: str
    pictures: int
    candidates: LimitForm
    exact_below: LimitForm
    tuned: ChosenForm | None
    notice: str | None


def state(engine: SearchEngine) -> TuningForm:
    """As `tune show --json` prints it and `GET /v1/tuning` answers.

    Raises:
        NotFound, SolrUnavailable: the collection cannot be asked.
    """
    found = engine.limits()
    pictures = count(engine.collection, Query())
    tuned = found.tuned
    return TuningForm(
        engine.client.collection,
        pictures,
        LimitForm(found.limits.candidates, found.candidates),
        LimitForm(found.limits.exact_below, found.exact_below),
        None
        if tuned is None
        else ChosenForm(tuned.made, tuned.embedding, tuned.pictures, tuned.candidates, tuned.exact_below),
        _notice(found, pictures),
    )


def _notice(found: InForce, pictures: int) -> str | None:
    if found.notice is not None or found.tuned is None:
        return found.notice
    then = found.tuned.pictures
    if not then / _GROWN <= pictures <= then * _GROWN:
        return f"tuned on {then:,} pictures, there are {pictures:,} now; run `visual-search tune` again"
    return None
