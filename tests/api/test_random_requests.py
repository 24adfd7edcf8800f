"""Requests that Schemathesis draws from `/openapi.json`: no 5xx, nothing that the document does not have."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks

from api.app import create_app
from tests.api.shop import index_shop
from tests.chance import check_drawn

pytestmark = pytest.mark.solr

SEED = 10
EVERYDAY, SOME, MANY = 200, 1_000, 10_000
COUNTS = [EVERYDAY, pytest.param(SOME, marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.many)]
CHECKED = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def app(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Over a catalogue of its own: what is drawn may accept, undo and delete."""
    shop = index_shop(solr_url, tmp_path_factory.mktemp("random"), collection="random-requests")
    yield create_app(shop.settings)


# A form that Werkzeug gives up on half way leaves its temporary files to the garbage collector.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("count", COUNTS)
def test_whatever_is_sent_is_answered_as_the_document_says(app: Flask, count: int) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    made: Iterable[Any] = schema.get_all_operations()
    operations = [each.ok() for each in made]
    assert len(operations) > 50
    found: Counter[str] = Counter()
    drawing = itertools.count(SEED)
    while sum(found.values()) < count:  # what takes no parameters is asked less often than it may be
        for operation in operations:
            _try(operation, max(1, count // len(operations)), next(drawing), found)
    asked = sum(found.values())
    print(f"{asked:,} requests at {len(operations)} operations, seed {SEED}: {dict(sorted(found.items()))}")
    assert asked >= count and found["200"] > asked / 20
    assert app.test_client().get("/readyz").status_code == 200


def _try(operation: Any, count: int, start: int, found: Counter[str]) -> None:
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    drawn = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    def check(case: Any) -> None:
        response = case.call()
        found[str(response.status_code)] += 1
        case.validate_response(response, checks=list(CHECKED))

    check_drawn(drawn, check, count=count, start=start)
