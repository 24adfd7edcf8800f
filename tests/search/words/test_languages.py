"""What words find in each language, on real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.search.oracle import bm25
from vision.embedding import EmbeddingStore
from vision.errors import BadQuery
from vision.search.engine import SearchEngine
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

# Each product's id, title, description and an attribute.
PRODUCTS = {
    "de-kleid": ("Knielanges Kleid", "Für den Sommer, aus weißer Baumwolle", "rot"),
    "de-kleider": ("Bodenlange Kleider", "Zwei festliche Kleider im Set", "grün"),
    "de-socken": ("Lange Socken", "Reichen bis über das Knie", "rot"),
    "de-sofa": ("Sofas aus Leder", "Drei Sitze", "grün"),
    "de-hemd": ("Langärmliges Hemd", "Mit Kragen", "weiß"),
    "fr-robe": ("Robe d'été à pois", "L’encolure ronde est large", "rouge"),
    "fr-chemise": ("Chemises à manches longues", "Le col est droit", "bleu"),
    "fr-jupe": ("Jupe longue", "Les manches sont courtes sur le modèle", "rouge"),
    "fr-canape": ("Canapé d’angle", "Trois places", "gris"),
    "es-vestido": ("Vestidos rojos de lunares", "Cuello en V", "rojo"),
    "es-camisa": ("Camisa de manga larga", "De algodón", "blanco"),
    "es-falda": ("Falda larga", "Combina con camisas de manga corta", "roja"),
    "es-sillon": ("Sillones de salón", "Dos piezas", "azul"),
    "ja-dress": ("膝丈の赤いワンピース", "綿でできています", "赤"),
    "ja-shirt": ("長袖Ｔシャツ", "白いシャツです", "白"),
    "ja-sofa": ("革のソファー", "三人掛け", "黒"),
    "ja-table": ("木製コーヒーテーブル", "小さい机", "茶"),
    "en-dress": ("Knee-length dresses", "For the summer", "red"),
}


@pytest.fixture(scope="module")
def engine(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SolrClient(solr_url, "languages") as client:
        configset.create(client)
        client.add(
            [
                {"id": id, "product_id": id, "title": title, "description": said, "attr_color": [color]}
                for id, (title, said, color) in PRODUCTS.items()
            ]
        )
        client.commit()
        yield SearchEngine(client, EmbeddingStore(tmp_path_factory.mktemp("none")))
        configset.drop(client)


def found(engine: SearchEngine, language: str, words: str) -> set[str]:
    result = engine.search(parse({"q": words, "language": language, "rows": 100}))
    return {hit.id.removeprefix(f"{language}-") for hit in result.hits if hit.id.startswith(language)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kleid", {"kleid", "kleider"}),
        ("Kleider", {"kleid", "kleider"}),
        ("rotes Kleid", {"kleid"}),
        ("knielang", {"kleid"}),
        ("knie-langes Kleid", {"kleid"}),
        ("Knielange Kleider", {"kleid"}),
        ("knie", {"socken"}),
        ("sofa", {"sofa"}),
        ("Couches", {"sofa"}),
        ("grünes Sofa", {"sofa"}),
        ("gruene Couch", {"sofa"}),
        ("weisse Baumwolle", {"kleid"}),
        ("Hemd mit langen Ärmeln", set()),
        ("Langarm-Hemd", {"hemd"}),
        ("Kleid aus Leder", set()),
        ("ein Sofa für den Sommer", set()),
        ("ein Kleid für den Sommer", {"kleid"}),
    ],
)
def test_german(engine: SearchEngine, words: str, expected: set[str]) -> None:
    assert found(engine, "de", words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("robes", {"robe"}),
        ("robe été", {"robe"}),
        ("robe d’ete", {"robe"}),
        ("encolure ronde", {"robe"}),
        ("à pois", {"robe"}),
        ("chemise manche longue", {"chemise"}),
        ("chemise à manches longues bleue", {"chemise"}),
        ("manches courtes", set()),
        ("manche", {"jupe"}),
        ("jupe longue", {"jupe"}),
        ("canapés", {"canape"}),
        ("sofa d'angle", {"canape"}),
        ("robe rouge", {"robe"}),
        ("robe bleue", set()),
    ],
)
def test_french(engine: SearchEngine, words: str, expected: set[str]) -> None:
    assert found(engine, "fr", words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vestido rojo", {"vestido"}),
        ("vestido de lunares", {"vestido"}),
        ("falda roja", {"falda"}),
        ("falda rojo", {"falda"}),
        ("camisa manga larga", {"camisa"}),
        ("mangas cortas", {"falda"}),
        ("camisa", {"camisa", "falda"}),
        ("manga", set()),
        ("sillón", {"sillon"}),
        ("sillon azul", {"sillon"}),
        ("cuello v", {"vestido"}),
        ("vestido azul", set()),
    ],
)
def test_spanish(engine: SearchEngine, words: str, expected: set[str]) -> None:
    assert found(engine, "es", words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ワンピース", {"dress"}),
        ("赤いドレス", {"dress"}),
        ("ひざ丈", {"dress"}),
        ("膝", set()),
        ("Tシャツ", {"shirt"}),
        ("長袖", {"shirt"}),
        ("ソファ", {"sofa"}),
        ("黒い革のソファ", set()),
        ("革ソファ", {"sofa"}),
        ("テーブル", {"table"}),
        ("コーヒー テーブル", {"table"}),
        ("赤いテーブル", set()),
    ],
)
def test_japanese(engine: SearchEngine, words: str, expected: set[str]) -> None:
    assert found(engine, "ja", words) == expected


@pytest.mark.parametrize("language", ["de", "fr", "es", "ja"])
@pytest.mark.parametrize(
    "typed",
    ["id:de-kleid", "[* TO *]", "* -nothing", "kleid OR robe OR vestido", "${solr.home}", "{!func}1", "title_de:*"],
)
def test_what_a_shopper_types_is_words_in_every_language(engine: SearchEngine, language: str, typed: str) -> None:
    assert engine.search(parse({"q": typed, "language": language})).total == 0


def test_english_is_as_it_was(engine: SearchEngine) -> None:
    """The other languages' fields change neither what words find nor their BM25."""
    members: dict[str, Any] = {"q": "knee-length dress", "explain": True}
    first = engine.search(parse(members))
    assert [hit.id for hit in first.hits] == ["en-dress"]
    assert engine.search(parse(members | {"language": "en"})).hits == first.hits
    params = {
        "q": "{!edismax uf=-* qf='title^2 text' mm=100% tie=0.1 v=$w}",
        "w": r"knee\-length dress",
        "fl": "id,score",
    }
    plain = engine.client.select(params)["response"]["docs"]
    assert [(each["id"], each["score"]) for each in plain] == [
        (hit.id, pytest.approx(bm25(hit), rel=1e-6)) for hit in first.hits
    ]


def test_the_engines_own_language(engine: SearchEngine, tmp_path: Path) -> None:
    german = SearchEngine(engine.client, EmbeddingStore(tmp_path), language="de")
    assert german.search(parse({"q": "Kleider"})).total == 2
    assert german.search(parse({"q": "dress", "language": "en"})).total == 1


def test_a_language_that_is_not_there(engine: SearchEngine) -> None:
    assert engine.collection.languages() == ("en", "de", "es", "fr", "ja")
    with pytest.raises(BadQuery, match="language is 'it'; collection 'languages' has en, de, es, fr, ja") as refused:
        engine.search(parse({"q": "vestito", "language": "it"}))
    assert refused.value.field == "language"


def test_a_page_token_belongs_to_its_language(engine: SearchEngine) -> None:
    page = engine.search(parse({"q": "kleid", "language": "de", "rows": 1})).page
    with pytest.raises(BadQuery, match="another search"):
        engine.search(parse({"q": "kleid", "language": "fr", "rows": 1, "page": page}))
