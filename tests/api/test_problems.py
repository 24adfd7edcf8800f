from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from api import problems
from tests.api.fakes import FakeEngine
from vision import errors

EXPECTED = {
    errors.BadInput: 400,
    errors.BadQuery: 400,
    errors.BadVector: 400,
    errors.BadImage: 422,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.NotAuthenticated: 401,
    errors.NotPermitted: 403,
    errors.Conflict: 409,
    errors.FingerprintMismatch: 409,
    errors.Superseded: 503,
    errors.ModelUnavailable: 503,
    errors.SolrUnavailable: 503,
    errors.ShardUnavailable: 503,
    errors.SolrNotStarted: 503,
    errors.SolrRefused: 502,
    errors.RateLimited: 429,
}


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    if root.__module__ == errors.__name__:
        yield root
    for each in root.__subclasses__():
        yield from tree(each)


def make(kind: type[Exception]) -> Exception:
    if issubclass(kind, errors.FingerprintMismatch):
        return kind("a-1", "b-2")
    return errors.SolrRefused("why", status=400) if kind is errors.SolrRefused else kind("why")


def test_every_error_of_the_tree_has_a_status_of_its_own() -> None:
    assert set(tree(errors.VisualSearchError)) == set(problems.KINDS)


@pytest.mark.parametrize("kind", list(problems.KINDS))
def test_each_error_is_answered_as_a_problem(kind: type[Exception], client: FlaskClient, engine: FakeEngine) -> None:
    error = make(kind)
    engine.answer = error
    response = client.post("/v1/search", json={"q": "x"})
    assert response.status_code == problems.KINDS[kind].status == EXPECTED.get(kind, response.status_code)
    assert response.mimetype == "application/problem+json"
    body = response.get_json(force=True)
    assert body["status"] == response.status_code
    assert body["title"] == problems.KINDS[kind].title
    assert body["detail"] == str(error)
    assert body["type"].startswith("urn:visual-search:problem:")


def test_a_new_error_gets_its_parents_status() -> None:
    class Odd(errors.SolrUnavailable):
        pass

    assert problems.kind(Odd) is problems.KINDS[errors.SolrUnavailable]


def test_the_member_at_fault_is_named(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = errors.BadQuery("no such sort", field="sort")
    assert client.post("/v1/search", json={"q": "x"}).get_json(force=True)["field"] == "sort"


def test_solr_down_says_when_to_try_again(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = errors.SolrUnavailable("no connection")
    assert int(client.post("/v1/search", json={"q": "x"}).headers["Retry-After"]) > 0


def test_a_bug_is_logged_under_an_id_and_not_shown(
    client: FlaskClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.answer = RuntimeError("secret /etc/path")
    with caplog.at_level(logging.ERROR):
        response = client.post("/v1/search", json={"q": "x"})
    assert response.status_code == 500
    assert response.mimetype == "application/problem+json"
    assert "secret" not in response.text and "Traceback" not in response.text
    assert response.get_json(force=True)["request_id"] in caplog.text
    assert "secret" in caplog.text


def test_a_full_disk_is_no_bug_and_its_path_is_not_shown(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = OSError(errno.ENOSPC, "No space left on device", "/srv/secret/uploads")
    response = client.post("/v1/search", json={"q": "x"})
    assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0
    found = response.get_json(force=True)
    assert found["type"].endswith(":storage-unavailable") and "No space left" in found["detail"]
    assert "secret" not in response.text
    engine.answer = OSError(errno.ECONNRESET, "Connection reset by peer")
    assert client.post("/v1/search", json={"q": "x"}).status_code == 500


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/search", 405), ("DELETE", "/healthz", 405), ("GET", "/static/no", 404)],
)
def test_what_flask_refuses_is_a_problem_too(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.get_json(force=True)["status"] == status
    if status == 405:
        assert response.headers["Allow"]
