"""The parts of a score beside words and the picture searched by: other pictures, and numbers, each with its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from vision.errors import BadQuery
from vision.search.model import Closeness, Likeness, Vector
from vision.solr.fields import NUMBERS

MAX_SIMILARITIES: Final = 4
_MEMBER: Final = "similarities"


class SimilarityRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One more part of the score: likeness to a picture, or nearness of a number.

    A picture is one of ``image_id``, ``upload_id`` and ``vector``. A number is ``field`` with ``near``, where the part
    is 1, and ``scale``, how far away it is a half. ``weight`` counts beside those of words and picture.
    """

    image_id: str | None = None
    upload_id: str | None = None
    vector: list[float] | None = None
    field: str | None = None
    near: float | None = None
    scale: Annotated[float, Meta(gt=0)] | None = None
    weight: Annotated[float, Meta(ge=0, le=1)] = 0.3


Similarities = Annotated[list[SimilarityRequest], Meta(max_length=MAX_SIMILARITIES)]


def check(asked: Sequence[SimilarityRequest]) -> None:
    """Refuse what is neither one picture nor one number.

    Raises:
        BadQuery: what came, and what is accepted.
    """
    for place, each in enumerate(asked):
        given = [name for name in ("image_id", "upload_id", "vector", "field") if getattr(each, name) is not None]
        if len(given) != 1:
            came = " and ".join(given) or "nothing to compare with"
            raise BadQuery(f"{_MEMBER}[{place}] has {came}; give one of image_id, upload_id, vector, field", _MEMBER)
        numbers = [name for name in ("near", "scale") if getattr(each, name) is not None]
        if each.field is None and numbers:
            raise BadQuery(f"{_MEMBER}[{place}] has {numbers[0]} without a field; it goes with a number", _MEMBER)
        if each.field is not None and len(numbers) < 2:
            raise BadQuery(f"{_MEMBER}[{place}] needs near and scale beside field {each.field!r}", _MEMBER)
        if each.field is not None and each.field not in NUMBERS:
            raise BadQuery(
                f"{_MEMBER}[{place}].field is {each.field!r}, which is no number; accepted: {', '.join(NUMBERS)}",
                _MEMBER,
            )


def parts(asked: Sequence[SimilarityRequest], vectors: Sequence[Vector | None]) -> tuple[Likeness | Closeness, ...]:
    """What was asked as parts of the score; those of weight 0 are none.

    Args:
        asked: checked.
        vectors: (1024,) of each picture, None for numbers.
    """
    found: list[Likeness | Closeness] = []
    for each, vector in zip(asked, vectors, strict=True):
        if each.weight == 0:
            continue
        if vector is not None:
            found.append(Likeness(vector, each.weight, of=each.image_id or each.upload_id))
        elif each.field is not None and each.near is not None and each.scale is not None:
            found.append(Closeness(each.field, each.near, each.scale, each.weight))
    return tuple(found)
