"""Words that must find each other, and words that must not, on the demo's own products in real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from vision.demo.product import sample_product
from vision.demo.wording import write_texts
from vision.embedding import EmbeddingStore
from vision.search.engine import SearchEngine
from vision.search.model import Query, Result
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.resources import configsets

pytestmark = pytest.mark.solr

PRODUCTS = 600
# What the demo does not sell, but shops do.
OTHERS = (
    "Wool jumper",
    "Nightstand in pine",
    "Running shoes",
    "Faux leather bag",
    "Knee socks, full length 40 cm",
    "Tie",
)


def documents() -> Iterator[dict[str, Any]]:
    for number in range(1, PRODUCTS + 1):
        product = sample_product(7, number)
        title, description = write_texts(product.attributes, product.style, Random(number))
        names = ("category", "color", "length", "sleeve", "neckline", "pattern", "material", "brand")
        values = {f"attr_{name}": [value] for name in names if (value := getattr(product.attributes, name))}
        yield {"id": f"p{number}", "product_id": f"p{number}", "title": title, "description": description, **values}
    for number, title in enumerate(OTHERS):
        yield {"id": f"o{number}", "product_id": f"o{number}", "title": title}


@pytest.fixture(scope="module")
def engine(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with SolrClient(solr_url, "synonyms") as client:
        configset.create(client)
        client.add(list(documents()))
        client.commit()
        yield SearchEngine(client, EmbeddingStore(tmp_path_factory.mktemp("none")))
        configset.drop(client)


def found(engine: SearchEngine, text: str) -> set[str]:
    result: Result = engine.run(Query(text=text, rows=1000))
    return {hit.id for hit in result.hits}


@pytest.mark.parametrize(
    "words",
    [
        ("sofa", "couch", "settee", "sofas", "couches", "settees"),
        ("trousers", "pants", "slacks"),
        ("t-shirt", "tee", "tees", "t shirts", "tshirt", "tee shirt", "T-Shirt"),
        ("sneakers", "trainers", "sneaker", "trainer"),
        ("jumper", "sweater", "pullover", "jumpers", "sweaters", "pullovers"),
        ("knee-length", "knee length", "kneelength", "Knee‑Length"),
        ("handbag", "purse", "handbags", "purses"),
        ("backpack", "rucksack", "backpacks", "rucksacks"),
        ("polka-dot", "polka dots", "dotted", "spotted", "polkadot"),
        ("striped", "stripes", "stripy", "stripe"),
        ("checked", "checkered", "chequered", "plaid", "check"),
        ("floral", "flowery"),
        ("Hawaiian", "aloha"),
        ("grey", "gray"),
        ("navy", "navy blue"),
        ("purple", "violet"),
        ("maxi", "floor-length", "full length"),
        ("midi", "calf length", "tea-length"),
        ("sleeveless", "without sleeves", "no sleeves"),
        ("long sleeves", "long-sleeved", "longsleeve"),
        ("short sleeves", "short-sleeved", "short sleeve"),
        ("v-neck", "v neck", "vneck", "v-necked"),
        ("round neck", "crew neck", "crewneck"),
        ("boat neck", "boatneck"),
        ("wide-leg", "wide leg", "wide-legged"),
        ("two-seater", "2 seater", "two seater"),
        ("three-seater", "3-seater"),
        ("polo shirt", "poloshirt", "polo shirts"),
        ("viscose", "rayon"),
        ("corduroy", "cord"),
        ("nightstand", "bedside table", "night table"),
        ("faux leather", "vegan leather"),
        ("knee-length dress", "dress knee length", "Knee length dresses"),
        ("gray couch", "grey sofa"),
        ("polka dot dress", "dotted dress"),
    ],
    ids=lambda words: words[0],
)
def test_words_that_find_each_other(engine: SearchEngine, words: tuple[str, ...]) -> None:
    first = found(engine, words[0])
    assert first
    for other in words[1:]:
        assert found(engine, other) == first, other


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("knee length", "Knee socks, full length 40 cm"),
        ("knee length socks", "Knee socks, full length 40 cm"),
        ("sneakers", "Running shoes"),
        ("leather", "Faux leather bag"),
        ("table", "Nightstand in pine"),
        ("tee", "Tie"),
        ("shirt dress", "Wool jumper"),
    ],
)
def test_words_that_do_not(engine: SearchEngine, words: str, other: str) -> None:
    assert f"o{OTHERS.index(other)}" not in found(engine, words)


def test_what_is_more_than_a_synonym_is_none(engine: SearchEngine) -> None:
    assert found(engine, "t-shirt") != found(engine, "shirt")
    assert found(engine, "jeans") != found(engine, "trousers")
    assert found(engine, "knee") == {f"o{OTHERS.index('Knee socks, full length 40 cm')}"}


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
def test_a_word_stands_in_one_line(language: str) -> None:
    path: Path = configsets()["visual"] / f"synonyms_{language}.txt"
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = "" if line.startswith("#") else line
        for word in {each.strip() for each in entry.partition("=>")[0].split(",") if each.strip()}:
            assert word not in seen, f"{word!r} in lines {seen[word]} and {number}"
            seen[word] = number
