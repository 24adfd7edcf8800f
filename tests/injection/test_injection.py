"""Hostile text in every parameter: what Solr receives differs in the bound value alone, and Solr takes it for text."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from tests.api.shop import Shop
from tests.faults.between import Between
from tests.injection.shapes import HARMLESS, PLAIN, Form, Shapes
from tests.injection.strings import LONE_SURROGATES, LONG, SHORT
from vision.search.text import MAX_LENGTH

pytestmark = pytest.mark.solr

PRODUCTS = 39
SEED = 10
STRINGS = [
    pytest.param(30, id=f"some-seed-{SEED}"),
    pytest.param(None, id="all", marks=pytest.mark.many),
]
"""How many of the strings; the others in `make test-slow`."""
Send = Callable[[FlaskClient, str], TestResponse]


def searched(**members: Any) -> Send:
    """A search whose members name the text by HARMLESS, as a value or as a name."""
    plain = {"spelling": "off", "understand": "off", "rows": 100, **members}

    def send(client: FlaskClient, text: str) -> TestResponse:
        return client.post("/v1/search", json=_put(plain, text))

    return send


def got(path: str) -> Send:
    """An address with the text somewhere in it."""
    return lambda client, text: client.get(path.replace(HARMLESS, quote(text, safe="")))


def tool(name: str, **members: Any) -> Send:
    """A merchandiser's tool."""
    return lambda client, text: client.post(f"/v1/{name}", json=_put(members, text))


VALUES: Mapping[str, Send] = {
    "q": searched(q=HARMLESS),
    "q of a batch": lambda client, text: client.post("/v1/search/batch", json={"searches": [{"q": text}] * 2}),
    "q with a photo": searched(q=HARMLESS, image_id="blue-ring-1"),
    "q with facets": searched(q=HARMLESS, facets=["color"], filters={"category": ["ring"]}, explain=True),
    "q, words understood and corrected": searched(q=HARMLESS, spelling="on", understand="on"),
    "a filter's value": searched(q="*", filters={"color": [HARMLESS]}, facets=["color", "category"]),
    "one of two values": searched(image_id="blue-ring-1", filters={"color": ["red", HARMLESS]}, facets=["color"]),
    "image_id": searched(image_id=HARMLESS),
    "like": searched(like=["blue-ring-1", HARMLESS]),
    "unlike": searched(like=["blue-ring-1"], unlike=[HARMLESS]),
    "exclude": searched(q="*", exclude=[HARMLESS], facets=["color"]),
    "another picture": searched(image_id="blue-ring-1", similarities=[{"image_id": HARMLESS, "weight": 0.5}]),
    "ignore": searched(q="red ring", understand="on", ignore=[HARMLESS]),
    "a product": got(f"/v1/products/{HARMLESS}"),
    "a product's neighbours": got(f"/v1/products/{HARMLESS}/similar"),
    "a product's picture": got(f"/v1/products/{HARMLESS}/image"),
    "suggest": got(f"/v1/suggest?q={HARMLESS}"),
    "facets' value": got(f"/v1/facets?color={HARMLESS}"),
    "facets' currency": got(f"/v1/facets?currency={HARMLESS}"),
    "facets' words": got(f"/v1/facets?q={HARMLESS}"),
    "a navigation": lambda client, text: client.post("/v1/navigation", json={"filters": {"color": [text]}, "seed": 7}),
    "a page's words": got(f"/?q={HARMLESS}"),
    "a page's filter": got(f"/?f.color={HARMLESS}&f.category=ring"),
    "a page's photo": got(f"/?like={HARMLESS}&more=blue-ring-1"),
    "clusters": tool("clusters", search={"q": HARMLESS}),
    "an audit's filter": tool("audits", field="color", search={"filters": {"category": [HARMLESS]}}),
    "an example": tool("fills", field="color", value="red", positives=["blue-ring-1", HARMLESS]),
    "why": lambda client, text: client.post(
        f"/v1/products/{quote(text, safe='')}/why", json={"image_id": "blue-ring-1"}
    ),
    "products": got(f"/v1/products?id={HARMLESS}"),
}
"""Where text is a value: it is looked for, and nothing else."""

WORDS = ("q",)
"""Where words alone decide what is found."""

