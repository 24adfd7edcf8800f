"""Faults while products are written: nothing is lost, nothing is there twice, and what was begun goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.shop import NASTY, index_shop
from tests.faults.between import Between, Fault, Seen, Wire
from tests.faults.kinds import KINDS
from tests.merchandising.material import proposal
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

SEED = 10
PASSING = ("hangs up at once", "resets the connection", "503", "429")
WRONG = (*PASSING, "says nothing", "half a body", "502 by a load balancer", "500", "401", "no JSON", "a list", "null")


@pytest.fixture
def between(solr_url: str) -> Iterator[Between]:
    with Between(solr_url).running() as running:
        yield running


def is_update(seen: Seen) -> bool:
    return seen.handler.rstrip("/").endswith("/update")


def lost(wire: Wire, seen: Seen) -> None:
    """Solr did it, and nobody hears of it."""
    wire.upstream(seen)
    wire.reset()


def test_an_index_is_whole_though_every_other_request_fails(between: Between, tmp_path: Path) -> None:
    chosen = random.Random(SEED)
    updates = 0

    def hits(seen: Seen) -> bool:
        nonlocal updates
        updates += is_update(seen)
        return is_update(seen) and updates % 2 == 1

    def fault(wire: Wire, seen: Seen) -> None:
        [KINDS["503"], KINDS["resets the connection"], lost][chosen.randrange(3)](wire, seen)

    for number in range(4):
        name = f"faults-index-{number}"
        with SolrClient(between.solr, name) as client:
            try:
                with between.broken(fault, hits):
                    (tmp_path / str(number)).mkdir()
                    index_shop(between.url, tmp_path / str(number), collection=name)
                assert client.count() == 40, f"seed {SEED}"
                assert client.count(f'id:"{NASTY}"') == 1
            finally:
                configset.drop(client)
    assert updates > 8


@pytest.fixture
def client(solr_url: str, between: Between, tmp_path: Path) -> Iterator[FlaskClient]:
    shop = index_shop(solr_url, tmp_path, collection="faults-writes")
    settings = replace(shop.settings, solr_url=between.url, solr_timeout=1.5, search_seconds=10.0)
    yield create_app(settings).test_client()
    with SolrClient(solr_url, "faults-writes") as written:
        configset.drop(written)


def asked(client: FlaskClient, method: str, path: str, **given: Any) -> tuple[int, Any]:
    answered = client.open(path, method=method, **given)
    assert "log_id" not in answered.text, answered.text
    return answered.status_code, answered.get_json()


@pytest.mark.parametrize("kind", [*WRONG, "the answer is lost"])
def test_accepted_once_whatever_happens(client: FlaskClient, between: Between, kind: str) -> None:
    """Asked once; a change that is left unfinished goes on, and is one change."""
    fault: Fault = {**KINDS, "the answer is lost": lost}[kind]
    made = proposal("blue-ring-1", ["blue"], ["mauve"])
    assert asked(client, "POST", "/v1/proposals", json={"proposals": [msgspec.to_builtins(made)]})[0] == 200
    between.seen.clear()
    with between.broken(fault, lambda seen: is_update(seen) and b"mauve" in seen.body):  # a commit may come before
        status, body = asked(client, "POST", "/v1/proposals/accept", json={"ids": [made.id], "by": "Ada", "why": "so"})
    updates = [each for each in between.seen if is_update(each) and b"mauve" in each.body]
    assert len(updates) == 1, "an update with a version was sent again"
    assert status in (502, 503), body
    found = asked(client, "GET", "/v1/changes")[1]["changes"]
    assert len(found) == 1
    status, change = asked(client, "POST", f"/v1/changes/{found[0]['id']}/resume")
    assert status == 200 and change["counts"] == {"written": 1}, change
    assert asked(client, "POST", "/v1/search", json={"q": "*", "filters": {"color": ["mauve"]}})[1]["total"] == 1
    status, undone = asked(client, "POST", f"/v1/changes/{change['id']}/undo", json={"by": "Bea"})
    assert status == 200 and undone["counts"] == {"written": 1}
