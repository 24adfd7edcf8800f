from __future__ import annotations

import pytest

from vision.search.words.stems import stem
from vision.search.words.vocabulary import Synonyms, Vocabulary, merged

VALUES = {
    "color": {"blue": 9, "dark blue": 3, "Dark Blue": 1, "grey": 5, "red": 8, "navy": 2},
    "brand": {"Calloway & Fenn": 4, "Blue Fox": 2, "No Name": 1},
    "length": {"knee-length": 4, "short": 1, "mini": 3},
    "sleeve": {"short": 6, "long": 5, "sleeveless": 3},
    "pattern": {"striped": 3, "dotted": 2},
    "size": {"M": 3, "38": 2, "XL": 2},
    "category": {"dress": 9, "shoes": 4, "sofa": 2},
    "organic": {"yes": 4, "no": 6},
    "story": {"a very long story about how this was made by hand": 1},
}
ENGLISH = Synonyms.parse(
    """
    # compounds
    knee length, kneelength => kneelength
    long sleeve, long sleeves => longsleeve
    short sleeve, short sleeves => shortsleeve
    couch, sofa, settee
    grey, gray   # one color
    polka dot, dotted
    loafers => loafers, shoes
    """,
    "en",
)
WORDS = Vocabulary(VALUES, "en", ENGLISH)


def said(text: str, words: Vocabulary = WORDS) -> list[tuple[str, str, str]]:
    return [(each.field, each.values[0], text[each.start : each.end]) for each in words.said(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red dress", [("color", "red", "red"), ("category", "dress", "dress")]),
        ("Dresses in RED", [("category", "dress", "Dresses"), ("color", "red", "RED")]),
        ("dark blue shoe", [("color", "dark blue", "dark blue"), ("category", "shoes", "shoe")]),
        ("dark-blue", [("color", "dark blue", "dark-blue")]),
        ("blue fox bag", [("brand", "Blue Fox", "blue fox")]),
        ("dark blue fox", [("color", "dark blue", "dark blue")]),
        ("calloway fenn sofa", [("brand", "Calloway & Fenn", "calloway fenn"), ("category", "sofa", "sofa")]),
        ("Calloway & Fenn", [("brand", "Calloway & Fenn", "Calloway & Fenn")]),
        ("calloway", []),
        ("knee length", [("length", "knee-length", "knee length")]),
        ("knee‑length stripes", [("length", "knee-length", "knee‑length"), ("pattern", "striped", "stripes")]),
        ("gray couch", [("color", "grey", "gray"), ("category", "sofa", "couch")]),
        ("polka-dot dress", [("pattern", "dotted", "polka-dot"), ("category", "dress", "dress")]),
        ("short", [("sleeve", "short", "short"), ("length", "short", "short")]),
        ("short sleeves", [("sleeve", "short", "short sleeves")]),
        ("long sleeved", [("sleeve", "long", "long sleeved")]),
        ("short length", [("length", "short", "short length")]),
        ("m", []),
        ("size m", [("size", "M", "size m")]),
        ("38", []),
        ("size 38", [("size", "38", "size 38")]),
        ("xl", [("size", "XL", "xl")]),
        ("no", []),
        ("organic yes", [("organic", "yes", "organic yes")]),
        ("not red", []),
        ("dress without dark blue", [("category", "dress", "dress")]),
        ("no name", [("brand", "No Name", "no name")]),
        ("loafers", []),
        ("redder", []),
        ("", []),
    ],
)
def test_the_longest_phrase_wins(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert said(text) == expected


def test_spellings_of_one_value_are_one() -> None:
    (found,) = WORDS.said("dark blue")
    assert found.values == ("dark blue", "Dark Blue")


def test_one_phrase_of_several_fields_is_one_group() -> None:
    groups = merged(WORDS.said("short red"))
    assert [[each.field for each in group] for group in groups] == [["sleeve", "length"], ["color"]]


@pytest.mark.parametrize(
    ("language", "values", "text", "expected"),
    [
        ("de", {"farbe": {"rot": 1, "grün": 1}}, "rotes Kleid", [("farbe", "rot", "rotes")]),
        ("de", {"farbe": {"rot": 1, "grün": 1}}, "gruene", [("farbe", "grün", "gruene")]),
        ("de", {"farbe": {"blau": 1}}, "blaue", [("farbe", "blau", "blaue")]),
        ("fr", {"couleur": {"noir": 1, "rouge": 1}}, "robes noires", [("couleur", "noir", "noires")]),
        ("fr", {"couleur": {"rouge": 1}}, "rouges", [("couleur", "rouge", "rouges")]),
        ("es", {"color": {"rojo": 1, "azul": 1}}, "faldas rojas", [("color", "rojo", "rojas")]),
        ("es", {"color": {"azul": 1}}, "azules", [("color", "azul", "azules")]),
        ("it", {"colore": {"rosso": 1}}, "rosso", [("colore", "rosso", "rosso")]),
    ],
)
def test_endings_of_other_languages(
    language: str, values: dict[str, dict[str, int]], text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert said(text, Vocabulary(values, language)) == expected


def test_what_becomes_several_things_is_no_synonym() -> None:
    assert ("loafer",) not in ENGLISH.one
    assert ENGLISH.one[("couch",)] == ENGLISH.one[("sofa",)] == ENGLISH.one[("sette",)]


def test_short_words_keep_their_endings() -> None:
    assert [stem(each, "en") for each in ("red", "bed", "gas", "4k", "dress")] == ["red", "bed", "gas", "4k", "dress"]
