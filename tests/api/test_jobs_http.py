"""Long work over HTTP: begun, watched, ended, and its answer, in real processes on a real Solr."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.shop import Shop

pytestmark = [pytest.mark.solr]

FORM = {
    *("id", "kind", "title", "state", "stage", "label", "done", "total", "by", "started", "ended", "seconds", "error"),
    *("summary", "cancellable"),
}


def begin(client: FlaskClient, kind: str, request: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = client.post("/v1/jobs", json={"kind": kind, "request": request} | members)
    assert answer.status_code == 202, answer.get_json()
    job: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    return job


def watch(
    client: FlaskClient,
    id: str,
    until: Callable[[dict[str, Any]], bool],
    patience: float = 240,
    headers: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """All different looks at a job until one is as wanted."""
    seen: list[dict[str, Any]] = []
    deadline = time.monotonic() + patience
    while not seen or not until(seen[-1]):
        assert time.monotonic() < deadline, seen[-3:]
        time.sleep(0.1 if headers else 0.02)  # who has a key may ask 1,200 times a minute
        answer = client.get(f"/v1/jobs/{id}", headers=headers)
        assert answer.status_code == 200, answer.text
        seen.append(answer.get_json())
    return seen


def ended(job: dict[str, Any]) -> bool:
    return bool(job["state"] != "running")


@pytest.mark.parametrize(
    ("kind", "route", "request_"),
    [
        ("cluster", "clusters", {"about": ["color"]}),
        ("fill", "fills", {"field": "mood", "value": "warm", "positives": ["red-square-1", "red-square-2"]}),
        ("audit", "audits", {"field": "color", "rows": 10}),
        ("duplicates", "duplicates", {"within": 0.5, "fields": ["color"]}),
    ],
)
def test_a_job_answers_what_its_route_does(
    shopper: FlaskClient, kind: str, route: str, request_: dict[str, Any]
) -> None:
    job = begin(shopper, kind, request_, by="Ada")
    assert set(job) == FORM and job["state"] == "running" and job["cancellable"] and job["by"] == "Ada"
    early = shopper.get(f"/v1/jobs/{job['id']}/result")
    assert early.status_code == 409 and "still runs" in early.get_json()["detail"]
    last = watch(shopper, job["id"], ended)[-1]
    assert last["state"] == "done" and last["error"] is None and last["summary"] and not last["cancellable"], last
    assert last["done"] == last["total"] and last["label"] and last["ended"] >= last["started"]
    found = shopper.get(f"/v1/jobs/{job['id']}/result")
    assert found.get_json() == shopper.post(f"/v1/{route}", json=request_).get_json()
    assert job["id"] in [each["id"] for each in shopper.get(f"/v1/jobs?state=done&kind={kind}").get_json()["jobs"]]
    assert shopper.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert shopper.get(f"/v1/jobs/{job['id']}").status_code == 404


def test_what_cannot_be_done_is_said(shopper: FlaskClient, shop: Shop) -> None:
    refused = shopper.post("/v1/jobs", json={"kind": "bake", "request": {}})
    assert refused.status_code == 400 and "accepted: cluster" in refused.get_json()["detail"]
    assert refused.get_json()["field"] == "kind"
    refused = shopper.post("/v1/jobs", json={"kind": "cluster", "request": {"clusters": 0}})
    assert refused.status_code == 400 and "clusters" in refused.get_json()["detail"]
    refused = shopper.post("/v1/jobs", json={"kind": "fill", "request": {"field": "mood", "value": "warm"}})
    assert refused.status_code == 400 and "without examples" in refused.get_json()["detail"]
    assert shopper.get("/v1/jobs/none").status_code == 404
    job = begin(shopper, "audit", {"field": "weight"})
    last = watch(shopper, job["id"], ended)[-1]
    assert last["state"] == "failed" and "no product has a field 'weight'" in last["error"]
    answer = shopper.get(f"/v1/jobs/{job['id']}/result")
    assert answer.status_code == 409 and "no product has a field" in answer.get_json()["detail"]
    late = shopper.post(f"/v1/jobs/{job['id']}/cancel")
    assert late.status_code == 409 and "failed" in late.get_json()["detail"]


@pytest.mark.slow
def test_tuning_is_a_job(shopper: FlaskClient) -> None:
    asked = {"quick": True, "queries": 40, "repeats": 1, "dry_run": True}
    before = shopper.get("/v1/measurements").get_json(), shopper.get("/v1/tuning").get_json()
    job = begin(shopper, "tune", asked)
    last = watch(shopper, job["id"], ended)[-1]
    assert last["state"] == "done", last
    found = shopper.get(f"/v1/jobs/{job['id']}/result").get_json()
    assert found["collection"] == "api-shop" and {each["dims"] for each in found["points"]} == {256}
    assert last["summary"] == {"pictures": 40} | {
        name: found["chosen"][name] for name in ("candidates", "exact_below", "reached")
    }
    assert (shopper.get("/v1/measurements").get_json(), shopper.get("/v1/tuning").get_json()) == before
    refused = shopper.post("/v1/jobs", json={"kind": "tune", "request": {"candidates": [10]}})
    assert refused.status_code == 400 and "give larger ones" in refused.get_json()["detail"]
