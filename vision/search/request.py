"""The JSON form of a search (`POST /v1/search`, and what the command line builds), and its way to a `Query`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from vision.errors import BadQuery
from vision.search.model import DEFAULT_LANGUAGE, SORTS, Diversity, Likeness, Mode, Query, Range, Vector, Weights
from vision.search.similarities import Similarities, parts
from vision.search.text import EVERYTHING, cleaned, normalise

MAX_ROWS = 1000
MAX_START = 1_000_000
MAX_VALUES = 200
MAX_IDS = 100
MAX_EXCLUDED = 5000
MAX_MISSING = 20

_THRESHOLDS = ("min_similarity", "max_distance", "min_match")
# It becomes part of a parameter's name, so nothing but letters.
LANGUAGE = re.compile("[a-z]{2,3}")

MAX_IGNORED = 50

Weight = Annotated[float, Meta(ge=0, le=1)]


class RangeRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Inclusive bounds; either may be left out."""

    min: float | None = None
    max: float | None = None


class WeightsRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How much words and picture count; 0 to 1 each, only their ratio matters."""

    text: Weight = 0.5
    image: Weight = 0.5


class ProfileRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A shopper's profile in a search: it ranks, softly, or filters.

    ``weight`` is how much being near what they like counts beside words and picture, ``max_distance`` what still counts
    as near for a filter; the collection's median distance to half of it if left out.
    """

    id: str
    use: Literal["rank", "filter"] = "rank"
    weight: Weight = 0.3
    max_distance: Annotated[float, Meta(gt=0)] | None = None


class DiversityRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the first results are ordered anew.

    ``mmr`` is how much being unlike those before counts beside the score, ``most`` how many products of one value of a
    field come before all other values had theirs, ``fold`` whether near-duplicates are shown as one.
    """

    mmr: Weight = 0.0
    most: dict[str, Annotated[int, Meta(ge=1, le=MAX_ROWS)]] = {}
    fold: bool = False


class CategoryFirstRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``category_first`` with the categories that the photo is to be taken for, instead of those voted."""

    categories: Annotated[list[str], Meta(min_length=1, max_length=MAX_VALUES)]


Ids = Annotated[list[str], Meta(max_length=MAX_IDS)]
Values = list[str | bool | int | float]


class SearchRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A search as it comes over HTTP; a picture comes as ``image`` in base64, or beside it as a multipart file."""

    q: str | None = None
    image: bytes | None = None
    image_url: str | None = None
    image_id: str | None = None
    image_text: Annotated[str, Meta(max_length=1000)] | None = None
    upload_id: str | None = None
    vector: list[float] | None = None
    like: Ids = []
    unlike: Ids = []
    exclude: Annotated[list[str], Meta(max_length=MAX_EXCLUDED)] = []
    filters: dict[str, Values | RangeRequest] = {}
    ranges: dict[str, RangeRequest] = {}
    missing: Annotated[list[str], Meta(max_length=MAX_MISSING)] = []
    facets: list[str] = []
    weights: WeightsRequest = WeightsRequest()
    similarities: Similarities = []
    min_similarity: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_distance: Annotated[float, Meta(ge=0)] | None = None
    min_match: Annotated[float, Meta(gt=0, le=1)] | None = None
    crop: Annotated[list[float], Meta(min_length=4, max_length=4)] | None = None
    detect: bool = False
    extractor: str | None = None
    language: str | None = None
    mode: Mode = Mode.AUTO
    sort: str | None = None
    group_by: str | None = "product_id"
    category_first: bool | CategoryFirstRequest = False
    diversity: DiversityRequest | None = None
    profile: ProfileRequest | None = None
    explain: bool = False
    spelling: Literal["on", "off"] = "on"
    understand: Literal["on", "off"] = "on"
    ignore: Annotated[list[Annotated[str, Meta(max_length=500)]], Meta(max_length=MAX_IGNORED)] = []
    rows: Annotated[int, Meta(ge=0, le=MAX_ROWS)] = 24
    start: Annotated[int, Meta(ge=0, le=MAX_START)] = 0
    page: str | None = None
    time_allowed: Annotated[int, Meta(ge=1)] | None = None

    @property
    def seconds(self) -> float | None:
        """That it allows itself; None for as long as others take."""
        return None if self.time_allowed is None else self.time_allowed / 1000


def parse(data: bytes | dict[str, Any]) -> SearchRequest:
    """Read a request from JSON, or from values decoded already.

    Raises:
        BadQuery: what is wrong, where, and what is accepted.
    """
    try:
        if isinstance(data, bytes):
            return msgspec.json.decode(data, type=SearchRequest)
        return msgspec.convert(data, type=SearchRequest)
    except msgspec.ValidationError as error:
        message = str(error)
        if "unknown field" in message:
            message += f"; accepted: {', '.join(SearchRequest.__struct_fields__)}"
        raise BadQuery(message, _path(message)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the query is not JSON: {error}") from error


def to_query(
    request: SearchRequest,
    vector: Vector | None,
    embedding: str | None,
    *,
    language: str = DEFAULT_LANGUAGE,
    others: Sequence[Vector | None] = (),
) -> Query:
    """Check what single members cannot say and build the query.

    Args:
        request: as it came.
        vector: (1024,) of the picture asked for, if one was.
        embedding: the fingerprint that ``vector`` was made with.
        language: of the words, where the request does not say.
        others: (1024,) of each of the request's ``similarities`` that is a picture. The first takes the place of the
            picture asked for where there is none.

    Raises:
        BadQuery: nothing to search by, contradictions, or values outside what is accepted.
    """
    text = normalise(request.q)
    everything = request.q is not None and cleaned(request.q) in EVERYTHING
    filters, ranges = _filters(request)
    weights, similar = Weights(request.weights.text, request.weights.image), parts(request.similarities, others)
    stand_in = next((each for each in similar if isinstance(each, Likeness)), None)
    if vector is None and stand_in is not None:
        vector, weights = stand_in.vector, Weights(weights.text, stand_in.weight)
        similar = tuple(each for each in similar if each is not stand_in)
    missing = _missing(request, {*filters, *ranges})
    found = text is not None or vector is not None or bool(similar)
    if not (found or request.profile is not None or filters or ranges or missing or everything):
        raise BadQuery("the search has no q, picture, image_id or filters; give at least one (q='*' lists everything)")
    thresholds = [name for name in _THRESHOLDS if getattr(request, name) is not None]
    if len(thresholds) > 1:
        raise BadQuery(f"give {' or '.join(thresholds)}, not both; s = 1/(1+d²)", thresholds[1])
    threshold = request.max_distance
    if request.min_similarity is not None:
        threshold = 1.0 / request.min_similarity - 1.0
    if threshold is not None and (vector is None or not math.isfinite(threshold)):
        raise BadQuery("a threshold needs a picture, image_id or vector to measure from, and a finite value")
    if request.category_first and vector is None:
        raise BadQuery("category_first needs a picture, image_id or vector to tell the category of", "category_first")
    if request.min_match is not None and vector is None:
        raise BadQuery("min_match needs a picture, image_id or vector to measure from", "min_match")
    used = (weights.text if text is not None else 0.0) + (weights.image if vector is not None else 0.0)
    if found and used + sum(each.weight for each in similar) == 0:
        raise BadQuery("the weights of what is searched by are all 0; give one of them more than 0", "weights")
    return Query(
        text=text,
        language=checked_language(request.language, language),
        vector=vector,
        embedding=embedding,
        filters=filters,
        ranges=ranges,
        missing=missing,
        facets=tuple(dict.fromkeys(request.facets)),
        weights=weights,
        similarities=similar,
        max_distance=threshold,
        mode=request.mode,
        sort=_sort(request.sort),
        grouped=_grouped(request.group_by),
        explain=request.explain,
        spelling=request.spelling == "on",
        understand=request.understand == "on",
        ignore=tuple(request.ignore),
        rows=request.rows,
        start=request.start,
        excluded=tuple(sorted({_value("exclude", id) for id in request.exclude})),
        diversity=_diversity(request),
    )


def categories(request: SearchRequest) -> tuple[str, ...]:
    """The categories that the photo is to be taken for, where the request says."""
    asked = request.category_first
    if isinstance(asked, bool):
        return ()
    return tuple(dict.fromkeys(_value("category_first", each) for each in asked.categories))


def _diversity(request: SearchRequest) -> Diversity | None:
    """What was asked, or None where it would change nothing."""
    asked = request.diversity
    if asked is None or not (asked.mmr or asked.most or asked.fold):
        return None
    if _sort(request.sort) not in (None, "score"):
        raise BadQuery(f"diversity orders by score, and sort is {request.sort!r}; leave one of them out", "diversity")
    if len(asked.most) > 3:
        raise BadQuery(f"diversity.most has {len(asked.most)} fields; at most 3 are accepted", "diversity")
    return Diversity(asked.mmr, dict(asked.most), asked.fold)


def _filters(request: SearchRequest) -> tuple[dict[str, tuple[str, ...]], dict[str, Range]]:
    filters: dict[str, tuple[str, ...]] = {}
    ranges = {name: _range(name, bounds) for name, bounds in request.ranges.items()}
    for name, values in request.filters.items():
        if isinstance(values, RangeRequest):
            ranges[name] = _range(name, values)
        elif len(values) > MAX_VALUES:
            raise BadQuery(f"filters.{name} has {len(values)} values; at most {MAX_VALUES} are accepted", name)
        elif values:
            filters[name] = tuple(dict.fromkeys(_value(f"filters.{name}", each) for each in values))
    return filters, ranges


def _missing(request: SearchRequest, narrowed: set[str]) -> tuple[str, ...]:
    both = sorted(narrowed.intersection(request.missing))
    if both:
        raise BadQuery(f"{both[0]!r} is in missing, and narrowed to values as well; leave one of them out", both[0])
    return tuple(sorted({_value("missing", name) for name in request.missing}))


def _value(name: str, value: str | bool | int | float) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text or any(ord(character) < 32 for character in text):
        raise BadQuery(f"{name} has an empty value or one with control characters", name.removeprefix("filters."))
    return text


def _range(name: str, bounds: RangeRequest) -> Range:
    if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        raise BadQuery(f"{name} is from {bounds.min} to {bounds.max}; min must not be over max", name)
    return Range(bounds.min, bounds.max)


def _sort(sort: str | None) -> str | None:
    if sort is None:
        return None
    words = sort.strip().lower().split()
    name = words[0].lstrip("-") if words else ""
    descending = sort.strip().startswith("-") or words[1:] == ["desc"]
    normal = f"-{name}" if descending and name != "score" else name
    if normal not in SORTS or len(words) > 2 or words[1:] not in ([], ["asc"], ["desc"]):
        raise BadQuery(f"sort is {sort!r}; accepted: score, price asc, price desc", "sort")
    return normal


def checked_language(asked: str | None, default: str) -> str:
    """The language asked for, or the default.

    Raises:
        BadQuery: what cannot be one; whether the collection has it is for the collection to say.
    """
    language = default if asked is None else asked.strip().lower()
    if not LANGUAGE.fullmatch(language):
        raise BadQuery(f"language is {asked!r}; give two letters, such as en or de", "language")
    return language


def _grouped(group_by: str | None) -> bool:
    if group_by in (None, "", "none"):
        return False
    if group_by != "product_id":
        raise BadQuery(f"group_by is {group_by!r}; accepted: product_id, or null for single pictures", "group_by")
    return True


def _path(message: str) -> str | None:
    return message.rpartition("`$.")[2].rstrip("`") if "`$." in message else None
