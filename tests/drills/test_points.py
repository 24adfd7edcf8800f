"""The drills' own pieces: a drill that cannot fail proves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.drills.contents import differences
from tests.drills.points import Event, Point, draw_points, read_events
from tests.drills.traffic import judge, same

EVENTS = [Event(name, float(second)) for second, name in enumerate(("a>", "a<", "b>", "b<", "b>", "b<", "c>", "c<"))]
GONE = {
    "type": "urn:visual-search:problem:solr-unavailable",
    "title": "Solr does not answer",
    "status": 503,
    "detail": "Solr at http://127.0.0.1:1/solr/products did not answer: no connection",
}
HITS: dict[str, Any] = {
    "hits": [{"id": "p1", "score": 0.5}, {"id": "p2", "score": 0.25}],
    "total": 2,
    "took": {"solr": 3.0},
}


def response(body: object, status: int = 200, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = json.dumps(body).encode()
    made.headers.update({"Content-Type": "application/json"} | headers)
    return made


def test_a_seed_gives_the_same_points_and_each_stage_has_one() -> None:
    points = draw_points(EVENTS, ("a", "b", "c"), 5, seed=3)
    assert points == draw_points(EVENTS, ("a", "b", "c"), 5, seed=3) != draw_points(EVENTS, ("a", "b", "c"), 5, seed=4)
    assert len({(point.name, point.ordinal) for point in points}) == 5
    assert {point.stage for point in points} == {"a", "b", "c"}
    assert all(0 <= point.delay < 1 for point in points)


def test_points_are_within_what_was_asked_for() -> None:
    points = draw_points(EVENTS, ("b",), 2, seed=1, within=lambda name: name.endswith(">"))
    assert [(point.name, point.ordinal) for point in points] == [("b>", 0), ("b>", 1)]
    assert str(Point("b>", 1, 0.01234)) == "b>:1:0.0123"


def test_events_are_read_back(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none") == ()
    (tmp_path / "log").write_text("create> 0.1000\nkilled 0.2000\n")
    assert [(event.stage, event.second) for event in read_events(tmp_path / "log")] == [
        ("create", 0.1),
        ("killed", 0.2),
    ]


def test_every_difference_is_told() -> None:
    wanted: dict[str, dict[str, Any]] = {
        "a": {"vector": b"1", "indexed": 0.5},
        "b": {"vector": b"2", "indexed": 0.5},
        "c": {"title": "x"},
    }
    assert differences(wanted, wanted) == []
    found: dict[str, dict[str, Any]] = {
        "a": {"vector": b"x", "indexed": 0.5000001},
        "b": {"vector": b"2", "indexed": 0.6},
        "d": {},
    }
    assert differences(found, wanted) == ["c is missing", "d is too much", "a: another vector", "b: another indexed"]
    assert differences({"a": {"vector": b"1"}}, {"a": wanted["a"]}) == ["a: another indexed"]


def test_right_is_the_whole_answer() -> None:
    assert judge(response(HITS | {"took": {"solr": 9.0}}), HITS) == "right"
    for unlike in ({"hits": HITS["hits"][:1]}, {"total": 1}, {"hits": [{"id": "p1", "score": 0.4}, HITS["hits"][1]]}):
        assert judge(response(HITS | unlike), HITS) == "wrong"
    assert same([1.0, {"a": 1}], [1.0000001, {"a": 1}]) and not same([1.0], [1.0, 2.0]) and not same({"a": 1}, {})


PROBLEM = {"Content-Type": "application/problem+json", "Retry-After": "5"}


@pytest.mark.parametrize(
    ("came", "verdict"),
    [
        (response(GONE, 503, **PROBLEM), "unavailable"),
        (response(GONE, 503), "wrong"),
        (response(GONE | {"title": "The model cannot be loaded"}, 503, **PROBLEM), "wrong"),
        (response(GONE, 502, **PROBLEM), "wrong"),
        (response(GONE, 404, **PROBLEM), "wrong"),
        (response(GONE), "wrong"),
    ],
)
def test_unavailable_is_a_clear_503(came: requests.Response, verdict: str) -> None:
    assert judge(came, HITS) == verdict


def test_in_a_batch_each_search_counts() -> None:
    expected = {"results": [HITS, HITS]}
    assert judge(response(expected), expected) == "right"
    assert judge(response({"results": [HITS, GONE]}), expected) == "unavailable"
    assert judge(response({"results": [GONE]}), expected) == "wrong"
    assert judge(response({"results": [HITS, HITS | {"total": 1}]}), expected) == "wrong"
