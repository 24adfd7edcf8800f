from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from api.pages.addresses import Address, read
from vision.search.request import parse

# What an address asks for, besides rows and facets. test_browser_conditions.py holds the page's modules to the same.
ASKED: dict[str, dict[str, Any]] = {
    "": {"q": "*", "filters": {}},
    "?q=red+dress": {"q": "red dress", "filters": {}},
    "?q=+&f.color=red&f.color=b%26w&f.brand=": {"q": "*", "filters": {"color": ["red", "b&w"]}},
    "?min=10&max=50.5&currency=EUR&stock=1&sort=-price": {
        "q": "*",
        "filters": {"in_stock": ["true"], "currency": ["EUR"]},
        "ranges": {"price": {"min": 10, "max": 50.5}},
        "sort": "-price",
    },
    "?min=0x10&max=1e3": {"q": "*", "filters": {}},
    "?q=dress&photo=abc&crop=0.1,0.2,.5,0.25&weight=70": {
        "q": "dress",
        "filters": {},
        "upload_id": "abc",
        "crop": [0.1, 0.2, 0.5, 0.25],
        "weights": {"text": 0.3, "image": 0.7},
    },
    "?photo=abc&crop=1,2,x,4&close=1": {"filters": {}, "upload_id": "abc", "min_match": 0.9},
    "?like=p1&photo=abc&crop=0,0,1,1": {"filters": {}, "image_id": "p1"},
    "?more=a&more=b&less=c": {"filters": {}, "like": ["a", "b"], "unlike": ["c"], "exclude": ["c"]},
    "?q=x&less=c&close=1": {"q": "x", "filters": {}, "exclude": ["c"]},
    "?q=x&ignore=red&exact=1&weight=700": {"q": "x", "filters": {}, "ignore": ["red"], "spelling": "off"},
    "?q=x&n=3": {"q": "x", "filters": {}, "start": 48},
    "?q=x&page=token&n=3": {"q": "x", "filters": {}, "page": "token"},
}


def address(query: str) -> Address:
    return read(MultiDict(parse_qsl(query.removeprefix("?"), keep_blank_values=True)))


@pytest.mark.parametrize("query", ASKED)
def test_what_an_address_asks_for(query: str) -> None:
    asked = address(query).request(["color"])
    assert asked == {"rows": 24, "facets": ["color"], **ASKED[query]}
    parse(asked)


@pytest.mark.parametrize("query", ASKED)
def test_an_address_written_again_asks_for_the_same(query: str) -> None:
    first = address(query)
    again = address(urlsplit(first.url(page=first.page, number=first.number)).query)
    assert again.request([]) == first.request([])


def test_another_search_begins_on_its_first_page() -> None:
    assert address("?q=x&page=token&n=4&f.color=red").url(sort="price") == "/?q=x&sort=price&f.color=red"
    assert address("?q=x&n=4").url(number=3) == "/?q=x&n=3"
    assert address("?f.color=red&f.color=blue").without("color", "red") == "/?f.color=blue"
    assert address("?f.color=red").without("color", "red") == "/"


def test_a_form_carries_what_it_has_no_control_for() -> None:
    carried = address("?q=x&photo=abc&crop=0,0,.5,1&weight=70&more=a&n=3&f.color=red&min=3").carried()
    assert dict(carried) == {"photo": "abc", "crop": "0,0,.5,1", "weight": "70", "more": "a"}
