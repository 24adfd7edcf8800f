"""`/v1/feed`: what is accepted is kept, and said to be kept only then."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from api.v1 import feed
from tests.api.fakes import FakeWorkspace

ROW = {"id": "p1", "title": "thing", "image": "a.png"}
NDJSON = {"Content-Type": feed.NDJSON}


def lines(*members: object) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in members)


def test_changes_are_kept(client: FlaskClient, workspace: FakeWorkspace) -> None:
    body = lines({"op": "upsert", "product": ROW}, {"op": "delete", "id": "p2"}) + b"\r\n\n"
    answered = client.post("/v1/feed", data=body, headers=NDJSON)
    assert (answered.status_code, answered.get_json()) == (
        202,
        {"accepted": 2, "rejected": [], "queued": 2, "following": False},
    )
    kept = [each.change for each in workspace.feed().take(10)]
    assert [(each.id, each.row is None) for each in kept] == [("p1", False), ("p2", True)]
    one = client.post("/v1/feed", json={"op": "delete", "id": "p3"})
    assert one.get_json()["queued"] == 3
    found = client.get("/v1/feed").get_json()
    assert (found["queued"], found["applied"], found["following"], found["heard"]) == (3, 0, False, None)
    assert 0 <= found["lag_seconds"] < 60
    figures = client.get("/metrics").get_data(as_text=True)
    assert "visual_search_feed_queued 3.0" in figures
    assert "visual_search_feed_following 0.0" in figures


def test_a_row_that_is_no_good_is_refused_alone(client: FlaskClient, workspace: FakeWorkspace) -> None:
    body = lines({"op": "upsert", "product": ROW | {"price": "dear"}}, {"op": "delete", "id": "p2"})
    answered = client.post("/v1/feed", data=body, headers=NDJSON).get_json()
    assert answered["accepted"] == 1
    assert answered["rejected"] == [
        {"line": 1, "id": "p1", "reason": "price is 'dear'; a number such as 1299.90 is accepted"}
    ]
    assert len(workspace.feed().take(10)) == 1


def test_what_is_no_change_refuses_all(client: FlaskClient, workspace: FakeWorkspace) -> None:
    def refused(body: bytes, kind: str = feed.NDJSON) -> tuple[int, str]:
        answered = client.post("/v1/feed", data=body, headers={"Content-Type": kind})
        assert answered.mimetype == "application/problem+json"
        return answered.status_code, answered.get_json()["detail"]

    good = lines({"op": "delete", "id": "p2"})
    assert refused(good + b"\nnonsense")[0] == 400
    assert refused(good + b"\nnonsense")[1].startswith("line 2 is not understood")
    assert refused(b"")[0] == 400
    assert refused(b"\n \n")[1].startswith("the request has no lines")
    assert refused(good, "text/csv")[0] == 415
    assert refused(good, "")[0] == 415
    assert refused((good + b"\n") * (feed.MAX_LINES + 1))[0] == 413
    assert refused(b" " * (11 << 20))[0] == 413
    assert refused(b"[" * 1_000_000)[0] == 400
    assert workspace.feed().take(10) == []


def test_pages_of_other_sites_send_nothing(client: FlaskClient, workspace: FakeWorkspace) -> None:
    headers = NDJSON | {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/v1/feed", data=lines({"op": "delete", "id": "p2"}), headers=headers).status_code == 403
    assert workspace.feed().take(10) == []
