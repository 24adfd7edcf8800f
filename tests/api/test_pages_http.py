"""The page as the server writes it: what is read without JavaScript."""

from __future__ import annotations

import gzip
import json
import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.api.fakes import FakeEngine, hit, result
from vision.errors import BadQuery, SolrUnavailable


def titles(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<h3 title="([^"]*)"', page)]


@pytest.mark.solr
def test_words_facets_order_and_pages_are_in_the_page(shopper: FlaskClient) -> None:
    page = shopper.get("/?q=circle&f.color=green&f.color=blue&sort=-price").text
    assert "4 products" in page
    assert titles(page) == ["blue circle", "blue circle", "green circle", "green circle"]
    assert 'name="f.color" value="green" checked' in page
    assert 'href="/?q=circle&amp;sort=-price&amp;f.color=blue"' in page
    first, second = shopper.get("/").text, shopper.get("/?n=2").text
    assert len(titles(first)) == 24 and len(titles(second)) == 15
    assert re.search(r'id="next"[^>]*href="/\?n=2">', first)
    assert re.search(r'id="previous"[^>]*href="/">', second)


@pytest.mark.solr
def test_other_words_and_nothing_are_said(shopper: FlaskClient) -> None:
    page = shopper.get("/?q=bleu+cricle").text
    assert "Showing results for <strong>blue circle</strong>" in page
    assert 'href="/?q=bleu+cricle&amp;exact=1"' in page
    nothing = shopper.get("/?q=xyzzyx").text
    assert "Nothing matches" in nothing and "0 products" in nothing


@pytest.mark.solr
def test_the_answer_for_the_modules_is_that_of_the_route(shopper: FlaskClient) -> None:
    page = shopper.get("/?q=ring&f.color=red").text
    found = re.search(r'<script type="application/json" id="answer">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    embedded = json.loads(found[1])
    facets = [name for name in embedded["known"]["facets"] if name not in ("in_stock", "currency")]
    body = {"q": "ring", "filters": {"color": ["red"]}, "facets": [*facets, "price"]}
    answered = shopper.post("/v1/search", json=body).get_json()
    for each in ("took", "plan"):
        del answered[each], embedded["result"][each]
    assert embedded["result"] == answered
    assert embedded["known"] == shopper.get("/v1/facets").get_json()


def test_what_a_catalogue_says_is_text(client: FlaskClient, engine: FakeEngine) -> None:
    evil = hit(title="</script><script>alert(1)</script>", attributes={"url": "javascript:alert(1)", "price": 3.0})
    engine.answer = result(evil)
    page = client.get('/?q="><script>alert(2)</script>').text
    assert "<script>alert" not in page
    assert "javascript:alert" not in page.replace('"url":"javascript:alert(1)"', "")


def test_a_problem_has_its_status_and_words(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = SolrUnavailable("no connection")
    response = client.get("/?q=dress")
    assert response.status_code == 503
    assert "The search is not available right now" in response.text
    assert 'href="/?q=dress">Try again' in response.text
    assert "no connection" not in response.text
    engine.answer = BadQuery("sort is 'color'; accepted: score, price asc, price desc", "sort")
    refused = client.get("/?sort=color")
    assert refused.status_code == 400 and "accepted: score" in refused.text


@pytest.mark.parametrize("path", ["/", "/static/shop/main.js", "/static/shop/shop.css"])
def test_text_is_compressed_for_who_reads_it(client: FlaskClient, path: str) -> None:
    zipped = {"Accept-Encoding": "gzip, br"}
    with client.get(path) as plain, client.get(path, headers=zipped) as packed:
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.data) < 0.6 * len(plain.data)
        if path == "/":
            return
        assert gzip.decompress(packed.data) == plain.data
        with client.get(path, headers=zipped | {"If-None-Match": packed.headers["ETag"]}) as again:
            assert again.status_code == 304


def test_answers_are_not_compressed(client: FlaskClient) -> None:
    response = client.post("/v1/search", json={"q": "x"}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


def test_an_icon_is_where_browsers_look_for_one(client: FlaskClient) -> None:
    with client.get("/favicon.ico", follow_redirects=True) as response:
        assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