NAMES: Mapping[str, Send] = {
    "a filter's field": searched(q="*", filters={HARMLESS: ["red"]}),
    "a facet": searched(q="*", facets=[HARMLESS]),
    "a range's field": searched(q="*", ranges={HARMLESS: {"min": 1}}),
    "missing": searched(q="*", missing=[HARMLESS]),
    "sort": searched(q="*", sort=HARMLESS),
    "group_by": searched(q="*", group_by=HARMLESS),
    "language": searched(q="ring", language=HARMLESS),
    "extractor": searched(image_id="blue-ring-1", extractor=HARMLESS),
    "diversity's field": searched(image_id="blue-ring-1", diversity={"most": {HARMLESS: 1}}),
    "nearness of a number": searched(q="*", similarities=[{"field": HARMLESS, "near": 1, "scale": 1, "weight": 1}]),
    "page": searched(q="*", page=HARMLESS),
    "upload_id": searched(upload_id=HARMLESS),
    "profile": searched(q="*", profile={"id": HARMLESS}),
    "an upload": got(f"/v1/images/{HARMLESS}"),
    "a fill's field": tool("fills", field=HARMLESS),
    "an audit's field": tool("audits", field=HARMLESS),
    "an audit's group": tool("audits", field="color", group=HARMLESS),
    "a duplicate's field": tool("duplicates", fields=[HARMLESS]),
    "facets' field": got(f"/v1/facets?field={HARMLESS}"),
    "suggest's language": got(f"/v1/suggest?q=ring&language={HARMLESS}"),
    "a change": got(f"/v1/changes/{HARMLESS}"),
    "a proposal": got(f"/v1/proposals/{HARMLESS}"),
    "a measurement": got(f"/v1/measurements/{HARMLESS}"),
    "a profile that is looked at": got(f"/v1/profiles/{HARMLESS}"),
    "a query": got(f"/v1/queries/{HARMLESS}"),
    "a job": got(f"/v1/jobs/{HARMLESS}"),
}
"""Where text must be a name that is known: it is refused before Solr hears of it."""


def chosen(place: str, count: int | None) -> Sequence[str]:
    """Other strings for each place."""
    return SHORT if count is None else random.Random(f"{SEED} {place}").sample(SHORT, count)


@pytest.fixture(scope="module")
def client(shop: Shop, between: Between) -> FlaskClient:
    return create_app(replace(shop.settings, solr_url=between.url)).test_client()


def asked(client: FlaskClient, between: Between, send: Send, text: str) -> tuple[TestResponse, list[Form]]:
    between.seen.clear()
    response = send(client, text)
    assert response.status_code < 500, (text[:80], response.text[:500])
    return response, between.forms()


@pytest.fixture(scope="module")
def everywhere(client: FlaskClient, between: Between) -> list[tuple[str, list[Form]]]:
    """What any place may ask besides, once in a while: the attributes that there are, currencies, prices."""
    seen = [
        asked(client, between, VALUES[place], HARMLESS)[1]
        for place in ("a page's words", "facets' words", "q", "a page's photo", "an example")
    ]
    return [("", [form for forms in seen for form in forms if not any(HARMLESS in value for _, value in form)])]


@pytest.mark.parametrize("strings", STRINGS)
@pytest.mark.parametrize("place", VALUES)
def test_what_is_looked_for_differs_in_its_value_alone(
    client: FlaskClient, between: Between, everywhere: list[tuple[str, list[Form]]], place: str, strings: int | None
) -> None:
    send = VALUES[place]
    # Twice: what is counted once is remembered until something is indexed.
    shapes = Shapes([(text, asked(client, between, send, text)[1]) for text in PLAIN * 2] + everywhere)
    for text in chosen(place, strings):
        response, forms = asked(client, between, send, text)
        unlike = [found for form in forms for found in shapes.unlike(form, text)]
        assert not unlike, (text, unlike[:3], forms)
        if place in WORDS and response.status_code == 200:
            check_found_by_its_words(response.get_json(), text)


def check_found_by_its_words(found: dict[str, Any], text: str) -> None:
    """Every hit has a word of the text in its title: nothing of it was obeyed."""
    if text.strip() in ("*", "*:*"):
        assert found["total"] == PRODUCTS
        return
    words = set(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold()))
    words |= {word.removesuffix("s") for word in words}
    for hit in found["hits"]:
        assert words & set(hit["title"].split()), (text, hit["title"])
    assert found["total"] == len(found["hits"])


@pytest.mark.parametrize("strings", STRINGS)
@pytest.mark.parametrize("place", NAMES)
def test_what_must_be_known_is_refused_before_solr_hears_of_it(
    client: FlaskClient, between: Between, place: str, strings: int | None
) -> None:
    for text in chosen(place, strings):
        response, forms = asked(client, between, NAMES[place], text)
        assert response.status_code in (400, 404, 405, 409, 308) or len(text.strip()) < 2, (text, response.text[:300])
        told = [form for form in forms for _, value in form if len(text) > 5 and text in value]
        assert not told, (text, told)


@pytest.mark.parametrize("strings", STRINGS)
@pytest.mark.parametrize("place", [*VALUES, *NAMES])
def test_text_that_is_too_long_or_none(client: FlaskClient, between: Between, place: str, strings: int | None) -> None:
    send = VALUES.get(place) or NAMES[place]
    for text in (*LONG[:2], *LONE_SURROGATES) if strings else (*LONG, *LONE_SURROGATES):
        try:
            response, forms = asked(client, between, send, text)
        except UnicodeEncodeError:  # an address cannot even be written with it
            continue
        if place in ("q", "q with a photo", "q with facets") and len(text) > MAX_LENGTH:
            assert response.status_code == 400
        assert not [form for form in forms for name, value in form if name == "words" and len(value) > 2 * MAX_LENGTH]


def test_there_are_enough_of_them() -> None:
    assert len(SHORT) >= 200 and len(VALUES) + len(NAMES) >= 30


def _put(members: Any, text: str) -> Any:
    if isinstance(members, dict):
        return {(text if name == HARMLESS else name): _put(value, text) for name, value in members.items()}
    if isinstance(members, list):
        return [_put(each, text) for each in members]
    return text if members == HARMLESS else members
