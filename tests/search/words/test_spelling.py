"""Words that find next to nothing, on real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vision.embedding import EmbeddingStore
from vision.search.engine import SearchEngine
from vision.search.model import Correction, Result
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr


def documents() -> Iterator[dict[str, Any]]:
    for number in range(30):
        color = ("red", "blue", "grün")[number % 3]
        yield {
            "id": f"d{number:02}",
            "title": f"Knee-length dress in {color}",
            "attr_color": [color],
            "attr_category": ["dress"],
            "price": 10 + number,
        }
    yield {"id": "s1", "title": "Velvet settee", "attr_color": ["red"], "attr_category": ["sofa"], "price": 900}
    yield {"id": "s2", "title": "Leather sofa", "attr_color": ["blue"], "attr_category": ["sofa"], "price": 800}
    yield {"id": "x1", "title": "A dresss that somebody misspelled", "attr_color": ["red"], "price": 5}
    yield {"id": "g1", "title": "Weiße Blusen", "attr_color": ["weiß"], "price": 25}


@pytest.fixture(scope="module")
def engine(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SolrClient(solr_url, "spelling") as client:
        configset.create(client)
        client.add([{"product_id": each["id"], **each} for each in documents()])
        client.commit()
        yield SearchEngine(client, EmbeddingStore(tmp_path_factory.mktemp("none")))
        configset.drop(client)


def search(engine: SearchEngine, **members: Any) -> Result:
    return engine.search(parse(members))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("drss", "dress"),
        ("rde dress", "red dress"),
        ("red derss", "red dress"),
        ("Knee-lenght drees", "Knee-length dress"),
        ("velvte", "velvet"),
        ("blu dres", "blue dress"),
        ("lether sofa", "leather sofa"),
        ("dress bleu", "dress blue"),
        ("gruen dress", "grun dress"),
        ("qqqq dress", None),
    ],
)
def test_nothing_found_shows_what_was_meant_and_says_so(engine: SearchEngine, typed: str, meant: str | None) -> None:
    off = search(engine, q=typed, spelling="off")
    assert (off.total, off.spelling, off.corrected) == (0, None, None)
    found = search(engine, q=typed)
    if meant is None:
        assert (found.total, found.spelling, found.corrected) == (0, None, None)
        return
    right = search(engine, q=meant)
    assert right.total > 0 and right.corrected is None
    assert (found.corrected, found.spelling) == (typed, Correction(meant, right.total))
    assert (found.hits, found.total, found.understood) == (right.hits, right.total, right.understood)


def test_next_to_nothing_proposes_and_shows_what_was_found(engine: SearchEngine) -> None:
    found = search(engine, q="dresss")
    assert [hit.id for hit in found.hits] == ["x1"]
    assert (found.corrected, found.spelling) == (None, Correction("dress", 30))
    assert search(engine, q="dresss", spelling="off").spelling is None


@pytest.mark.parametrize(
    "typed", ["velvet", "velvet sofa", "leather sofa", "dress", "settee", "leather dress", "the", "red"]
)
def test_words_that_are_right_are_left_alone(engine: SearchEngine, typed: str) -> None:
    found = search(engine, q=typed)
    assert (found.spelling, found.corrected) == (None, None)


def test_a_synonym_that_no_product_says_is_a_word(engine: SearchEngine) -> None:
    assert search(engine, q="couch").total == 2
    found = search(engine, q="couch lether")
    assert found.spelling == Correction("couch leather", 1)


def test_filters_and_prices_hold_for_the_corrected_words(engine: SearchEngine) -> None:
    found = search(engine, q="rde drss under 20", filters={"category": ["dress"]}, facets=["color"])
    assert (found.corrected, found.spelling) == ("rde drss under 20", Correction("red dress under 20", 4))
    assert [hit.id for hit in found.hits] == ["d00", "d03", "d06", "d09"]
    assert [chip.text for chip in found.understood] == ["under 20", "red"]
    none = search(engine, q="drss", filters={"category": ["sofa"]})
    assert (none.total, none.spelling) == (0, None)


def test_pages_of_a_corrected_search(engine: SearchEngine) -> None:
    seen: list[str] = []
    result = search(engine, q="drss", rows=8)
    while True:
        assert (result.corrected, result.spelling) == ("drss", Correction("dress", 30))
        seen += [hit.id for hit in result.hits]
        if result.page is None:
            break
        result = search(engine, q="drss", rows=8, page=result.page)
    assert len(seen) == len(set(seen)) == 30


def test_every_request_is_shown_and_good_words_cost_one(engine: SearchEngine) -> None:
    assert len(search(engine, q="red dress").plan.requests) == 1
    assert len(search(engine, q="rde dress").plan.requests) == 4
    assert len(search(engine, q="rde dress", spelling="off").plan.requests) == 1


@pytest.mark.parametrize(
    "typed", ["id:d00", "${solr.home} drss{!func}1", "sofaa) OR (*:* -zzzz", "[* TO *]", '"', "12345", "qqqqq"]
)
def test_what_is_typed_reaches_no_parser(engine: SearchEngine, typed: str) -> None:
    assert search(engine, q=typed).total == 0


def test_words_of_another_language(engine: SearchEngine) -> None:
    found = search(engine, q="weise Blusn", language="de")
    assert found.total == 1 and found.corrected == "weise Blusn"
