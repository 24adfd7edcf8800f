from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.embedding import check_vector
from vision.errors import BadQuery, BadVector
from vision.search.model import Mode, Range
from vision.search.request import parse, to_query

VECTOR = np.ones(1024, dtype=np.float32)


def test_a_whole_request_becomes_a_query() -> None:
    request = parse(
        b'{"q":" knee-length dress ","filters":{"color":["red","red","blue"],"price":{"min":10},"in_stock":[true]},'
        b'"facets":["color","color"],"weights":{"text":0.3,"image":0.7},"max_distance":5,"mode":"exact",'
        b'"sort":"price desc","rows":12,"start":24,"explain":true}'
    )
    query = to_query(request, VECTOR, "histogram-1")
    assert query.text == "knee-length dress"
    assert query.filters == {"color": ("red", "blue"), "in_stock": ("true",)}
    assert query.ranges == {"price": Range(10, None)}
    assert query.facets == ("color",)
    assert (query.weights.text, query.weights.image, query.max_distance) == (0.3, 0.7, 5)
    assert (query.mode, query.sort, query.rows, query.start, query.explain) == (Mode.EXACT, "-price", 12, 24, True)


def test_solr_similarity_and_squared_distance_are_the_same_threshold() -> None:
    query = to_query(parse({"min_similarity": 0.2}), VECTOR, "e")
    assert query.max_distance == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({}, "no q, picture, image_id or filters"),
        ({"rows": 5}, "no q, picture"),
        ({"q": "  "}, "no q, picture"),
        ({"q": 5}, "Expected `str | null`, got `int`"),
        ({"colour": "red", "q": "x"}, "unknown field `colour`.*accepted: q, image"),
        ({"q": "x", "rows": -1}, r"`int` >= 0.*\$.rows"),
        ({"q": "x", "rows": 100_000}, "<= 1000"),
        ({"q": "x", "start": 10**9}, "<= 1000000"),
        ({"q": "x", "weights": {"text": 1.5}}, r"`float` <= 1.0.*weights.text"),
        ({"q": "x", "weights": {"text": -0.1}}, ">= 0.0"),
        ({"q": "x", "weights": {"text": 0}}, "weights of what is searched by are all 0"),
        ({"q": "x", "mode": "fast"}, "Invalid enum value 'fast'"),
        ({"q": "x", "sort": "colour"}, "sort is 'colour'; accepted"),
        ({"q": "x", "sort": "price down"}, "sort is 'price down'"),
        ({"q": "x", "language": "de}{!func"}, "language is 'de}{!func'; give two letters"),
        ({"q": "x", "language": ""}, "give two letters, such as en or de"),
        ({"q": "x", "group_by": "brand"}, "group_by is 'brand'; accepted: product_id"),
        ({"q": "x", "max_distance": 3}, "a threshold needs a picture"),
        ({"q": "x", "max_distance": -1}, ">= 0.0"),
        ({"q": "x", "min_similarity": 0}, "> 0.0"),
        ({"q": "x", "ranges": {"price": {"min": 9, "max": 1}}}, "from 9.0 to 1.0; min must not be over max"),
        ({"q": "x", "filters": {"color": "red"}}, "filters"),
        ({"q": "x", "filters": {"color": ["a\x1fb"]}}, "control characters"),
        ({"q": "x", "filters": {"color": [""]}}, "empty value"),
        ({"q": "x", "filters": {"color": [str(n) for n in range(201)]}}, "201 values; at most 200"),
        ({"q": "x", "crop": [0, 0, 1]}, "length >= 4"),
        ({"q": "x", "vector": ["a"]}, "Expected `float`"),
    ],
)
def test_what_cannot_be_accepted_says_what_came_and_what_is(members: dict[str, Any], says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        to_query(parse(members), None, None)


def test_json_that_is_none() -> None:
    with pytest.raises(BadQuery, match="the query is not JSON"):
        parse(b"{'q': 1}")


def test_two_thresholds_contradict() -> None:
    with pytest.raises(BadQuery, match="not both"):
        to_query(parse({"min_similarity": 0.5, "max_distance": 1}), VECTOR, "e")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0] * 1023, r"shape \(1023,\)"),
        ([float("nan")] + [0.0] * 1023, "NaN or infinite"),
        ([float("inf")] + [0.0] * 1023, "NaN or infinite"),
        ([1e30] * 1024, "too long"),
        (["x"] * 1024, "must be 1024 numbers"),
        ([[1.0]], "shape"),
    ],
)
def test_a_vector_is_checked_before_it_is_sent(values: Any, says: str) -> None:
    with pytest.raises(BadVector, match=says):
        check_vector(values)


def test_everything_can_be_listed_by_a_star() -> None:
    query = to_query(parse({"q": "*"}), None, None)
    assert query.text is None


def test_the_language_is_the_requests_or_the_default() -> None:
    assert to_query(parse({"q": "x"}), None, None).language == "en"
    assert to_query(parse({"q": "x"}), None, None, language="fr").language == "fr"
    assert to_query(parse({"q": "x", "language": " DE "}), None, None, language="fr").language == "de"
