"""Completions while typing, on real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vision.embedding import EmbeddingStore
from vision.errors import BadQuery
from vision.search.engine import SearchEngine
from vision.search.request import parse
from vision.search.words.suggestions import Typed
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

# Id, product, title, color, category, brand.
ROWS = (
    ("1", "1", "Knee-length dress with short sleeves", "red", "dress", "Calloway & Fenn"),
    ("1-2", "1", "Knee-length dress with short sleeves", "red", "dress", "Calloway & Fenn"),
    ("2", "2", "Knee-length dress in cotton", "blue", "dress", "Dovemark"),
    ("3", "3", "Striped T-shirt", "red", "shirt", "Dovemark"),
    ("4", "4", "Velvet sofa", "blue", "sofa", "Halcyon Row"),
    ("5", "5", "Robe d’été à pois", "rouge", "robe", "Élan"),
    ("6", "6", "Weiße Bluse für Damen", "weiß", "bluse", "Halcyon Row"),
    ("8", "8", "Women’s gilet", "black", "vest", "Élan"),
    ("7", "7", "膝丈ワンピース", "赤", "ワンピース", "Élan"),
)


@pytest.fixture(scope="module")
def engine(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SolrClient(solr_url, "suggestions") as client:
        configset.create(client)
        client.add([document(*row) for row in ROWS])
        client.commit()
        yield SearchEngine(client, EmbeddingStore(tmp_path_factory.mktemp("none")))
        configset.drop(client)


def document(id: str, product: str, title: str, color: str, category: str, brand: str) -> dict[str, Any]:
    attributes = {"attr_color": [color], "attr_category": [category], "attr_brand": [brand]}
    return {"id": id, "product_id": product, "title": title, **attributes}


def texts(engine: SearchEngine, typed: str, language: str = "en", limit: int = 20) -> list[str]:
    return [each.text for each in engine.suggestions.complete(typed, language, limit)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("kn", "knee-length dress"),
        ("knee l", "knee-length dress"),
        ("knee-l", "knee-length dress"),
        ("KNEE", "knee-length dress in cotton"),
        ("dr", "dress"),
        ("sof", "sofa"),
        ("vel", "velvet sofa"),
        ("red kn", "red knee-length dress"),
        ("red d", "red dress"),
        ("t-s", "t-shirt"),
        ("fen", "Calloway & Fenn"),
        ("dress dov", "dress Dovemark"),
        ("striped ", "striped t-shirt"),
        ("women's g", "women’s gilet"),
        ("women g", "women’s gilet"),
    ],
)
def test_what_is_typed_goes_on(engine: SearchEngine, typed: str, expected: str) -> None:
    assert expected in texts(engine, typed)


@pytest.mark.parametrize(
    ("language", "typed", "expected"),
    [
        ("fr", "ete", "été"),
        ("fr", "robe d'e", "robe d’été"),
        ("fr", "robe d été à p", "robe d’été à pois"),
        ("de", "weis", "weiß"),
        ("de", "weiße b", "weiße bluse"),
        ("de", "bluse fur d", "bluse für damen"),
        ("ja", "ワン", "ワンピース"),
    ],
)
def test_accents_may_be_left_out_and_are_shown(engine: SearchEngine, language: str, typed: str, expected: str) -> None:
    assert expected in texts(engine, typed, language)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("drss", "dress"),
        ("drses", "dress"),
        ("rdess", "dress"),
        ("sofq", "sofa"),
        ("shrit", "shirt"),
        ("velevt so", "velvet sofa"),
        ("velevt ", "velvet"),
        ("red drse", "red dress"),
        ("blou", "blue"),
        ("dovm", "Dovemark"),
        ("rde", None),
        ("xyzzy", None),
    ],
)
def test_one_error_from_the_fourth_letter_on(engine: SearchEngine, typed: str, expected: str | None) -> None:
    found = texts(engine, typed)
    assert found == [] if expected is None else expected in found


@pytest.mark.parametrize("typed", ["d", "kn", "red", "s", "blu", "dres", "drss", "knee length d", "dovemark k"])
def test_totals_are_what_a_search_finds(engine: SearchEngine, typed: str) -> None:
    found = engine.suggestions.complete(typed, "en", 20)
    assert found
    for each in found:
        result = engine.search(parse({"q": each.text, "understand": "off"}))
        assert (each.text, each.total) == (each.text, result.total)
        assert each.total > 0
    totals = [each.total for each in found]
    if typed not in ("dres", "blu"):  # corrected ones come last
        assert totals == sorted(totals, reverse=True)


def test_attributes_say_what_they_are(engine: SearchEngine) -> None:
    first = engine.suggestions.complete("dr", "en", 1)[0]
    assert (first.text, first.total, first.field, first.value) == ("dress", 2, "category", "dress")
    assert engine.suggestions.complete("", "en", 5) == engine.suggestions.complete(" * ", "en", 5) == ()


def test_the_end_of_another_word_is_no_attribute(engine: SearchEngine) -> None:
    (found,) = [each for each in engine.suggestions.complete("t-sh", "en", 20) if each.text == "t-shirt"]
    assert (found.total, found.field, found.value) == (1, None, None)
    (found,) = [each for each in engine.suggestions.complete("velvet so", "en", 20) if each.text == "velvet sofa"]
    assert (found.total, found.field, found.value) == (1, "category", "sofa")


def test_no_phrase_ends_in_the_middle(engine: SearchEngine) -> None:
    found = texts(engine, "dress w")
    assert "dress with short sleeves" in found
    assert not {"dress with", "dress with short"} & set(found)


@pytest.mark.parametrize(
    "typed", ["${solr.home}", "a}b{!func}", '"', "\\", "*:*", "(", ".*", "[a-z]", "dr.s", "x" * 500]
)
def test_what_is_typed_is_no_pattern(engine: SearchEngine, typed: str) -> None:
    assert texts(engine, typed) == []


def test_too_much_or_an_unknown_language_is_refused(engine: SearchEngine) -> None:
    with pytest.raises(BadQuery, match="at most 500"):
        texts(engine, "x" * 501)
    with pytest.raises(BadQuery, match="language is 'xx'"):
        texts(engine, "dress", "xx")


def test_a_commit_is_enough(engine: SearchEngine) -> None:
    assert texts(engine, "zebra") == []
    engine.client.add([document("z", "z", "Zebra rug", "black", "rug", "Élan")])
    engine.client.commit()
    try:
        assert "zebra rug" in texts(engine, "zebr")
    finally:
        engine.client.delete("id:z")
        engine.client.commit()
    assert texts(engine, "zebr") == []


def test_nothing_is_left_in_the_filter_cache(engine: SearchEngine) -> None:
    def inserts() -> int:
        answer = engine.client.get_json("admin/mbeans", cat="CACHE", stats="true", **{"json.nl": "map"})
        return int(answer["solr-mbeans"]["CACHE"]["filterCache"]["stats"]["CACHE.searcher.filterCache.inserts"])

    before = inserts()
    for typed in ("d", "dr", "dre", "red kn", "sofq"):
        assert texts(engine, typed)
    assert inserts() == before


def test_what_was_typed_is_read_in_words() -> None:
    typed = Typed.read("Weiße  Knee-Length ")
    assert (typed.words, typed.ended) == (("weisse", "knee", "length"), True)
    assert list(typed.prefixes()) == [
        ((), "weisse knee length "),
        (("weisse",), "knee length "),
        (("weisse", "knee"), "length "),
    ]
